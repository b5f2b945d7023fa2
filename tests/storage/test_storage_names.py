"""What `storage` exports, and what it leaves unimported."""

from __future__ import annotations

import subprocess
import sys

import storage


def test_every_exported_name_is_there() -> None:
    assert len(set(storage.__all__)) == len(storage.__all__)
    assert all(hasattr(storage, name) for name in storage.__all__)


def test_every_error_of_ours_is_one_tree() -> None:
    errors = {
        name: value
        for name, value in vars(storage.errors).items()
        if isinstance(value, type) and issubclass(value, Exception)
    }
    assert set(errors) <= set(storage.__all__)
    assert all(issubclass(error, storage.StorageError) for error in errors.values())


def test_storage_alone_imports_no_engine_of_the_audit() -> None:
    code = "import sys, storage.store; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = set(done.stdout.split())
    assert "storage.store" in imported
    assert not imported & {"torch", "ray", "optuna", "fastapi", "pandas", "talan", "workers"}
