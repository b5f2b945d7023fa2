"""The application: routers and pages, what stands before them, and what they share.

Owns: composing. Does not cover: any endpoint, or the server that runs it (``api.rest.server``).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from importlib.metadata import version

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.rest import docs_page, openapi, problems
from api.rest.browsers import wants_page
from api.rest.events.event_stream import Feed
from api.rest.metrics.prometheus import Metrics
from api.rest.middleware.body_limit import BodyLimit
from api.rest.middleware.guard import Guard
from api.rest.middleware.security_headers import SecurityHeaders
from api.rest.operations import Operations
from api.rest.path_prefix import PathPrefix
from api.rest.rate_limits import TokenBucket
from api.rest.settings import Settings
from api.rest.store_provider import Record
from api.rest.studies.launching import BUILT_IN
from dashboards.pages import Site, pages_router
from dashboards.pages.help_site import PREFIX as HELP
from dashboards.pages.help_site import built_help

PREFIX = "/api/v1"
RESOURCES = (
    "studies",
    "plan",
    "events",
    "runs",
    "items",
    "analyses",
    "checkpoint",
    "export",
    "g1_rates",
    "champions",
    "methods",
    "follow_ups",
    "importance",
    "reference",
    "health",
    "metrics",
)
PROBES = ("health", "metrics")  # also where probes and scrapers look by themselves


def create_app(store_url: str, settings: Settings | None = None) -> FastAPI:
    """The REST API over the record at a storage URL.

    Nothing is connected to yet: while the database does not answer, calls get a 503.

    Raises:
        StorageUrlError: The URL names no database that this project can use.
        SettingsError: A setting in the environment is not allowed.
    """
    settings = settings or Settings.from_environment()
    record = Record(store_url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        record.close()

    app = FastAPI(
        title="TALAN Audit",
        version=version("talan-audit"),
        summary="Launch audit studies, follow them, and query G1 rates.",
        description="Scores are in percent, deltas in percentage points. Errors are problem "
        "details (RFC 9457): their detail names the offending value and what is allowed.",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation_id,
        lifespan=lifespan,
    )
    app.state.record, app.state.settings = record, settings
    app.state.feed = Feed(record.opened, poll_s=settings.event_poll_s)
    app.state.launches = TokenBucket(settings.launches_per_minute)
    app.state.plans = TokenBucket(settings.plans_per_minute)
    app.state.sign_ins = TokenBucket(settings.sign_ins_per_minute)
    app.state.metrics = Metrics(max_age_s=settings.metrics_max_age_s)
    for name in RESOURCES:
        app.include_router(_router(name), prefix=PREFIX)
    for name in PROBES:
        app.include_router(_router(name), include_in_schema=False)
    app.state.site = _site(record, settings)
    app.include_router(_router("sign_in"))
    app.include_router(pages_router(app.state.site))
    if app.state.site.help_site is not None:
        app.mount(HELP, app.state.site.help_site)
    openapi.install(app)
    docs_page.install(app)
    problems.install(app, Operations(app.openapi), page=_error_page)
    app.add_middleware(BodyLimit, max_bytes=settings.max_body_bytes)
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(SecurityHeaders)
    app.add_middleware(PathPrefix, root_path=settings.root_path)  # added last: outermost
    return app


def _router(resource: str) -> APIRouter:
    """A resource's router: its folder's ``routes.router``."""
    router: APIRouter = import_module(f"api.rest.{resource}.routes").router
    return router


def _site(record: Record, settings: Settings) -> Site:
    return Site(
        opened=record.opened,
        backbones=(*BUILT_IN, *settings.allowed_backbones),
        optuna_url=settings.optuna_dashboard,
        needs_sign_in=settings.token is not None,
        root_path=settings.root_path,
        help_site=built_help(),
    )


def _error_page(request: Request, problem: problems.Problem) -> Response | None:
    """An error as a page, for a browser that wants one; None for a program."""
    if not wants_page(request.method, request.url.path, request.headers):
        return None
    site: Site = request.app.state.site
    title = problems.title_of(problem.name)
    return site.error(problem.status, title=title, detail=problem.detail)


def _operation_id(route: APIRoute) -> str:
    return route.name
