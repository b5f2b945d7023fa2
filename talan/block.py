"""The block: summarize, remix, write back (Eq. 1).

Pure in its inputs: it knows no model, no cache and no schedule. Running sums for decoding come
in and go out through `RunningState`.
"""

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from talan.config import TalanConfig
from talan.mixers import MIXER_CLASSES
from talan.mixers.ensemble import Ensemble
from talan.mixers.width import resolve_width
from talan.precision import working_copy
from talan.state import Proposed, RunningState
from talan.summarizers import AttentionSummarizer, SoftMosSummarizer
from talan.sums import Sums, sum_all, sum_prefixes
from talan.writebacks import DirectWriteback, GateWriteback

_SUMMARIZERS: dict[str, type[AttentionSummarizer | SoftMosSummarizer]] = {
    "attention": AttentionSummarizer,
    "soft_mos": SoftMosSummarizer,
}
_PREFIX_ELEMENTS = 2**24
_PREFIX_ROWS = 2**15


class TalanBlock(nn.Module):
    """X~ = writeback(remix(summarize(X))).

    The parameters are uninitialised until `talan.seeding.draw_weights` fills them.

    Args:
        config: the configuration.
        hidden_size: width d of the residual stream.
    """

    def __init__(self, config: TalanConfig, hidden_size: int) -> None:
        super().__init__()
        width = resolve_width(config, hidden_size=hidden_size)
        self.over_prefixes = config.summary_scope == "prefix"
        self.prefix_elements = _PREFIX_ELEMENTS
        self.summarizer: AttentionSummarizer | SoftMosSummarizer = _SUMMARIZERS[config.summarizer](
            hidden_size, config.slots
        )
        components = [MIXER_CLASSES[config.mixer](width) for _ in range(config.components)]
        self.mixer = components[0] if len(components) == 1 else Ensemble(components)
        self.writeback = _make_writeback(config, hidden_size=hidden_size)

    def forward(
        self, x: Tensor, mask: Tensor | None = None, state: RunningState | None = None
    ) -> Tensor:
        """The new residual stream.

        Args:
            x: tokens [B, S, d].
            mask: [B, S], 1 for a real token; None where all are.
            state: sums over the tokens before `x`; brought up to date in place.

        Returns:
            [B, S, d] in the dtype of `x`, on the block's device.
        """
        work = working_copy(x, like=next(self.parameters()))
        assignment = self.summarizer.assign(work)
        counted = assignment if mask is None else assignment * mask.to(work.device).unsqueeze(-1)
        carried = None if state is None else state.sums
        are_proposed = state is not None and state.are_proposed
        step = self._over_prefixes if self.over_prefixes or are_proposed else self._over_sequence
        out, sums = step(work, assignment, counted, carried)
        if state is not None and are_proposed:
            state.hold(Proposed(work, counted))
        elif state is not None:
            state.record(sums, num_tokens=x.shape[1])
        return out.to(x.dtype)

    def _over_sequence(
        self, x: Tensor, assignment: Tensor, counted: Tensor, carried: Sums | None
    ) -> tuple[Tensor, Sums]:
        """One memory [B, T, d] for all tokens of a row (the paper's)."""
        sums = sum_all(x, counted, carried=carried)
        return self._remix(x, sums.memory(), assignment), sums

    def _over_prefixes(
        self, x: Tensor, assignment: Tensor, counted: Tensor, carried: Sums | None
    ) -> tuple[Tensor, Sums]:
        """A memory for each token, in chunks: B x S x T x d is too large for a long sequence."""
        batch, length, width = x.shape
        rows = min(_PREFIX_ROWS, self.prefix_elements // (assignment.shape[-1] * width))
        size = max(1, rows // batch)
        if length <= size:
            return self._prefix_chunk(x, assignment, counted, carried)
        outs = []
        parts = [torch.split(tensor, size, dim=1) for tensor in (x, assignment, counted)]
        for x_part, assigned, part_counted in zip(*parts, strict=True):
            out, carried = self._recomputed_chunk(x_part, assigned, part_counted, carried)
            outs.append(out)
        assert carried is not None
        return torch.cat(outs, dim=1), carried

    def _recomputed_chunk(
        self, x: Tensor, assignment: Tensor, counted: Tensor, carried: Sums | None
    ) -> tuple[Tensor, Sums]:
        """A chunk whose inner tensors are recomputed in the backward pass."""
        if not torch.is_grad_enabled():
            return self._prefix_chunk(x, assignment, counted, carried)
        result: tuple[Tensor, Sums] = checkpoint(
            self._prefix_chunk,
            x,
            assignment,
            counted,
            carried,
            use_reentrant=False,
            preserve_rng_state=False,
        )
        return result

    def _prefix_chunk(
        self, x: Tensor, assignment: Tensor, counted: Tensor, carried: Sums | None
    ) -> tuple[Tensor, Sums]:
        """Each token as a row of its own, [B*S, 1, d], with its own memory [B*S, T, d]."""
        sums = sum_prefixes(x, counted, carried=carried)
        rows, weights = x.flatten(0, 1).unsqueeze(1), assignment.flatten(0, 1).unsqueeze(1)
        out = self._remix(rows, sums.memory().flatten(0, 1), weights)
        return out.view_as(x), Sums(sums.numerator[:, -1], sums.denominator[:, -1])

    def _remix(self, x: Tensor, memory: Tensor, assignment: Tensor) -> Tensor:
        """Remix and write back: tokens [N, Q, d], memory [N, T, d], assignment [N, Q, T]."""
        slots = self.summarizer.combine(memory.to(x.dtype))
        out: Tensor = self.writeback(x, self.mixer(x, slots, assignment))
        return out


def _make_writeback(config: TalanConfig, *, hidden_size: int) -> nn.Module:
    rule = config.writeback
    if rule.rule == "direct":
        return DirectWriteback(rule.alpha)
    return GateWriteback(hidden_size, alpha=rule.alpha, scalar=rule.gate == "scalar")
