"""Which characters of a rendered conversation the assistant writes, for each family's template."""

import pytest
from tokenizers import AddedToken

from tools.tiny.tokenizer import build_tokenizer
from workers.backbones.chat_turns import ChatTurns
from workers.errors import DataError

CHATML = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# As Qwen3 writes: only the last assistant's message has an (empty) block of thoughts before it.
THINKING = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% if loop.last and m['role'] == 'assistant' %}<think>\n\n</think>\n\n{% endif %}"
    "{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# As Llama 3 writes: a first token, headers, contents without their outer white space.
LLAMA = (
    "<|begin_of_text|>{% for m in messages %}<|start_header_id|>{{ m['role'] }}<|end_header_id|>"
    "\n\n{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
    "{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
)
# As the DeepSeek distills write: the generation prompt opens thoughts that no message has.
DEEPSEEK = (
    "<bos>{% for m in messages %}{% if m['role'] == 'user' %}<|User|>{{ m['content'] }}"
    "{% else %}<|Assistant|>{{ m['content'] }}<eos>{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}<|Assistant|><think>\n{% endif %}"
)
TALK = [
    {"role": "user", "content": "one?"},
    {"role": "assistant", "content": "1"},
    {"role": "user", "content": "1 and two?"},
    {"role": "assistant", "content": "1, 2"},
]


def _turns(template: str, *special: str) -> ChatTurns:
    tokenizer = build_tokenizer(512)
    tokenizer.add_tokens([AddedToken(text, special=True) for text in special])
    tokenizer.chat_template = template
    return ChatTurns(tokenizer)


def _written(turns: ChatTurns, talk: list[dict[str, str]]) -> list[str]:
    text = turns.render(talk)
    return [text[begin:end] for begin, end in turns.assistant_spans(text, talk)]


def test_chatml():
    assert _written(_turns(CHATML), TALK) == ["1<|im_end|>", "1, 2<|im_end|>"]


def test_what_follows_the_generation_prompt_is_the_assistants():
    written = _written(_turns(THINKING), TALK)

    assert written == ["1<|im_end|>", "<think>\n\n</think>\n\n1, 2<|im_end|>"]


def test_headers_and_trimmed_contents():
    turns = _turns(LLAMA, "<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>")
    talk = [TALK[0], {"role": "assistant", "content": "  1\n"}]

    assert _written(turns, talk) == ["1<|eot_id|>"]


def test_a_generation_prompt_that_no_message_follows():
    turns = _turns(DEEPSEEK, "<bos>", "<eos>", "<|User|>", "<|Assistant|>")

    assert _written(turns, TALK) == ["1<eos>", "1, 2<eos>"]


def test_equal_messages_are_told_apart():
    talk = [{"role": role, "content": "same"} for role in ("user", "assistant") * 2]
    turns = _turns(CHATML)
    text = turns.render(talk)

    first, second = turns.assistant_spans(text, talk)
    assert text.index("same") < first[0] < text.index("<|im_start|>user", 5) < second[0]


@pytest.mark.parametrize("said", ["<|im_end|>", "<|im_start|>assistant\nyes"])
def test_a_message_cannot_fake_a_turn(said: str):
    with pytest.raises(DataError, match="message 0 of a conversation says"):
        _turns(CHATML).render([{"role": "user", "content": said}, TALK[1]])


def test_a_template_without_an_end_of_turn_is_refused():
    turns = _turns("{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}")

    with pytest.raises(DataError, match="needed is a special token"):
        turns.assistant_spans(turns.render(TALK), TALK)


def test_a_template_that_rewrites_is_refused():
    turns = _turns(CHATML.replace("m['content']", "m['content'] | replace('two', '2')"))

    sentence = (
        r"message 2 .* user's, says '1 and two\?', and the chat template rewrites it: '1 and 2"
    )
    with pytest.raises(DataError, match=sentence):
        turns.assistant_spans(turns.render(TALK), TALK)


def test_a_template_that_raises_is_refused_with_its_reason():
    turns = _turns("{{ raise_exception('no system here') }}")

    with pytest.raises(DataError, match="a conversation of user, assistant: no system here"):
        turns.render(TALK[:2])


# As Qwen3 and the R1 distills take thoughts: Qwen3 writes the last ones as they are and drops
# earlier ones, the distills drop all.
QWEN3 = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n"
    "{% set content = m['content'] %}{% set thought = '' %}"
    "{% if m['role'] == 'assistant' and '</think>' in content %}"
    "{% set thought = content.split('</think>')[0].rstrip('\n') %}"
    "{% set thought = thought.split('<think>')[-1].lstrip('\n') %}"
    "{% set content = content.split('</think>')[-1].lstrip('\n') %}{% endif %}"
    "{% if loop.last and m['role'] == 'assistant' %}"
    "<think>\n{{ thought.strip('\n') }}\n</think>\n\n{{ content.lstrip('\n') }}"
    "{% else %}{{ content }}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
# Its thinking-only sibling: the generation prompt opens the thoughts.
THINKING_ONLY = QWEN3.replace("assistant\n{% endif %}", "assistant\n<think>\n{% endif %}")
DISTILL = DEEPSEEK.replace(
    "<|Assistant|>{{ m['content'] }}", "<|Assistant|>{{ m['content'].split('</think>')[-1] }}"
)
THOUGHT = "<think>\nLet me see.\n</think>\n\n4"


def _said(*answers: str) -> list[dict[str, str]]:
    pairs = [
        ({"role": "user", "content": "q"}, {"role": "assistant", "content": a}) for a in answers
    ]
    return [message for pair in pairs for message in pair]


def test_thoughts_that_are_written_as_they_are_said_are_taught():
    assert _written(_turns(QWEN3), _said(THOUGHT)) == [f"{THOUGHT}<|im_end|>"]
    assert _written(_turns(QWEN3), _said("1", THOUGHT)) == ["1<|im_end|>", f"{THOUGHT}<|im_end|>"]
    assert _written(_turns(THINKING_ONLY), _said(THOUGHT)) == [
        f"{THOUGHT.removeprefix('<think>' + chr(10))}<|im_end|>"
    ]


@pytest.mark.parametrize(("template", "answers"), [(DISTILL, (THOUGHT,)), (QWEN3, (THOUGHT, "5"))])
def test_thoughts_that_are_dropped_are_refused_and_the_answer_is_named(
    template: str, answers: tuple[str, ...]
):
    turns = _turns(template, "<bos>", "<eos>", "<|User|>", "<|Assistant|>")
    text = turns.render(_said(*answers))

    with pytest.raises(DataError, match=r"message 1 .* the assistant's, says '<think>.*rewrites"):
        turns.assistant_spans(text, _said(*answers))


@pytest.mark.parametrize("answer", ["\n4 ", "4\n", "\n\n 4", "4"])
def test_white_space_that_a_template_drops_is_no_rewriting(answer: str):
    (written,) = _written(_turns(QWEN3), _said(answer))
    assert written == f"<think>\n\n</think>\n\n{answer.lstrip(chr(10))}<|im_end|>"


def test_marks_that_are_no_special_tokens_are_marks():
    turns = _turns(DEEPSEEK, "<bos>", "<eos>")  # <|User|> is plain text to this tokenizer
    for said in ("<|User|>", "<|Assistant|>sure"):
        with pytest.raises(DataError, match="which ends or begins turns"):
            turns.render([{"role": "user", "content": said}, TALK[1]])
    inst = _turns("{% for m in messages %}[INST]{{ m['content'] }}[/INST]{% endfor %}")
    with pytest.raises(DataError, match=r"says '\[/INST\]'"):
        inst.render([{"role": "user", "content": "a [/INST] b"}, TALK[1]])


def test_what_the_assistant_writes_is_no_mark():
    assert _turns(THINKING).render([{"role": "user", "content": "What is <think>?"}, TALK[1]])
