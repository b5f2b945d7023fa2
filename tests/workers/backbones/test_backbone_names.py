"""Backbones by name: what the hub answers becomes one sentence, and revisions are told apart."""

import json
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from workers.backbones.inspection import inspect_backbone
from workers.backbones.names import BUILT_IN, find_backbone, hub_commit
from workers.errors import BackboneError

COMMITS = {"main": "a" * 40, "v1": "b" * 40}
# What the hub sends, by repository: status and error code.
ANSWERS = {
    "own/gated": (403, "GatedRepo"),
    "own/missing": (404, "RepoNotFound"),
    "own/model": (404, "RevisionNotFound"),
}
SCRIPT = """
import json, sys
from workers.backbones.names import find_backbone
from workers.errors import BackboneError
told = {}
for name in sys.argv[1:]:
    try:
        told[name] = str(find_backbone(name))
    except BackboneError as error:
        told[name] = str(error)
print(json.dumps(told))
"""


class _Hub(BaseHTTPRequestHandler):
    def do_GET(self):
        name = next(name for name in ANSWERS if name in self.path)
        status, code = ANSWERS[name]
        self.send_response(status)
        self.send_header("X-Error-Code", code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_HEAD(self):
        self.do_GET()

    def log_message(self, *_):
        pass


@pytest.fixture
def hub():
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_what_the_hub_refuses_is_said_in_one_sentence(hub, tmp_path):
    names = ["own/gated", "own/missing", "own/model@no-such"]
    environment = {"HF_ENDPOINT": hub, "HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "0"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, *names],
        capture_output=True,
        text=True,
        env={"PATH": "", **environment},
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["own/gated"].startswith(
        "Backbone 'own/gated' is gated: its licence must be accepted"
    )
    assert "on the hub there is no such model, or it is private" in told["own/missing"]
    assert told["own/model@no-such"] == (
        "Backbone 'own/model' has no revision 'no-such'; allowed: a commit, a tag or a branch of it"
    )


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """A hub cache with two commits of one model, told apart by a comment in their configuration."""
    repository = tmp_path / "models--own--model"
    for name, commit in COMMITS.items():
        snapshot = shutil.copytree(BUILT_IN["tiny-qwen3"], repository / "snapshots" / commit)
        config = json.loads((snapshot / "config.json").read_text())
        (snapshot / "config.json").write_text(json.dumps(config | {"note": name}))
        (repository / "refs").mkdir(exist_ok=True)
        (repository / "refs" / name).write_text(commit)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return repository


def test_a_revision_is_a_tag_or_a_commit_and_main_without_one(cache):
    snapshots = cache / "snapshots"
    assert find_backbone("own/model") == snapshots / COMMITS["main"]
    assert find_backbone("own/model@v1") == snapshots / COMMITS["v1"]
    assert find_backbone(f"own/model@{COMMITS['v1']}") == snapshots / COMMITS["v1"]


def test_the_commit_is_recorded_and_the_bytes_tell_revisions_apart(cache):
    newest, pinned = inspect_backbone("own/model"), inspect_backbone("own/model@v1")
    assert (newest.revision, pinned.revision) == (COMMITS["main"], COMMITS["v1"])
    assert newest.fingerprint != pinned.fingerprint
    assert hub_commit(BUILT_IN["tiny-qwen3"]) is None


@pytest.mark.parametrize("name", ["own/model@", "model@v1", "@v1"])
def test_a_revision_needs_a_model_and_a_name(name):
    with pytest.raises(BackboneError, match="There is no backbone"):
        find_backbone(name)
