"""Local files in the published columns become items: the same bytes, whole, or one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import published_data
import pytest

from workers.data.folder import benchmarks_folder
from workers.errors import DataError
from workers.suites.paper.prepare import import_benchmark, read_source


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "data"
    monkeypatch.setenv("TALAN_DATA", str(folder))
    return folder


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return published_data.write_published(tmp_path)


def items_of(name: str) -> list[dict[str, object]]:
    lines = (benchmarks_folder() / f"{name}.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_every_published_format_becomes_items(files: dict[str, Path]) -> None:
    for name, file in files.items():
        prepared = import_benchmark(name, file)
        assert prepared.num_items == published_data.NUM_ITEMS[name]
        assert read_source(name)["items_sha256"] == prepared.items_sha256
    assert items_of("gsm8k_cot")[1]["target"] == "5,000"
    assert items_of("minerva_math500")[0]["id"] == "minerva_math500-test/prealgebra/1.json"
    assert [item["id"] for item in items_of("mbpp")] == ["mbpp-11", "mbpp-12"]
    assert len(items_of("gsm8k_cot.shots")) == 8
    assert len(items_of("minerva_math500.shots")) == 4
    assert [shot["target"][-6:] for shot in items_of("mbpp.shots")] == ["[DONE]"] * 3


def test_choices_are_in_an_order_of_their_own_and_the_letter_follows(
    files: dict[str, Path], tmp_path: Path
) -> None:
    import_benchmark("gpqa_diamond", files["gpqa_diamond"])
    first, second = items_of("gpqa_diamond")
    assert sorted(first["choices"]) == ["24 kJ", "43.2 kJ", "6 kJ", "86.4 kJ"]
    assert first["choices"]["ABCD".index(first["target"][1])] == "86.4 kJ"
    assert second["choices"]["ABCD".index(second["target"][1])] == "barium chloride"
    assert read_source("gpqa_diamond")["choice_seed"] == 0

    rotated = tmp_path / "rotated.csv"
    published_data.write_csv(rotated, published_data.GPQA[::-1])
    import_benchmark("gpqa_diamond", rotated)
    assert items_of("gpqa_diamond") == [second, first]


def test_the_same_rows_give_the_same_bytes_from_any_format(
    files: dict[str, Path], tmp_path: Path
) -> None:
    lines = tmp_path / "again.jsonl"
    published_data.write_lines(lines, published_data.GSM8K)
    hashes = {import_benchmark("gsm8k_cot", f).items_sha256 for f in (files["gsm8k_cot"], lines)}
    assert len(hashes) == 1


@pytest.mark.parametrize(
    ("name", "rows", "sentence"),
    [
        ("gpqa", [{}], "There is no benchmark 'gpqa'; allowed: gpqa_diamond, gsm8k_cot, "),
        ("gsm8k_cot", [{"question": "?"}], "has no column 'answer'; needed are question, answer, "),
        ("gsm8k_cot", [{"question": "?", "answer": "5"}], "row 1 has no '####' in its answer"),
        ("gsm8k_cot", [{"question": "", "answer": "#### 5"}], "row 1 has nothing in column 'quest"),
        ("gsm8k_cot", [], "has no test item of gsm8k_cot"),
        ("mbpp", [{**published_data.MBPP[2]}], "has no test item of mbpp"),
        ("mbpp", [{**published_data.MBPP[0], "test_list": ["assert 1"]}], "row 1 has 1 tests"),
        ("mbpp", [{**published_data.MBPP[0], "task_id": "x"}], "row 1 is not an item of mbpp"),
        ("mbpp", [published_data.MBPP[0]] * 2, "has the item 'mbpp-11' twice"),
        ("minerva_math500", [{**published_data.MATH[0], "solution": "5"}], "has no \\boxed in its"),
        (
            "mbpp",
            [{**published_data.MBPP[0], "test_list": "assert 1"}],
            "row 1 is not an item of mbpp",
        ),
        (
            "mbpp",
            [{**published_data.MBPP[0], "test_list": [1, 2, 3]}],
            "allowed: a list of texts",
        ),
        (
            "mbpp",
            [{**published_data.MBPP[0], "code": 5}],
            "has 5 in column 'code'; allowed: text",
        ),
        ("gsm8k_cot", [{"question": "?", "answer": 5}], "has 5 in column 'answer'; allowed: te"),
        (
            "gsm8k_cot",
            [{"question": " ", "answer": "#### 5"}],
            "row 1 has nothing in column 'quest",
        ),
        ("gsm8k_cot", [{"question": "?", "answer": "#### five"}], "its own scorer does not accept"),
    ],
)
def test_rows_that_are_no_items_are_one_sentence_and_leave_nothing(
    tmp_path: Path, data: Path, name: str, rows: list[dict[str, object]], sentence: str
) -> None:
    file = tmp_path / "rows.jsonl"
    published_data.write_lines(file, rows)
    with pytest.raises(DataError) as caught:
        import_benchmark(name, file)
    assert sentence in str(caught.value)
    assert not data.exists()


@pytest.mark.parametrize(
    ("file_name", "content", "sentence"),
    [
        ("rows.xlsx", "", "is not allowed; allowed: .jsonl, .json, .csv, .parquet"),
        ("rows.jsonl", "{\n", "cannot be read: line 1 is not JSON"),
        ("rows.json", "{}", "cannot be read: it is not a list of rows"),
        ("rows.json", "", "cannot be read: it is not a list of rows"),
        ("rows.json", '[{"question": "?", "answer": "#### 1"}', "does not go on at byte"),
        ("rows.json", '[{"question": "?", "answer": "#### 1"} {}]', "does not go on at byte"),
        ("rows.json", '[{"question": "?"', "cannot be read: Expecting"),
        ("rows.jsonl", "5\n", "row 1 is 5; allowed: a row of columns"),
        ("rows.parquet", "no", "cannot be read: "),
    ],
)
def test_files_that_are_no_rows_are_one_sentence(
    tmp_path: Path, file_name: str, content: str, sentence: str
) -> None:
    (tmp_path / file_name).write_text(content)
    with pytest.raises(DataError, match=r"^[^\n]+$") as caught:
        import_benchmark("gsm8k_cot", tmp_path / file_name)
    assert sentence in str(caught.value)


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.csv' cannot be read"):
        import_benchmark("gpqa_diamond", tmp_path / "gone.csv")


def test_a_list_that_csv_writes_out_is_read(tmp_path: Path, files: dict[str, Path]) -> None:
    wanted = import_benchmark("mbpp", files["mbpp"]).items_sha256
    published_data.write_csv(tmp_path / "mbpp.csv", published_data.MBPP)

    assert import_benchmark("mbpp", tmp_path / "mbpp.csv").items_sha256 == wanted


def test_two_items_may_ask_one_question(tmp_path: Path) -> None:
    first, second = published_data.GPQA
    rows = [first, {**second, "Question": first["Question"]}]
    published_data.write_csv(tmp_path / "gpqa.csv", rows)
    import_benchmark("gpqa_diamond", tmp_path / "gpqa.csv")
    assert [i["id"] for i in items_of("gpqa_diamond")] == [
        "gpqa_diamond-rec001",
        "gpqa_diamond-rec002",
    ]

    without = [{k: v for k, v in row.items() if k != "Record ID"} for row in rows]
    published_data.write_csv(tmp_path / "gpqa.csv", without)
    import_benchmark("gpqa_diamond", tmp_path / "gpqa.csv")
    assert len({item["id"] for item in items_of("gpqa_diamond")}) == 2
