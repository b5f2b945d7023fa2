"""One benchmark of a trained run on a warm backbone, from the question to the stored cell.

Owns: the order of its steps and what the cell says. Does not cover: generating and scoring
(``workers.evaluation``).
"""

import time

from storage.artifacts import ArtifactStore
from storage.generation import Generation
from storage.response_digests import pack_digests
from workers.evaluation.benchmark_evaluation import BenchmarkEvaluation, Evaluated
from workers.evaluation.continuous_lm import ContinuousLM, Drafts, harness_model
from workers.evaluation.decoding import Decoding
from workers.evaluation.harness import ResidentLM
from workers.evaluation.responses import encode_responses
from workers.interventions.attached import Attached
from workers.job.jobs import CellResult, RunJob
from workers.run.rests_on import cell_rests_on
from workers.run.warm_backbone import WarmBackbone


def evaluate_cell(
    job: RunJob,
    warm: WarmBackbone,
    *,
    host: Attached,
    benchmark: str,
    draft: str | None = None,
) -> CellResult:
    """Generate and score one benchmark with the job's host attached; store its responses.

    Where the job has a plan for it, whole batches are asked until its loss is certain.

    Args:
        job: The run.
        warm: Its backbone.
        host: What is attached to it.
        benchmark: One of the job's.
        draft: The artifact with the matched baseline's responses; None: there are none.
    """
    started = time.perf_counter()
    tasks, resident = warm.tasks(job, benchmark), warm.resident
    drafts = warm.drafts(job, draft)
    with host.decoding():
        model = harness_model(
            resident.model,
            tokenizer=resident.tokenizer,
            decoding=Decoding.of(job.recipe),
            prompts=warm.prompts,
            drafts=drafts,
        )
        evaluation = BenchmarkEvaluation(model, tasks=tasks, benchmark=benchmark)
        found = evaluation.carry_out(job.plans.get(benchmark))
        resident.check_weights()
        asked = warm.stored_prompts(job, benchmark, model)
        responses = ArtifactStore(job.artifact_url).put_bytes(
            encode_responses(found.items, asked=asked), suffix="parquet"
        )
    outcomes = tuple(item.outcome.is_correct for item in found.items)
    return CellResult(
        benchmark=benchmark,
        n_items=found.n_items,
        n_correct=sum(outcomes),
        outcomes=outcomes,
        responses=responses,
        seconds=time.perf_counter() - started,
        items=found.numbers,
        digests=_digests(found),
        rests_on=cell_rests_on(job, benchmark, found=found, asked=asked),
        generation=_generation(found, mode=_mode(model, drafts)),
    )


def _mode(model: ResidentLM, drafts: Drafts | None) -> str:
    if not isinstance(model, ContinuousLM):
        return "static"
    return "drafted" if drafts else "continuous"


def _generation(found: Evaluated, *, mode: str) -> Generation | None:
    """The sum over the items that were asked; a static pass writes one token of each answer."""
    written = [item.written for item in found.items if item.written is not None]
    if len(written) < len(found.items):
        return None
    plain = (max(0, len(one.tokens) - 1) for one in written)
    counted = (one.num_passes for one in written)
    return Generation(
        mode,
        answer_tokens=sum(len(one.tokens) for one in written),
        drafted_tokens=sum(one.num_drafted for one in written),
        passes=sum(a if b is None else b for a, b in zip(plain, counted, strict=True)),
        redecoded=sum(one.is_redecoded for one in written),
    )


def _digests(found: Evaluated) -> bytes | None:
    """What tells the responses apart from another run's; None where some were not asked for."""
    if found.numbers is not None:
        return None
    return pack_digests([item.outcome.response for item in found.items])
