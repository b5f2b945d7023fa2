"""Where the public data lies that these tests read: the folder that TALAN_REAL_DATA names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of public data; this folder's tests are collected only where it is named."""
    folder = Path(os.environ["TALAN_REAL_DATA"]).resolve()
    assert folder.is_dir(), f"TALAN_REAL_DATA names {folder}, and there is no such folder"
    return folder
