"""Many small values in few bytes.

Owns: the two packed columns. `talan_cells.outcomes`: one bit per item in item order, most
significant bit first, padded with zeros. `talan_runs.losses`: little-endian float64, exact.
Does not cover: what the values mean.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence


def pack_bits(values: Sequence[bool]) -> bytes:
    """Pack booleans, eight to a byte."""
    num_bytes = (len(values) + 7) // 8
    bits = "".join("1" if value else "0" for value in values).ljust(num_bytes * 8, "0")
    return int(bits or "0", 2).to_bytes(num_bytes, "big")


def unpack_bits(data: bytes, *, count: int) -> tuple[bool, ...]:
    """Return the first `count` booleans of packed bits."""
    bits = "".join(f"{byte:08b}" for byte in data)
    return tuple(bit == "1" for bit in bits[:count])


def helped_and_hurt(ours: bytes, theirs: bytes) -> tuple[int, int]:
    """Return in how many places only `ours` has a 1, and in how many only `theirs`."""
    mine, other = int.from_bytes(ours, "big"), int.from_bytes(theirs, "big")
    return (mine & ~other).bit_count(), (other & ~mine).bit_count()


def pack_floats(values: Sequence[float]) -> bytes:
    """Pack floats as little-endian float64."""
    return struct.pack(f"<{len(values)}d", *values)


def unpack_floats(data: bytes) -> tuple[float, ...]:
    """Return packed floats."""
    return struct.unpack(f"<{len(data) // 8}d", data)
