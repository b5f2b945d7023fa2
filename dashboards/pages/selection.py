"""Which runs of a study a page shows: read from its address, and written back into links.

Owns: the keys of a study page's address, the chips that toggle them, and what they mean as a filter
of the record. Does not cover: reading runs (``storage.listing``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dashboards.wording import interval
from search.statistics.clopper_pearson import clopper_pearson
from search.study.axes import AXES, AXIS_NAMES, axis_label
from storage import AuditStore, G1Count, RunFilter

NARROWING = ("backbone", "adapter", *AXIS_NAMES)
LISTING = ("kind", "state", "g1")
TITLES = {
    "backbone": "Backbone",
    "adapter": "Adapter",
    **{axis.name: axis.title for axis in AXES},
}


@dataclass(frozen=True)
class Chip:
    """One value to narrow by; `href` toggles it."""

    key: str
    label: str
    runs: int
    g1: int
    is_on: bool
    href: str

    @property
    def title(self) -> str:
        """The text that a pointer on it shows."""
        bounds = interval(clopper_pearson(self.g1, self.runs))
        return f"{self.g1} of {self.runs} runs are G1 ({bounds})"


@dataclass(frozen=True)
class Selection:
    """The filters and the order in a page's address.

    Args:
        study: The study.
        chosen: What narrows and lists, by key.
        sort: The listing's order.
        cursor: Where the listing goes on.
    """

    study: str
    chosen: Mapping[str, str]
    sort: str = "position"
    cursor: str | None = None

    @classmethod
    def of(cls, study: str, query: Mapping[str, str]) -> Selection:
        """Read an address's query; what it does not know, it leaves out."""
        chosen = {key: query[key] for key in (*NARROWING, *LISTING) if query.get(key)}
        return cls(study, chosen, query.get("sort") or "position", query.get("cursor") or None)

    @property
    def narrowing(self) -> dict[str, str]:
        """What narrows the figures too."""
        return {key: value for key, value in self.chosen.items() if key in NARROWING}

    def link(self, **changes: str | None) -> str:
        """The address with some keys changed or dropped; a listing then starts again."""
        wanted: dict[str, str | None] = {**self.chosen, "sort": self.sort, **changes}
        if wanted["sort"] == "position":
            del wanted["sort"]
        query = urlencode({key: value for key, value in wanted.items() if value})
        return f"/studies/{self.study}" + (f"?{query}" if query else "")

    def toggled(self, key: str, label: str) -> str:
        """The address with one value on, or off where it is on."""
        return self.link(**{key: None if self.chosen.get(key) == label else label})

    def where(self, values: Mapping[str, Mapping[str, object]]) -> RunFilter:
        """The filter; `values` are the axes' values by their labels.

        Raises:
            KeyError: A value that the study does not have.
        """
        axes = {key: values[key][self.chosen[key]] for key in AXIS_NAMES if key in self.chosen}
        g1 = {"true": True, "false": False}.get(self.chosen.get("g1", ""))
        return RunFilter(
            state=self.chosen.get("state"),
            g1=g1,
            kind=self.chosen.get("kind"),
            backbone=self.chosen.get("backbone"),
            adapter=self.chosen.get("adapter"),
            axes=axes,
        )


@dataclass(frozen=True)
class Choices:
    """What a study's runs can be narrowed by.

    Args:
        counts: Per axis the counts of its values, over all hosts.
        hosts: Counts by host.
    """

    counts: Mapping[str, Mapping[str, tuple[Any, int, int]]]
    hosts: tuple[G1Count, ...]

    @classmethod
    def read(cls, store: AuditStore, study: str) -> Choices:
        """Count by every axis."""
        hosts = tuple(store.rates.g1_counts(study))
        return cls({axis: _by_label(store, study, axis) for axis in AXIS_NAMES}, hosts)

    @property
    def values(self) -> dict[str, dict[str, Any]]:
        """The axes' values by their labels."""
        return {
            axis: {label: value for label, (value, _, _) in found.items()}
            for axis, found in self.counts.items()
        }

    def chips(self, selection: Selection) -> dict[str, list[Chip]]:
        """Chips by key; only what there are two of, or what is on."""
        found = {
            "backbone": _summed((host.backbone, host) for host in self.hosts),
            "adapter": _summed((host.adapter, host) for host in self.hosts),
            **{
                axis: {label: (runs, g1) for label, (value, runs, g1) in of_axis.items()}
                for axis, of_axis in self.counts.items()
            },
        }
        return {
            key: [
                Chip(
                    *(key, label, runs, g1, selection.chosen.get(key) == label),
                    selection.toggled(key, label),
                )
                for label, (runs, g1) in labels.items()
            ]
            for key, labels in found.items()
            if len(labels) > 1 or key in selection.chosen
        }


def _by_label(store: AuditStore, study: str, axis: str) -> dict[str, tuple[object, int, int]]:
    found: dict[str, tuple[Any, int, int]] = {}
    for count in store.rates.g1_counts(study, by=axis):
        if count.value is None:
            continue
        label = axis_label(axis, count.value)
        _, runs, g1 = found.get(label, (None, 0, 0))
        found[label] = (count.value, runs + count.runs, g1 + count.g1)
    return dict(sorted(found.items(), key=lambda entry: _in_order(entry[1][0])))


def _summed(named: Any) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for label, count in named:
        runs, g1 = found.get(label, (0, 0))
        found[label] = (runs + count.runs, g1 + count.g1)
    return found


def _in_order(value: object) -> tuple[float, str]:
    return (value, "") if isinstance(value, int | float) else (0.0, str(value))
