"""A study's YAML as nested dicts and lists.

Owns: where YAML as PyYAML reads it would surprise. Does not cover: what the keys mean
(``search.study.file``).
"""

from __future__ import annotations

import re
from typing import Any

import yaml


def load(text: str) -> Any:
    """Read YAML (or JSON, which is YAML).

    Raises:
        yaml.YAMLError: It is no YAML, or a mapping has a key twice.
    """
    return yaml.load(text, Loader=_Loader)


class _Loader(yaml.SafeLoader):
    """YAML's safe loader for studies.

    A key that stands twice is refused (the first would be lost silently), and ``2e-4`` is a number
    as in YAML 1.2 (the loader's own YAML 1.1 reads it as text).
    """

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        repeated = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
        if repeated is not None:
            msg = f"the key {repeated!r} stands twice"
            raise yaml.constructor.ConstructorError(None, None, msg, node.start_mark)
        return super().construct_mapping(node, deep)


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"^[-+]?\d+(?:\.\d*)?[eE][-+]?\d+$"), list("-+0123456789")
)
