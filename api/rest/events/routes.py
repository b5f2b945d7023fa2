"""``/studies/{name}/events``: what happens to a study, as it happens (server-sent events).

Owns: the stream: from the beginning or from ``Last-Event-ID`` on, with comments as heartbeats, to
the study's end. Does not cover: the log (``storage.events``).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, format_sse_event
from starlette.concurrency import run_in_threadpool

from api.rest.events.event_stream import Feed, is_over
from api.rest.names import StudyName
from api.rest.openapi import problems
from api.rest.problems import Problem
from api.rest.settings import Settings
from api.rest.store_provider import Store
from storage import AuditStore, Event, StorageError

router = APIRouter(tags=["studies"])
_EXAMPLE = (
    "event: cell_scored\n"
    'data: {"event": "cell_scored", "study": "tiny-lora-grid", '
    '"at": "2026-01-01T00:00:00+00:00", "run": "0a1b2c3d4e5f6071", "benchmark": "tiny_choice", '
    '"score": 54.0, "delta": 2.0}\n'
    "id: 17\n\n"
)
_KINDS = (
    "study_started",
    "run_started",
    "cell_scored",
    "cell_bounded",
    "run_finished",
    "run_scored",
    "run_failed",
    "run_requeued",
    "analysis_finished",
    "study_finished",
)
_EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "examples": list(_KINDS)},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "id": {"type": "string"},
        "retry": {"type": "integer", "minimum": 0},
    },
}
_STREAM = {
    "description": f"The events. Kinds: {', '.join(_KINDS)}; data is a JSON object.",
    "content": {"text/event-stream": {"itemSchema": _EVENT, "example": _EXAMPLE}},
}
_NOTHING = {"description": "The study is over, and nothing came after Last-Event-ID."}
# nginx would keep the events until its buffer is full; a compressing proxy until its block is.
_UNBUFFERED = {"X-Accel-Buffering": "no", "Cache-Control": "no-store, no-transform"}
_RETRY_MS = 2_000
_AT_ONCE = 500


@router.get(
    "/studies/{name}/events",
    response_class=StreamingResponse,  # EventSourceResponse here would take a generator only
    responses={200: _STREAM, 204: _NOTHING, **problems(404, 422, 429)},
)
async def follow_events(
    name: StudyName,
    request: Request,
    store: Store,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=2**63 - 1, description="go on after this event")
    ] = None,
    after: Annotated[
        int | None,
        Query(ge=0, le=2**63 - 1, description="the same, for a first call without the header"),
    ] = None,
) -> Response:
    """Follow a study: runs started, cells scored, runs finished, the study's end.

    All that happened is sent first, or what came after ``Last-Event-ID``; the stream ends when the
    study is over. A client that reconnects then is told to stop (204).
    """
    feed: Feed = request.app.state.feed
    settings: Settings = request.app.state.settings
    study = await run_in_threadpool(store.studies.get, name)
    last_event_id = after if last_event_id is None else last_event_id
    since = last_event_id or 0
    state, newest = (await run_in_threadpool(store.events.latest, [study.name]))[study.name]
    if last_event_id is not None and is_over(state) and newest <= since:
        return Response(status_code=204)
    if feed.num_listeners >= settings.max_event_streams:
        detail = f"too many event streams; allowed: {settings.max_event_streams} at once"
        raise Problem(429, "too-many-streams", detail, headers={"Retry-After": "30"})
    events = _stream(store, name, feed=feed, since=since, settings=settings)
    return EventSourceResponse(events, headers=_UNBUFFERED)


async def _stream(
    store: AuditStore, name: str, *, feed: Feed, since: int, settings: Settings
) -> AsyncIterator[bytes]:
    until = time.monotonic() + settings.max_stream_s
    yield format_sse_event(retry=_RETRY_MS)
    async with feed.listening(name):
        while (left_s := until - time.monotonic()) > 0:
            moved = await feed.moved(name, since=since, timeout_s=min(left_s, settings.heartbeat_s))
            if moved is None:
                yield format_sse_event(comment="nothing new")
                continue
            state, newest = moved
            while since < newest:
                events = await _read(store, name, since=since, pause_s=settings.event_poll_s)
                for event in events:
                    since = event.id
                    yield _formatted(name, event)
            if is_over(state):
                return


async def _read(store: AuditStore, name: str, *, since: int, pause_s: float) -> list[Event]:
    """The next events; an error is a reason to ask again a little later."""
    try:
        return await run_in_threadpool(store.events.after, name, since, limit=_AT_ONCE)
    except StorageError:
        await asyncio.sleep(pause_s)
        return []


def _formatted(study: str, event: Event) -> bytes:
    head: dict[str, Any] = {"event": event.kind, "study": study, "at": event.at.isoformat()}
    data = json.dumps({**head, **event.payload}, ensure_ascii=False)
    return format_sse_event(event=event.kind, data_str=data, id=str(event.id))
