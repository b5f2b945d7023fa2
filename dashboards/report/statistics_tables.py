"""The report's tables of what deltas vary by, and of their signs.

Owns: headings, rows and notes. Does not cover: the models
(``search.rates``, ``search.statistics``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from dashboards.study_frames import StudyRecord
from dashboards.text_table import NOTHING, Table
from dashboards.wording import p_value, percent
from search.follow_ups.confirmation import Confirmation
from search.rates.host_worths import HostWorths
from search.statistics.exact import of_delta, of_mean
from search.statistics.sign_tests import TIES, backbone_sign_test, sign_test

_SIGN_NOTES = (
    "A tie counts for (delta >= 0 of all, the paper's headline), against (delta > 0 of all), or is "
    "dropped. One-sided p of a fair coin.",
    "Cells of treatments share their baseline and cells of champions were chosen by these signs: "
    "their counts describe, and have no p. Fresh seeds are independent, and so are backbones.",
)


def variance_table(hosts: Sequence[HostWorths]) -> Table:
    """Percent of the variance of a run's mean delta, one row per host."""
    rows = []
    for host in hosts:
        split = host.split
        shares = (
            (split.items, split.seed, split.configuration, split.seed_by_configuration)
            if split
            else (None,) * 4
        )
        rows.append(
            (
                f"{host.backbone} {host.adapter}",
                str(host.seeds),
                str(host.configurations),
                *(_share(share) for share in shares),
                _share(split.unsplit if split else None),
                _two_digits(split.correlation if split else None),
            )
        )
    headings = (
        *("host", "seeds", "configurations", "items", "seed and baseline", "configuration"),
        *("seed x configuration", "not split", "correlation of cells"),
    )
    return Table(
        "What a run's mean delta varies by",
        headings,
        tuple(rows),
        notes=tuple(
            f"{host.backbone} {host.adapter}: {host.reason}." for host in hosts if host.reason
        )
        if rows
        else ("No completed run has a mean delta.",),
        numbers=frozenset(range(1, len(headings))),
    ).without_empty()


def sign_table(record: StudyRecord, *, confirmed: Mapping[str, Confirmation]) -> Table:
    """Sign tests, each with the three ways to treat a tie."""
    runs = record.scored.dropna(subset=["mean_delta"])
    cells = record.cells[record.cells["run_id"].isin(runs["id"])]
    champions = cells[cells["run_id"].isin(record.champions["id"])]
    fresh = [of_mean(run.mean_delta or 0.0) for found in confirmed.values() for run in found.runs]
    backbones = {
        str(name): cells[cells["run_id"].isin(group["id"])]["delta"].tolist()
        for name, group in runs.groupby("backbone", sort=False)
    }
    rows = [
        _signs("cells of all treatments", _exact(cells["delta"].tolist()), is_test=False),
        _signs("cells of champions", _exact(champions["delta"].tolist()), is_test=False),
        _signs("champions' fresh seeds, by mean delta", fresh, is_test=True),
        (
            "backbones, by mean delta of all treatments",
            *(
                text
                for ties in TIES
                for test in (backbone_sign_test(backbones, ties=ties),)
                for text in (f"{test.successes}/{test.trials}", p_value(test.one_sided))
            ),
        ),
    ]
    headings = ("of", *(text for ties in TIES for text in (f"ties {ties}", "p")))
    return Table(
        "Sign tests",
        headings,
        tuple(row for row in rows if not row[1].endswith("/0")),
        notes=_SIGN_NOTES,
        numbers=frozenset(range(1, len(headings))),
    )


def _signs(name: str, deltas: Sequence[Fraction], *, is_test: bool) -> tuple[str, ...]:
    found = [sign_test(deltas, ties=ties) for ties in TIES]
    return (
        name,
        *(
            text
            for test in found
            for text in (
                f"{test.successes}/{test.trials}",
                p_value(test.one_sided) if is_test else NOTHING,
            )
        ),
    )


def _exact(deltas: Sequence[float]) -> list[Fraction]:
    return [of_delta(float(delta)) for delta in deltas]


def _two_digits(number: float | None) -> str:
    return NOTHING if number is None else f"{number:.2f}"


def _share(share: float | None) -> str:
    return NOTHING if share is None else percent(share / 100)
