"""The card of a model that was trained without an audit.

Owns: saying so first, and what was trained. Does not cover: the folder (``talan.model_folder``).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from dashboards.model_card.card import template
from dashboards.model_card.facts import base_text, configuration_table, is_hub_id, training_table
from search.study.axes import configuration_words
from talan.model_folder import MODEL_CARD, BaseModel, read_model_folder

if TYPE_CHECKING:  # resolving a study loads torch; a page that shows a button must not
    from search.study.single import Single


def write_unmeasured_card(folder: Path, *, single: Single, rests_on: Mapping[str, str]) -> None:
    """Write the card of a folder that was just trained.

    Args:
        folder: The model folder.
        single: What was trained.
        rests_on: What training rested on (``workers.run.rests_on``).
    """
    host, base = single.audit.hosts[0], read_model_folder(folder).base
    text = template("unmeasured.md.jinja").render(
        metadata=yaml.safe_dump(_metadata(base, str(host.adapter["type"])), sort_keys=False),
        title=" · ".join(configuration_words(single.configuration)),
        adapter=host.adapter_label,
        base=base_text(base),
        folder=folder.name,
        configuration=configuration_table(single.configuration, single.file),
        training=training_table(
            host.adapter, single.file, seed=single.file.seeds[0], rests_on=rests_on
        ),
    )
    (folder / MODEL_CARD).write_text(text, encoding="utf-8")


def _metadata(base: BaseModel, adapter_type: str) -> dict[str, object]:
    named = {"base_model": base.name, "base_model_relation": "adapter"}
    return {
        "library_name": "peft",
        **(named if is_hub_id(base.name) else {}),
        "pipeline_tag": "text-generation",
        "tags": ["talan", "peft", adapter_type],
    }
