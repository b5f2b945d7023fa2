"""The block against a plain float64 reading, and the invariances that follow from the equations."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_reading import read
from tiny_talan_models import make_config, randomise

from talan import Writeback
from talan.block import TalanBlock
from talan.seeding import draw_weights, make_generator
from talan.state import RunningState
from talan.vocabulary import MIXERS, SUMMARIZERS, SUMMARY_SCOPES

WRITEBACKS = {
    "direct": Writeback("direct", None, 0.3),
    "vector": Writeback("gate", "vector", 0.3),
    "scalar": Writeback("gate", "scalar", 0.3),
}


def make_block(config, width=8):
    block = TalanBlock(config, width)
    draw_weights(block, make_generator(config, seed=0, hidden_size=width))
    return block


def tokens(*shape, seed=0, scale=1.0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed)) * scale


@pytest.mark.parametrize("trained", [False, True], ids=["initial", "trained"])
@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
@pytest.mark.parametrize("writeback", WRITEBACKS)
@pytest.mark.parametrize("mixer", MIXERS)
@pytest.mark.parametrize("summarizer", SUMMARIZERS)
def test_equals_the_plain_reading(summarizer, mixer, writeback, scope, trained):
    config = make_config(
        summarizer=summarizer,
        mixer=mixer,
        writeback=WRITEBACKS[writeback],
        summary_scope=scope,
        inner_dim=4,
    )
    block = make_block(config)
    if trained:
        randomise(block)
    x = tokens(2, 5, 8)
    real = torch.tensor([[1, 1, 1, 1, 1], [0, 1, 1, 1, 0]])
    weights = {name: p.detach().double().numpy() for name, p in block.named_parameters()}
    expected = read(x.double().numpy(), real.numpy(), weights, config, heads=2)

    single = block(x, real).detach().double().numpy()
    np.testing.assert_allclose(single, expected, rtol=1e-5, atol=1e-5)
    double = block.double()(x.double(), real).detach().numpy()
    np.testing.assert_allclose(double, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("mixer", MIXERS)
def test_several_components_equal_the_plain_reading(mixer):
    config = make_config(mixer=mixer, components=3, inner_dim=4)
    block = make_block(config)
    assert block.mixer.mixture.tolist() == pytest.approx([1 / 3] * 3)
    randomise(block)
    x, real = tokens(1, 4, 8), torch.ones(1, 4)
    weights = {name: p.detach().double().numpy() for name, p in block.named_parameters()}
    expected = read(x.double().numpy(), real.numpy(), weights, config, heads=2)
    out = block.double()(x.double(), real).detach().numpy()
    np.testing.assert_allclose(out, expected, rtol=1e-11, atol=1e-12)
    one = make_block(make_config(mixer=mixer, inner_dim=4))
    assert {n for n, _ in one.mixer.named_parameters()} == {
        n.removeprefix("components.0.")
        for n, _ in block.mixer.named_parameters()
        if n.startswith("components.0.")
    }


@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
@pytest.mark.parametrize("mixer", MIXERS)
def test_gradients_equal_finite_differences(mixer, scope):
    config = make_config(mixer=mixer, summary_scope=scope, summarizer="soft_mos", slots=2)
    block = make_block(config, width=4).double()
    randomise(block)
    names, values = zip(*block.named_parameters(), strict=True)
    x, real = tokens(1, 3, 4).double().requires_grad_(), torch.tensor([[1, 1, 0]])

    def run(x, *parameters):
        weights = dict(zip(names, parameters, strict=True))
        return torch.func.functional_call(block, weights, (x, real))

    assert torch.autograd.gradcheck(run, (x, *values), fast_mode=True)


@pytest.mark.parametrize("writeback", ["vector", "scalar"])
def test_the_gate_is_exactly_alpha_at_the_start_and_depends_on_the_input_once_trained(writeback):
    rule = make_block(make_config(writeback=WRITEBACKS[writeback])).writeback
    x, h = tokens(2, 5, 8), tokens(2, 5, 8, seed=1)
    alpha = torch.tensor(0.3)
    assert torch.equal(rule.gate(x, h), alpha.expand(2, 5, 8 if writeback == "vector" else 1))
    randomise(rule)
    assert not torch.allclose(rule.gate(x, h), rule.gate(x, 2 * h))


def test_direct_starts_exactly_at_alpha_and_stays_positive():
    rule = make_block(make_config(writeback=Writeback("direct", None, 0.008))).writeback
    assert rule.alpha.item() == torch.tensor(0.008).item()
    for ratio in (-50.0, 3.0):
        torch.nn.init.constant_(rule.log_alpha_ratio, ratio)
        assert rule.alpha.item() > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("gate", ["vector", "scalar"])
@pytest.mark.parametrize("mixer", MIXERS)
def test_alpha_zero_is_the_identity_bit_for_bit(mixer, gate, dtype):
    block = make_block(make_config(mixer=mixer, writeback=Writeback("gate", gate, 0.0)))
    x = tokens(2, 5, 8).to(dtype)
    assert torch.equal(block(x), x)


@settings(max_examples=25)
@given(
    lengths=st.lists(st.integers(1, 6), min_size=1, max_size=3),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    scope=st.sampled_from(SUMMARY_SCOPES),
    mixer=st.sampled_from(MIXERS),
    summarizer=st.sampled_from(SUMMARIZERS),
)
def test_padding_never_counts(lengths, padding, scope, mixer, summarizer):
    left, right = padding
    block = make_block(make_config(summary_scope=scope, mixer=mixer, summarizer=summarizer))
    width = left + max(lengths) + right
    x, real = tokens(len(lengths), width, 8, scale=3.0), torch.zeros(len(lengths), width)
    for row, length in enumerate(lengths):
        real[row, left : left + length] = 1
    out = block(x, real)
    for row, length in enumerate(lengths):
        part = slice(left, left + length)
        alone = block(x[row : row + 1, part])
        torch.testing.assert_close(out[row : row + 1, part], alone, rtol=1e-5, atol=1e-5)


@settings(max_examples=25)
@given(
    pieces=st.lists(st.integers(1, 4), min_size=1, max_size=5),
    mixer=st.sampled_from(MIXERS),
    summarizer=st.sampled_from(SUMMARIZERS),
)
def test_prefix_memory_does_not_depend_on_how_the_tokens_arrive(pieces, mixer, summarizer):
    config = make_config(summary_scope="prefix", mixer=mixer, summarizer=summarizer)
    block, x = make_block(config), tokens(2, sum(pieces), 8)
    state = RunningState(session=1)
    parts = [block(part, None, state) for part in x.split(pieces, dim=1)]
    torch.testing.assert_close(torch.cat(parts, dim=1), block(x), rtol=1e-5, atol=1e-6)
    assert state.num_tokens == sum(pieces)


def test_a_sequence_step_uses_the_memory_of_all_tokens_so_far():
    block, x = make_block(make_config()), tokens(2, 6, 8)
    state = RunningState(session=1)
    block(x[:, :4], None, state)
    for length in (5, 6):
        step = block(x[:, length - 1 : length], None, state)
        whole = block(x[:, :length])[:, -1:]
        torch.testing.assert_close(step, whole, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("mixer", MIXERS)
def test_long_prefixes_are_chunked_without_changing_values_or_gradients(mixer):
    block = make_block(make_config(summary_scope="prefix", mixer=mixer))
    real = torch.ones(2, 11)
    real[0, :3] = 0

    def run(elements):
        block.prefix_elements = elements
        block.zero_grad()
        x = tokens(2, 11, 8).requires_grad_()
        out = block(x, real)
        out.square().sum().backward()
        return [out.detach(), x.grad, *(p.grad.clone() for p in block.parameters())]

    for whole, chunked in zip(run(2**24), run(2 * 3 * 8 * 4), strict=True):
        torch.testing.assert_close(chunked, whole, rtol=1e-4, atol=1e-5)


def test_a_prefix_pass_holds_no_tensor_over_token_pairs():
    block = make_block(make_config(summary_scope="prefix", slots=2))
    block.prefix_elements = 2**12
    sizes = []
    with torch.autograd.graph.saved_tensors_hooks(
        lambda t: sizes.append(t.numel()) or t, lambda t: t
    ):
        block(tokens(1, 2048, 8).requires_grad_())
    assert max(sizes) <= 2048 * 8


@pytest.mark.parametrize("mixer", MIXERS)
def test_the_direct_perturbation_is_bounded(mixer):
    """P1 (Eq. 8): |delta|_F <= alpha |W_mix|_op |X|_F, with each mixer's own |W_mix|_op.

    With RMSNorm the bound has no |X|_F, and P1 does not hold (`test_talan_bounds`). A slot is a
    weighted mean of tokens, so |z| <= max |x| <= |X|_F; heads over T slots add at most sqrt(T);
    RMSNorm makes a slot's norm at most sqrt(d) whatever X is; silu(u) <= |u|.
    """
    config = make_config(mixer=mixer, writeback=Writeback("direct", None, 0.05))
    block, d, slots = make_block(config), 8, 3

    def op(weight):
        return torch.linalg.matrix_norm(weight, ord=2).item()

    m = block.mixer
    for scale in (1e-2, 1.0, 1e2):
        x = tokens(1, 7, d, scale=scale)
        size = x.norm().item()
        if mixer == "multihead_local":
            mix = op(m.out_proj.weight) * op(m.in_proj_weight[-8:]) * (7 * slots) ** 0.5 * size
        elif mixer == "per_token_mix":
            mix = op(m.outward.weight) * op(m.inward.weight) * (1 + 7) ** 0.5 * size
        else:
            cross = getattr(m, "cross", m)
            mix = op(cross.out.weight) * op(cross.value.weight) * (7 * slots * d) ** 0.5
        delta = (block(x) - x).norm().item()
        assert 0 < delta <= 0.05 * mix * (1 + 1e-5) + 1e-6 * size


@pytest.mark.parametrize("scope", SUMMARY_SCOPES)
@pytest.mark.parametrize("mixer", MIXERS)
def test_bf16_autocast_runs_forward_and_backward(mixer, scope):
    block = make_block(make_config(mixer=mixer, summary_scope=scope))
    for dtype in (torch.float32, torch.bfloat16):
        x = tokens(2, 5, 8).to(dtype)
        block.zero_grad()
        with torch.autocast("cpu", dtype=torch.bfloat16):
            out = block(x)
        assert out.dtype == dtype
        out.float().square().sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in block.parameters())
        torch.testing.assert_close(out.float(), block(x.float()), rtol=0.1, atol=0.1)
