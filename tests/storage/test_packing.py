"""Packed columns give back what went in, and their layout is the documented one."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from storage.packing import pack_bits, pack_floats, unpack_bits, unpack_floats


@given(st.lists(st.booleans(), max_size=70))
def test_bits_come_back(values: list[bool]) -> None:
    data = pack_bits(values)
    assert len(data) == (len(values) + 7) // 8
    assert unpack_bits(data, count=len(values)) == tuple(values)


def test_the_first_item_is_the_highest_bit() -> None:
    assert pack_bits([True, False, False, False, False, False, False, True, True]) == b"\x81\x80"


@given(st.lists(st.floats(), max_size=20))
def test_floats_come_back_bit_for_bit(values: list[float]) -> None:
    back = unpack_floats(pack_floats(values))
    assert [struct.pack("<d", v) for v in back] == [struct.pack("<d", v) for v in values]


def test_floats_are_little_endian_doubles() -> None:
    assert pack_floats([1.0]) == bytes.fromhex("000000000000f03f")
