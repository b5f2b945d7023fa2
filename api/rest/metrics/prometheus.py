"""Totals of the record as Prometheus metrics.

Owns: names, help and labels; no label grows with the number of studies. Does not cover: counting
(``storage.totals``).
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from storage import AuditStore
from storage.records import RUN_STATES, STUDY_STATES
from storage.totals import RecordTotals

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
RUN_SECONDS = (1, 2, 5, 10, 20, 60, 120, 300, 600, 1_800, 3_600, 7_200, 21_600)
_KINDS = ("baseline", "treatment")


class Metrics:
    """The text that is scraped, counted again when it is older than `max_age_s`."""

    def __init__(self, *, max_age_s: float) -> None:
        self._max_age_s = max_age_s
        self._lock = threading.Lock()
        self._text, self._at = "", -math.inf

    def text(self, store: AuditStore) -> str:
        """The metrics in Prometheus's text format."""
        with self._lock:
            if time.monotonic() - self._at > self._max_age_s:
                registry = CollectorRegistry()
                registry.register(_Totals(store.totals.read(seconds=RUN_SECONDS)))
                self._text = generate_latest(registry).decode()
                self._at = time.monotonic()
            return self._text


class _Totals(Collector):
    def __init__(self, totals: RecordTotals) -> None:
        self._totals = totals

    def collect(self) -> Iterator[Metric]:
        totals = self._totals
        studies = GaugeMetricFamily("talan_studies", "Studies by state.", labels=["state"])
        for state in STUDY_STATES:
            studies.add_metric([state], totals.studies.get(state, 0))
        yield studies
        runs = GaugeMetricFamily("talan_runs", "Runs by kind and state.", labels=["kind", "state"])
        for kind in sorted({*_KINDS, *(kind for kind, _ in totals.runs)}):
            for state in RUN_STATES:
                runs.add_metric([kind, state], totals.runs.get((kind, state), 0))
        yield runs
        yield _gauge("talan_cells", "Cells (run x benchmark) recorded.", totals.cells)
        yield _gauge("talan_g1_runs", "Treatment runs that are G1.", totals.g1)
        queued = totals.studies.get("queued", 0)
        yield _gauge("talan_queue_studies", "Studies that wait for a scheduler.", queued)
        yield _gauge(
            "talan_queue_runs", "Pending runs of queued and running studies.", totals.queued_runs
        )
        yield _gauge("talan_workers", "Workers that running studies ask for.", totals.workers)
        busy = totals.active_runs / totals.workers if totals.workers else 0.0
        yield _gauge("talan_worker_utilisation", "Runs in flight per worker asked for.", busy)
        yield _histogram(totals)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(name, what, value=value)


def _histogram(totals: RecordTotals) -> Metric:
    buckets = [(str(float(limit)), count) for limit, count in totals.seconds_up_to.items()]
    buckets.append(("+Inf", totals.seconds_count))
    return HistogramMetricFamily(
        "talan_run_seconds",
        "Seconds of compute of completed runs.",
        buckets=buckets,
        sum_value=totals.seconds_sum,
    )
