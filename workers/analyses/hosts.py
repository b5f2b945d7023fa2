"""The hosts of an analysis: attached to the warm backbone, one at a time.

Owns: unpacking stored checkpoints once, putting a host on and taking it off, and switching its side
path off. Two hosts are never on the backbone together, whatever they are made of: what is compared
is kept for a bounded number of items, and the other host then sees the same items. Does not cover:
reading a checkpoint (``workers.interventions.restore``) and the backbone's own state
(``workers.backbones.resident``).
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import torch

from storage.artifacts import ArtifactStore
from talan.backbones import find_decoder
from talan.block import TalanBlock
from talan.sham import evaluating
from workers.backbones.resident import ResidentBackbone
from workers.errors import ConfigurationError
from workers.interventions.adapted import Adapted
from workers.interventions.restore import restore_any


@dataclass(frozen=True)
class Attached:
    """A stored host on its backbone.

    Attributes:
        model: PEFT's wrapper around the backbone.
        side_path: The block or the sham; None for the adapter alone.
    """

    model: Any
    side_path: Any

    @property
    def sites(self) -> list[Any]:
        """Where a block or a sham acts."""
        layers = find_decoder(self.model).layers
        return [layer.talan_site for layer in layers if hasattr(layer, "talan_site")]  # type: ignore[union-attr]

    @property
    def layer(self) -> int | None:
        """The decoder block whose input is changed; None where none is."""
        sites = self.sites
        return int(sites[0].layer) if sites else None

    def block(self) -> TalanBlock:
        """TALAN's block.

        Raises:
            ConfigurationError: The run has none.
        """
        block = getattr(self.side_path, "block", None)
        if not isinstance(block, TalanBlock):
            raise ConfigurationError(
                "this run has no TALAN block; allowed for it are depth and divergence"
            )
        return block

    @contextmanager
    def block_off(self) -> Iterator[None]:
        """Within this context the side path lets the stream pass; the adapter acts as before."""
        sites = self.sites
        before = [site.enabled for site in sites]
        for site in sites:
            site.enabled = False
        try:
            yield
        finally:
            for site, was in zip(sites, before, strict=True):
                site.enabled = was


class Hosts:
    """Stored hosts by role, on one backbone.

    Args:
        resident: The backbone.
        artifact_url: Where the checkpoints are.
        checkpoints: Artifacts by role.
    """

    def __init__(
        self, resident: ResidentBackbone, *, artifact_url: str, checkpoints: Mapping[str, str]
    ) -> None:
        self.resident = resident
        self.roles = tuple(checkpoints)
        self._folder = tempfile.TemporaryDirectory(prefix="talan-analysis-")
        store = ArtifactStore(artifact_url)
        for role, name in checkpoints.items():
            folder = Path(self._folder.name) / role
            folder.mkdir()
            store.get_folder(name, folder)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()

    @contextmanager
    def attached(self, role: str) -> Iterator[Attached]:
        """A host in eval mode, without gradients; afterwards the backbone is as it was loaded.

        Raises:
            CheckpointError: Its files do not fit this backbone.
            BackboneError: Something of it stayed behind.
        """
        folder = Path(self._folder.name) / role
        host = restore_any(folder, model=self.resident.model)
        side_path = host.talan if isinstance(host, Adapted) else None
        try:
            with torch.no_grad(), evaluating(host.model):
                yield Attached(host.model, side_path)
        finally:
            host.detach()
            self.resident.restore()
