"""Backbones: check one's files, load it.

Owns the checks that come before any work and the fingerprint. Does not cover names
(`workers.backbones.names`), adapters, TALAN or how the loaded model is reset between runs. Code
from a model folder is never run (`trust_remote_code` is off).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging as transformers_log

from talan.base_models import fingerprint as files_fingerprint
from workers.backbones.chat_templates import require_no_chance, with_date
from workers.backbones.names import WEIGHTS, find_backbone, hub_commit
from workers.errors import BackboneError, first_line
from workers.job.recipe import DTYPES, TEMPLATE_DATE

# What TALAN can be put into: decoder layers in `model.model.layers`, one tensor in and out.
_MISFITS = ("missing", "unexpected", "mismatched")
MODEL_TYPES = ("llama", "qwen2", "qwen3", "qwen3_moe")


@dataclass(frozen=True)
class BackboneInfo:
    """What is known of a backbone without loading its weights.

    Attributes:
        name: As the study file says it.
        source: The folder its files are in.
        num_layers: Decoder layers.
        hidden_size: Width of the residual stream.
        architecture: The model class, such as `Qwen3ForCausalLM`.
        fingerprint: SHA-256 over names and contents of weights, config and tokenizer files.
        revision: The hub's commit; None for what does not come from the hub.
    """

    name: str
    source: Path
    num_layers: int
    hidden_size: int
    architecture: str
    fingerprint: str
    revision: str | None = None


def inspect_backbone(name: str) -> BackboneInfo:
    """Check a backbone's files and configuration; its weights are hashed, not loaded.

    Args:
        name: A built-in name, a local folder, or a hub id with or without a revision.

    Raises:
        BackboneError: It cannot be found, a part is missing, or TALAN does not fit into it.
    """
    folder = find_backbone(name)
    config = _check_config(name, folder)
    _check_weights(name, folder)
    _check_chat_template(name, folder)
    fingerprint = files_fingerprint(folder)
    _check_tensors(name, folder, fingerprint)
    return BackboneInfo(
        name=name,
        source=folder,
        num_layers=config.num_hidden_layers,
        hidden_size=config.hidden_size,
        architecture=(config.architectures or [type(config).__name__])[0],
        fingerprint=fingerprint,
        revision=hub_commit(folder),
    )


def load_backbone(
    name: str, *, dtype: str = "float32", device: str = "cpu", template_date: str = TEMPLATE_DATE
) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """Return model (in eval mode) and tokenizer.

    Args:
        name: As for `inspect_backbone`, whose checks come first.
        dtype: Of the weights in memory, whatever they are stored in.
        device: Where to put the model.
        template_date: The day that the chat template is told, whatever day it is.

    Raises:
        BackboneError: As `inspect_backbone`, or the weights cannot be read.
    """
    if dtype not in DTYPES:
        raise BackboneError(f"dtype is {dtype!r}; allowed are {', '.join(DTYPES)}")
    folder = inspect_backbone(name).source
    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=getattr(torch, dtype),
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except Exception as error:
        raise BackboneError(
            f"Backbone {name!r}: its weights cannot be read: {first_line(error)}"
        ) from error
    model: PreTrainedModel
    model, report = loaded
    _require_whole(name, report)
    model.eval()  # type: ignore[no-untyped-call]
    torch.nn.Module.to(model, device)
    return model, _dated(_tokenizer(name, folder), date=template_date)


def load_tokenizer(name: str, *, template_date: str = TEMPLATE_DATE) -> PreTrainedTokenizerBase:
    """Return a backbone's tokenizer; no weights are read.

    Args:
        name: As for `inspect_backbone`.
        template_date: As for `load_backbone`.

    Raises:
        BackboneError: The backbone or its tokenizer is not there.
    """
    return _dated(_tokenizer(name, find_backbone(name)), date=template_date)


def _check_config(name: str, folder: Path) -> Any:
    if not (folder / "config.json").is_file():
        raise BackboneError(f"Backbone {name!r} has no config.json in {folder}")
    try:
        config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise BackboneError(
            f"Backbone {name!r}: config.json cannot be read: {first_line(error)}"
        ) from error
    if config.model_type not in MODEL_TYPES:
        raise BackboneError(
            f"Backbone {name!r} is of type {config.model_type!r}, which TALAN has no place in; "
            f"allowed are {', '.join(MODEL_TYPES)}"
        )
    return config


def _check_weights(name: str, folder: Path) -> None:
    """Check that there are weights, and that every file an index names is there."""
    if not any(any(folder.glob(pattern)) for pattern in WEIGHTS):
        raise BackboneError(f"Backbone {name!r} has no weights (*.safetensors) in {folder}")
    for index in sorted(folder.glob("*.index.json")):
        shards = set(json.loads(index.read_text())["weight_map"].values())
        missing = sorted(shard for shard in shards if not (folder / shard).is_file())
        if missing:
            raise BackboneError(
                f"Backbone {name!r} lacks the weights file {missing[0]} in {folder}"
            )


@lru_cache(maxsize=64)
def _check_tensors(name: str, folder: Path, _fingerprint: str) -> None:
    """Load onto no device: transformers says which tensors it would fill in or leave out.

    The fingerprint is an argument so that changed files are looked at again.
    """
    try:
        with _unreported():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder,
                device_map="meta",
                local_files_only=True,
                trust_remote_code=False,
                output_loading_info=True,
                ignore_mismatched_sizes=True,  # to have them named, all of them
            )
    except Exception as error:
        raise BackboneError(
            f"Backbone {name!r}: its weights cannot be read: {first_line(error)}"
        ) from error
    _require_whole(name, loaded[1])


@contextmanager
def _unreported() -> Iterator[None]:
    """Without transformers' bar and table: what they say is said in one sentence."""
    level, has_bar = transformers_log.get_verbosity(), transformers_log.is_progress_bar_enabled()
    transformers_log.set_verbosity_error()  # type: ignore[no-untyped-call]
    transformers_log.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        transformers_log.set_verbosity(level)
        if has_bar:
            transformers_log.enable_progress_bar()  # type: ignore[no-untyped-call]


def _require_whole(name: str, report: Mapping[str, Any]) -> None:
    """Refuse weights that are not the model's: a tensor that is missing is drawn at random."""
    found = {word: _tensor_names(report.get(f"{word}_keys", ())) for word in _MISFITS}
    said = [
        f"{word}: {', '.join(names[:3])}{_more(names)}" for word, names in found.items() if names
    ]
    if said:
        raise BackboneError(
            f"Backbone {name!r}: its weights are not those that its config.json asks for; "
            f"{'; '.join(said)}"
        )


def _tensor_names(keys: Iterable[Any]) -> list[str]:
    """A mismatched tensor comes with its shape in the file and in the model."""
    return sorted(key if isinstance(key, str) else _shapes(*key) for key in keys)


def _shapes(name: str, stored: Sequence[int], asked: Sequence[int]) -> str:
    return f"{name} ({'x'.join(map(str, stored))} instead of {'x'.join(map(str, asked))})"


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - 3} more" if len(names) > 3 else ""


def _check_chat_template(name: str, folder: Path) -> None:
    templates = _templates(_tokenizer(name, folder))
    if not any(templates.values()):
        raise BackboneError(
            f"Backbone {name!r} has a tokenizer without a chat template in {folder}"
        )
    for template in templates.values():
        require_no_chance(template, name=name)


def _templates(tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    """A tokenizer's chat templates by name; one without a name is the default."""
    found = getattr(tokenizer, "chat_template", None) or {}
    return dict(found) if isinstance(found, dict) else {"default": str(found)}


def _dated(tokenizer: PreTrainedTokenizerBase, *, date: str) -> PreTrainedTokenizerBase:
    dated = {name: with_date(text, date=date) for name, text in _templates(tokenizer).items()}
    if isinstance(tokenizer.chat_template, dict):
        tokenizer.chat_template = dated
    elif dated:
        tokenizer.chat_template = dated["default"]
    return tokenizer


def _tokenizer(name: str, folder: Path) -> PreTrainedTokenizerBase:
    if not any(
        (folder / file).is_file() for file in ("tokenizer.json", "tokenizer.model", "vocab.json")
    ):
        raise BackboneError(f"Backbone {name!r} has no tokenizer (tokenizer.json) in {folder}")
    try:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    except Exception as error:
        raise BackboneError(
            f"Backbone {name!r}: its tokenizer cannot be read: {first_line(error)}"
        ) from error
