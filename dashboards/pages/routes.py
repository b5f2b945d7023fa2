"""The pages' addresses.

Owns: which page is where, and the page of an error. Does not cover: what stands on a page (a module
each), nor who may see it (``api.rest.auth``).
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from dashboards.pages.assets import PREFIX, serve_asset
from dashboards.pages.figure_desk import FigureDesk, Wanted
from dashboards.pages.headline import headlines
from dashboards.pages.selection import Selection
from dashboards.pages.site import DRAWING_POLICY, Site
from dashboards.pages.study_page import study_facts


def pages_router(site: Site) -> APIRouter:
    """All pages, and what they load."""
    router = APIRouter(include_in_schema=False)
    desk = FigureDesk()

    @router.get("/")
    def studies() -> Response:
        return site.page("studies.html", heads=headlines(site.opened()))

    @router.get("/studies/{name}")
    def study(name: str, request: Request) -> Response:
        selection = Selection.of(name, request.query_params)
        facts = study_facts(site.opened(), selection)
        return site.page("study.html", policy=DRAWING_POLICY, **facts)

    @router.get("/studies/{name}/figures/{key}.json")
    def figure(name: str, key: str, request: Request) -> Response:
        narrowing = Selection.of(name, request.query_params).narrowing
        theme = request.query_params.get("theme", "light")
        wanted = Wanted(study=name, key=key, theme=theme, narrowing=narrowing)
        content = desk.draw(site.opened(), wanted)
        headers = {"Content-Encoding": "gzip"}
        return Response(content, media_type="application/json", headers=headers)

    @router.get(PREFIX + "/{version}/{name}")
    def asset(version: str, name: str, request: Request) -> Response:  # noqa: ARG001
        return serve_asset(request, name)

    return router
