"""The REST face of an audit: ``create_app`` makes the application, ``Settings`` configures it."""

from api.rest.app import create_app
from api.rest.settings import Settings

__all__ = ["Settings", "create_app"]
