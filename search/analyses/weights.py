"""Statistics of a block's saved weights, read without torch (paper: H.2, H.3).

    stable rank(W)    = |W|_F^2 / |W|_2^2
    effective rank(W) = exp(-sum_i p_i log p_i),  p_i = s_i / sum s,  s the singular values
    top share(W)      = s_1 / sum s

Owns: the 13 statistics of the signature and the 16 of the augmented one, by name (our choice: the
paper names some of them and lists none). A statistic that a mixer has not (per_token_mix has no
query) is None. Does not cover: what they are related to.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open

from search.errors import AnalysisError
from storage import ArtifactStore

Matrix = NDArray[np.float64]
SIGNATURE_FEATURES = (
    "theme_pairwise_cos_std",
    "theme_norm_std",
    "q_norm",
    "k_norm",
    "v_norm",
    "v_to_qk_ratio",
    "v_stable_rank",
    "q_effective_rank",
    "k_effective_rank",
    "v_effective_rank",
    "gate_mean",
    "gate_std",
    "gate_cv",
)
AUGMENTED = (
    *SIGNATURE_FEATURES,
    "theme_pairwise_cos_mean",
    "theme_norm_mean",
    "theme_effective_rank",
    "q_stable_rank",
    "k_stable_rank",
    "out_norm",
    "out_stable_rank",
    "out_effective_rank",
    "q_top_share",
    "k_top_share",
    "v_top_share",
    "out_top_share",
    "q_bias_norm",
    "v_bias_norm",
    "out_bias_norm",
    "gate_lowrank_norm",
)
_WEIGHTS = "talan.safetensors"
_NAMES = {  # by what a mixer calls its parts
    "q": ("mixer.query", "mixer.cross.query"),
    "k": ("mixer.key", "mixer.cross.key"),
    "v": ("mixer.value", "mixer.cross.value"),
    "out": ("mixer.out", "mixer.cross.out", "mixer.out_proj", "mixer.outward"),
}


def read_block(artifacts: ArtifactStore, checkpoint: str) -> dict[str, Matrix]:
    """The tensors of a stored block in float64.

    Raises:
        AnalysisError: The checkpoint has none, or they are in a type that numpy does not know.
        ArtifactError: It is gone or altered.
    """
    with tempfile.TemporaryDirectory(prefix="talan-weights-") as folder:
        artifacts.get_folder(checkpoint, folder)
        path = Path(folder) / _WEIGHTS
        if not path.exists():
            raise AnalysisError(f"checkpoint {checkpoint} has no TALAN block")
        try:
            with safe_open(str(path), framework="numpy") as file:
                names = list(file.keys())
                return {name: file.get_tensor(name).astype(np.float64) for name in names}
        except (SafetensorError, TypeError, KeyError) as error:
            raise AnalysisError(f"checkpoint {checkpoint} cannot be read: {error}") from error


def weight_statistics(block: Mapping[str, Matrix], *, alpha: float) -> dict[str, float | None]:
    """All statistics of ``AUGMENTED``, by name.

    Args:
        block: The saved tensors.
        alpha: The configured strength, which a trained ``direct`` writeback multiplies.
    """
    parts = {name: _part(block, name) for name in _NAMES}
    found: dict[str, float | None] = {**_themes(block), **_gate(block, alpha)}
    for name, (matrix, bias) in parts.items():
        found |= _of_matrix(name, matrix)
        found[f"{name}_bias_norm"] = None if bias is None else float(np.linalg.norm(bias))
    q, k, v = (found[f"{name}_norm"] for name in "qkv")
    found["v_to_qk_ratio"] = 2 * v / (q + k) if q and k and v else None
    return {name: found.get(name) for name in AUGMENTED}


def _part(block: Mapping[str, Matrix], name: str) -> tuple[Matrix | None, Matrix | None]:
    """A projection's weight and bias; rows q, k, v of a packed one."""
    if "mixer.in_proj_weight" in block and name in "qkv":
        at = "qkv".index(name)
        weight, bias = block["mixer.in_proj_weight"], block["mixer.in_proj_bias"]
        return np.split(weight, 3)[at], np.split(bias, 3)[at]
    for prefix in _NAMES[name]:
        if f"{prefix}.weight" in block:
            return block[f"{prefix}.weight"], block.get(f"{prefix}.bias")
    return None, None


def _of_matrix(name: str, matrix: Matrix | None) -> dict[str, float | None]:
    keys = ("norm", "stable_rank", "effective_rank", "top_share")
    if matrix is None or not np.any(matrix):
        return {f"{name}_{key}": None for key in keys}
    s = np.linalg.svd(matrix, compute_uv=False)
    values = (float(np.linalg.norm(s)), *_ranks(s))
    return {f"{name}_{key}": value for key, value in zip(keys, values, strict=True)}


def _ranks(s: NDArray[np.floating[Any]]) -> tuple[float, float, float]:
    """Stable rank, effective rank and top share of singular values in descending order."""
    p = s / s.sum()
    entropy = -float(np.sum(p[p > 0] * np.log(p[p > 0])))
    return float(np.sum(s**2) / s[0] ** 2), float(np.exp(entropy)), float(p[0])


def _themes(block: Mapping[str, Matrix]) -> dict[str, float | None]:
    """Of the slot queries, [T, d]."""
    queries = block.get("summarizer.theme_queries")
    themes = block["summarizer.theme_projection"].T if queries is None else queries
    norms = np.linalg.norm(themes, axis=1)
    unit = themes / np.where(norms > 0, norms, 1.0)[:, None]
    cosines = [float(unit[a] @ unit[b]) for a, b in combinations(range(len(unit)), 2)]
    return {
        "theme_pairwise_cos_std": float(np.std(cosines)) if cosines else None,
        "theme_pairwise_cos_mean": float(np.mean(cosines)) if cosines else None,
        "theme_norm_std": float(np.std(norms)),
        "theme_norm_mean": float(np.mean(norms)),
        "theme_effective_rank": _ranks(np.linalg.svd(themes, compute_uv=False))[1],
    }


def _gate(block: Mapping[str, Matrix], alpha: float) -> dict[str, float | None]:
    """Of the gate vector, or of the one coefficient of a direct writeback."""
    gate: Any = block.get("writeback.gate_vector")
    if gate is None:
        gate = alpha * np.exp(block["writeback.log_alpha_ratio"])
    mean, std = float(np.mean(gate)), float(np.std(gate))
    low = block.get("writeback.lowrank.up.weight")
    return {
        "gate_mean": mean,
        "gate_std": std,
        "gate_cv": std / abs(mean) if mean else None,
        "gate_lowrank_norm": None if low is None else float(np.linalg.norm(low)),
    }
