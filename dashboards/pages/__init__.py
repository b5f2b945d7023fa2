"""The web pages of audits: ``pages_router`` makes them, for a FastAPI application."""

from dashboards.pages.app import Site
from dashboards.pages.routes import pages_router

__all__ = ["Site", "pages_router"]
