"""Which analyses there are.

Owns: their names, titles, the question each answers, what it needs, its parameters. Does not cover:
computing them (``workers.analyses`` for those of a run, this package for those of a study).
"""

from __future__ import annotations

from dataclasses import dataclass

from search.errors import AnalysisError, one_of
from workers.analyses.jobs import (
    COMPONENTS,
    DEPTH,
    DIVERGENCE,
    DOMAINS,
    DRIFT,
    OF_BLOCKS,
    OF_RUNS,
    SCALE,
    SLOTS,
)

DISCRIMINATORS, SIGNATURE = "discriminators", "signature"
ITEMS = 64
MOST_ITEMS = 10_000
NULLS_PER_KIND = 3
DISTANCES = (DEPTH, DIVERGENCE)  # of a run from its baseline, read beside its null runs'


@dataclass(frozen=True)
class AnalysisKind:
    """An analysis.

    Args:
        name: Its slug.
        title: Its heading.
        question: What it answers, in a sentence.
        needs_block: Whether a run without a TALAN block has none.
        takes_items: Whether it looks at items.
        of_study: Whether it is of a whole study and not of a run.
    """

    name: str
    title: str
    question: str
    needs_block: bool = False
    takes_items: bool = True
    of_study: bool = False


_TEXTS: dict[str, tuple[str, str]] = {
    DEPTH: ("Depth", "Where does the stream part from the baseline's, and how does that grow?"),
    SCALE: ("Scale", "How large is the block's change next to the adapter's, and at which angle?"),
    DOMAINS: ("Domains", "Is the block's change one constant direction, or does it read the text?"),
    SLOTS: ("Slots", "What do the slots attend to, and has one of them taken all?"),
    DRIFT: ("Drift", "How far has each tensor of the block moved from its first weights?"),
    COMPONENTS: ("Components", "Are the block's components aligned, or ordinary random draws?"),
    DIVERGENCE: ("Divergence", "Where do the run's answers part from the baseline's?"),
}
_OF_STUDIES = (
    AnalysisKind(
        DISCRIMINATORS,
        "Discriminators",
        "Does a statistic of the block's weights go with the mean delta?",
        takes_items=False,
        of_study=True,
    ),
    AnalysisKind(
        SIGNATURE,
        "Signature",
        "Do runs whose weights are near the champion's do better?",
        takes_items=False,
        of_study=True,
    ),
)
CATALOGUE = (
    tuple(
        AnalysisKind(
            name,
            *_TEXTS[name],
            needs_block=name in OF_BLOCKS,
            takes_items=name not in (DRIFT, COMPONENTS),
        )
        for name in OF_RUNS
    )
    + _OF_STUDIES
)


def find_analysis(name: str, *, of_study: bool = False) -> AnalysisKind:
    """An analysis by its name.

    Raises:
        AnalysisError: There is no such analysis of a run (or of a study).
    """
    allowed = [kind for kind in CATALOGUE if kind.of_study == of_study]
    found = next((kind for kind in allowed if kind.name == name), None)
    if found is None:
        of = "a study" if of_study else "a run"
        names = one_of([kind.name for kind in allowed], name)
        raise AnalysisError(f"there is no analysis {name!r} of {of}; allowed: {names}")
    return found


def parameters_of(kind: AnalysisKind, *, items: int = ITEMS) -> dict[str, object]:
    """What it is asked with.

    Raises:
        AnalysisError: The number of items is out of range.
    """
    if not 1 <= items <= MOST_ITEMS:
        raise AnalysisError(f"items is {items}; allowed: 1 to {MOST_ITEMS:,}")
    return {"items": items} if kind.takes_items else {}
