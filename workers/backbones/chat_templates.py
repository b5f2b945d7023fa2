"""Chat templates that say the same on every day and on every machine.

Owns: giving a template its date, and refusing one that draws at random. Templates are sandboxed
Jinja: of the world outside a conversation they reach the clock (``strftime_now``) and Jinja's
random generator, and nothing else. Does not cover: how a conversation is rendered
(``workers.backbones.chat_turns``).

Llama 3.1 and 3.2 write the day into every prompt. A study that lasts over midnight would compare a
treatment with a baseline that was asked other text.
"""

from datetime import datetime
from typing import Any

import jinja2

from workers.errors import BackboneError

# Each with what it may be asked for by; longer ones first, "%%" last.
_DIRECTIVES = (
    *("%-d", "%-m", "%-H", "%-I", "%-M", "%-S", "%-j", "%-y"),
    *("%a", "%A", "%b", "%B", "%d", "%m", "%Y", "%y", "%e", "%h", "%j", "%p", "%u", "%w"),
    *("%H", "%I", "%M", "%S", "%f", "%F", "%T", "%D", "%R", "%U", "%W", "%V", "%G"),
    *("%c", "%x", "%X", "%z", "%Z", "%%"),
)
_CLOCK = "strftime_now"


def with_date(template: str, *, date: str) -> str:
    """Return a template whose clock stands still at the beginning of a day.

    A template that does not ask for the time comes back as it is. The clock is replaced by a macro
    of the same name, within the template, so that whoever renders it gets the same text.

    Args:
        template: A chat template (Jinja).
        date: Year, month and day, such as ``2024-07-26``.
    """
    if _CLOCK not in template:
        return template
    day = datetime.fromisoformat(date)
    told = "".join(f" | replace({d!r}, {day.strftime(d)!r})" for d in _DIRECTIVES)
    # `trim_blocks`, which every chat template is rendered with, drops the line's end.
    return f"{{% macro {_CLOCK}(format) %}}{{{{ format{told} }}}}{{% endmacro %}}\n{template}"


def is_dated(template: object) -> bool:
    """Whether `with_date` changed a template."""
    return str(template).startswith(f"{{% macro {_CLOCK}(format) %}}")


def require_no_chance(template: str, *, name: str) -> None:
    """Check that a template draws nothing at random.

    Raises:
        BackboneError: naming the backbone and what its template uses.
    """
    try:
        tokens = [(kind, value) for _, kind, value in jinja2.Environment().lex(template)]
    except jinja2.TemplateSyntaxError as error:
        raise BackboneError(
            f"Backbone {name!r}: its chat template is not valid Jinja: {error}"
        ) from error
    code: list[tuple[Any, Any]] = [token for token in tokens if token[0] != "whitespace"]
    for before, (kind, value) in zip([("", ""), *code], code, strict=False):
        is_filter = before[1] == "|" and value == "random"
        is_named = kind == "string" and str(value).strip("'\"") == "random"
        if (kind == "name" and (is_filter or value == "lipsum")) or is_named:
            raise BackboneError(
                f"Backbone {name!r}: its chat template uses {value.strip(chr(39))!r}, so that no "
                "prompt would be the same twice; allowed: templates that draw nothing"
            )
