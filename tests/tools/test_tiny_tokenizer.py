from tools.tiny.tokenizer import CHARACTERS, as_prompt, build_tokenizer
from workers.backbones.loading import load_backbone


def test_every_printable_character_is_one_token_and_comes_back():
    tokenizer = build_tokenizer(512)
    text = "".join(CHARACTERS) + "def f(x):\n    return x ,  y\n"
    ids = tokenizer(text)["input_ids"]
    assert len(ids) == len(text)
    assert tokenizer.decode(ids) == text
    assert len(tokenizer) == 103


def test_other_characters_are_unknown_and_not_an_error():
    tokenizer = build_tokenizer(512)
    ids = tokenizer("aé漢")["input_ids"]
    assert ids[1:] == [tokenizer.unk_token_id] * 2


def test_the_chat_template_is_chatml():
    tokenizer = build_tokenizer(512)
    turns = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]
    asked = "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    assert tokenizer.apply_chat_template(turns, tokenize=False) == asked + "yo<|im_end|>\n"
    prompt = tokenizer.apply_chat_template(turns[:1], tokenize=False, add_generation_prompt=True)
    assert prompt == asked == as_prompt("hi")
    assert len(tokenizer(asked)["input_ids"]) == 10


def test_the_shipped_tokenizer_is_this_one():
    shipped, built = load_backbone("tiny-qwen3")[1], build_tokenizer(512)
    assert shipped.get_vocab() == built.get_vocab()
    assert shipped.chat_template == built.chat_template
    assert shipped.padding_side == "left"
