"""Responses as bytes: the documented columns, and equal bytes for equal content."""

from io import BytesIO

import pyarrow.parquet as pq

from workers.evaluation.harness import ScoredItem
from workers.evaluation.responses import encode_responses
from workers.evaluation.written import Written
from workers.suites.tasks import ItemOutcome

ITEMS = [
    ScoredItem(
        ItemOutcome("a-1", "x = \\boxed{3}\nñ", "3", True),
        "00ff",
        Written((5, 70000, 1), False, 0.5),
    ),
    ScoredItem(ItemOutcome("a-0", "", "[invalid]", False), "ff00", Written((), True)),
]


def test_rows_keep_their_order_and_content():
    table = pq.read_table(BytesIO(encode_responses(ITEMS)))

    assert table.to_pydict() == {
        "item_id": ["a-1", "a-0"],
        "prompt_sha256": ["00ff", "ff00"],
        "response": ["x = \\boxed{3}\nñ", ""],
        "extracted": ["3", "[invalid]"],
        "correct": [True, False],
        "truncated": [False, True],
        "timed_out": [False, False],
        "tokens": [[5, 70000, 1], []],
        "margin": [0.5, None],
    }


def test_bytes_follow_the_content():
    assert encode_responses(ITEMS) == encode_responses(list(ITEMS))
    assert encode_responses(ITEMS) != encode_responses(ITEMS[::-1])


def test_compression_is_zstd():
    file = pq.ParquetFile(BytesIO(encode_responses(ITEMS)))

    assert file.metadata.row_group(0).column(2).compression == "ZSTD"
