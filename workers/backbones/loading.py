"""Backbones: load one.

Owns: model and tokenizer in memory, and a chat template that is told its day. Does not cover: names
(`workers.backbones.names`), what is checked before any work (`workers.backbones.inspection`),
adapters, TALAN or how the loaded model is reset between runs. Code from a model folder is never run
(`trust_remote_code` is off).
"""

from typing import Any

import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from workers.backbones.chat_templates import with_date
from workers.backbones.inspection import inspect_backbone
from workers.backbones.names import find_backbone
from workers.backbones.thorough_checks import read_tokenizer, require_whole, templates_of
from workers.errors import BackboneError, first_line
from workers.job.recipe import DTYPES, TEMPLATE_DATE


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
        raise BackboneError(f"dtype is {dtype!r}; allowed: {', '.join(DTYPES)}")
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
    require_whole(name, report)
    model.eval()  # type: ignore[no-untyped-call]
    torch.nn.Module.to(model, device)
    return model, _dated(read_tokenizer(name, folder), date=template_date)


def load_tokenizer(name: str, *, template_date: str = TEMPLATE_DATE) -> PreTrainedTokenizerBase:
    """Return a backbone's tokenizer; no weights are read.

    Args:
        name: As for `inspect_backbone`.
        template_date: As for `load_backbone`.

    Raises:
        BackboneError: The backbone or its tokenizer is not there.
    """
    return _dated(read_tokenizer(name, find_backbone(name)), date=template_date)


def _dated(tokenizer: PreTrainedTokenizerBase, *, date: str) -> PreTrainedTokenizerBase:
    dated = {name: with_date(text, date=date) for name, text in templates_of(tokenizer).items()}
    if isinstance(tokenizer.chat_template, dict):
        tokenizer.chat_template = dated
    elif dated:
        tokenizer.chat_template = dated["default"]
    return tokenizer
