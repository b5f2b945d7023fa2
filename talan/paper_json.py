"""The paper's JSON record of a configuration (Appendix C), to and from plain axes.

The record has no trainability scope and no gradient scale: the paper states them in prose.
`layer_0` is read as `embedding`, which is the same place.
"""

from collections.abc import Mapping
from typing import Any

from talan import checks
from talan.vocabulary import MIXERS, SUMMARIZERS

_REQUIRED = ("n_themes", "network_type", "integration_type", "alpha", "connection_point")
_OPTIONAL = ("type", "clustering_method", "gate_type", "freeze_steps", "hidden_size")
_INTEGRATION = {"gate": "learned_gate", "direct": "direct_merge"}
_RULE = {name: rule for rule, name in _INTEGRATION.items()}


def record_from_axes(
    axes: Mapping[str, Any], *, summarizer: str, hidden_size: int
) -> dict[str, object]:
    """The record of canonical `axes` on a backbone of width `hidden_size`."""
    writeback = axes["writeback"]
    gate = {"gate_type": writeback["gate"]} if writeback["rule"] == "gate" else {}
    return {
        "type": "talan",
        "clustering_method": summarizer,
        "n_themes": axes["slots"],
        "network_type": axes["mixer"],
        "integration_type": _INTEGRATION[writeback["rule"]],
        **gate,
        "alpha": writeback["alpha"],
        "freeze_steps": axes["trainability"]["warmup_identity"],
        "connection_point": f"layer_{axes['layer']}" if axes["layer"] else "embedding",
        "hidden_size": checks.integer("hidden_size", hidden_size, minimum=1),
    }


def axes_from_record(record: Mapping[str, object]) -> tuple[dict[str, Any], str]:
    """The axes that `record` holds, and its summarizer.

    Raises:
        TalanConfigError: for an unknown key or a name that the paper does not use.
    """
    values = checks.mapping("record", record, required=_REQUIRED, optional=_OPTIONAL)
    checks.one_of("type", values.get("type", "talan"), allowed=("talan",))
    method = values.get("clustering_method", "attention")
    axes = {
        "layer": _layer(values["connection_point"]),
        "slots": checks.integer("n_themes", values["n_themes"], minimum=1),
        "mixer": checks.one_of("network_type", values["network_type"], allowed=MIXERS),
        "writeback": _writeback(values),
        "trainability": {"warmup_identity": values.get("freeze_steps", 0)},
    }
    return axes, checks.one_of("clustering_method", method, allowed=SUMMARIZERS)


def _writeback(values: Mapping[str, object]) -> dict[str, object]:
    name = checks.one_of("integration_type", values["integration_type"], allowed=_RULE)
    return {"rule": _RULE[name], "gate": values.get("gate_type"), "alpha": values["alpha"]}


def _layer(point: object) -> int:
    number = str(point).removeprefix("layer_")
    if point == "embedding":
        return 0
    if not isinstance(point, str) or number == point or not number.isdecimal():
        raise checks.refuse("connection_point", point, allowed="'embedding' or 'layer_<number>'")
    return int(number)
