"""The batches of a full evaluation are those that the harness makes."""

from typing import Any

import lm_eval
import pytest

from workers.backbones.loading import load_backbone
from workers.evaluation.eval_batches import compose, full_batches
from workers.evaluation.harness import PromptCache, ResidentLM
from workers.suites.registry import get_suite
from workers.suites.tasks import load_tasks


class Watching(ResidentLM):
    """Notes the prompts of every batch that is generated, and generates nothing."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.seen: list[tuple[str, ...]] = []

    def tok_batch_encode(self, strings: Any, **options: Any) -> Any:
        self.seen.append(tuple(strings))
        return super().tok_batch_encode(list(strings), **options)

    def _model_generate(self, context: Any, *_: Any, **__: Any) -> Any:
        return context


@pytest.mark.parametrize("benchmark", ["tiny_choice", "tiny_code"])
def test_the_harness_makes_the_same_batches_in_the_same_order(benchmark: str):
    model, tokenizer = load_backbone("tiny-qwen3")
    tasks = load_tasks(get_suite("tiny"), [benchmark])
    watching = Watching(model, tokenizer=tokenizer, batch_size=16, prompts=PromptCache())
    lm_eval.evaluate(
        watching,
        {"tasks": tasks, "groups": {}, "group_map": {}},
        bootstrap_iters=0,
        apply_chat_template=True,
        confirm_run_unsafe_code=True,
    )
    prompts = [request.args[0] for request in tasks[benchmark].instances]

    batches = full_batches(tasks[benchmark], model=watching)

    assert sorted(item for batch in batches for item in batch) == list(range(len(prompts)))
    assert [sorted(prompts[item] for item in batch) for batch in batches] == [
        sorted(seen) for seen in watching.seen
    ]
    assert len(batches) == -(-len(prompts) // 16)


def test_longest_prompts_come_first_then_by_their_text():
    prompts = ["bb", "a", "cccc", "aa", "ccc"]

    assert compose(prompts, batch_size=2, num_tokens=len) == [(2, 4), (0, 3), (1,)]
