"""What can be put on a model besides its adapter, by the name that a model folder gives it.

Owns: finding an intervention's loader. TALAN and its sham are known here; any other package adds
its own through the entry points of the group `talan.interventions`, so that this library imports
none of them. Does not cover: what an intervention does.
"""

from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Protocol

from talan.attached import load
from talan.errors import TalanCheckpointError
from talan.model_folder import NONE, SHAM, TALAN
from talan.sham import load_sham
from talan.vocabulary import INTERVENTION_GROUP


class Intervention(Protocol):
    """What sits on a model; `disabled()`, a context in which it is the identity, is optional."""

    def save(self, folder: Path) -> None:
        """Write its files into a folder."""

    def detach(self) -> None:
        """Take it out; the model is then what it was before."""


Loader = Callable[..., Intervention | None]


def loader_of(name: str) -> Loader:
    """The loader of an intervention, called as `loader(model, folder, trainable=...)`.

    Raises:
        TalanCheckpointError: nobody registered that name.
    """
    if name in _OWN:
        return _OWN[name]
    found = {point.name: point for point in entry_points(group=INTERVENTION_GROUP)}
    if name not in found:
        allowed = ", ".join([*_OWN, *sorted(found)])
        raise TalanCheckpointError(
            f"The intervention {name!r} is not known here; allowed: {allowed}; install the "
            "package that brings it, or upgrade talan-audit."
        )
    registered = found[name].load()
    loader: Loader = getattr(registered, "put_on", registered)  # a class that says how, or that
    return loader


def _nothing(_model: object, _folder: Path, *, trainable: bool) -> None:
    """The adapter alone."""
    del trainable


def _load_sham(model: Any, folder: Path, *, trainable: bool) -> Intervention:
    del trainable  # a sham is a fixed vector
    return load_sham(model, folder)


_OWN: dict[str, Loader] = {NONE: _nothing, TALAN: load, SHAM: _load_sham}
