"""A table of text, for pages and reports: what stands in it is computed once.

Owns: headings, rows, notes and which columns hold numbers. Does not cover: escaping, which each
format does for itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

NOTHING = ""


@dataclass(frozen=True)
class Table:
    """A table of text; ``numbers`` are the columns that are set to the right."""

    title: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    numbers: frozenset[int] = frozenset()

    def without_empty(self) -> Table:
        """The table without columns that no row fills."""
        kept = [at for at in range(len(self.headings)) if any(row[at] for row in self.rows)]
        return replace(
            self,
            headings=tuple(self.headings[at] for at in kept),
            rows=tuple(tuple(row[at] for at in kept) for row in self.rows),
            numbers=frozenset(new for new, at in enumerate(kept) if at in self.numbers),
        )
