"""Every known ScienceMode 2 frame, some of them from a real device, reads and writes exactly."""

import json
from typing import Any

import pytest

from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.sciencemode2.framing import FrameDecoder, RawFrame
from tests.support.paths import DATA

WIRE = "sciencemode2"
VECTORS = json.loads((DATA / "sciencemode2_vectors.json").read_text("utf-8"))
# A peer escapes bytes that need none; that is read, and never written.
SPECIAL = next(row for row in VECTORS if row["name"] == "accept_superfluous_stuffing_0a_55")
FRAMES = [row for row in VECTORS if row["kind"] == "frame" and row is not SPECIAL]
OTHERS = [row for row in VECTORS if row["kind"] != "frame"]


def named(rows: list[dict[str, Any]]) -> Any:
    return [pytest.param(row, id=row["name"]) for row in rows]


def test_all_vectors_are_here() -> None:
    assert len(VECTORS) == 69
    assert {row["expect"] for row in FRAMES} == {"ok"}


@pytest.mark.parametrize("row", named([*FRAMES, SPECIAL]))
def test_a_frame_decodes_to_its_fields(row: dict[str, Any]) -> None:
    shown = decode_line(row["hex"], WIRE)
    assert shown["errors"] == []
    (frame,) = shown["frames"]
    assert frame["cmd"] == row["cmd"]
    assert frame["direction"] == row["direction"]
    assert frame["fields"] == row["fields"]
    assert set(frame) == {"cmd", "name", "direction", "fields"}
    assert len(row["hex"]) == 2 * row["wire_len"]


@pytest.mark.parametrize("row", named(FRAMES))
def test_fields_encode_to_exactly_the_frame(row: dict[str, Any]) -> None:
    encoded = encode_line({"cmd": row["cmd"], "fields": row["fields"]}, WIRE)
    assert encoded == (row["hex"], ())


@pytest.mark.parametrize("row", named(FRAMES))
def test_what_decode_prints_encode_takes(row: dict[str, Any]) -> None:
    printed = json.loads(json.dumps(decode_line(row["hex"], WIRE)))
    assert encode_line(printed, WIRE).hex == row["hex"]


@pytest.mark.parametrize("row", named(OTHERS))
def test_bad_frames_and_streams_have_the_recommended_outcome(row: dict[str, Any]) -> None:
    shown = decode_line(row["hex"], WIRE)
    assert len(shown["frames"]) == row["recommended_good_frames"]
    assert shown["errors"] == row["recommended_errors"]
    refused = any("problems" in frame for frame in shown["frames"])
    assert refused == (row["expect"] == "parameter_error")


def test_needless_escapes_are_never_written() -> None:
    encoded = encode_line({"cmd": 32, "fields": SPECIAL["fields"]}, WIRE).hex
    assert encoded != SPECIAL["hex"]
    assert decode_line(encoded, WIRE) == decode_line(SPECIAL["hex"], WIRE)


def test_a_single_flipped_bit_gives_no_good_frame() -> None:
    for row in FRAMES:
        frame = bytearray.fromhex(row["hex"])
        for bit in range(8 * len(frame)):
            frame[bit // 8] ^= 1 << bit % 8
            good = [e for e in FrameDecoder().feed(bytes(frame)) if isinstance(e, RawFrame)]
            assert not good, (row["name"], bit)
            frame[bit // 8] ^= 1 << bit % 8
