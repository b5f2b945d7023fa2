"""Table 6 for a study's hosts: parameter counts, and times and memory measured here.

Owns: which configurations are measured (the largest of each mixer), with which load, and what a run
then takes. Does not cover: the counts (``workers.backbones.sizes``) and the measuring
(``workers.backbones.costs``) themselves.

A study whose backbones, data or items are not at hand can be looked at all the same: its backbones
are then random weights of their published shapes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from search.cost.cost import workload
from search.cost.training_data import sample_training_data
from search.errors import StudyFileError
from search.study.host_checks import HostSizes, check_hosts
from search.study.keys import StudyFile
from search.study.plan import Audit, resolve
from talan import TalanConfig
from workers.backbones.costs import HostCost, Load
from workers.backbones.inspection import BackboneInfo, inspect_backbone
from workers.backbones.measuring import measure_host, measuring_device
from workers.backbones.shapes import PUBLISHED_SHAPES, published_config
from workers.backbones.sizes import backbone_config
from workers.errors import BackboneError, WorkerError, first_line
from workers.job.jobs import AdapterSpec
from workers.suites.limits import response_limit_tokens
from workers.suites.paper.benchmarks import PUBLISHED

_MEAN_TOKENS = 512  # of a training example, where there is no data to look at
_PROMPTS, _PROMPT_TOKENS, _NEW_TOKENS = 16, 64, 16


@dataclass(frozen=True)
class HostTable:
    """One host: its sizes, and what was measured of it.

    Attributes:
        sizes: Parameter counts.
        costs: By mixer; empty where nothing was measured.
        measured_on: ``its weights`` or ``random weights``; None where nothing was.
        train_tokens: Mean length of the training examples that were measured with.
    """

    sizes: HostSizes
    costs: Mapping[str, HostCost] = field(default_factory=dict)
    measured_on: str | None = None
    train_tokens: float = 0.0


def resolve_shapes(file: StudyFile) -> tuple[Audit, dict[str, str]]:
    """A study's names resolved; a backbone that is not at hand counts by its published shape.

    Returns:
        The study, and by backbone ``files`` or ``published shape``.

    Raises:
        StudyFileError: A backbone is neither at hand nor published, or another name is unknown.
    """
    audit = resolve(file, inspect=_inspect_shape, with_data=False)
    return audit, {name: backbone_config(name)[1] for name in file.backbones}


def tabulate(audit: Audit) -> list[HostTable]:
    """The sizes of every host.

    Raises:
        StudyFileError: Parts of a host do not fit together.
    """
    return [HostTable(sizes) for sizes in check_hosts(audit)]


def measure_study(
    audit: Audit,
    tables: Sequence[HostTable],
    *,
    rounds: int,
    progress: Callable[[str], None],
) -> list[HostTable]:
    """Measure every host on this machine: the largest configuration of each mixer.

    Args:
        audit: The study.
        tables: Its hosts' sizes, in the same order.
        rounds: Measurements of each configuration.
        progress: Told what is being measured.
    """
    measured = []
    for number, table in enumerate(tables):
        host = audit.hosts[number]
        progress(f"measuring {host.backbone} {host.adapter_label} on {measuring_device()}")
        points = table.sizes.points.items()
        train_tokens = _mean_tokens(audit, host.backbone)
        try:
            costs, source = measure_host(
                host.backbone,
                AdapterSpec.from_record(host.adapter),
                {mixer: TalanConfig.from_axes(dict(p), **audit.file.talan) for mixer, p in points},
                recipe=audit.recipe,
                load=_load(audit, train_tokens),
                rounds=rounds,
                num_threads=max(1, int(audit.file.resources.cpus_per_run)),  # as a run has
            )
        except WorkerError as error:
            msg = f"backbone {host.backbone!r} cannot be measured here: {first_line(error)}"
            raise StudyFileError(msg) from error
        measured.append(replace(table, costs=costs, measured_on=source, train_tokens=train_tokens))
    return measured


def seconds_by_host(
    audit: Audit, tables: Sequence[HostTable], *, response_tokens: float
) -> dict[int, float]:
    """Seconds of one run by host number, for the hosts that were measured.

    A run trains the recipe's steps and answers every item; the slowest mixer counts.
    """
    decoded = {
        benchmark: _num_items(audit, benchmark)
        * min(response_tokens, response_limit_tokens(audit.suite, benchmark))
        for benchmark in audit.benchmarks
    }
    seconds = {}
    for number, table in enumerate(tables):
        if table.costs:
            work = workload(
                audit.recipe,
                mean_tokens=table.train_tokens,
                decoded_tokens=sum(decoded.values()),
            )
            seconds[number] = max(work.seconds(cost) for cost in table.costs.values())
    return seconds


def _inspect_shape(name: str) -> BackboneInfo:
    try:
        return inspect_backbone(name)
    except BackboneError:
        if name.partition("@")[0] not in PUBLISHED_SHAPES:
            raise
    config = published_config(name)
    return BackboneInfo(
        name=name,
        source=Path(),
        num_layers=config.num_hidden_layers,
        hidden_size=config.hidden_size,
        architecture=config.model_type,
        fingerprint="",
    )


def _load(audit: Audit, train_tokens: float) -> Load:
    return Load(
        batch=audit.recipe.batch_size,
        train_tokens=round(train_tokens),
        prompts=_PROMPTS,
        prompt_tokens=_PROMPT_TOKENS,
        new_tokens=_NEW_TOKENS,
    )


def _num_items(audit: Audit, benchmark: str) -> int:
    """Of the file at hand, else as published."""
    file = audit.suite.items_file(benchmark)
    if file.is_file():
        with file.open("rb") as lines:
            return sum(1 for line in lines if line.strip())
    return PUBLISHED[benchmark].num_items


def _mean_tokens(audit: Audit, backbone: str) -> float:
    """Of a training example; assumed where data or tokenizer are not at hand."""
    try:
        return sample_training_data(audit, backbone=backbone).mean_tokens
    except WorkerError:
        return min(_MEAN_TOKENS, audit.recipe.max_length)
