"""Inner width and heads of a mixer."""

from dataclasses import dataclass

from talan import checks
from talan.config import TalanConfig

_MAX_INNER = 512
_HEADS = (8, 4, 2, 1)


@dataclass(frozen=True)
class Width:
    """Sizes of a mixer.

    Attributes:
        hidden: d, the residual stream's.
        inner: k, the mixer's.
        heads: h, a divisor of k.
    """

    hidden: int
    inner: int
    heads: int


def resolve_width(config: TalanConfig, *, hidden_size: int) -> Width:
    """The sizes of `config` on a backbone of width `hidden_size`.

    Our choice: k = min(d, 512), rounded down to a multiple of h where h is given; h is the
    largest of 8, 4, 2, 1 that divides k where it is not.

    Raises:
        TalanConfigError: if there are more heads than inner dimensions.
    """
    inner = config.inner_dim or min(hidden_size, _MAX_INNER)
    heads = config.heads or next(h for h in _HEADS if inner % h == 0)
    if heads > inner:
        raise checks.refuse("heads", heads, allowed=f"at most the inner width {inner}")
    return Width(hidden_size, inner - inner % heads, heads)
