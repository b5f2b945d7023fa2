"""What ``talan study check --json`` prints. Does not cover: the checks (``search.cost.check``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.cost.check import StudyCheck


def check_shape(found: StudyCheck) -> dict[str, Any]:
    """The report as JSON."""
    return {
        "name": found.audit.file.name,
        "runs": found.runs,
        "hosts": [
            {
                "backbone": host.backbone,
                "adapter": host.adapter_label,
                "parameters": {
                    "backbone": host.baseline.backbone,
                    "adapter": host.baseline.adapter,
                    "talan": {mixer: size.talan for mixer, size in host.largest.items()},
                },
                "memory": {
                    "device": memory.device,
                    "needed_gib": memory.needed_gib,
                    "available_gib": memory.available_gib,
                },
            }
            for host, memory in zip(found.hosts, found.memory, strict=True)
        ],
        "training_data": [
            {
                "backbone": data.backbone,
                "num_examples": data.num_examples,
                "num_sampled": data.num_sampled,
                "mean_tokens": data.mean_tokens,
                "cut_share": data.cut_share,
                "taught_share": data.taught_share,
            }
            for data in found.data
        ],
        "benchmarks": list(found.audit.benchmarks),
    }
