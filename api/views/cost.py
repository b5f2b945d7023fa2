"""What a study's hosts and runs take. Does not cover: measuring (``search.cost.measure``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

from pydantic import Field

from api.views.base import Fraction, View
from search.cost.cost import HostEstimate, StudyEstimate
from search.cost.draft_replay import ForetoldAnswers
from search.cost.measure import HostTable
from workers.backbones.costs import HostCost as Measured
from workers.backbones.sizes import HostSize


class BaseParameters(View):
    """Numbers of parameters without the block."""

    backbone: int = Field(description="parameters of the backbone")
    adapter: int = Field(description="parameters of the adapter")


class MixerCost(View):
    """What the largest block of one mixer adds to the adapter alone; null: not measured."""

    mixer: str
    talan_parameters: int = Field(description="parameters of the block")
    talan_share: Fraction = Field(description="of the backbone's parameters")
    train_ratio: float | None = Field(description="time of a training step, over the adapter's")
    decode_ratio: float | None = Field(description="time of decoding, over the adapter's")
    peak_gib: float | None = Field(description="GPU memory of the adapter alone, GiB")
    talan_peak_gib: float | None = Field(description="GPU memory with the block, GiB")

    @classmethod
    def from_record(cls, mixer: str, *, size: HostSize, measured: Measured | None) -> Self:
        """Of a mixer's size, and its measurement where there is one."""
        return cls(
            mixer=mixer,
            talan_parameters=size.talan,
            talan_share=size.talan_share,
            train_ratio=None if measured is None else measured.train_ratio,
            decode_ratio=None if measured is None else measured.decode_ratio,
            peak_gib=None if measured is None else measured.peak_gib,
            talan_peak_gib=None if measured is None else measured.talan_peak_gib,
        )


class HostCost(View):
    """A backbone with an adapter."""

    backbone: str
    adapter: str = Field(description="its label, such as lora-r8")
    counted_on: str = Field(description="files, or the shape that was published")
    measured_on: str | None = Field(description="the device; null: not measured")
    parameters: BaseParameters
    mixers: list[MixerCost]

    @classmethod
    def from_record(cls, table: HostTable, *, counted_on: str) -> Self:
        """Of a host's sizes and measurements."""
        sizes = table.sizes
        return cls(
            backbone=sizes.backbone,
            adapter=sizes.adapter_label,
            counted_on=counted_on,
            measured_on=table.measured_on,
            parameters=BaseParameters(
                backbone=sizes.baseline.backbone, adapter=sizes.baseline.adapter
            ),
            mixers=[
                MixerCost.from_record(mixer, size=size, measured=table.costs.get(mixer))
                for mixer, size in sizes.largest.items()
            ],
        )


class HostTime(View):
    """How long a host's runs take."""

    backbone: str
    adapter: str = Field(description="its label, such as lora-r8")
    runs: int = Field(description="runs of every kind on this host")
    seconds_per_run: float | None = Field(description="null where nothing is known")
    based_on: str | None = Field(description="in words; null where nothing is known")

    @classmethod
    def from_record(cls, host: HostEstimate) -> Self:
        """Of a host's estimate."""
        return cls(
            backbone=host.backbone,
            adapter=host.adapter_label,
            runs=host.runs,
            seconds_per_run=host.seconds_per_run,
            based_on=host.based_on,
        )


class StudyTime(View):
    """How long a study takes; null where a host's runs are not known."""

    runs: int = Field(description="runs of every kind")
    wall_s: float | None = Field(description="with the workers that the study asks for")
    cpu_hours: float | None = Field(description="hours of one CPU")
    gpu_hours: float | None = Field(description="hours of one GPU")
    hosts: list[HostTime]

    @classmethod
    def from_record(cls, estimate: StudyEstimate) -> Self:
        """Of an estimate."""
        return cls(
            runs=estimate.runs,
            wall_s=estimate.wall_s,
            cpu_hours=estimate.cpu_hours,
            gpu_hours=estimate.gpu_hours,
            hosts=[HostTime.from_record(host) for host in estimate.hosts],
        )


class ReplayedAnswers(View):
    """What the answers of a recorded study take with drafts, by a replay of their tokens."""

    study: str
    runs: int = Field(description="treatments that were looked at")
    answers: int = Field(description="answers of those runs")
    equal: int = Field(description="answers that are the baseline's, token for token")
    answer_tokens: int = Field(description="tokens of those answers")
    drafted_tokens: int = Field(description="those that the baseline's answers propose")
    passes: int = Field(description="forward passes; reading a prompt is none of them")

    @classmethod
    def from_record(cls, found: ForetoldAnswers) -> Self:
        """Of a replay."""
        return cls(
            study=found.study,
            runs=found.runs,
            answers=found.answers,
            equal=found.equal,
            **vars(found.counts),
        )


class CostReport(View):
    """What ``talan cost`` counts and estimates."""

    hosts: list[HostCost]
    answers: ReplayedAnswers | None = Field(
        default=None, description="null where no recorded study was named"
    )
    estimate: StudyTime

    @classmethod
    def from_record(
        cls,
        tables: Sequence[HostTable],
        *,
        sources: Mapping[str, str],
        estimate: StudyEstimate,
        answers: ForetoldAnswers | None = None,
    ) -> Self:
        """Of each host's table, where its shape was counted, and the estimate."""
        return cls(
            hosts=[
                HostCost.from_record(table, counted_on=sources[table.sizes.backbone])
                for table in tables
            ],
            answers=None if answers is None else ReplayedAnswers.from_record(answers),
            estimate=StudyTime.from_record(estimate),
        )
