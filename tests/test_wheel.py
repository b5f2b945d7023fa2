"""The wheel and the sdist: what is inside, and that the wheel alone works in a fresh place."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROOMS = {"talan", "search", "workers", "api", "storage", "dashboards"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the sdist, built from the files under version control."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("built")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    build = (
        "import sys; from setuptools import build_meta as b; out = sys.argv[1]; "
        "b.build_sdist(out); b.build_wheel(out)"
    )
    subprocess.run([sys.executable, "-c", build, out], cwd=source, check=True, capture_output=True)
    return out


@pytest.fixture(scope="module")
def run(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Runs a program of a fresh environment that has the wheel, and beside it the dependencies."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    [site] = (folder / "env" / "lib").glob("python*/site-packages")
    # A path in a .pth file brings what is installed there, without the editable install of ours.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    [wheel] = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--python", folder / "env", "install", "--no-deps"]
    subprocess.run(
        [*pip, "--no-index", "--force-reinstall", wheel], check=True, capture_output=True
    )

    def run_in(*words: str) -> str:
        program = folder / "env" / "bin" / words[0]
        done = subprocess.run(
            [program, *words[1:]],
            check=False,
            cwd=folder,
            env={"HOME": str(folder)},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run_in


def test_the_wheel_holds_the_rooms_and_what_they_read(built: Path) -> None:
    [wheel] = built.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {name.split("/")[0] for name in names if "dist-info" not in name} == ROOMS
    assert {
        "talan/assets/tiny-qwen3/model.safetensors",
        "workers/suites/tiny/data/tiny_choice.jsonl",
        "dashboards/pages/templates/study.html",
        "dashboards/pages/static/page.css",
        "storage/migrations/env.py",
        "api/cli/demo.yaml",
    } <= names


def test_the_sdist_builds_the_wheel_and_carries_no_tests(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        rooms = {name.split("/")[1] for name in archive.getnames() if name.count("/") > 1}
    assert rooms >= ROOMS
    assert not rooms & {"tests", "benchmarks", "tools"}


def test_the_wheel_alone_checks_the_demos_study(run: Callable[..., str]) -> None:
    where = run("python", "-c", "import talan; print(talan.__file__)")
    assert "/fresh" in where
    assert "Find out where in a model" in run("talan", "--help")
    study = run("talan", "demo", "--show")
    assert study == (ROOT / "api/cli/demo.yaml").read_text()
    checked = run("talan", "study", "check", str(_written(study, into=Path(where).parents[5])))
    assert "demo can be launched: 1 baseline, 4 jitter null, 24 treatment runs" in checked


def _written(text: str, *, into: Path) -> Path:
    path = into / "demo.yaml"
    path.write_text(text)
    return path
