"""A model folder: an adapter, an intervention and what says where both belong.

Owns: `talan_model.json`, which names the intervention, the base model and the hash of every weights
file, and checking a folder against it. Needs no torch. Does not cover: each intervention's own
files (`talan.checkpoint`, `talan.sham_files`), nor putting them on a model (`talan.loaded`).

PEFT's `PeftModel.from_pretrained` knows nothing of an intervention and would leave it out without a
word. So the adapter's own file holds one key more, `NEEDS_TALAN`, which PEFT names in a warning.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from talan.errors import TalanCheckpointError

MANIFEST = "talan_model.json"
ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
CHAT_TEMPLATE, MODEL_CARD = "chat_template.jinja", "README.md"
NEEDS_TALAN = "incomplete_without_talan.from_pretrained"
FORMAT = 1
NONE, TALAN, SHAM = "none", "talan", "sham"
_TOLD_BY = {"talan_config.json": TALAN, "talan.safetensors": TALAN, "talan_sham.safetensors": SHAM}


@dataclass(frozen=True)
class BaseModel:
    """What an adapter was trained on.

    Attributes:
        name: a built-in name, a hub id or the path of a folder.
        revision: the hub's commit; None for what does not come from a hub.
        fingerprint: `talan.base_models.fingerprint` of its files; None where nobody knows.
    """

    name: str
    revision: str | None = None
    fingerprint: str | None = None


@dataclass(frozen=True)
class ModelFolder:
    """A folder that has been checked; none of its weights is read yet.

    Attributes:
        path: where it is.
        intervention: what is put on the model besides the adapter: `talan`, `sham`, `none`, or a
            name that somebody registered (`talan.interventions`).
        base: what it was trained on.
        dtype: of the base model's weights in training; None where nobody knows.
    """

    path: Path
    intervention: str
    base: BaseModel
    dtype: str | None = None

    @property
    def adapter_config(self) -> dict[str, Any]:
        """PEFT's own keys of the adapter's configuration."""
        found = _read_json(self.path / ADAPTER_CONFIG)
        return {key: value for key, value in found.items() if key != NEEDS_TALAN}


def read_model_folder(path: Path) -> ModelFolder:
    """Check a folder; one without a manifest is told by its files.

    Raises:
        TalanCheckpointError: a file is missing or damaged, or a newer version wrote the folder.
    """
    if not (path / ADAPTER_CONFIG).is_file():
        raise TalanCheckpointError(
            f"{path} is not a model folder: it has no {ADAPTER_CONFIG}; allowed: what "
            "`talan checkpoint` or save_pretrained wrote."
        )
    adapter = _read_json(path / ADAPTER_CONFIG)
    if not (path / MANIFEST).is_file():
        return _told_by_files(path, adapter)
    manifest = _read_json(path / MANIFEST)
    _check_format(path, manifest.get("format"))
    try:
        _check_files(path, manifest["sha256"])
        base = BaseModel(**manifest["base_model"])
        return ModelFolder(path, str(manifest["intervention"]), base, manifest.get("dtype"))
    except (KeyError, TypeError, AttributeError) as error:
        raise TalanCheckpointError(f"{path / MANIFEST} is damaged: {error!r}.") from error


def finish_folder(
    path: Path, *, intervention: str, base: BaseModel, dtype: str | None = None
) -> None:
    """Write the manifest of a folder whose other files are in place, and settle PEFT's file.

    Raises:
        TalanCheckpointError: the folder cannot be written, or holds no adapter.
    """
    settle_adapter_config(path, intervention=intervention, base=base)
    manifest = {
        "format": FORMAT,
        "intervention": intervention,
        "base_model": asdict(base),
        "dtype": dtype,
        "sha256": {file.name: _sha256(file) for file in sorted(path.glob("*.safetensors"))},
    }
    _write_json(path / MANIFEST, manifest)


def settle_adapter_config(path: Path, *, intervention: str, base: BaseModel) -> None:
    """Make PEFT's file say the same everywhere, and warn who reads it without this library.

    PEFT writes sets in hash order, and the base model's place on this machine.
    """
    config = {
        **ModelFolder(path, intervention, base).adapter_config,
        "base_model_name_or_path": base.name,
        "revision": base.revision,
    }
    config["target_modules"] = sorted(config["target_modules"])
    if intervention != NONE:
        config[NEEDS_TALAN] = (
            f"PEFT loads the adapter alone and leaves out its {intervention} part: "
            "from talan import from_pretrained"
        )
    _write_json(path / ADAPTER_CONFIG, config, sort_keys=True)


def _told_by_files(path: Path, adapter: dict[str, Any]) -> ModelFolder:
    """A folder as PEFT and the intervention wrote it, such as an unpacked checkpoint."""
    present = [name for file, name in _TOLD_BY.items() if (path / file).is_file()]
    if not present and NEEDS_TALAN in adapter:
        raise TalanCheckpointError(
            f"{path} lacks the files of its intervention: its {ADAPTER_CONFIG} says "
            f"{adapter[NEEDS_TALAN]!r}; fetch the folder again, with all its files."
        )
    base = BaseModel(str(adapter.get("base_model_name_or_path") or ""), adapter.get("revision"))
    return ModelFolder(path, present[0] if present else NONE, base)


def _check_format(path: Path, found: object) -> None:
    if isinstance(found, int) and found > FORMAT:
        raise TalanCheckpointError(
            f"{path} has the format {found}, which a newer version wrote; this one reads up to "
            f"{FORMAT}: upgrade talan-audit."
        )
    if found != FORMAT:
        raise TalanCheckpointError(
            f"{path / MANIFEST} is damaged: its format is {found!r}; allowed: {FORMAT}."
        )


def _check_files(path: Path, hashes: dict[str, str]) -> None:
    for name, sha256 in hashes.items():
        file = path / Path(name).name
        if not file.is_file():
            raise TalanCheckpointError(
                f"{path} lacks {name}, which {MANIFEST} names: fetch the folder again, with all "
                "its files."
            )
        if _sha256(file) != sha256:
            raise TalanCheckpointError(f"{file} is damaged: its hash is not the one in {MANIFEST}.")


def changed_files(path: Path, other: Path) -> list[str]:
    """Names of the weights files that two folders do not share byte for byte."""
    names: Iterable[str] = {file.name for at in (path, other) for file in at.glob("*.safetensors")}
    return sorted(name for name in names if not _same_bytes(path / name, other / name))


def _same_bytes(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and _sha256(one) == _sha256(other)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TalanCheckpointError(f"{path} cannot be read: {error.strerror}.") from error


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_bytes())
    except OSError as error:
        raise TalanCheckpointError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise TalanCheckpointError(f"{path} is damaged: it is not JSON.") from error
    if not isinstance(found, dict):
        raise TalanCheckpointError(f"{path} is damaged: it is not a JSON object.")
    return found


def _write_json(path: Path, value: dict[str, Any], *, sort_keys: bool = False) -> None:
    try:
        path.write_text(json.dumps(value, indent=2, sort_keys=sort_keys) + "\n", encoding="utf-8")
    except OSError as error:
        raise TalanCheckpointError(f"{path} cannot be written: {error.strerror}.") from error
