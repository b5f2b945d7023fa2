"""Whether a backbone's files are whole, asked of transformers.

Owns: the checks that need torch, and the sentences that refuse a backbone. Nothing is put into
memory but the configuration and the tokenizer. Does not cover: files as most models have them
(`workers.backbones.usual_files` recognises them without torch). Code from a model folder is never
run (`trust_remote_code` is off).
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerBase
from transformers.utils import logging as transformers_log

from talan.vocabulary import MODEL_TYPES
from workers.backbones.chat_templates import require_no_chance
from workers.backbones.names import WEIGHTS
from workers.backbones.usual_files import BackboneShape
from workers.errors import BackboneError, first_line

_MISFITS = ("missing", "unexpected", "mismatched")


def check_files(name: str, folder: Path, fingerprint: str) -> BackboneShape:
    """Check a backbone's files and configuration; what it is.

    Args:
        name: As the study file says it.
        folder: Where the files are.
        fingerprint: Of the files: changed ones are looked at again.

    Raises:
        BackboneError: A part is missing or cannot be read, or TALAN does not fit into it.
    """
    config = _check_config(name, folder)
    _check_weights(name, folder)
    _check_chat_template(name, folder)
    _check_tensors(name, folder, fingerprint)
    architecture = (config.architectures or [type(config).__name__])[0]
    return BackboneShape(config.num_hidden_layers, config.hidden_size, architecture)


def read_tokenizer(name: str, folder: Path) -> PreTrainedTokenizerBase:
    """A backbone's tokenizer.

    Raises:
        BackboneError: It is missing or cannot be read.
    """
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


def templates_of(tokenizer: PreTrainedTokenizerBase) -> dict[str, str]:
    """A tokenizer's chat templates by name; one without a name is the default."""
    found = getattr(tokenizer, "chat_template", None) or {}
    return dict(found) if isinstance(found, dict) else {"default": str(found)}


def require_whole(name: str, report: Mapping[str, Any]) -> None:
    """Refuse weights that are not the model's: a tensor that is missing is drawn at random.

    Raises:
        BackboneError: Naming the first of them.
    """
    found = {word: _tensor_names(report.get(f"{word}_keys", ())) for word in _MISFITS}
    said = [
        f"{word}: {', '.join(names[:3])}{_more(names)}" for word, names in found.items() if names
    ]
    if said:
        raise BackboneError(
            f"Backbone {name!r}: its weights are not those that its config.json asks for; "
            f"{'; '.join(said)}"
        )


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
            f"allowed: {', '.join(MODEL_TYPES)}"
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
    require_whole(name, loaded[1])


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


def _tensor_names(keys: Iterable[Any]) -> list[str]:
    """A mismatched tensor comes with its shape in the file and in the model."""
    return sorted(key if isinstance(key, str) else _shapes(*key) for key in keys)


def _shapes(name: str, stored: Sequence[int], asked: Sequence[int]) -> str:
    return f"{name} ({'x'.join(map(str, stored))} instead of {'x'.join(map(str, asked))})"


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - 3} more" if len(names) > 3 else ""


def _check_chat_template(name: str, folder: Path) -> None:
    templates = templates_of(read_tokenizer(name, folder))
    if not any(templates.values()):
        raise BackboneError(
            f"Backbone {name!r} has a tokenizer without a chat template in {folder}"
        )
    for template in templates.values():
        require_no_chance(template, name=name)
