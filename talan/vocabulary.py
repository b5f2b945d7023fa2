"""The names that axes, protocol fields, backbones and plug-ins can take."""

MIXERS = ("multihead_local", "cross_attn", "gated_cross_attn", "per_token_mix")
RULES = ("direct", "gate")
GATES = ("vector", "scalar")
SCOPES = ("all", "writeback", "remix_writeback", "frozen")
SUMMARIZERS = ("attention", "soft_mos")
SUMMARY_SCOPES = ("sequence", "prefix")
# Backbones that a block fits into: decoder layers in `model.model.layers`, one tensor in and out.
MODEL_TYPES = ("llama", "qwen2", "qwen3", "qwen3_moe")
INTERVENTION_GROUP = "talan.interventions"  # of the entry points of somebody else's packages
REQUIRED_AXES = ("layer", "slots", "mixer", "writeback")
OPTIONAL_AXES = ("trainability", "gradient_scale")
BLOCK_FIELDS = ("summarizer", "summary_scope", "inner_dim", "heads", "components")
# How first weights are drawn: 1 seeded by the whole configuration, 2 by what decides shapes.
BLOCK_DRAW = 2
# Beyond these a float32 gradient overflows, or nothing is left of it, and a block is not trained.
SMALLEST_GRADIENT_SCALE, LARGEST_GRADIENT_SCALE = 1e-6, 1e6
