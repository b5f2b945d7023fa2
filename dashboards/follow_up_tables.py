"""What follow-ups of runs found, as tables of text: one computation for pages and reports.

Owns: headings, rows and notes. Does not cover: the figures (``search.follow_ups``), nor how a table
looks (``dashboards.report.render``, the pages' templates).
"""

from __future__ import annotations

from collections.abc import Sequence

from dashboards.text_table import NOTHING, Table
from dashboards.wording import POOLED_NOTE, p_cell, pp
from search.follow_ups.ablation import Ablation, AxisEffect
from search.follow_ups.confirmation import Confirmation, summaries
from search.statistics.seeds import SeedSummary
from search.study.axes import axis_label, configuration_words

_HEADINGS = ("n", "mean", "std", "95% interval", "t", "p", "positive")


def confirmed_table(found: Sequence[Confirmation]) -> Table:
    """The confirmed runs of a study, a row each."""
    return Table(
        "Confirmed at fresh seeds",
        (
            *("run", "configuration", "chosen for", "seeds", "at fresh seeds", "95% interval"),
            *("p", "G1 at", "optimism"),
        ),
        tuple(
            (
                one.origin.run.id,
                ", ".join(configuration_words(one.origin.run.configuration or {})),
                pp(one.selection.winning),
                str(one.table.seeds.n),
                pp(one.table.seeds.mean),
                _interval(one.table.seeds),
                p_cell(one.table.seeds.two_sided),
                f"{one.table.g1_seeds} of {one.table.seeds.n}",
                pp(one.selection.optimism),
            )
            for one in found
        ),
        notes=(
            "Chosen for: the delta that the run was picked by, which is biased upward. At fresh "
            "seeds: mean delta over seeds that chose nothing, with Student's interval and p; they "
            "take the number of seeds as settled beforehand. Optimism: the difference.",
            *(
                f"{one.origin.run.id}: seeds {', '.join(map(str, one.failed))} have no verdict and "
                "are in no number."
                for one in found
                if one.failed
            ),
        ),
        numbers=frozenset(range(2, 9)),
    )


def seeds_table(found: Confirmation) -> Table:
    """One confirmation by benchmark: the columns of the paper's Tables 5, 16 and 17."""
    return Table(
        "At fresh seeds",
        ("", *_HEADINGS),
        tuple((name, *_seed_cells(summary)) for name, summary in summaries(found)),
        notes=(
            f"G1 at {found.table.g1_seeds} of {found.table.seeds.n} fresh seeds. Chosen for "
            f"{pp(found.selection.winning)} at seed {found.origin.run.seed}, among "
            f"{found.selected_from} completed runs; confirmed "
            f"{pp(found.selection.confirmed.mean)} (optimism {pp(found.selection.optimism)}).",
            POOLED_NOTE,
        ),
        numbers=frozenset(range(1, 1 + len(_HEADINGS))),
    )


def ablation_table(found: Ablation) -> Table:
    """One axis at a time around a run."""
    test, run = found.against_centre, found.origin.run
    notes = [
        f"Around run {run.id}, at seeds {', '.join(str(centre.seed) for centre in found.centre)}. "
        "mean: the value's mean delta minus the centre's at the same seeds."
    ]
    if test is not None:
        notes.append(
            f"No test against the centre: {test.reason}"
            if test.reason
            else f"Dunnett's p: all {test.comparisons} values against the centre they share."
        )
    notes += [
        f"{gap.axis} {axis_label(gap.axis, gap.value)}: no completed run to compare "
        "with the centre's."
        for gap in found.missing
    ]
    return Table(
        "One axis at a time",
        ("axis", "value", *_HEADINGS, "G1 at", "Dunnett's p"),
        tuple(
            (
                effect.neighbour.axis.replace("_", " "),
                axis_label(effect.neighbour.axis, effect.neighbour.value),
                *_seed_cells(effect.relative),
                f"{effect.g1_seeds} of {effect.relative.n}",
                _dunnett(effect, found),
            )
            for effect in found.effects
        ),
        notes=tuple(notes),
        numbers=frozenset(range(2, 4 + len(_HEADINGS))),
    )


def _seed_cells(summary: SeedSummary) -> tuple[str, ...]:
    """A summary in the columns; what one seed cannot tell is empty."""
    return (
        str(summary.n),
        pp(summary.mean),
        NOTHING if summary.std is None else f"{summary.std:.2f}",
        _interval(summary),
        NOTHING if summary.t is None else f"{summary.t:.2f}",
        p_cell(summary.two_sided),
        NOTHING if summary.positive is None else f"{summary.positive} of {summary.n}",
    )


def _interval(summary: SeedSummary) -> str:
    ends = summary.interval
    return NOTHING if ends is None else f"{pp(ends[0])} to {pp(ends[1])}"


def _dunnett(effect: AxisEffect, found: Ablation) -> str:
    test = found.against_centre
    return p_cell(None if test is None else test.p.get(effect.neighbour.identity))
