"""What came of a study, in sentences that need no statistics: found, against luck, what to do next.

Owns: the few sentences that stand first at the end of ``talan study run``, on a study's page and in
its report. Each number in them is a row's or a run's own. Does not cover: the tests and their own
sentences (``search.rates``), which stand behind these on every face; what a page looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.wording import NO_CHAMPION, counted, percent, pp, pp_interval
from search import rates
from search.rates.champion_worth import ChampionWorth
from search.rates.g1_row import G1Row
from search.study.axes import AXIS_NAMES, axis_label, configuration_words
from storage import AuditStore
from storage.records import G1Count, Run

LEVEL = 0.05
FEWEST_AT_A_VALUE = 3


def tell(store: AuditStore, name: str, *, rows: Sequence[G1Row] | None = None) -> tuple[str, ...]:
    """A study's story, read from the record.

    Args:
        store: The record.
        name: The study.
        rows: Its G1 rates by host, where the caller has them.
    """
    champions = store.rates.champions(name)
    return story(
        rates.g1_rows(store, name) if rows is None else rows,
        champions,
        rates.champion_worths(store, champions),
        by_axis=counts_by_axis(store, name),
    )


def counts_by_axis(store: AuditStore, name: str) -> list[G1Count]:
    """G1 counts by the values of each axis, one after the other."""
    return [count for axis in AXIS_NAMES for count in store.rates.g1_counts(name, by=axis)]


def story(
    rows: Sequence[G1Row],
    champions: Sequence[Run],
    worths: Mapping[str, ChampionWorth],
    *,
    by_axis: Sequence[G1Count] = (),
) -> tuple[str, ...]:
    """A few sentences per host: what was found, whether luck explains it, where, the best run.

    Args:
        rows: G1 rates by host, not by an axis.
        champions: The hosts' best strict G1 runs; a host without one has none.
        worths: By the champions' run ids, what they shrink to.
        by_axis: G1 counts by the values of each axis.
    """
    best = {(run.backbone, run.adapter): run for run in champions}
    found: list[str] = []
    for row in rows:
        count = row.count
        if not count.runs:
            continue
        host = (count.backbone, count.adapter)
        champion = best.get(host)
        found += [
            _found(row),
            _against_luck(row),
            _where(
                [c for c in by_axis if (c.backbone, c.adapter) == (count.backbone, count.adapter)]
            ),
            _best(champion, worths.get(champion.id) if champion else None, of=count.runs),
        ]
    return tuple(sentence for sentence in found if sentence)


def _found(row: G1Row) -> str:
    count = row.count
    told = (
        f"Of {counted(count.runs, 'run')} on {count.backbone} with {count.adapter}, {count.g1} "
        f"({percent(row.rate)}) {'does' if count.g1 == 1 else 'do'} worse than the baseline on "
        "no benchmark (G1)"
    )
    kinds = (
        (count.strict, "better on at least one"),
        (count.tied, "other answers and the same scores"),
        (count.inert, "the same answers throughout"),
        (count.unsplit, "the same scores"),
    )
    parts = [f"{number} with {words}" for number, words in kinds[1:] if number]
    if count.strict:
        parts.insert(0, f"{count.strict} {'is' if count.strict == 1 else 'are'} {kinds[0][1]}")
    return f"{told}: {', '.join(parts)}." if parts else f"{told}."


def _against_luck(row: G1Row) -> str:
    """The rotation test decides the words; chance and null runs are named where they are known."""
    references = []
    if row.expected is not None:
        low, high = row.expected.g1_interval
        references.append(f"luck alone would give about {row.expected.g1:.0f} ({low} to {high})")
    references += [
        f"{null.g1} of {null.runs} {name} null runs are G1" for name, null in row.null.items()
    ]
    if row.rotation is None or row.rotation_p is None:
        return f"{_capital('; '.join(references))}." if references else ""
    # Runs that nearly repeat each other are no evidence of their own: the words follow the rest.
    distinct = row.rotation.distinct
    p = row.rotation_p if distinct is None else max(row.rotation_p, distinct.g1_p)
    over = f" over the {distinct.runs} distinct runs" if distinct and p > row.rotation_p else ""
    verdict = (
        f"more runs hold up than luck explains (rotation test, p = {p:.2g})"
        if p <= LEVEL
        else f"the rotation test does not rule luck out (p = {p:.2g}{over})"
    )
    return f"{_capital('; '.join([*references, verdict]))}."


def _where(counts: Sequence[G1Count]) -> str:
    """The axis along which the rates differ most; whether more than luck, ``importance`` says."""
    axes: dict[str, list[G1Count]] = {}
    for count in counts:
        if count.axis is not None and count.runs >= FEWEST_AT_A_VALUE:
            axes.setdefault(count.axis, []).append(count)
    widest = max(axes.values(), key=_spread, default=[])
    if _spread(widest) == 0:
        return ""
    axis = str(widest[0].axis)
    shares = ", ".join(f"{c.g1} of {c.runs} at {axis_label(axis, c.value)}" for c in widest)
    return f"The rates differ most by {axis.replace('_', ' ')}: {shares}."


def _spread(counts: Sequence[G1Count]) -> float:
    shares = [count.g1 / count.runs for count in counts]
    return max(shares, default=0) - min(shares, default=0)


def _best(champion: Run | None, worth: ChampionWorth | None, *, of: int) -> str:
    if champion is None or champion.configuration is None:
        return NO_CHAMPION
    where = ", ".join(configuration_words(champion.configuration))
    told = f"The best run ({where}) gains {pp(champion.mean_delta)} on average"
    if worth is None or worth.mean is None:
        return f"{told}; it is the best of {of}, so expect less until fresh seeds confirm it."
    return (
        f"{told}; it is the best of {of}, and with the luck of the draw taken out about "
        f"{pp(worth.mean.shrunken)} is left ({pp_interval(worth.mean.interval)}): "
        "fresh seeds would tell."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
