"""Removing a folder that a program filled, whatever it did to make that hard.

Owns one function. Not covered: processes that still write there; end them first.
"""

import contextlib
import os
import shutil
import subprocess


def remove(folder: str) -> None:
    """Remove a folder that may be too deep for Python or have lost its owner's rights."""
    with contextlib.suppress(RecursionError):
        shutil.rmtree(folder, ignore_errors=True)
    if os.path.lexists(folder):
        for command in (["chmod", "-R", "u+rwx"], ["rm", "-rf"]):
            subprocess.run(
                [*command, folder], check=False, capture_output=True, env={"PATH": os.defpath}
            )
