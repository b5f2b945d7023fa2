"""Responses come back as they were written."""

from __future__ import annotations

from io import BytesIO

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from workers.errors import DataError
from workers.evaluation.harness import ScoredItem
from workers.evaluation.responses import encode_responses
from workers.evaluation.stored_responses import (
    StoredResponse,
    count_truncated,
    decode_responses,
    decode_tokens,
)
from workers.evaluation.written import Written
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


def test_tokens_come_back_by_item_where_they_were_kept() -> None:
    outcomes = [ItemOutcome(name, "", "7", True) for name in ("b-1", "a-0")]
    kept = [
        ScoredItem(outcome, "0", Written((3, at), False)) for at, outcome in enumerate(outcomes)
    ]
    assert decode_tokens(encode_responses(kept)) == {"b-1": (3, 0), "a-0": (3, 1)}
    assert decode_tokens(encode_responses([*kept, ScoredItem(outcomes[0], "0")])) is None
    file = BytesIO()
    pq.write_table(pa.table({"item_id": ["a"], "response": ["b"], "correct": [True]}), file)
    assert decode_tokens(file.getvalue()) is None
    with pytest.raises(DataError, match="not the responses of a cell"):
        decode_tokens(b"PAR1")


def test_truncated_responses_are_counted_where_somebody_looked() -> None:
    outcome = ItemOutcome("a-0", "", "7", True)
    looked = [ScoredItem(outcome, "0", Written((4, 2), cut)) for cut in (True, False, True)]
    assert count_truncated(encode_responses(looked)) == 2
    assert count_truncated(encode_responses([*looked, ScoredItem(outcome, "0")])) is None
    file = BytesIO()
    pq.write_table(pa.table({"item_id": ["a"], "response": ["b"], "correct": [True]}), file)
    assert count_truncated(file.getvalue()) is None
    with pytest.raises(DataError, match="not the responses of a cell"):
        count_truncated(b"PAR1")
