"""What stays in memory between runs.

Owns: the loaded backbone and all that was prepared with its tokenizer: training examples, harness
tasks, rendered prompts and the artifacts that hold them. Does not cover: what is attached to the
backbone (``workers.interventions``), putting it back (``workers.backbones.resident``).
"""

from typing import Any, Protocol

from storage.artifacts import ArtifactStore
from workers.backbones.loading import load_backbone
from workers.backbones.resident import ResidentBackbone
from workers.errors import SuiteError, WorkerError
from workers.evaluation.asked_items import asked_items, encode_asked
from workers.evaluation.harness import PromptCache, ResidentLM
from workers.evaluation.score_once import ScoreOnce
from workers.evaluation.stored_responses import decode_tokens
from workers.job.jobs import RunJob
from workers.job.recipe import Recipe, takes_drafts
from workers.run.process import freeze_heap, unfreeze_heap
from workers.suites.registry import get_suite
from workers.suites.tasks import load_tasks
from workers.training.held_out import held_out_examples
from workers.training.sft_data import SftExample, read_conversations, tokenise

_MOST_DRAFTS = 64  # cells of baselines whose answers stay in memory


class OnBackbone(Protocol):
    """A job that says which backbone it is done on."""

    @property
    def backbone(self) -> str:
        """A built-in name, a hub id or a local folder."""

    @property
    def recipe(self) -> Recipe:
        """How it is loaded."""


class WarmBackbone:
    """At most one backbone at a time, on one device.

    Args:
        device: Where backbones are put.
    """

    def __init__(self, *, device: str) -> None:
        self.device = device
        self.prompts = PromptCache()
        self._loaded: ResidentBackbone | None = None
        self._key: tuple[str, str, str] | None = None
        self._examples: dict[tuple[object, ...], list[SftExample]] = {}
        self._tasks: dict[tuple[str, str, str], object] = {}
        self._scores: dict[str, ScoreOnce] = {}
        self._drafts: dict[str, dict[str, tuple[int, ...]]] = {}

    @property
    def is_loaded(self) -> bool:
        """Whether there is a backbone in memory."""
        return self._loaded is not None

    @property
    def resident(self) -> ResidentBackbone:
        """The backbone in memory.

        Raises:
            WorkerError: There is none.
        """
        if self._loaded is None:
            raise WorkerError("there is no backbone in memory before a run was begun")
        return self._loaded

    def load(self, job: OnBackbone) -> ResidentBackbone:
        """The job's backbone: the one in memory, or loaded in its place."""
        key = (job.backbone, job.recipe.dtype, job.recipe.template_date)
        if self._loaded is None or self._key != key:
            self.drop()
            model, tokenizer = load_backbone(
                job.backbone,
                dtype=job.recipe.dtype,
                device=self.device,
                template_date=job.recipe.template_date,
            )
            self._loaded = ResidentBackbone(job.backbone, model=model, tokenizer=tokenizer)
            self._key = key
            freeze_heap()
        return self._loaded

    def drop(self) -> None:
        """Forget the backbone and what was prepared with its tokenizer."""
        if self._loaded is not None:
            unfreeze_heap()
        self._loaded, self._key = None, None
        self.prompts, self._examples = PromptCache(), {}

    def examples(self, job: RunJob) -> list[SftExample]:
        """The job's training examples, tokenised once."""
        key = (job.suite, job.recipe.num_examples, job.recipe.max_length)
        if key not in self._examples:
            conversations = read_conversations(
                get_suite(job.suite).train_file, num_examples=job.recipe.num_examples
            )
            self._examples[key] = tokenise(
                conversations, tokenizer=self.resident.tokenizer, max_length=job.recipe.max_length
            )
        return self._examples[key]

    def held_out(self, job: RunJob) -> list[SftExample]:
        """The examples that the job does not train on, as many as a distance is measured on."""
        return held_out_examples(self.examples(job), recipe=job.recipe, seed=job.seed)

    def tasks(self, job: RunJob, benchmark: str) -> dict[str, Any]:
        """The harness task of one of the job's benchmarks, by its name.

        Raises:
            SuiteError: The job does not name this benchmark.
        """
        if benchmark not in job.benchmarks:
            allowed = ", ".join(job.benchmarks)
            raise SuiteError(f"benchmark is {benchmark!r}; this run has {allowed}")
        key = (job.artifact_url, job.suite, benchmark)
        if key not in self._tasks:
            suite = get_suite(job.suite)
            task = load_tasks(suite, [benchmark])[benchmark]
            once = self._scores.setdefault(job.artifact_url, ScoreOnce(job.artifact_url))
            once.wrap(task, settings=f"{suite.sandbox_cpu_s} s")
            self._tasks[key] = task
        return {benchmark: self._tasks[key]}

    def drafts(self, job: RunJob, artifact: str | None) -> dict[str, tuple[int, ...]] | None:
        """A baseline's answers as token ids by item id; the last ones are kept."""
        if artifact is None or not takes_drafts(job.recipe):
            return None
        if artifact not in self._drafts:
            data = ArtifactStore(job.artifact_url).get_bytes(artifact)
            while len(self._drafts) >= _MOST_DRAFTS:
                del self._drafts[next(iter(self._drafts))]
            self._drafts[artifact] = decode_tokens(data) or {}
        return self._drafts[artifact]

    def stored_prompts(self, job: RunJob, benchmark: str, model: ResidentLM) -> str:
        """The artifact with what a benchmark's items are asked with; stored once a backbone."""
        known, key = self.prompts.asked, (job.artifact_url, job.suite, benchmark)
        if key not in known:
            items = asked_items(self.tasks(job, benchmark)[benchmark], model=model)
            store = ArtifactStore(job.artifact_url)
            known[key] = store.put_bytes(encode_asked(items), suffix="parquet").name
        return known[key]
