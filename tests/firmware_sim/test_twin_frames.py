"""The device side's framing: every golden frame, and the same findings for any chunking."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.sciencemode4_frames import (
    LONGEST,
    Damage,
    Frame,
    FrameDecoder,
    check,
    encode,
)
from tests.support.examples import examples
from tests.support.paths import DATA

VECTORS: list[dict[str, Any]] = json.loads((DATA / "sciencemode4_vectors.json").read_text())
FRAMES = [vector for vector in VECTORS if vector["kind"] == "frame"]
OTHERS = [vector for vector in VECTORS if vector["kind"] != "frame"]


def name_of(vector: dict[str, Any]) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", FRAMES, ids=name_of)
def test_a_golden_frame_is_read_and_written_exactly(vector: dict[str, Any]) -> None:
    frame = Frame(
        vector["fields"]["packet_number"], vector["cmd"], bytes.fromhex(vector["payload_hex"])
    )
    assert FrameDecoder().feed(bytes.fromhex(vector["hex"])) == [frame]
    assert encode(*frame).hex() == vector["hex"]


@pytest.mark.parametrize("vector", OTHERS, ids=name_of)
def test_a_golden_stream_ends_as_recommended(vector: dict[str, Any]) -> None:
    found = FrameDecoder().feed(bytes.fromhex(vector["hex"]))
    assert sum(isinstance(item, Frame) for item in found) == vector["recommended_good_frames"]
    errors = [item.kind for item in found if isinstance(item, Damage)]
    assert errors == vector["recommended_errors"]


@pytest.mark.parametrize(("number", "command"), [(64, 0), (-1, 0), (0, 1024), (0, -1)])
def test_a_prefix_that_does_not_fit_is_refused(number: int, command: int) -> None:
    with pytest.raises(ValueError, match="no such prefix"):
        encode(number, command, b"")


def test_damage_names_the_command_it_hit() -> None:
    good = bytearray(encode(9, 62, b"abc"))
    good[-2] ^= 1
    assert check(bytes(good)) == Damage("crc", 9, 62)


def test_a_body_that_unstuffs_to_less_than_a_prefix_is_too_short() -> None:
    assert check(bytes.fromhex("f0 81558159 81558155 81d4 0f".replace(" ", ""))) == Damage("short")


def test_1200_bytes_are_a_frame_and_1201_are_not() -> None:
    longest = encode(1, 2, b"x" * (LONGEST - 12))
    longer = encode(1, 2, b"x" * (LONGEST - 11))
    good = encode(3, 4, b"")
    assert [type(found) for found in FrameDecoder().feed(longest + good)] == [Frame, Frame]
    assert FrameDecoder().feed(longer + good) == [Damage("overflow"), Frame(3, 4, b"")]


def test_a_start_byte_as_byte_1201_begins_a_frame() -> None:
    found = FrameDecoder().feed(b"\xf0" + b"x" * (LONGEST - 1) + encode(3, 4, b""))
    assert found == [Damage("restart"), Frame(3, 4, b"")]


def reference(stream: bytes) -> list[Frame | Damage]:
    """The decoder as the specification words it, byte by byte."""
    found: list[Frame | Damage] = []
    buffer, in_frame, literal = bytearray(), False, False
    for byte in stream:
        if in_frame and literal:
            buffer.append(byte)
            literal = False
        elif byte == 0xF0:
            if in_frame:
                found.append(Damage("restart"))
            buffer, in_frame = bytearray([byte]), True
        elif not in_frame:
            continue
        elif byte == 0x81:
            buffer.append(byte)
            literal = True
        else:
            buffer.append(byte)
            if byte == 0x0F and len(buffer) <= LONGEST:
                found.append(check(bytes(buffer)))
                in_frame = False
        if in_frame and len(buffer) > LONGEST:
            found.append(Damage("overflow"))
            in_frame = literal = False
    return found


special = st.sampled_from([0xF0, 0x0F, 0x81, 0x55, 0x00])
noise = st.lists(special | st.integers(0, 255), max_size=60).map(bytes)
frames = st.builds(encode, st.integers(0, 63), st.integers(0, 1023), st.binary(max_size=40))
filler = st.sampled_from([b"\xf0" + b"a" * 1150, b"\x81\xf0" * 590, b"b" * 40])
streams = st.lists(noise | frames | filler, max_size=8).map(b"".join)


@settings(max_examples=examples(200), deadline=None)
@given(streams, st.lists(st.integers(0, 4000), max_size=12))
def test_any_chunking_finds_what_the_specification_finds(stream: bytes, cuts: list[int]) -> None:
    expected = reference(stream)
    assert FrameDecoder().feed(stream) == expected
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    decoder = FrameDecoder()
    pieces = [stream[a:b] for a, b in pairwise(edges)]
    assert [item for piece in pieces for item in decoder.feed(piece)] == expected
    single = FrameDecoder()
    assert [item for byte in stream for item in single.feed(bytes([byte]))] == expected


def test_a_dropped_partial_frame_takes_nothing_with_it() -> None:
    decoder = FrameDecoder()
    assert decoder.feed(encode(1, 2, b"abc")[:-3]) == []
    assert decoder.pending
    decoder.drop_partial()
    assert not decoder.pending
    assert decoder.feed(encode(3, 4, b"")) == [Frame(3, 4, b"")]
