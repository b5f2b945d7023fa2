"""What a dry run of a study file found. Does not cover: the checks (``search.cost.check``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import Field

from api.views.base import Fraction, View
from api.views.power import Power

if TYPE_CHECKING:
    from search.cost.check import Memory, StudyCheck
    from search.cost.prompt_lengths import PromptLength
    from search.cost.training_data import TrainingData
    from search.study.host_checks import HostSizes


class HostParameters(View):
    """Numbers of parameters on one host."""

    backbone: int = Field(description="parameters of the backbone")
    adapter: int = Field(description="parameters of the adapter")
    talan: dict[str, int] = Field(description="of the largest block, by mixer")


class MemoryNeed(View):
    """Weights, gradients and optimizer state of a host's largest run, without activations."""

    device: str = Field(description="GPU or CPU")
    needed_gib: float = Field(description="at least, GiB")
    available_gib: float | None = Field(description="GiB; null where there is no GPU to ask")


class CheckedHost(View):
    """A backbone with an adapter."""

    backbone: str
    adapter: str = Field(description="its label, such as lora-r8")
    parameters: HostParameters
    memory: MemoryNeed

    @classmethod
    def from_record(cls, host: HostSizes, *, memory: Memory) -> Self:
        """Of a host's sizes."""
        return cls(
            backbone=host.backbone,
            adapter=host.adapter_label,
            parameters=HostParameters(
                backbone=host.baseline.backbone,
                adapter=host.baseline.adapter,
                talan={mixer: size.talan for mixer, size in host.largest.items()},
            ),
            memory=MemoryNeed(
                device=memory.device,
                needed_gib=memory.needed_gib,
                available_gib=memory.available_gib,
            ),
        )


class CheckedData(View):
    """The training data as one backbone reads them."""

    backbone: str
    num_examples: int = Field(description="examples in all")
    num_sampled: int = Field(description="examples that the next figures are from")
    mean_tokens: float = Field(description="tokens an example")
    cut_share: Fraction = Field(description="examples that are cut at the longest length")
    taught_share: Fraction = Field(description="tokens that the loss counts")

    @classmethod
    def from_record(cls, data: TrainingData) -> Self:
        """Of a sample of the training data."""
        return cls(
            backbone=data.backbone,
            num_examples=data.num_examples,
            num_sampled=data.num_sampled,
            mean_tokens=data.mean_tokens,
            cut_share=data.cut_share,
            taught_share=data.taught_share,
        )


class LongestPrompt(View):
    """A benchmark's longest prompt on a backbone."""

    backbone: str
    benchmark: str
    item: str = Field(description="its id")
    num_tokens: int = Field(description="tokens of the prompt")
    most_tokens: int = Field(description="tokens that the backbone's context leaves for one")

    @classmethod
    def from_record(cls, found: PromptLength) -> Self:
        """Of a prompt that fits."""
        return cls(**vars(found))


class CheckpointSpace(View):
    """Room for the checkpoints of all runs, without responses."""

    needed_gib: float = Field(description="about, GiB")
    free_gib: float | None = Field(description="GiB; null where artifacts go to no local folder")


class CheckReport(View):
    """What ``talan study check`` found: the study can be launched."""

    name: str
    runs: dict[str, int] = Field(description="runs by kind; treatments: at most")
    hosts: list[CheckedHost]
    training_data: list[CheckedData]
    benchmarks: list[str]
    prompts: list[LongestPrompt] = Field(description="of each benchmark on each backbone")
    space: CheckpointSpace
    power: Power
    notes: list[str] = Field(description="what to know before launching; nothing is refused")

    @classmethod
    def from_record(cls, found: StudyCheck) -> Self:
        """Of the checks' findings."""
        return cls(
            name=found.audit.file.name,
            runs=found.runs,
            hosts=[
                CheckedHost.from_record(host, memory=memory)
                for host, memory in zip(found.hosts, found.memory, strict=True)
            ],
            training_data=[CheckedData.from_record(data) for data in found.data],
            benchmarks=list(found.audit.benchmarks),
            prompts=[LongestPrompt.from_record(prompt) for prompt in found.prompts],
            space=CheckpointSpace(needed_gib=found.space.needed_gib, free_gib=found.space.free_gib),
            power=Power.from_record(found.power),
            notes=list(found.notes),
        )
