"""What came of a study, in sentences that need no statistics: found, against luck, what to do next.

Owns: the few sentences that stand first at the end of ``talan study run``, on a study's page and in
its report. Each number in them is a row's or a run's own. Does not cover: the tests and their own
sentences (``search.rates``), which stand behind these on every face; what a page looks like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dashboards.wording import NO_CHAMPION, counted, percent, pp
from search.rates.champion_worth import ChampionWorth
from search.rates.g1_row import G1Row
from search.study.axes import configuration_words
from storage.records import Run

LEVEL = 0.05


def story(
    rows: Sequence[G1Row], champions: Sequence[Run], worths: Mapping[str, ChampionWorth]
) -> tuple[str, ...]:
    """Three sentences a host: what was found, whether luck explains it, the best run.

    Args:
        rows: G1 rates by host, not by an axis.
        champions: The hosts' best strict G1 runs; a host without one has none.
        worths: By the champions' run ids, what they shrink to.
    """
    best = {(run.backbone, run.adapter): run for run in champions}
    found: list[str] = []
    for row in rows:
        count = row.count
        if not count.runs:
            continue
        champion = best.get((count.backbone, count.adapter))
        found += [
            _found(row),
            _against_luck(row),
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
    p = row.rotation_p
    if p is None:
        return f"{_capital('; '.join(references))}." if references else ""
    verdict = (
        f"more runs hold up than luck explains (rotation test, p = {p:.2g})"
        if p <= LEVEL
        else f"so many can be luck: the rotation test does not tell it apart (p = {p:.2g})"
    )
    return f"{_capital('; '.join([*references, verdict]))}."


def _best(champion: Run | None, worth: ChampionWorth | None, *, of: int) -> str:
    if champion is None or champion.configuration is None:
        return NO_CHAMPION
    where = ", ".join(configuration_words(champion.configuration))
    told = f"The best run ({where}) gains {pp(champion.mean_delta)} on average"
    if worth is None or worth.mean is None:
        return f"{told}; it is the best of {of}, so expect less until fresh seeds confirm it."
    low, high = worth.mean.interval
    return (
        f"{told}; it is the best of {of}, and with the luck of the draw taken out about "
        f"{pp(worth.mean.shrunken)} is left ({low:+.2f} to {high:+.2f}): fresh seeds would tell."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
