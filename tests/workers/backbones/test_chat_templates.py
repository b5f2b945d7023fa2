"""A chat template is told one day, whatever day it is; one that draws at random is refused."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import AutoTokenizer

from tools.tiny.tokenizer import build_tokenizer
from workers.backbones.chat_templates import require_no_chance, with_date
from workers.backbones.inspection import inspect_backbone
from workers.backbones.loading import load_backbone, load_tokenizer
from workers.errors import BackboneError
from workers.job.recipe import Recipe

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# As Llama 3.2 asks for the day.
DATED = (
    "{%- if not date_string is defined %}{%- if strftime_now is defined %}"
    '{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "none" %}'
    "{%- endif %}{%- endif %}{{- 'Today Date: ' + date_string + '\n\n' }}" + CHATML
)
TALK = [{"role": "user", "content": "one?"}, {"role": "assistant", "content": "1"}]


def _rendered(template: str) -> str:
    tokenizer = build_tokenizer(512)
    return str(tokenizer.apply_chat_template(TALK, chat_template=template, tokenize=False))


@pytest.fixture
def dated(small_backbone: str, tmp_path: Path) -> str:
    """A backbone whose template asks for the day."""
    folder = tmp_path / "dated"
    shutil.copytree(small_backbone, folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = DATED
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_the_day_is_the_one_that_was_named():
    assert _rendered(with_date(DATED, date="2025-03-09")) == (
        "Today Date: 09 Mar 2025\n\n<|im_start|>user\none?<|im_end|>\n<|im_start|>assistant\n"
        "1<|im_end|>\n"
    )


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ("%Y-%m-%d", "2025-03-09"),
        ("%-d %B %y", "9 March 25"),
        ("%A, %H:%M:%S", "Sunday, 00:00:00"),
        ("day %j of %Y, 100%%", "day 068 of 2025, 100%"),
        ("%F %T%z", "2025-03-09 00:00:00"),
    ],
)
def test_every_way_to_ask_is_answered(form: str, told: str):
    template = f"{{% for m in messages[:1] %}}{{{{ strftime_now('{form}') }}}}{{% endfor %}}"

    assert _rendered(with_date(template, date="2025-03-09")) == told


def test_nothing_else_of_a_template_changes():
    leading = "\n  start" + DATED

    assert with_date(CHATML, date="2025-03-09") == CHATML
    assert _rendered(with_date(leading, date="2025-03-09")).startswith("\n  startToday Date")


def test_tokenizers_are_loaded_with_the_recipes_day(dated: str):
    _, tokenizer = load_backbone(dated, template_date="2025-03-09")
    by_default = load_tokenizer(dated)

    asked, undated = (t.apply_chat_template(TALK, tokenize=False) for t in (tokenizer, by_default))
    assert asked.startswith("Today Date: 09 Mar 2025")
    assert undated.startswith("Today Date: 26 Jul 2024")


def test_the_day_is_part_of_the_recipe():
    assert Recipe().template_date == "2024-07-26"
    assert Recipe(template_date="2025-03-09").hash != Recipe().hash


@pytest.mark.parametrize("drawing", ["[1, 2] | random", "lipsum()", "messages | map('random')"])
def test_a_template_that_draws_is_refused(
    drawing: str, make_backbone: Callable[[str], str], tmp_path: Path
):
    folder = tmp_path / "drawing"
    shutil.copytree(make_backbone("qwen3"), folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.chat_template = f"{CHATML}{{{{ {drawing} }}}}"
    tokenizer.save_pretrained(folder)

    with pytest.raises(BackboneError, match="no prompt would be the same twice"):
        inspect_backbone(str(folder))


def test_the_word_random_alone_is_no_draw():
    require_no_chance(f"{{% set random = 1 %}}a random {{{{ random }}}}{CHATML}", name="tiny")
