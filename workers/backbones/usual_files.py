"""Files of a backbone as most models have them, told without torch.

Owns: recognising a folder in which nothing is missing and nothing is unusual: a dense decoder whose
tensors are, name by name and shape by shape, those that its configuration asks for. Whatever else
there is, rightly or wrongly, is no usual folder: transformers decides then
(`workers.backbones.thorough_checks`), and says what is wrong. Does not cover: loading.

Tensors as transformers names them: `models/llama`, `models/qwen2` and `models/qwen3`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from tokenizers import Tokenizer

from workers.backbones.chat_templates import require_no_chance
from workers.errors import BackboneError
from workers.job.recipe import DTYPES

_ARCHITECTURES = {
    "llama": "LlamaForCausalLM",
    "qwen2": "Qwen2ForCausalLM",
    "qwen3": "Qwen3ForCausalLM",
}
_TOKENIZERS = (
    "TokenizersBackend",
    "PreTrainedTokenizerFast",
    "Qwen2Tokenizer",
    "Qwen2TokenizerFast",
)
_NUMBER, _MAYBE_INT = (int, float), (int, type(None))
# What may stand in a usual config.json. Any other key, such as a quantisation, may change which
# tensors there are or how they are read.
_ASKED_KEYS: dict[str, Any] = {
    "architectures": list,
    "hidden_size": int,
    "intermediate_size": int,
    "model_type": str,
    "num_attention_heads": int,
    "num_hidden_layers": int,
    "num_key_value_heads": int,
    "tie_word_embeddings": bool,
    "vocab_size": int,
}
_KNOWN_KEYS = _ASKED_KEYS | {
    "attention_bias": bool,
    "attention_dropout": _NUMBER,
    "bos_token_id": _MAYBE_INT,
    "dtype": str,
    "eos_token_id": (*_MAYBE_INT, list),
    "head_dim": int,
    "hidden_act": str,
    "initializer_range": _NUMBER,
    "layer_types": list,
    "max_position_embeddings": int,
    "max_window_layers": int,
    "mlp_bias": bool,
    "pad_token_id": _MAYBE_INT,
    "pretraining_tp": int,
    "rms_norm_eps": _NUMBER,
    "rope_parameters": dict,
    "rope_scaling": type(None),
    "rope_theta": _NUMBER,
    "sliding_window": _MAYBE_INT,
    "torch_dtype": str,
    "transformers_version": str,
    "use_cache": bool,
    "use_sliding_window": bool,
}
_UNUSUAL_FILES = ("adapter_config.json", "additional_chat_templates")
# What reading a file raises that has another form.
_NOT_AS_USUAL = (ArithmeticError, AttributeError, KeyError, TypeError, ValueError)
Tensors = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class BackboneShape:
    """Layers, width of the residual stream, and the model class."""

    num_layers: int
    hidden_size: int
    architecture: str


@lru_cache(maxsize=64)
def usual_shape(folder: Path, _fingerprint: str) -> BackboneShape | None:
    """The shape of a usual backbone; None for any other folder.

    Args:
        folder: Where the files are.
        _fingerprint: Of the files: changed ones are looked at again.
    """
    try:
        return _shape(folder)
    except (OSError, SafetensorError, *_NOT_AS_USUAL):
        return None


def _shape(folder: Path) -> BackboneShape | None:
    config = json.loads((folder / "config.json").read_text())
    if not _is_usual(config, folder):
        return None
    if _stored_tensors(folder) != asked_tensors(config) or not _has_usual_tokenizer(folder):
        return None
    architecture = _ARCHITECTURES[config["model_type"]]
    return BackboneShape(config["num_hidden_layers"], config["hidden_size"], architecture)


def _is_usual(config: Mapping[str, Any], folder: Path) -> bool:
    layers = config["num_hidden_layers"]
    dtypes = [config[key] for key in ("dtype", "torch_dtype") if key in config]
    return (
        all(key in config for key in _ASKED_KEYS)
        and all(_is_known(key, value) for key, value in config.items())
        and config["architectures"] == [_ARCHITECTURES.get(config["model_type"])]
        and config["num_attention_heads"] % config["num_key_value_heads"] == 0
        and config.get("hidden_act") == "silu"
        and all(dtype in DTYPES for dtype in dtypes)
        and not any(config.get(key) for key in ("attention_bias", "mlp_bias"))
        and config.get("layer_types", ["full_attention"] * layers) == ["full_attention"] * layers
        and config.get("rope_parameters", {}).get("rope_type", "default") == "default"
        and not any((folder / file).exists() for file in _UNUSUAL_FILES)
    )


def _is_known(key: str, value: Any) -> bool:
    """Whether a key may hold this; to Python a truth value is a whole number as well."""
    kinds = _KNOWN_KEYS.get(key, ())
    if isinstance(value, bool):
        return kinds is bool
    return isinstance(value, kinds) and (not isinstance(value, int) or value >= 0)


def asked_tensors(config: Mapping[str, Any]) -> Tensors:
    """Shape by name of the tensors that a dense decoder's configuration asks for.

    Args:
        config: ``config.json``, without biases other than those of qwen2's attention.
    """
    width, inner = config["hidden_size"], config["intermediate_size"]
    head = config.get("head_dim") or width // config["num_attention_heads"]
    if config["model_type"] == "qwen3":
        head = config["head_dim"]
    queries = config["num_attention_heads"] * head
    keys = config["num_key_value_heads"] * head
    layer: Tensors = {
        "input_layernorm.weight": (width,),
        "post_attention_layernorm.weight": (width,),
        "self_attn.q_proj.weight": (queries, width),
        "self_attn.k_proj.weight": (keys, width),
        "self_attn.v_proj.weight": (keys, width),
        "self_attn.o_proj.weight": (width, queries),
        "mlp.gate_proj.weight": (inner, width),
        "mlp.up_proj.weight": (inner, width),
        "mlp.down_proj.weight": (width, inner),
    }
    if config["model_type"] == "qwen2":
        sizes = {"q_proj": queries, "k_proj": keys, "v_proj": keys}
        layer |= {f"self_attn.{name}.bias": (size,) for name, size in sizes.items()}
    if config["model_type"] == "qwen3":
        layer |= {f"self_attn.{name}_norm.weight": (head,) for name in "qk"}
    asked: Tensors = {
        f"model.layers.{number}.{name}": shape
        for number in range(config["num_hidden_layers"])
        for name, shape in layer.items()
    }
    asked |= {
        "model.embed_tokens.weight": (config["vocab_size"], width),
        "model.norm.weight": (width,),
    }
    if not config["tie_word_embeddings"]:
        asked["lm_head.weight"] = (config["vocab_size"], width)
    return asked


def _stored_tensors(folder: Path) -> Tensors | None:
    """Shape by name of what the weights files hold; None where other files hold some too."""
    files = {path.name for path in folder.glob("*.safetensors")}
    index = folder / "model.safetensors.index.json"
    if index.exists():
        named: Mapping[str, str] = json.loads(index.read_text())["weight_map"]
        wanted = set(named.values())
    else:
        named, wanted = {}, {"model.safetensors"}
    if files != wanted or list(folder.glob("*.bin")) or len(list(folder.glob("*.index.json"))) > 1:
        return None
    stored: Tensors = {}
    for file in sorted(files):
        with safe_open(folder / file, framework="numpy") as opened:
            for name in opened.keys():  # noqa: SIM118 - it is no mapping
                if name in stored or named.get(name, file) != file:
                    return None
                stored[name] = tuple(opened.get_slice(name).get_shape())
    return stored


def _has_usual_tokenizer(folder: Path) -> bool:
    """Whether it can be read, and has one chat template, which draws nothing at random."""
    settings = json.loads((folder / "tokenizer_config.json").read_text())
    if settings.get("tokenizer_class") not in _TOKENIZERS or "auto_map" in settings:
        return False
    template_file = folder / "chat_template.jinja"
    texts = [settings["chat_template"]] if "chat_template" in settings else []
    texts += [template_file.read_text()] if template_file.exists() else []
    if len(texts) != 1 or not isinstance(texts[0], str) or not texts[0]:
        return False
    try:
        require_no_chance(texts[0], name=folder.name)
        Tokenizer.from_file(str(folder / "tokenizer.json"))
    except BackboneError:
        return False
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(str(error)) from error
    return True
