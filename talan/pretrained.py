"""A model folder, or a repository on a hub, as a model and its tokenizer in one call.

Owns: finding the folder and its base model, loading both, and refusing a base model that is not the
one the folder was trained on. Does not cover: what lies in the folder (`talan.model_folder`).
Code from a repository is never run.
"""

import warnings
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase

from talan.base_models import fingerprint, local_folder
from talan.errors import TalanCheckpointError, first_line
from talan.loaded import TalanModelForCausalLM, put_on
from talan.model_folder import CHAT_TEMPLATE, BaseModel, ModelFolder, read_model_folder

_FOLDER_FILES = ("*.json", "*.safetensors", "*.jinja", "*.model", "*.txt", "README.md")


def from_pretrained(
    folder_or_hub_id: str | Path,
    *,
    dtype: object = None,
    device_map: object = None,
    base: str | Path | None = None,
    revision: str | None = None,
    token: str | bool | None = None,
    trainable: bool = False,
) -> tuple[TalanModelForCausalLM, PreTrainedTokenizerBase]:
    """Load a base model with the adapter and the block that were trained on it.

    Args:
        folder_or_hub_id: what `talan checkpoint`, `talan train` or `save_pretrained` wrote, or the
            hub's name of a repository with that in it.
        dtype: of the base model, as transformers takes it; None: what it was trained in.
        device_map: as transformers takes it; None: the CPU.
        base: the base model's folder or hub id, where it is not found under its recorded name.
        revision: commit, tag or branch of `folder_or_hub_id` on the hub.
        token: as huggingface_hub takes it.
        trainable: train adapter and block further; else they are frozen, in eval mode.

    Returns:
        The model, which generates, saves and pushes as any of transformers' and PEFT's, and its
        tokenizer.

    Raises:
        TalanCheckpointError: the folder or its base model is missing, damaged or not the right one.
    """
    folder = read_model_folder(_folder(str(folder_or_hub_id), revision=revision, token=token))
    source, commit = _base(folder, base)
    placed = {} if device_map is None else {"device_map": device_map}
    try:
        model = AutoModelForCausalLM.from_pretrained(
            source,
            revision=commit,
            dtype=dtype or folder.dtype or "auto",
            token=token,
            trust_remote_code=False,
            **placed,
        )
    except Exception as error:
        raise TalanCheckpointError(
            f"The base model {source} of {folder.path} cannot be loaded: {first_line(error)}"
        ) from error
    tokenizer = _tokenizer(folder, source, commit=commit, token=token)
    return put_on(model, folder, trainable=trainable), tokenizer


def _folder(name: str, *, revision: str | None, token: str | bool | None) -> Path:
    """A folder on this machine, or the files of a repository."""
    path = Path(name).expanduser()
    if path.is_dir():
        return path
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise TalanCheckpointError(
            f"There is no folder {name!r}; allowed: a model folder or a hub id (owner/name)."
        )
    try:
        return Path(
            snapshot_download(
                name, revision=revision, token=token, allow_patterns=list(_FOLDER_FILES)
            )
        )
    except (HfHubHTTPError, LocalEntryNotFoundError, ValueError, OSError) as error:
        raise TalanCheckpointError(
            f"{name!r} is not a folder, and the hub does not give it: {first_line(error)}"
        ) from error


def _base(folder: ModelFolder, asked: str | Path | None) -> tuple[str, str | None]:
    """What the base model is loaded from, and at which commit."""
    name = folder.base.name if asked is None else str(asked)
    repository, _, pinned = name.partition("@")
    local = local_folder(name)
    if local is None:
        recorded = folder.base.revision if asked is None else None
        return repository, recorded or pinned or None
    _check_same(folder, local, is_asked=asked is not None)
    return str(local), None


def _check_same(folder: ModelFolder, found: Path, *, is_asked: bool) -> None:
    """A base model of the same shape and other weights would answer, and answer wrong."""
    base: BaseModel = folder.base
    if base.fingerprint is None or fingerprint(found) == base.fingerprint:
        return
    told = (
        f"{folder.path} was trained on {base.name} with the files' hash {base.fingerprint[:12]}, "
        f"and {found} has {fingerprint(found)[:12]}"
    )
    if is_asked:
        warnings.warn(f"{told}: it will not answer as it was measured.", stacklevel=4)
        return
    raise TalanCheckpointError(f"{told}: put it back, or name another with base=.")


def _tokenizer(
    folder: ModelFolder, source: str, *, commit: str | None, token: str | bool | None
) -> PreTrainedTokenizerBase:
    """The folder's own where it was saved with one, else the base model's with its template."""
    is_own = (folder.path / "tokenizer_config.json").is_file()
    try:
        tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(
            str(folder.path) if is_own else source,
            revision=None if is_own else commit,
            token=token,
            trust_remote_code=False,
        )
    except Exception as error:
        raise TalanCheckpointError(
            f"The tokenizer of {folder.path} cannot be loaded: {first_line(error)}"
        ) from error
    template = folder.path / CHAT_TEMPLATE
    if template.is_file():
        tokenizer.chat_template = template.read_text(encoding="utf-8")
    return tokenizer
