"""Which items of a benchmark are generated together when all of them are.

Owns: the batches of a full evaluation. The harness sorts a benchmark's prompts by their number of
tokens, longest first, and cuts the sorted list; a batch asked for on its own then has the same rows
in the same order, and so the same padding and the same answers, bit for bit. Which batches are
asked for, and in which order, changes nothing in them.
Does not cover: generating (``workers.evaluation.harness``), nor which batch comes first
(``workers.job.cell_plans``).
"""

from collections.abc import Callable, Sequence

from lm_eval.models.huggingface import HFLM

from workers.evaluation.asked_items import asked_items


def full_batches(task: object, *, model: HFLM) -> list[tuple[int, ...]]:
    """The batches that ``model`` makes of all of a loaded task's items, as ascending item numbers.

    Args:
        task: A harness task; its requests are built anew.
        model: The harness' model, for the chat template, the token counts and the batch size.
    """
    return compose(
        [item.prompt for item in asked_items(task, model=model)],
        batch_size=int(model.batch_size),
        num_tokens=lambda prompt: len(model.tok_encode(prompt)),
    )


def compose(
    prompts: Sequence[str], *, batch_size: int, num_tokens: Callable[[str], int]
) -> list[tuple[int, ...]]:
    """Cut the prompts, longest first and then by their text, into batches."""
    ranked = sorted(
        range(len(prompts)), key=lambda item: (-num_tokens(prompts[item]), prompts[item])
    )
    cuts = range(0, len(ranked), batch_size)
    return [tuple(sorted(ranked[at : at + batch_size])) for at in cuts]
