"""The built-in suite's first items, with short answers: a real run takes a second.

Owns: a folder that any process can name as its suite, and the keys of a study that name it with a
backbone of two blocks. Does not cover: the backbone itself (`shallow_backbone`).
"""

from __future__ import annotations

from pathlib import Path

from shallow_backbone import two_blocks

from workers.suites.registry import get_suite

KINDS = {
    "tiny_choice": "letters",
    "tiny_arithmetic": "numbers",
    "tiny_algebra": "algebra",
    "tiny_code": "code",
}
SETTINGS = """\
benchmarks: {{{kinds}}}
max_new_tokens: 32
recipe:
  {{dtype: float32, gradient_checkpointing: false, batch_size: 8, gradient_accumulation: 1,
   learning_rate: 0.005, max_length: 256, eval_batch_size: 16, num_examples: 256}}
"""


def small_suite(folder: Path, *benchmarks: str, num_items: int = 16) -> str:
    """Write a suite of some benchmarks to a new folder; its name is the folder's path."""
    tiny = get_suite("tiny")
    (folder / "items").mkdir(parents=True)
    kinds = ", ".join(f"{name}: {KINDS[name]}" for name in benchmarks)
    (folder / "suite.yaml").write_text(SETTINGS.format(kinds=kinds))
    (folder / "train.jsonl").write_text(_head(tiny.train_file, num_lines=256))
    for name in benchmarks:
        items = _head(tiny.items_file(name), num_lines=num_items)
        (folder / "items" / f"{name}.jsonl").write_text(items)
    return str(folder)


def small_host(folder: Path, *benchmarks: str, num_items: int = 16) -> dict[str, str | list[str]]:
    """Make a small suite and a backbone of two blocks; the keys of a study that name them."""
    backbone = two_blocks(folder / "backbone")
    return {
        "backbones": [backbone],
        "benchmarks": small_suite(folder / "suite", *benchmarks, num_items=num_items),
    }


def _head(file: Path, *, num_lines: int) -> str:
    return "".join(file.read_text().splitlines(keepends=True)[:num_lines])
