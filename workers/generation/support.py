"""Which models the engine decodes as `generate()` would.

Owns: the check that greedy choice from the model's own logits over full attention is all there is.
"""

from typing import Any

# What makes `generate()` alter the logits, and the values that leave them alone.
_ALTERING: dict[str, tuple[object, ...]] = {
    "repetition_penalty": (None, 1.0),
    "encoder_repetition_penalty": (None, 1.0),
    "no_repeat_ngram_size": (None, 0),
    "encoder_no_repeat_ngram_size": (None, 0),
    "guidance_scale": (None, 1.0),
    "min_length": (None, 0),
    "min_new_tokens": (None, 0),
    "bad_words_ids": (None,),
    "sequence_bias": (None,),
    "suppress_tokens": (None, []),
    "begin_suppress_tokens": (None, []),
    "forced_bos_token_id": (None,),
    "forced_eos_token_id": (None,),
    "exponential_decay_length_penalty": (None,),
    "watermarking_config": (None,),
    "remove_invalid_values": (None, False),
}


def why_unsupported(model: Any) -> str | None:
    """Say in a sentence why only `generate()` will do for a model; None where the engine does."""
    for name, neutral in _ALTERING.items():
        value = getattr(model.generation_config, name, None)
        if value not in neutral:
            return f"its generation_config has {name} = {value!r}, which alters the greedy choice"
    if own := getattr(model, "decodes_by_itself", None):
        return str(own)
    config = model.config.get_text_config()
    other = set(getattr(config, "layer_types", None) or ()) - {"full_attention"}
    if other:
        return f"it has layers of {', '.join(sorted(other))}, whose caches cannot give up rows"
    return None
