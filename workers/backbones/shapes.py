"""The shapes of the paper's backbones, as their authors publish them: configurations, no weights.

Owns: what parameters can be counted on, and random weights be drawn for, where the weights are not
at hand. Does not cover: a backbone that is (``workers.backbones.loading`` reads its own
configuration).
"""

from typing import Any

from transformers import AutoConfig

from workers.errors import BackboneError

_QWEN3: dict[str, object] = {
    "model_type": "qwen3",
    "vocab_size": 151936,
    "num_key_value_heads": 8,
    "head_dim": 128,
    "rope_theta": 1_000_000.0,
    "tie_word_embeddings": False,
}
PUBLISHED_SHAPES: dict[str, dict[str, Any]] = {
    "Qwen/Qwen3-0.6B": {
        **_QWEN3,
        "hidden_size": 1024,
        "intermediate_size": 3072,
        "num_hidden_layers": 28,
        "num_attention_heads": 16,
        "tie_word_embeddings": True,
    },
    "Qwen/Qwen3-8B": {
        **_QWEN3,
        "hidden_size": 4096,
        "intermediate_size": 12288,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
    },
    "Qwen/Qwen3-32B": {
        **_QWEN3,
        "hidden_size": 5120,
        "intermediate_size": 25600,
        "num_hidden_layers": 64,
        "num_attention_heads": 64,
    },
    "Qwen/Qwen3-30B-A3B": {
        **_QWEN3,
        "model_type": "qwen3_moe",
        "hidden_size": 2048,
        "intermediate_size": 6144,
        "moe_intermediate_size": 768,
        "num_experts": 128,
        "num_experts_per_tok": 8,
        "num_hidden_layers": 48,
        "num_attention_heads": 32,
        "num_key_value_heads": 4,
    },
    "deepseek-ai/DeepSeek-R1-Distill-Qwen-32B": {
        "model_type": "qwen2",
        "vocab_size": 152064,
        "hidden_size": 5120,
        "intermediate_size": 27648,
        "num_hidden_layers": 64,
        "num_attention_heads": 40,
        "num_key_value_heads": 8,
        "rope_theta": 1_000_000.0,
        "tie_word_embeddings": False,
    },
    "meta-llama/Llama-3.2-1B-Instruct": {
        "model_type": "llama",
        "vocab_size": 128256,
        "hidden_size": 2048,
        "intermediate_size": 8192,
        "num_hidden_layers": 16,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 64,
        "rope_theta": 500_000.0,
        "tie_word_embeddings": True,
    },
}


def published_config(name: str) -> Any:
    """The transformers configuration of a published shape; a revision in the name is ignored.

    Raises:
        BackboneError: There is none of that name.
    """
    shape = PUBLISHED_SHAPES.get(name.partition("@")[0])
    if shape is None:
        allowed = ", ".join(PUBLISHED_SHAPES)
        raise BackboneError(f"There is no published shape {name!r} here; allowed: {allowed}")
    return AutoConfig.for_model(**shape)
