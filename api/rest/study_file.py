"""The study file as the body of a request: its schema and an example.

Owns: what the OpenAPI document says of it. Does not cover: reading one
(``api.rest.studies.launching``).
"""

from __future__ import annotations

from typing import Any

from search.study.keys import StudyFile

STUDY_FILE = {
    "name": "tiny-lora-grid",
    "backbones": ["tiny-qwen3"],
    "adapters": [
        {
            "type": "lora",
            "r": 8,
            "alpha": 16,
            "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"],
        }
    ],
    "seeds": [42],
    "benchmarks": "tiny",
    "axes": {
        "layer": [0, 1, 2],
        "slots": [2, 4],
        "mixer": ["multihead_local", "cross_attn"],
        "writeback": [{"rule": "gate", "gate": "vector", "alpha": 0.008}],
        "trainability": [{"scope": "all"}, {"scope": "frozen"}],
        "gradient_scale": [1, 500],
    },
    "design": {"sampler": "grid", "max_runs": 24, "seed": 0},
    "resources": {"workers": 2, "cpus_per_run": 1, "gpus_per_run": 0},
}
_BEYOND_JSON_SCHEMA = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum"}


def study_request() -> dict[str, Any]:
    """The launch's body, for ``openapi_extra=``."""
    content = {"schema": {"$ref": "#/components/schemas/StudyFile"}, "example": STUDY_FILE}
    return {"requestBody": {"required": True, "content": {"application/json": content}}}


def study_file_schema(ref_template: str) -> dict[str, Any]:
    """The schema, in the words of JSON Schema; ``ref_template`` is where definitions are."""
    schema: dict[str, Any] = _standard(StudyFile.model_json_schema(ref_template=ref_template))
    schema["properties"]["benchmarks"] = {
        "description": "a suite's name (tiny, paper) or a list of benchmarks",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
        "default": "tiny",
    }
    schema["$defs"]["Axes"]["properties"]["layer"]["items"] = {
        "description": "a block number, embedding, or a depth such as 25%",
        "anyOf": [{"type": "integer", "minimum": 0}, {"type": "string"}],
    }
    return {**schema, "examples": [STUDY_FILE]}


def _standard(schema: Any) -> Any:
    """Bounds by the names that JSON Schema has for them."""
    if isinstance(schema, dict):
        return {
            _BEYOND_JSON_SCHEMA.get(key, key): _standard(value)
            for key, value in schema.items()
            if key != "allow_inf_nan"
        }
    return [_standard(part) for part in schema] if isinstance(schema, list) else schema
