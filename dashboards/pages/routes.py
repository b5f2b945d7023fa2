"""The pages' addresses.

Owns: which page is where, and the page of an error. Does not cover: what stands on a page (a module
each), nor who may see it (``api.rest.middleware.guard``).
"""

from __future__ import annotations

from threading import Lock
from typing import Literal

from fastapi import APIRouter, Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from dashboards.figures import depth_heat, depth_lines, loss_curve
from dashboards.pages import compare_facts
from dashboards.pages.app import DRAWING_POLICY, Site
from dashboards.pages.assets import PREFIX, serve_asset
from dashboards.pages.compare_page import compare_page_facts, read_pair
from dashboards.pages.figure_cache import FigureCache, Wanted, packed
from dashboards.pages.headline import headlines
from dashboards.pages.launch_page import StudyTextError, launch_facts, read_study_text
from dashboards.pages.mechanism_page import heat_of, mechanism_facts
from dashboards.pages.run_page import run_facts
from dashboards.pages.selection import Selection
from dashboards.pages.study_page import Summaries, study_facts
from dashboards.report import load_report, render_report
from dashboards.run_analyses import load_mechanism

_SUMMARIES = 100
_REPORTS = {"html": "text/html; charset=utf-8", "md": "text/markdown; charset=utf-8"}


def pages_router(site: Site) -> APIRouter:
    """All pages, and what they load."""
    router = APIRouter(include_in_schema=False)
    cache = FigureCache()
    summaries = Summaries(_SUMMARIES)
    reporting = Lock()

    @router.get("/")
    def studies() -> Response:
        return site.page("studies.html", heads=headlines(site.opened()))

    @router.get("/studies/{name}")
    def study(name: str, request: Request) -> Response:
        selection = Selection.of(name, request.query_params)
        facts = study_facts(site.opened(), selection, summaries)
        answer = site.page("study.html", policy=DRAWING_POLICY, **facts)
        if request.headers.get("sec-fetch-dest") == "document":  # figures will be asked for next
            answer.background = BackgroundTask(cache.record, site.opened(), name)
        return answer

    @router.get("/studies/{name}/figures/{key}.json")
    def figure(name: str, key: str, request: Request) -> Response:
        narrowing = Selection.of(name, request.query_params).narrowing
        theme = request.query_params.get("theme", "light")
        wanted = Wanted(study=name, key=key, theme=theme, narrowing=narrowing)
        return _drawing(cache.draw(site.opened(), wanted))

    @router.get("/studies/{name}/report.{kind}")
    def report(name: str, kind: Literal["html", "md"]) -> Response:
        with reporting:  # it draws every figure: one at a time
            text = render_report(load_report(site.opened(), name), file_format=kind)
        headers = {"Content-Disposition": f'attachment; filename="{name}-report.{kind}"'}
        return Response(text, media_type=_REPORTS[kind], headers=headers)

    @router.get("/runs/{run_id}")
    def run(run_id: str, request: Request) -> Response:
        facts = run_facts(site.opened(), run_id, request.query_params)
        return site.page("run.html", policy=DRAWING_POLICY, **facts)

    @router.get("/runs/{run_id}/figures/losses.json")
    def losses(run_id: str, request: Request) -> Response:
        found = loss_curve.load_losses(site.opened(), run_id)
        theme = request.query_params.get("theme", "light")
        return _drawing(packed(loss_curve.draw(found, theme=theme)))

    @router.get("/runs/{run_id}/mechanism")
    def mechanism(run_id: str, request: Request) -> Response:
        facts = mechanism_facts(site.opened(), run_id, request.query_params)
        return site.page("mechanism.html", policy=DRAWING_POLICY, **facts)

    @router.get("/runs/{run_id}/figures/{key}.json")
    def of_run(
        run_id: str, key: Literal["depth", "depth-answer", "heat"], request: Request
    ) -> Response:
        store, theme = site.opened(), request.query_params.get("theme", "light")
        found = load_mechanism(store, run_id)
        if key == "heat":
            heat = heat_of(store, found, request.query_params)
            return _drawing(packed(depth_heat.draw(heat, theme=theme)))
        text = "answer" if key == "depth-answer" else "prompt"
        return _drawing(packed(depth_lines.draw(found, text=text, theme=theme)))

    @router.get("/compare")
    def compare(request: Request) -> Response:
        facts = compare_page_facts(site.opened(), cache, summaries, request.query_params)
        return site.page("compare.html", policy=DRAWING_POLICY, **facts)

    @router.get("/compare/figures/matched.json")
    def matched(first: str, second: str, theme: str = "light") -> Response:
        pair = read_pair(site.opened(), cache, first=first, second=second)
        return _drawing(packed(compare_facts.draw(pair, theme=theme)))

    @router.get("/launch")
    def launch() -> Response:
        return site.page("launch.html", **launch_facts(site.backbones))

    @router.post("/launch/read")
    async def read_study(request: Request) -> Response:
        try:
            text = (await request.body()).decode()
            return JSONResponse({"study": await run_in_threadpool(read_study_text, text)})
        except (UnicodeDecodeError, StudyTextError) as error:
            detail = str(error) if isinstance(error, StudyTextError) else "this is not UTF-8 text"
            return JSONResponse({"detail": detail}, 422)

    @router.get(PREFIX + "/{version}/{name}")
    def asset(version: str, name: str, request: Request) -> Response:  # noqa: ARG001
        return serve_asset(request, name)

    return router


def _drawing(content: bytes) -> Response:
    headers = {"Content-Encoding": "gzip"}
    return Response(content, media_type="application/json", headers=headers)
