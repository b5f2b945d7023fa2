"""What a driver writes under a relative URL goes into the test's own folder."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work in the test's folder: a cluster's workers fetch supplies from ``artifacts`` there."""
    monkeypatch.chdir(tmp_path)
