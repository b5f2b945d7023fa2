"""What an analysis is asked to do and what it answers, as records that travel between processes.

Owns: ``AnalysisJob``, ``CellSource``, ``AnalysisResult``. They pickle and import no torch. Does not
cover: which runs stand beside which (``search.analyses``), nor any computation.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from workers.job.recipe import Recipe

if TYPE_CHECKING:
    from storage.artifacts import ArtifactRef

RUN, BASELINE, OTHER_SEED = "run", "baseline", "other_seed"
DEPTH, SCALE, DOMAINS = "depth", "scale", "domains"
SLOTS, DRIFT, DIVERGENCE = "slots", "drift", "divergence"
COMPONENTS = "components"  # of blocks that have several
OF_RUNS = (DEPTH, SCALE, DOMAINS, SLOTS, DRIFT, DIVERGENCE, COMPONENTS)
OF_BLOCKS = (SCALE, DOMAINS, SLOTS, DRIFT, COMPONENTS)  # a run without a block has none of these


@dataclass(frozen=True)
class CellSource:
    """Where one benchmark's answers are.

    Args:
        benchmark: Its name.
        run: The artifact with the run's responses.
        baseline: The artifact with the matched baseline's; None for a baseline.
    """

    benchmark: str
    run: str
    baseline: str | None


@dataclass(frozen=True)
class AnalysisJob:
    """One analysis of one run.

    Args:
        key: The caller's name for it; echoed, never interpreted.
        name: One of ``OF_RUNS``.
        parameters: The analysis' own (``search.analyses.catalogue``).
        backbone: A built-in name, a hub id or a local folder.
        recipe: What the run was trained and evaluated with: says how the backbone is loaded.
        artifact_url: Where checkpoints and responses are, and where the artifact goes.
        checkpoints: Stored hosts by role: ``run``, ``baseline``, ``other_seed``.
        cells: Answers, a benchmark each.
        seed: The run's seed: what its block was drawn from.
        redrawn: Whether the block's first weights can be drawn again; older studies drew otherwise.
    """

    key: str
    name: str
    parameters: Mapping[str, Any]
    backbone: str
    recipe: Recipe
    artifact_url: str
    checkpoints: Mapping[str, str]
    cells: tuple[CellSource, ...]
    seed: int
    redrawn: bool = True

    benchmarks: tuple[str, ...] = ()  # it has one step: nothing is evaluated

    @property
    def num_items(self) -> int:
        """How many items are looked at, over all benchmarks."""
        return int(self.parameters.get("items", 0))


@dataclass(frozen=True)
class AnalysisResult:
    """What came of it.

    Args:
        summary: JSON-able: what pages and reports show.
        artifact: Parquet with every value.
        seconds: Wall seconds.
    """

    summary: Mapping[str, Any]
    artifact: ArtifactRef
    seconds: float = field(compare=False)
