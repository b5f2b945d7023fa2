"""Figures as a page fetches them: drawn once for each state of a study, filter and theme.

Owns: keeping records and drawn figures until their study moves, and drawing one at a time, so that
many readers cost what one does. Does not cover: what figures show (``dashboards.figures``).
"""

from __future__ import annotations

import gzip
import threading
from collections.abc import Mapping
from dataclasses import dataclass

import plotly.graph_objects as go

from dashboards.figures.catalogue import find_figure
from dashboards.figures.theme import untitled
from dashboards.pages.page_cache import Kept, Moment, moment_of
from dashboards.pages.plain_lines import without_webgl
from dashboards.study_frames import StudyRecord, load_record, with_importance
from storage import AuditStore

_RECORDS = 4
_DRAWN = 400


@dataclass(frozen=True)
class Wanted:
    """One figure as it is asked for."""

    study: str
    key: str
    theme: str
    narrowing: Mapping[str, str]


class FigureCache:
    """Draws figures and keeps them."""

    def __init__(self) -> None:
        self._quick, self._slow = threading.Lock(), threading.Lock()
        self._records: Kept[StudyRecord] = Kept(_RECORDS)
        self._drawn: Kept[bytes] = Kept(_DRAWN)

    def draw(self, store: AuditStore, wanted: Wanted) -> bytes:
        """A figure as plotly JSON, compressed.

        Raises:
            StudyNotFound: There is no such study.
            FigureError: There is no such figure or theme.
            RecordError: It is narrowed by what no run of the study has.
        """
        moment = moment_of(store, wanted.study)
        narrowing = tuple(sorted(wanted.narrowing.items()))
        place = (moment, wanted.key, wanted.theme, narrowing)
        # What takes seconds keeps nobody else waiting.
        with self._slow if find_figure(wanted.key).needs else self._quick:
            return self._drawn.get(place, lambda: packed(self._figure(store, wanted, moment)))

    def record(self, store: AuditStore, name: str) -> StudyRecord:
        """A study's record as it is now."""
        moment = moment_of(store, name)
        with self._quick:
            return self._record(store, moment, needs="")

    def _figure(self, store: AuditStore, wanted: Wanted, moment: Moment) -> go.Figure:
        figure = find_figure(wanted.key)
        record = self._record(store, moment, needs=figure.needs)
        return figure.draw(record.narrowed(**wanted.narrowing), theme=wanted.theme)

    def _record(self, store: AuditStore, moment: Moment, *, needs: str) -> StudyRecord:
        def read() -> StudyRecord:
            if needs != "importance":
                return load_record(store, moment[0])
            return with_importance(store, self._record(store, moment, needs=""))

        return self._records.get((moment, needs), read)


def packed(figure: go.Figure) -> bytes:
    """A figure for a page, as compressed JSON."""
    drawn = without_webgl(untitled(figure))
    return gzip.compress(str(drawn.to_json()).encode(), 5, mtime=0)
