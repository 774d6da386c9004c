"""ScienceMode 2 on the wire: every vector both ways, resynchronisation, any chunking."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.frames import Damage, Frame
from firmware_sim.firmware.sciencemode2_frames import (
    LONGEST,
    FrameDecoder,
    check,
    crc8,
    encode,
)
from tests.support.examples import examples
from tests.support.paths import DATA

VECTORS: list[dict[str, Any]] = json.loads((DATA / "sciencemode2_vectors.json").read_text("utf-8"))
FRAMES = [vector for vector in VECTORS if vector["kind"] == "frame"]
OTHERS = [vector for vector in VECTORS if vector["kind"] != "frame"]


def name(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", FRAMES, ids=name)
def test_a_vector_is_read_and_written_exactly(vector: dict[str, Any]) -> None:
    wire = bytes.fromhex(vector["hex"])
    number, data = vector["fields"]["packet_number"], bytes.fromhex(vector["payload_hex"])
    assert check(wire) == Frame(number, vector["cmd"], data)
    if not vector["name"].startswith("accept_"):
        assert encode(number, vector["cmd"], data) == wire


@pytest.mark.parametrize("vector", OTHERS, ids=name)
@pytest.mark.parametrize("chunk", [1, 2, 1000])
def test_damaged_and_joined_frames_are_told_apart(vector: dict[str, Any], chunk: int) -> None:
    wire, decoder = bytes.fromhex(vector["hex"]), FrameDecoder()
    found = [item for at in range(0, len(wire), chunk) for item in decoder.feed(wire[at:][:chunk])]
    good = [item for item in found if isinstance(item, Frame)]
    errors = [item.kind for item in found if isinstance(item, Damage)]
    assert len(good) == vector["recommended_good_frames"]
    assert errors == vector["recommended_errors"]


def test_the_checksum_is_the_one_that_was_seen_on_a_device() -> None:
    assert crc8(b"123456789") == 0xF4
    assert encode(0, 1, b"\1").hex() == "f0814781560001010f"


def test_damage_names_what_is_wrong_and_what_can_be_read() -> None:
    wire = encode(7, 36, bytes(4))
    assert check(b"\xf0\x0f") == Damage("short")
    assert check(b"\xf0\x80" + wire[2:]) == Damage("header")
    assert check(b"\xf0\x81\0\x81\0\x81\xa5\x0f") == Damage("short")
    assert check(wire[:4] + b"\0" + wire[5:]) == Damage("length", 7, 36)
    assert check(wire[:2] + b"\0" + wire[3:]) == Damage("crc", 7, 36)


def test_a_body_beyond_255_bytes_is_neither_written_nor_read() -> None:
    longest = encode(1, 2, bytes(253))
    assert len(longest) == LONGEST
    assert FrameDecoder().feed(longest) == [Frame(1, 2, bytes(253))]
    with pytest.raises(ValueError, match="256"):
        encode(1, 2, bytes(254))
    with pytest.raises(ValueError):
        encode(256, 2)
    decoder = FrameDecoder()
    kinds = [
        item.kind for item in decoder.feed(longest[:-1] + b"\1\x0f") if isinstance(item, Damage)
    ]
    assert kinds == ["overflow"]
    assert decoder.feed(encode(3, 4)) == [Frame(3, 4, b"")]


@settings(max_examples=examples(150), deadline=None)
@given(st.integers(0, 255), st.integers(0, 255), st.binary(max_size=120), st.integers(1, 9))
def test_what_was_written_is_read_in_any_pieces(
    number: int, command: int, data: bytes, chunk: int
) -> None:
    wire, decoder = encode(number, command, data), FrameDecoder()
    assert 0x0F not in wire[5:-1]
    assert 0xF0 not in wire[5:-1]
    found = [item for at in range(0, len(wire), chunk) for item in decoder.feed(wire[at:][:chunk])]
    assert found == [Frame(number, command, data)]
    assert not decoder.pending


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.binary(max_size=30)), st.binary(max_size=10))
def test_noise_is_survived_and_a_frame_after_a_stop_byte_is_found(
    noise: list[bytes], data: bytes
) -> None:
    decoder = FrameDecoder()
    for piece in noise:
        decoder.feed(piece)
    # Two stops: the first may be swallowed by an escape.
    decoder.feed(b"\x0f\x0f")
    assert decoder.feed(encode(9, 32, data)) == [Frame(9, 32, data)]
