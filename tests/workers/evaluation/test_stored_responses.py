"""Responses come back as they were written."""

from __future__ import annotations

from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workers.errors import DataError
from workers.evaluation.harness import ScoredItem
from workers.evaluation.responses import encode_responses
from workers.evaluation.stored_responses import StoredResponse, count_truncated, decode_responses
from workers.suites.tasks import ItemOutcome


def test_what_was_encoded_comes_back() -> None:
    items = [
        ScoredItem(ItemOutcome("b-1", "größer\n大 \x00", "[invalid]", False), "0" * 64),
        ScoredItem(ItemOutcome("a-0", "", "7", True), "1" * 64),
    ]
    assert decode_responses(encode_responses(items)) == [
        StoredResponse("b-1", "größer\n大 \x00", False),
        StoredResponse("a-0", "", True),
    ]


def test_other_bytes_are_refused() -> None:
    file = BytesIO()
    pq.write_table(pa.table({"item_id": ["a"], "response": ["b"]}), file)
    for data in (b"", b"PAR1 no PAR1", file.getvalue(), file.getvalue()[:-9]):
        with pytest.raises(DataError, match="esponses"):
            decode_responses(data)


def test_truncated_responses_are_counted_where_somebody_looked() -> None:
    outcome = ItemOutcome("a-0", "", "7", True)
    looked = [ScoredItem(outcome, "0", is_truncated=cut) for cut in (True, False, True)]
    assert count_truncated(encode_responses(looked)) == 2
    assert count_truncated(encode_responses([*looked, ScoredItem(outcome, "0")])) is None
    file = BytesIO()
    pq.write_table(pa.table({"item_id": ["a"], "response": ["b"], "correct": [True]}), file)
    assert count_truncated(file.getvalue()) is None
    with pytest.raises(DataError, match="not the responses of a cell"):
        count_truncated(b"PAR1")
