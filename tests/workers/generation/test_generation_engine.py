"""Continuous generation says, token for token, what one-by-one `generate()` says in float32."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch
from torch import nn

from talan import Talan, TalanConfig, Writeback, attach, attach_sham
from talan.vocabulary import MIXERS, SUMMARIZERS, SUMMARY_SCOPES
from workers.backbones.adapters import attach_adapter
from workers.backbones.loading import load_backbone
from workers.errors import GenerationError
from workers.generation import Capacity, Engine, Prompt, Response, Stopping
from workers.interventions.adapted import Adapted
from workers.job.jobs import AdapterSpec

LENGTHS = (3, 40, 7, 21, 1, 12, 33, 5, 18, 9, 26, 2, 15, 60)
FEW_SHOT = [int(token) for token in torch.randint(3, 100, (50,), generator=torch.Generator())]
# Many stop tokens: random answers then end after very different numbers of tokens.
STOPS = frozenset(range(60, 67))
MAX_NEW_TOKENS = 16


def make_prompts(vocabulary: int, *, shared: Sequence[int] = ()) -> list[list[int]]:
    generator = torch.Generator().manual_seed(5)
    return [
        [*shared, *torch.randint(3, vocabulary, (length,), generator=generator).tolist()]
        for length in LENGTHS
    ]


def one_by_one(model: Any, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
    answers = []
    for tokens in prompts:
        ids = torch.tensor([list(tokens)])
        out = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=MAX_NEW_TOKENS,
            eos_token_id=sorted(STOPS),
            pad_token_id=0,
            do_sample=False,
        )
        answers.append(out[0, len(tokens) :].tolist())
    return answers


def make_engine(model: Any, *, rows: int = 4, cells: int | None = None, **options: Any) -> Engine:
    stopping = options.pop("stopping", Stopping(MAX_NEW_TOKENS, STOPS))
    return Engine(model, stopping=stopping, capacity=Capacity(rows, cells), **options)


def run(engine: Engine, prompts: Sequence[Sequence[int]]) -> list[list[int]]:
    found = list(engine.generate([Prompt(str(i), tokens) for i, tokens in enumerate(prompts)]))
    assert sorted(response.index for response in found) == list(range(len(prompts)))
    return [list(one.tokens) for one in sorted(found, key=lambda response: response.index)]


def insert_talan(model: Any, **changes: Any) -> Talan:
    """A block whose perturbation is large enough to change what is said."""
    values: dict[str, Any] = {
        "layer": 1,
        "slots": 3,
        "mixer": "cross_attn",
        "writeback": Writeback("gate", "vector", 0.5),
    }
    talan = attach(model, TalanConfig(**{**values, **changes}), seed=3)
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in talan.block.parameters():
            noise = torch.randn(parameter.shape, generator=generator) * 0.3
            parameter.add_(noise.to(parameter))
    return talan


@pytest.fixture(scope="module", params=["qwen3", "qwen3_moe", "llama"])
def random_model(request: pytest.FixtureRequest, make_backbone: Callable[[str], str]) -> Any:
    return load_backbone(make_backbone(request.param))[0]


@pytest.fixture(scope="module")
def model(make_backbone: Callable[[str], str]) -> Any:
    return load_backbone(make_backbone("qwen3"))[0]


@pytest.fixture(scope="module")
def tiny() -> Any:
    return load_backbone("tiny-qwen3")[0]


@pytest.fixture
def talan(model: Any, request: pytest.FixtureRequest) -> Iterator[Talan]:
    talan = insert_talan(model, summary_scope=request.param)
    yield talan
    talan.detach()


def test_answers_are_those_of_one_by_one(random_model: Any):
    prompts = make_prompts(100)
    expected = one_by_one(random_model, prompts)
    assert len({len(answer) for answer in expected}) > 4

    for rows in (1, 4, len(prompts)):
        assert run(make_engine(random_model, rows=rows), prompts) == expected


@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
def test_talans_sums_stay_with_their_sequence(random_model: Any, scope: str):
    prompts = make_prompts(100)
    plain = one_by_one(random_model, prompts)
    talan = insert_talan(random_model, summary_scope=scope)
    try:
        expected = one_by_one(random_model, prompts)
        found = run(make_engine(random_model), prompts)
    finally:
        talan.detach()

    assert sum(a != b for a, b in zip(expected, plain, strict=True)) > len(prompts) // 2
    assert found == expected


@pytest.mark.parametrize("summarizer", SUMMARIZERS)
@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
def test_every_block_on_the_tiny_backbone(tiny: Any, scope: str, mixer: str, summarizer: str):
    talan = insert_talan(tiny, summary_scope=scope, mixer=mixer, summarizer=summarizer, layer=2)
    prompts = make_prompts(100)[:7]
    try:
        assert run(make_engine(tiny, rows=3), prompts) == one_by_one(tiny, prompts)
    finally:
        talan.detach()


def test_a_shared_beginning_is_read_once(random_model: Any):
    prompts = make_prompts(100, shared=FEW_SHOT)
    engine = make_engine(random_model)

    assert run(engine, prompts) == one_by_one(random_model, prompts)
    num_shared = len(FEW_SHOT)
    assert engine.tally.num_prompt_tokens == num_shared + sum(LENGTHS)
    assert run(engine, prompts[3:5]) == one_by_one(random_model, prompts[3:5])
    assert engine.tally.num_prompt_tokens == num_shared + sum(LENGTHS) + sum(LENGTHS[3:5])


@pytest.mark.parametrize(("talan", "times"), [("prefix", 1), ("sequence", 14)], indirect=["talan"])
def test_with_talan_it_is_shared_only_where_later_tokens_do_not_matter(
    model: Any, talan: Talan, times: int
):
    prompts = make_prompts(100, shared=FEW_SHOT)
    engine = make_engine(model)

    assert run(engine, prompts) == one_by_one(model, prompts)
    assert engine.tally.num_prompt_tokens == times * len(FEW_SHOT) + sum(LENGTHS)


def test_a_sham_shares_its_prefix(model: Any):
    config = TalanConfig(1, 3, "cross_attn", Writeback("gate", "vector", 0.5))
    prompts = make_prompts(100, shared=FEW_SHOT)
    sham = attach_sham(model, config, seed=1, number=0, norm=2.0)
    try:
        engine = make_engine(model)
        assert run(engine, prompts) == one_by_one(model, prompts)
    finally:
        sham.detach()
    assert engine.tally.num_prompt_tokens == len(FEW_SHOT) + sum(LENGTHS)


def test_equal_prompts_keep_their_last_token(model: Any):
    prompts = [FEW_SHOT] * 3
    assert run(make_engine(model), prompts) == one_by_one(model, prompts)


def test_a_beginning_may_be_read_with_each_prompt(model: Any):
    prompts = make_prompts(100, shared=FEW_SHOT)
    engine = make_engine(model, shares_prefix=False)

    assert run(engine, prompts) == one_by_one(model, prompts)
    assert engine.tally.num_prompt_tokens == len(prompts) * len(FEW_SHOT) + sum(LENGTHS)


@pytest.mark.parametrize("talan", SUMMARY_SCOPES, indirect=True)
def test_little_memory_lets_answers_wait_and_changes_none(model: Any, talan: Talan):
    """140 cells hold one sequence with its room, at times two."""
    prompts = make_prompts(100)
    engine = make_engine(model, rows=8, cells=140)

    assert run(engine, prompts) == one_by_one(model, prompts)
    assert engine.tally.num_row_steps < 2 * engine.tally.num_steps


def test_the_youngest_answers_wait_again_when_the_others_grow(model: Any):
    stopping = Stopping(150)
    prompts = make_prompts(100)[:6]
    expected = run(make_engine(model, stopping=stopping), prompts)
    engine = make_engine(model, rows=8, cells=800, stopping=stopping)

    assert run(engine, prompts) == expected
    assert engine.tally.num_restarts > 0


@pytest.mark.parametrize("talan", SUMMARY_SCOPES, indirect=True)
@pytest.mark.parametrize(
    "capacity",
    [
        Capacity(5, room=1),
        Capacity(5, 150, prefill_tokens=1, room=3),
        Capacity(9, 500, prefill_tokens=90, room=7),
    ],
)
def test_batches_that_are_renewed_often_say_the_same(model: Any, talan: Talan, capacity: Capacity):
    """Columns are cut off and rows wait again all the time, beside a shared beginning."""
    prompts = make_prompts(100, shared=FEW_SHOT[:33])
    engine = Engine(model, stopping=Stopping(MAX_NEW_TOKENS, STOPS), capacity=capacity)

    assert run(engine, prompts) == one_by_one(model, prompts)
    assert engine.tally.num_renewals > engine.tally.num_steps / capacity.room - 1


class SmallDevice:
    """A model that runs out of memory above a number of tokens and cached tokens a pass."""

    def __init__(
        self, model: nn.Module, *, max_cells: int, told: tuple[str, ...] = ("no room",)
    ) -> None:
        self._max_cells, self._told = max_cells, told
        self._hook = model.register_forward_pre_hook(self._check, with_kwargs=True)

    def _check(self, _model: nn.Module, _args: Any, kwargs: dict[str, Any]) -> None:
        mask = kwargs["attention_mask"]
        if mask.numel() > self._max_cells:
            raise torch.OutOfMemoryError(*self._told)

    def __enter__(self) -> None:
        return None

    def __exit__(self, *error: object) -> None:
        self._hook.remove()


@pytest.mark.parametrize("talan", SUMMARY_SCOPES, indirect=True)
def test_out_of_memory_halves_the_batch_and_loses_no_answer(model: Any, talan: Talan):
    prompts = make_prompts(100)
    expected = one_by_one(model, prompts)
    engine = make_engine(model, rows=14)

    with SmallDevice(model, max_cells=300):
        assert run(engine, prompts) == expected
    assert engine.tally.num_out_of_memory > 0
    assert engine.capacity.max_cells is not None


@pytest.mark.parametrize("told", [("no room",), ()])
def test_a_sequence_too_large_for_memory_is_named(model: Any, told: tuple[str, ...]):
    engine = make_engine(model)
    why = "".join(told) or "OutOfMemoryError"
    with (
        SmallDevice(model, max_cells=50, told=told),
        pytest.raises(GenerationError, match=f"Item '13' alone does not fit into memory: {why}$"),
    ):
        run(engine, make_prompts(100))


def test_answers_come_as_they_end_and_the_caller_may_stop(model: Any):
    prompts = [Prompt(str(i), tokens) for i, tokens in enumerate(make_prompts(100))]
    full = make_engine(model)
    lengths = [len(response.tokens) for response in full.generate(prompts)]
    engine = make_engine(model)
    answers = engine.generate(prompts)

    found: list[Response] = [next(answers), next(answers)]
    answers.close()

    assert lengths != sorted(lengths)
    assert [len(one.tokens) for one in found] == lengths[:2]
    assert engine.tally.num_steps < full.tally.num_steps / 2
    assert torch.is_inference_mode_enabled() is False


def test_one_new_token(model: Any):
    prompts = make_prompts(100)
    engine = make_engine(model, stopping=Stopping(1, STOPS))

    assert run(engine, prompts) == [answer[:1] for answer in one_by_one(model, prompts)]
    assert engine.tally.num_steps == 0


def test_truncated_answers_say_so(model: Any):
    prompts = [Prompt(str(i), tokens) for i, tokens in enumerate(make_prompts(100))]

    for response in make_engine(model).generate(prompts):
        ended = response.tokens[-1] in STOPS
        assert response.is_truncated is not ended
        assert response.is_truncated is (len(response.tokens) == MAX_NEW_TOKENS and not ended)


def test_near_the_end_of_the_context_the_answer_is_cut(model: Any):
    """The backbone's context holds 512 tokens."""
    engine = make_engine(model, stopping=Stopping(MAX_NEW_TOKENS))
    (response,) = engine.generate([Prompt("long", [5] * 505)])

    assert len(response.tokens) == 7
    assert response.is_truncated


@pytest.mark.parametrize("num_tokens", [0, 512, 700])
def test_a_prompt_that_leaves_no_room_is_named(model: Any, num_tokens: int):
    prompts = [Prompt("gsm8k/1", [5]), Prompt("gsm8k/2", [5] * num_tokens)]
    message = f"The prompt of item 'gsm8k/2' has {num_tokens} tokens; allowed: 1 to 511, for "

    with pytest.raises(GenerationError, match=message):
        make_engine(model).generate(prompts)


def test_no_prompts_no_answers(model: Any):
    assert run(make_engine(model), []) == []


def test_cached_dora_is_not_merged_and_says_the_same(make_backbone: Callable[[str], str]):
    model, _ = load_backbone(make_backbone("qwen3"))
    spec = AdapterSpec("dora", 4, 8, ("q_proj", "v_proj"))
    adapted = attach_adapter(model, spec, seed=1)
    for name, parameter in model.named_parameters():
        torch.nn.init.normal_(parameter, std=0.3) if "lora_B" in name else None
    model.eval()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    prompts = make_prompts(100)
    expected = one_by_one(model, prompts)

    assert run(make_engine(model), prompts) == expected
    with Adapted(adapted).decoding():
        assert run(make_engine(model), prompts) == expected
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("talan", SUMMARY_SCOPES, indirect=True)
def test_a_repeat_is_the_same_in_bfloat16(model: Any, talan: Talan):
    prompts = make_prompts(100)
    half = model.to(torch.bfloat16)
    try:
        runs = [run(make_engine(half), prompts) for _ in range(2)]
    finally:
        model.to(torch.float32)

    assert runs[0] == runs[1]
