"""Analyses recorded by hand: real rows and real Parquet, in the shapes that workers store."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage import ArtifactStore, Asked, AuditStore, Run
from workers.analyses.depth import SCHEMA as DEPTH_SCHEMA
from workers.analyses.divergence import SCHEMA as DIVERGENCE_SCHEMA

ITEM, LAYERS, BLOCK = "item-0", 3, 1
HOSTILE = "<b>"


def record_depth(store: AuditStore, run: Run, *, artifacts: str, height: float) -> None:
    """Depth of a run: height times the layer from the baseline, half of it from block off."""
    by_layer = [
        {
            "layer": layer,
            "relative_l2": height * layer,
            "cosine": 1 - height * layer,
            "block_off_relative_l2": height * layer / 2,
        }
        for layer in range(LAYERS)
    ]
    summary = {
        "layer": BLOCK,
        "lift_off": BLOCK,
        "lift_off_from_baseline": 1,
        "growth_per_layer": 2.0,
        "num_items": 1,
        "by_layer": by_layer,
        "output": [],
        "with_answer": by_layer,
        "by_benchmark": {},
        "curve_similarity": 0.9,
    }
    rows = [
        {
            "benchmark": "tiny_choice",
            "item_id": ITEM,
            "text": "prompt_and_answer",
            "against": against,
            "layer": layer,
            "relative_l2": 0.1,
            "cosine": 1.0,
            "tokens": [0.0, 0.1 * layer, 0.2 * layer],
            "num_prompt": 2,
            "texts": ["a", HOSTILE, "c"] if layer == 0 and against == "baseline" else None,
        }
        for against in ("baseline", "block_off")
        for layer in range(LAYERS + 1)
    ]
    artifact = _stored(artifacts, rows, DEPTH_SCHEMA)
    record_summary(store, run, "depth", summary, parameters={"items": 64}, artifact=artifact)


def record_divergence(store: AuditStore, run: Run, *, artifacts: str) -> None:
    """One helped item: `so 5` against `so 6`, which part at the fourth token."""
    of = {
        "median_parting": 3,
        "first_line_share": 1.0,
        "kl_at_parting": 0.5,
        "kl_before_parting": 0.02,
        "entropy_at_parting": 0.7,
        "baseline_entropy_at_parting": 0.6,
    }
    none = dict.fromkeys(of)
    summary = {
        "num_items": 1,
        "reason": None,
        **of,
        "kl_mean_on_run": 0.1,
        "kl_mean_on_baseline": 0.1,
        "groups": {"helped": {"num_items": 1, **of}, "hurt": {"num_items": 0, **none}},
    }
    rows = [
        {
            "benchmark": "tiny_choice",
            "item_id": ITEM,
            "group": "helped",
            "answer": answer,
            "parting": 3,
            "tokens": [1, 2, 3, last],
            "texts": ["s", "o", "\n", str(last)],
            "kl": [0.0, 0.02, 0.0, 0.5],
            "entropy_run": [0.1] * 4,
            "entropy_baseline": [0.1] * 4,
        }
        for answer, last in (("run", 5), ("baseline", 6))
    ]
    artifact = _stored(artifacts, rows, DIVERGENCE_SCHEMA)
    record_summary(store, run, "divergence", summary, parameters={"items": 64}, artifact=artifact)


def record_summary(
    store: AuditStore,
    run: Run | None,
    name: str,
    summary: dict[str, Any],
    *,
    study: str = "",
    parameters: dict[str, Any] | None = None,
    artifact: str = "none",
) -> None:
    """Any analysis; without an artifact, one whose values no page reads."""
    asked = Asked(run.study if run else study, run.id if run else None, name, parameters or {})
    (recorded,) = store.analyses.ask([asked])
    store.analyses.claim(owner="w", ttl_s=60, among=[recorded.id])
    done = {"summary": summary, "artifact": artifact, "seconds": 1.5}
    assert store.analyses.finish(recorded.id, owner="w", **done)


def _stored(artifacts: str, rows: list[dict[str, Any]], schema: pa.Schema) -> str:
    file = BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)
    return ArtifactStore(artifacts).put_bytes(file.getvalue(), suffix="parquet").name
