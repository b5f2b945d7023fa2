"""YAML that people write (studies, suites, recipes) as nested mappings and lists.

Owns: the reading of YAML 1.2's core schema: text stays text (a date, `yes`, `on`), `042` is 42 and
`2e-4` a number, where PyYAML's own YAML 1.1 surprises; a key stands once; depth and size are
bounded before anything is built. Does not cover what the keys mean.
"""

import re

import yaml

DEEPEST = 40
_MOST_CHARS = 4 << 20
_MOST_VALUES = 200_000  # with what aliases stand for
_YAML_1_1_ONLY = ("timestamp", "binary", "omap", "pairs", "set")


def load_yaml(text: str) -> object:
    """Read YAML (or JSON, which is YAML).

    Raises:
        yaml.YAMLError: It is no YAML, a mapping has a key twice, or it is too deep or too large.
    """
    if len(text) > _MOST_CHARS:
        raise yaml.YAMLError(f"it has {len(text)} characters; allowed: {_MOST_CHARS}")
    _check_shape(text)
    return yaml.load(text, Loader=_Loader)


def _check_shape(text: str) -> None:
    """Bound depth and size while the text is scanned: a parser of events does not recurse."""
    sizes: dict[str, int] = {}  # of what an alias may stand for, once it is complete
    open_ones: list[tuple[str | None, int]] = []
    total = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in sizes:
                raise yaml.YAMLError(f"the alias *{event.anchor} is part of its own value")
            total += sizes[event.anchor]
        elif isinstance(event, yaml.CollectionStartEvent):
            open_ones.append((event.anchor, total))
        elif isinstance(event, yaml.CollectionEndEvent):
            anchor, before = open_ones.pop()
            if anchor is not None:
                sizes[anchor] = total - before + 1
        elif isinstance(event, yaml.ScalarEvent) and event.anchor is not None:
            sizes[event.anchor] = 1
        total += isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent))
        if len(open_ones) > DEEPEST:
            raise yaml.YAMLError(f"it is nested too deeply; allowed: {DEEPEST} levels")
        if total > _MOST_VALUES:
            raise yaml.YAMLError(f"it has too many values; allowed: {_MOST_VALUES}")


class _Loader(yaml.SafeLoader):
    """YAML 1.2's core schema, and a key that occurs twice is refused."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [key.value for key, _ in node.value]
        repeated = next((key for i, key in enumerate(keys) if key in keys[:i]), None)
        if repeated is not None:
            msg = f"the key {repeated!r} occurs twice"
            raise yaml.constructor.ConstructorError(None, None, msg, node.start_mark)
        return super().construct_mapping(node, deep)


def _integer(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    try:
        base = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text[2:] if base != 10 else text, base)
    except ValueError as error:
        msg = f"{text[:40]!r} is not a whole number that can be read"
        raise yaml.constructor.ConstructorError(None, None, msg, node.start_mark) from error


def _number(loader: yaml.SafeLoader, node: yaml.ScalarNode) -> float:
    return float(str(loader.construct_scalar(node)).replace(".inf", "inf").replace(".nan", "nan"))


_Loader.yaml_implicit_resolvers = {}  # none of YAML 1.1's
for _name, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", list("-+0123456789")),
    (
        "float",
        r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?|[-+]?\.inf|\.nan",
        list("-+.0123456789"),
    ),
    ("merge", r"<<", ["<"]),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}", re.compile(rf"^(?:{_pattern})$"), _first
    )
_Loader.add_constructor("tag:yaml.org,2002:int", _integer)
_Loader.add_constructor("tag:yaml.org,2002:float", _number)
for _name in _YAML_1_1_ONLY:  # by an explicit tag
    _Loader.yaml_constructors.pop(f"tag:yaml.org,2002:{_name}")
