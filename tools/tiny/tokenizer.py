"""The character-level tokenizer of the embedded backbone, with a ChatML template.

Every printable ASCII character and the line feed is a token; so are the three ChatML marks and the
three role names, which keeps a conversation short. Anything else becomes `<|unk|>`.
"""

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

END_OF_TURN = "<|im_end|>"
END_OF_TEXT = "<|endoftext|>"
MARKS = (END_OF_TEXT, "<|im_start|>", END_OF_TURN, "<|unk|>")
ROLES = ("system", "user", "assistant")
CHARACTERS = ("\n", *(chr(code) for code in range(32, 127)))

CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{{- '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' -}}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)


def build_tokenizer(max_length: int) -> PreTrainedTokenizerFast:
    """Return the tokenizer; token numbers follow the order marks, roles, characters."""
    vocabulary = {token: i for i, token in enumerate((*MARKS, *ROLES, *CHARACTERS))}
    core = Tokenizer(models.WordLevel(vocabulary, unk_token="<|unk|>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    core.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(  # type: ignore[no-untyped-call]
        tokenizer_object=core,
        eos_token=END_OF_TURN,
        pad_token=END_OF_TEXT,
        unk_token="<|unk|>",
        additional_special_tokens=["<|im_start|>"],
        padding_side="left",
        model_max_length=max_length,
        clean_up_tokenization_spaces=False,
    )
    tokenizer.add_tokens(list(ROLES))
    tokenizer.chat_template = CHAT_TEMPLATE
    return tokenizer


def as_prompt(request: str) -> str:
    """Return what the chat template makes of one request, up to where the assistant begins."""
    return f"<|im_start|>user\n{request}{END_OF_TURN}\n<|im_start|>assistant\n"
