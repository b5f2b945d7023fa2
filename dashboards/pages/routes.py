"""The pages' addresses.

Owns: which page is where, and the page of an error. Does not cover: what stands on a page (a module
each), nor who may see it (``api.rest.auth``).
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.pages.assets import PREFIX, serve_asset
from dashboards.pages.headline import headlines
from dashboards.pages.selection import Selection
from dashboards.pages.site import Site
from dashboards.pages.study_page import study_facts


def pages_router(site: Site) -> APIRouter:
    """All pages, and what they load."""
    router = APIRouter(include_in_schema=False)

    @router.get("/")
    def studies() -> Response:
        return site.page("studies.html", heads=headlines(site.opened()))

    @router.get("/studies/{name}")
    def study(name: str, request: Request) -> Response:
        selection = Selection.of(name, request.query_params)
        return site.page("study.html", **study_facts(site.opened(), selection))

    @router.get(PREFIX + "/{version}/{name}")
    def asset(version: str, name: str, request: Request) -> Response:  # noqa: ARG001
        return serve_asset(request, name)

    return router
