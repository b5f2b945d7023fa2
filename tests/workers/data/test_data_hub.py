"""Fetching from a hub on this machine: what comes, what is found again, and every refusal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import huggingface_hub.constants
import pytest
from hub_server import HubServer

from workers.data.hub import find_pulled, pull
from workers.errors import DataError

NAME = "someone/numbers"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    server = HubServer()
    server.datasets[NAME] = {
        "README.md": b"numbers",
        "main/test-0.jsonl": b'{"n": 1}\n',
        "main/test-1.jsonl": b'{"n": 2}\n',
    }
    monkeypatch.setenv("TALAN_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
    yield server
    server.close()


def test_files_come_by_commit_and_are_found_again_without_the_hub(hub: HubServer) -> None:
    fetched = pull(NAME, patterns=["main/test-*.jsonl"], revision="main")
    assert [file.read_text() for file in fetched.files] == ['{"n": 1}\n', '{"n": 2}\n']
    assert fetched.commit == hub.commit(NAME)
    hub.close()
    assert find_pulled(NAME, patterns=["main/test-*.jsonl"], revision="main") == fetched
    assert find_pulled(NAME, patterns=["main/*.jsonl", "*.md"], revision="main") is None
    assert find_pulled(NAME, patterns=["main/*.jsonl"], revision="v2") is None


def test_a_second_fetch_of_other_files_keeps_the_first(hub: HubServer) -> None:
    pull(NAME, patterns=["main/test-0.jsonl"], revision="main")
    pull(NAME, patterns=["README.md"], revision="main")
    both = find_pulled(NAME, patterns=["README.md", "main/*.jsonl"], revision="main")
    assert both is not None
    assert list(both.hashes) == ["README.md", "main/test-0.jsonl"]


def test_a_branch_that_moved_gives_its_new_commit(hub: HubServer) -> None:
    before = pull(NAME, patterns=["main/test-0.jsonl"], revision="main")
    hub.datasets[NAME]["main/test-0.jsonl"] = b'{"n": 9}\n'
    after = pull(NAME, patterns=["main/test-0.jsonl"], revision="main")
    assert (before.commit == after.commit, after.files[0].read_text()) == (False, '{"n": 9}\n')
    assert before.files[0].read_text() == '{"n": 1}\n'


def test_an_altered_file_is_not_taken(hub: HubServer) -> None:
    fetched = pull(NAME, patterns=["README.md"], revision="main")
    fetched.files[0].write_text("changed")
    with pytest.raises(DataError, match="is not what was fetched from someone/numbers"):
        find_pulled(NAME, patterns=["README.md"], revision="main")


@pytest.mark.parametrize(
    ("name", "revision", "pattern", "sentence"),
    [
        (
            "someone/gone",
            "main",
            "*",
            "'someone/gone' is not on the hub, or it is private and HF",
        ),
        (NAME, "v9", "*", "'someone/numbers' has no revision 'v9'; allowed: a commit, tag or br"),
        (NAME, "main", "*.csv", "has no file '*.csv'; it has README.md, main/test-0.jsonl"),
        ("no/such/name", "main", "*", "'no/such/name' is not allowed; allowed: owner/name"),
        ("someone/gated", "main", "*", "is gated: accept its terms at https://huggingface.co/data"),
    ],
)
def test_refusals_are_one_sentence(
    hub: HubServer, name: str, revision: str, pattern: str, sentence: str
) -> None:
    hub.datasets["someone/gated"] = {"items.csv": b"a\n1\n"}
    hub.gated.add("someone/gated")
    with pytest.raises(DataError, match=r"^[^\n]+$") as caught:
        pull(name, patterns=[pattern], revision=revision)
    assert sentence in str(caught.value)
    assert find_pulled(NAME, patterns=["*"], revision="main") is None


def test_a_hub_that_is_not_there_is_one_sentence(hub: HubServer) -> None:
    hub.close()
    with pytest.raises(DataError, match="cannot be fetched, for the hub cannot be reached"):
        pull(NAME, patterns=["*"], revision="main")


def test_offline_is_one_sentence(hub: HubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(DataError, match="cannot be fetched while HF_HUB_OFFLINE is set"):
        pull(NAME, patterns=["*"], revision="main")
