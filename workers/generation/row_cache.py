"""A key/value cache whose rows come and go.

Owns: keys and values of sequences that end in the same column, in buffers with room to the right
(a step writes one column and copies none), and a new cache made of rows of others.
Does not cover: TALAN's running sums, which follow the rows (`talan.carry_rows`), and which columns
are padding (`workers.generation.batch`).

Legend: B rows, h heads of keys, C columns, k width of a head.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from torch import Tensor
from transformers.cache_utils import Cache, DynamicLayer

from talan import Rows, carry_rows


class RowLayer(DynamicLayer):  # type: ignore[no-untyped-call]
    """Keys and values [B, h, C, k] of one layer, in buffers of a fixed width.

    Args:
        width: Columns that there is room for.
    """

    is_croppable = False

    def __init__(self, width: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.num_columns = 0
        self._width = width

    @property
    def states(self) -> tuple[Tensor, Tensor]:
        """Keys and values of all columns so far."""
        keys, values = self._buffers
        return keys[:, :, : self.num_columns], values[:, :, : self.num_columns]

    def lazy_initialization(self, key_states: Tensor, value_states: Tensor) -> None:
        """Make buffers for as many rows as there are in the first states."""
        self._make_buffers(key_states, value_states, num_rows=key_states.shape[0])

    def update(
        self, key_states: Tensor, value_states: Tensor, *args: Any, **kwargs: Any
    ) -> tuple[Tensor, Tensor]:
        """Write new columns; returns all columns so far."""
        del args, kwargs
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        end = self.num_columns + key_states.shape[2]
        for buffer, states in zip(self._buffers, (key_states, value_states), strict=True):
            buffer[:, :, self.num_columns : end] = states
        return self._show(end)

    def get_seq_length(self) -> int:
        """Columns so far."""
        return self.num_columns

    def take_rows(self, layers: Sequence["RowLayer"], parts: Sequence["Part"], end: int) -> None:
        """Fill an empty layer up to column `end` with rows of others, aligned on the right."""
        num_rows = sum(len(part.indices) for part in parts)
        self._make_buffers(*layers[0].states, num_rows=num_rows)
        row = 0
        for layer, part in zip(layers, parts, strict=True):
            rows = slice(row, row + len(part.indices))
            for buffer, states in zip(self._buffers, layer.states, strict=True):
                kept = part.select(states)
                buffer[rows, :, end - kept.shape[2] : end] = kept
            row = rows.stop
        self._show(end)

    def _make_buffers(self, *like: Tensor, num_rows: int) -> None:
        """Zeros, since what no row owns is multiplied by a weight of 0."""
        self.dtype, self.device = like[0].dtype, like[0].device
        keys, values = (
            states.new_zeros(num_rows, states.shape[1], self._width, states.shape[3])
            for states in like
        )
        self._buffers = keys, values
        self.is_initialized = True

    def _show(self, end: int) -> tuple[Tensor, Tensor]:
        self.num_columns = end
        self.keys, self.values = self.states
        return self.keys, self.values


class RowCache(Cache):
    """An empty cache.

    Args:
        num_layers: Of the decoder.
        width: Columns that there is room for.
    """

    def __init__(self, num_layers: int, *, width: int) -> None:
        self.row_layers = [RowLayer(width) for _ in range(num_layers)]
        super().__init__(layers=list(self.row_layers))

    @property
    def num_columns(self) -> int:
        """Columns so far."""
        return self.row_layers[0].num_columns

    def release(self, number: int) -> None:
        """Let a layer's keys and values go."""
        self.layers[number] = self.row_layers[number] = RowLayer(0)


class Part(NamedTuple):
    """Some rows of a cache, from a column on.

    Attributes:
        cache: Not used afterwards, unless `is_kept`: its layers are let go one by one.
        indices: The rows [R]; one may be taken several times.
        first_column: What is left of it is padding in these rows.
        is_kept: Whether the cache stays as it is.
        columns: [R, W], which columns of each row to take, the last ones on the right; None: all
            from the first on. Those that fill a short row up are padding.
    """

    cache: RowCache
    indices: Tensor
    first_column: int = 0
    is_kept: bool = False
    columns: Tensor | None = None

    @property
    def width(self) -> int:
        """Columns that are taken."""
        if self.columns is not None:
            return self.columns.shape[1]
        return self.cache.num_columns - self.first_column

    def select(self, states: Tensor) -> Tensor:
        """The rows [R, h, W, k] of a layer's keys or values."""
        if self.columns is None:
            return states[self.indices, :, self.first_column :]
        rows = states[self.indices]
        places = self.columns[:, None, :, None].expand(-1, rows.shape[1], -1, rows.shape[3])
        return rows.gather(2, places)


def join(parts: Sequence[Part], *, room: int) -> RowCache:
    """A cache of the rows of several, aligned on the right, with room for more columns."""
    end = max(part.width for part in parts)
    joined = RowCache(len(parts[0].cache.row_layers), width=end + room)
    for number, layer in enumerate(joined.row_layers):
        layer.take_rows([part.cache.row_layers[number] for part in parts], parts, end)
        for part in parts:
            if not part.is_kept:
                part.cache.release(number)
    carry_rows([Rows(part.cache, part.indices) for part in parts], into=joined, num_columns=end)
    return joined
