"""A champion's winning delta with what it shrinks to.

Owns: looking each champion up in its host's model. Does not cover: the model
(``search.rates.host_worths``), its worth at fresh seeds (``search.follow_ups.confirmation``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from search.rates.host_worths import HostWorths, host_worths
from search.rates.known_rates import KnownRates
from search.statistics.shrinkage import ShrunkenMean
from storage import AuditStore
from storage.records import Run

_LEFT_OUT = "its configuration lacks a verdict at some seed, and is in no model of the host"


@dataclass(frozen=True)
class ChampionWorth:
    """One champion, in pp.

    Attributes:
        winning: The mean delta that it was chosen for.
        mean: Its configuration's mean over seeds, observed and shrunken; None with a reason.
        seeds: Seeds that the model is of.
        configurations: Configurations that it is of.
        reason: What is not said, and why.
    """

    winning: float
    mean: ShrunkenMean | None
    seeds: int
    configurations: int
    reason: str | None


def champion_worths(
    store: AuditStore, champions: Iterable[Run], *, known: KnownRates | None = None
) -> dict[str, ChampionWorth]:
    """By the champions' run ids.

    ``known`` remembers them from call to call: a host's model reads every item of its runs, and
    changes only when another of them gets its verdict.
    """
    remembered = known or KnownRates()
    by_study: dict[str, list[Run]] = {}
    for run in champions:
        by_study.setdefault(run.study, []).append(run)
    found: dict[str, ChampionWorth] = {}
    for study, runs in by_study.items():
        state = (store.rates.g1_counts(study), [run.id for run in runs])
        compute = partial(_of_study, store, study, runs)
        found |= dict(remembered.of(("champions", study), state, compute))
    return found


def _of_study(
    store: AuditStore, study: str, champions: Sequence[Run]
) -> list[tuple[str, ChampionWorth]]:
    return list(worths_among(host_worths(store, study), champions).items())


def worths_among(
    worths: Iterable[HostWorths], champions: Iterable[Run]
) -> dict[str, ChampionWorth]:
    """By the ids of one study's champions, from its hosts' models."""
    hosts = {(host.backbone, host.adapter): host for host in worths}
    return {
        run.id: champion_worth(run.mean_delta or 0.0, run.configuration_id, host=found)
        for run in champions
        if (found := hosts.get((run.backbone, run.adapter))) is not None
    }


def champion_worth(
    winning: float, configuration_id: str | None, *, host: HostWorths
) -> ChampionWorth:
    """One champion in its host's model."""
    means: Mapping[str, ShrunkenMean] = host.shrunken
    mean = means.get(configuration_id or "")
    reason = host.reason if mean is not None or not means else _LEFT_OUT
    return ChampionWorth(winning, mean, host.seeds, host.configurations, reason)
