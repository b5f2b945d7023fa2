"""The web pages of audits: ``pages_router`` makes them, for a FastAPI application."""

from dashboards.pages.routes import pages_router
from dashboards.pages.site import Site

__all__ = ["Site", "pages_router"]
