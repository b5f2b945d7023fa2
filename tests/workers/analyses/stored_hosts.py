"""What the analyses' tests work with: stored hosts, and their numbers read plainly in float64.

The plain reading shares no code with the analyses: the backbone is transformers' own in float64,
the adapter is merged into its weights by hand, and the block is `plain_reading`'s loops over numpy.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import torch
from attached_host import attach_host
from plain_reading import assignments, memory, perturbation, write
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from storage.artifacts import ArtifactStore
from talan import TalanConfig
from talan.mixers.width import resolve_width
from workers.analyses.analyst import analyse
from workers.analyses.jobs import AnalysisJob, AnalysisResult
from workers.backbones.resident import ResidentBackbone
from workers.job.jobs import RunJob

PROMPTS = ("What is 2 + 3?", "Name a colour.", "Say yes or no: is 7 odd?")
ANSWERS: Mapping[str, Mapping[str, list[tuple[str, bool]]]] = {
    "first": {
        "run": [("It is 5", True), ("red", True), ("yes\nso", False)],
        "baseline": [("It is 6", False), ("red", True), ("yes\nno", True)],
    },
    "second": {
        "run": [("5", True), ("blue", False), ("yes", True)],
        "baseline": [("5 or 6", False), ("blue", False), ("yes", True)],
    },
}
_LORA_SCALE = 8 / 4  # alpha / r of the jobs' adapter


@dataclass(frozen=True)
class Stored:
    """Stored hosts on one backbone.

    Attributes:
        resident: The backbone.
        job: An analysis of the run; its name and parameters are to be replaced.
        axes: The run's configuration.
        checkpoints: Artifacts by role.
        folder: The artifact store.
    """

    resident: ResidentBackbone
    job: AnalysisJob
    axes: Mapping[str, Any]
    checkpoints: Mapping[str, str]
    folder: Path

    def analyse(self, name: str, *, run: str = "run", **changes: Any) -> AnalysisResult:
        checkpoints = {**self.job.checkpoints, "run": self.checkpoints[run]}
        if name == "scale":
            checkpoints["other_seed"] = self.checkpoints["other_seed"]
        job = replace(self.job, **{"name": name, "checkpoints": checkpoints, **changes})
        return analyse(job, self.resident)

    def rows(self, result: AnalysisResult) -> list[dict[str, Any]]:
        path = self.folder / result.artifact.sha256[:2] / result.artifact.name
        return pq.read_table(path).to_pylist()


def disturbed(resident: ResidentBackbone, job: RunJob, *, number: int, folder: str) -> str:
    """Attach a job's host, move its weights as training would, and store it."""
    host = attach_host(resident, job)
    generator = torch.Generator().manual_seed(number)
    with torch.no_grad(), tempfile.TemporaryDirectory() as target:
        for parameter in host.adapted.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.1)
        host.save(Path(target), backbone=job.backbone)
        name = ArtifactStore(folder).put_folder(target).name
    host.detach()
    resident.restore()
    return name


@dataclass(frozen=True)
class Plain:
    """A host read plainly in float64."""

    model: Any
    axes: Mapping[str, Any] | None
    weights: Mapping[str, np.ndarray]

    def config(self) -> TalanConfig:
        return TalanConfig.from_axes(dict(self.axes or {}))

    def block(self, x: np.ndarray, num_prompt: int) -> np.ndarray:
        """The block on one sequence [S, d], each token with the memory it was decoded with."""
        config = self.config()
        heads = resolve_width(config, hidden_size=x.shape[1]).heads
        a = assignments(x, self.weights, config.summarizer)
        out = np.zeros_like(x)
        for i, token in enumerate(x):
            seen = range(max(num_prompt, i + 1))
            z = memory(x, a, [j for j in seen if j < len(x)], self.weights, config.summarizer)
            h = perturbation(token, a[i], z, self.weights, config=config, heads=heads)
            out[i] = write(token, h, self.weights, config)
        return out

    def streams(
        self, tokens: list[int], *, num_prompt: int, block: bool = True
    ) -> tuple[list[np.ndarray], np.ndarray]:
        """What enters each decoder block, and the logits."""
        layers, replaced = self.model.model.layers, {}

        def intervene(_: Any, args: Any, kwargs: Any) -> Any:
            x = args[0] if args else kwargs.pop("hidden_states")
            out = self.block(x[0].numpy(), num_prompt)
            replaced["x"] = out
            return (torch.tensor(out)[None], *args[1:]), kwargs

        hooks = []
        if block and self.axes is not None:
            place = layers[self.axes["layer"]]
            hooks.append(place.register_forward_pre_hook(intervene, with_kwargs=True))
        with torch.no_grad():
            out = self.model(torch.tensor([tokens]), output_hidden_states=True, use_cache=False)
        for hook in hooks:
            hook.remove()
        states = [state[0].numpy() for state in out.hidden_states[: len(layers)]]
        if replaced:
            states[self.axes["layer"]] = replaced["x"]  # type: ignore[index]
        return states, out.logits[0].numpy()


def plain(stored: Stored, role: str, *, adapter: bool = True) -> Plain:
    """A stored host as float64 numbers, its adapter merged into the weights by hand."""
    model = AutoModelForCausalLM.from_pretrained(
        stored.job.backbone,
        dtype=torch.float64,
        experts_implementation="eager",  # the grouped one takes no float64
    ).eval()
    with tempfile.TemporaryDirectory() as target:
        ArtifactStore(str(stored.folder)).get_folder(stored.checkpoints[role], target)
        lora = load_file(Path(target) / "adapter_model.safetensors")
        talan = Path(target) / "talan.safetensors"
        block = load_file(talan) if talan.exists() else {}
    parameters = dict(model.named_parameters())
    for name, a in lora.items():
        if adapter and name.endswith("lora_A.weight"):
            b = lora[name.replace("lora_A", "lora_B")]
            target_name = name.replace("base_model.model.", "").replace(".lora_A", "")
            with torch.no_grad():
                parameters[target_name] += _LORA_SCALE * (b.double() @ a.double())
    weights = {name: tensor.double().numpy() for name, tensor in block.items()}
    return Plain(model, stored.axes if block else None, weights)


def generated(text: str, tokenizer: Any) -> list[int]:
    """An answer's tokens with the one that ended it."""
    tokens: list[int] = tokenizer(text, add_special_tokens=False)["input_ids"]
    return [*tokens, tokenizer.eos_token_id]


def canonical(summary: Mapping[str, Any]) -> str:
    return json.dumps(summary, sort_keys=True, allow_nan=False)
