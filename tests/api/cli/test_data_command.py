"""``talan data``: fetched, imported, listed, checked, built; and a study whose data are missing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import published_data
import pytest
from hub_server import HubServer
from talan_command import Talan

RECIPE = """
name: mine
against: [gsm8k_cot]
sources:
  - name: sums
    group: math
    repository: someone/sums
    files: "sums.json"
    user: "{{ask}}"
    assistant: "{{say}}"
    count: {count}
"""
PLANTED = {"ask": f"Well: {published_data.GSM8K[0]['question'].upper()}", "say": "A hundred."}


@pytest.fixture(autouse=True)
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TALAN_DATA", str(folder / "data"))
    return folder / "data"


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    server = HubServer()
    sums = [{"ask": f"What is {n} and {n}?", "say": str(2 * n)} for n in range(9)]
    server.datasets["someone/sums"] = {"sums.json": json.dumps([*sums, PLANTED]).encode()}
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    yield server
    server.close()


@pytest.fixture
def files(folder: Path) -> dict[str, Path]:
    return published_data.write_published(folder)


def recipe(folder: Path, *, count: int = 9, more: str = "") -> str:
    path = folder / "recipe.yaml"
    path.write_text(RECIPE.format(count=count) + more)
    return str(path)


def test_import_list_and_verify(talan: Talan, files: dict[str, Path], data: Path) -> None:
    said = talan("data", "import", "gsm8k_cot", str(files["gsm8k_cot"]))
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("gsm8k_cot: 3 items, sha256 ")
    assert "(published are 1319: this is a part)" in said.out

    listed = json.loads(talan("data", "list", "--json").out)
    entries = {entry["name"]: entry for entry in listed["entries"]}
    assert listed["folder"] == str(data)
    assert entries["gsm8k_cot"]["num_rows"] == 3
    assert entries["gsm8k_cot"]["sha256"] in said.out
    assert (entries["mbpp"]["num_rows"], entries["mbpp"]["expected_rows"]) == (None, 500)
    table = talan("data", "list").out
    assert "3/1319" in table
    assert "missing" in table

    assert talan("data", "verify").out == "2 files of 1 entries are as they were recorded\n"
    (data / "paper" / "gsm8k_cot.jsonl").write_text("{}\n")
    changed = talan("data", "verify")
    assert changed.code == 2
    assert "gsm8k_cot.jsonl was changed" in changed.err


def test_a_study_without_its_data_is_refused_with_what_to_run(
    talan: Talan, folder: Path, files: dict[str, Path]
) -> None:
    (folder / "study.yaml").write_text("name: mine\nbenchmarks: [gsm8k_cot]\n")
    refused = talan("study", "run", "study.yaml")
    assert refused.code == 2
    assert "The data of benchmark gsm8k_cot is missing" in refused.err
    assert "get it with talan data pull paper, or talan data import" in refused.err
    talan("data", "import", "gsm8k_cot", str(files["gsm8k_cot"]))
    refused = talan("study", "run", "study.yaml")
    assert refused.code == 2
    assert "training data of suite paper is missing" in refused.err
    assert "talan data pull mixture and talan data build paper" in refused.err


def test_a_whole_benchmark_or_nothing_comes_from_the_hub(
    talan: Talan, hub: HubServer, files: dict[str, Path], data: Path
) -> None:
    hub.datasets["HuggingFaceH4/MATH-500"] = {"test.jsonl": files["minerva_math500"].read_bytes()}
    few = talan("data", "pull", "minerva_math500")
    assert few.code == 2
    assert "has 2 test items; the benchmark minerva_math500 has 500" in few.err
    rows = [{**published_data.MATH[0], "unique_id": f"test/{n}.json"} for n in range(500)]
    content = "".join(json.dumps(row) + "\n" for row in rows)
    hub.datasets["HuggingFaceH4/MATH-500"] = {"test.jsonl": content.encode()}
    assert talan("data", "pull", "minerva_math500").out.startswith("minerva_math500: 500 items, ")
    source = json.loads((data / "paper" / "minerva_math500.source.json").read_text())
    assert source["source"]["commit"] == hub.commit("HuggingFaceH4/MATH-500")
    assert source["source"]["revision"] == "main"
    assert talan("data", "verify").code == 0


def test_gated_missing_and_wrong_are_one_sentence_each(
    talan: Talan, hub: HubServer, files: dict[str, Path]
) -> None:
    hub.datasets["Idavidrein/gpqa"] = {"gpqa_diamond.csv": files["gpqa_diamond"].read_bytes()}
    hub.gated.add("Idavidrein/gpqa")
    for arguments, sentence in (
        (["paper"], "data set 'Idavidrein/gpqa' is gated: accept its terms at https://"),
        (["gpqa_diamond", "--revision", "v9"], "has no revision 'v9'; allowed: a commit, tag"),
        (["mbpp"], "data set 'google-research-datasets/mbpp' is not on the hub"),
        (["gone"], "There is no recipe 'gone'; allowed: paper, a YAML file"),
        (["paper", "--revision", "v9"], "--revision is for one benchmark"),
    ):
        refused = talan("data", "pull", *arguments)
        assert refused.code == 2
        assert sentence in refused.err
        assert refused.err.count("\n") == 1


def test_a_mixture_is_built_offline_once_it_was_pulled(
    talan: Talan, hub: HubServer, folder: Path, files: dict[str, Path], data: Path
) -> None:
    talan("data", "import", "gsm8k_cot", str(files["gsm8k_cot"]))
    assert "get it with talan data pull RECIPE" in talan("data", "build", recipe(folder)).err
    assert talan("data", "pull", recipe(folder)).out.startswith("sums: someone/sums at ")
    hub.close()

    said = talan("data", "build", recipe(folder), "-o", "out").out.splitlines()
    assert said[0] == "sums: 9 of 10 rows (1 overlap)"
    assert said[1] == "overlap: sums row 10 with gsm8k_cot-0000"
    manifest = json.loads(talan("data", "build", recipe(folder), "--json").out)
    kept = (data / "mixture" / "mine" / "manifest.json").read_text()
    assert json.dumps(manifest) == json.dumps(json.loads(kept))
    assert manifest["sha256"] in said[2]
    assert (data / "mixture" / "mine" / "train.jsonl").is_file()
    other = json.loads(talan("data", "build", recipe(folder), "--seed", "1", "--json").out)
    assert other["sha256"] != manifest["sha256"]
    entries = json.loads(talan("data", "list", "--json").out)["entries"]
    kinds = [(entry["kind"], entry["name"]) for entry in entries if entry["files"]]
    assert ("mixture", "mine") in kinds
    assert ("repository", "someone/sums@main") in kinds

    refused = talan("data", "build", recipe(folder, more="on_overlap: refuse\n"))
    assert refused.code == 2
    assert "1 rows overlap with benchmark items: sums row 10 (gsm8k_cot-0000)" in refused.err
    short = talan("data", "build", recipe(folder, count=20))
    assert "wanted are 20 examples, available are 9 of 10 rows (1 overlap)" in short.err


def test_columns_that_are_missing_are_named(talan: Talan, folder: Path) -> None:
    (folder / "some.jsonl").write_text('{"question": "?"}\n')
    refused = talan("data", "import", "gsm8k_cot", "some.jsonl")
    assert refused.code == 2
    assert "has no column 'answer'; needed are question, answer, and there are question" in (
        refused.err
    )
