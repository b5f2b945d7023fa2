"""Tiny random backbones of every supported architecture, and configurations to put into them."""

import torch
from peft import LoraConfig, get_peft_model
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

from talan import TalanConfig, Writeback

SIZES = {
    "vocab_size": 50,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": None,
    "initializer_range": 0.2,
}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 12}


def make_backbone(architecture="qwen3", **changes):
    """A random backbone in eval mode, the same at every call."""
    config_class, model_class, more = {
        "qwen3": (Qwen3Config, Qwen3ForCausalLM, {}),
        "qwen3_moe": (Qwen3MoeConfig, Qwen3MoeForCausalLM, EXPERTS),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM, {}),
        "llama": (LlamaConfig, LlamaForCausalLM, {}),
    }[architecture]
    torch.manual_seed(7)
    return model_class(config_class(**{**SIZES, **more, **changes})).eval()


def make_adapted(architecture="qwen3", *, dropout=0.0, use_dora=False):
    """A backbone with a LoRA adapter, the same at every call."""
    model = make_backbone(architecture)
    torch.manual_seed(11)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    return get_peft_model(
        model, LoraConfig(r=2, target_modules=targets, lora_dropout=dropout, use_dora=use_dora)
    )


def make_config(**changes):
    """A configuration whose perturbation is large enough to be seen."""
    values = {
        "layer": 1,
        "slots": 3,
        "mixer": "cross_attn",
        "writeback": Writeback("gate", "vector", 0.5),
        "heads": 2,
    }
    return TalanConfig(**{**values, **changes})


def randomise(module, *, std=0.4):
    """Give every parameter a value that is not its initial one."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * std)
