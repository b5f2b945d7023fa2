"""A local backbone that travels: which of its files go along, in a folder of their own.

Does not cover: hub models, which each node fetches or has in its own cache, and built-in ones.
"""

from pathlib import Path

from talan.base_models import BUILT_IN, FILES

FOLDER = "model"  # alone in it: a model's hash covers every file that is named as its files are


def travelling_files(name: str) -> dict[str, Path] | None:
    """The files of a local folder by their places; None for a backbone that needs no bundle."""
    folder = Path(name)
    if name in BUILT_IN or not folder.is_dir():
        return None
    return {
        f"{FOLDER}/{path.name}": path for pattern in FILES for path in sorted(folder.glob(pattern))
    }
