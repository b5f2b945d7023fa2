"""A run's model card: Markdown with the metadata that hubs read.

Owns: how it looks. Does not cover: what it says (``facts``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined

from dashboards.markdown import as_code, escaped
from dashboards.model_card.facts import ModelFacts, is_hub_id
from storage import BASELINE


def render_card(facts: ModelFacts, *, folder: str) -> str:
    """The card as text.

    Args:
        facts: The run's.
        folder: The folder's name, for the lines that load it.
    """
    text: str = template("card.md.jinja").render(
        facts=facts,
        run=facts.run,
        folder=folder,
        is_baseline=facts.run.kind == BASELINE,
        metadata=yaml.safe_dump(_metadata(facts), sort_keys=False, allow_unicode=True),
    )
    return text


def _metadata(facts: ModelFacts) -> dict[str, Any]:
    base = {"base_model": facts.base.name, "base_model_relation": "adapter"}
    return {
        "library_name": "peft",
        **(base if is_hub_id(facts.base.name) else {}),
        "pipeline_tag": "text-generation",
        "tags": ["talan", "peft", facts.adapter_type],
        "model-index": [{"name": f"{facts.run.study} {facts.run.id}", "results": _results(facts)}],
    }


def _results(facts: ModelFacts) -> list[dict[str, object]]:
    return [
        {
            "task": {"type": "text-generation"},
            "dataset": {"type": name, "name": name},
            "metrics": [{"type": "accuracy", "name": "right answers, %", "value": cell.score}],
        }
        for name, cell in facts.run.cells.items()
    ]


@lru_cache(maxsize=2)
def template(name: str) -> Any:
    """A template of this folder; ``md`` escapes text, ``code`` shows it as it is."""
    environment = Environment(
        loader=PackageLoader("dashboards.model_card"),
        autoescape=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(md=escaped, code=as_code)
    return environment.get_template(name)
