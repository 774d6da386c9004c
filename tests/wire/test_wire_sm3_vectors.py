"""Every ScienceMode 3 frame that the maker's own library produced reads and writes exactly."""

import json
from typing import Any

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.sciencemode3.framing import FrameDecoder, FrameError
from tests.support.paths import DATA

WIRE = "sciencemode3"
VECTORS = json.loads((DATA / "sciencemode3_vectors.json").read_text("utf-8"))
FRAMES = [row for row in VECTORS if row["kind"] == "frame"]
OTHERS = [row for row in VECTORS if row["kind"] != "frame"]
BAD = {
    "bad_crc_payload": ["crc"],
    "bad_crc_field": ["crc"],
    "bad_length": ["length"],
    "bad_truncated": [],
    "bad_short": ["short"],
    "stream_truncated_then_good": ["restart"],
}


def named(rows: list[dict[str, Any]]) -> Any:
    return [pytest.param(row, id=row["name"]) for row in rows]


def test_all_vectors_are_here() -> None:
    assert (len(FRAMES), len(OTHERS)) == (100, 9)
    assert {row["expect"] for row in FRAMES} == {"ok", "parameter_error", "invalid_value"}
    assert sum("manual_example" in row["verified"] for row in FRAMES) == 4


@pytest.mark.parametrize("row", named(FRAMES))
def test_a_frame_decodes_to_its_fields(row: dict[str, Any]) -> None:
    shown = decode_line(row["hex"], WIRE)
    assert shown["errors"] == ([] if row["expect"] == "ok" else ["parameter_error"])
    (frame,) = shown["frames"]
    assert frame["cmd"] == row["cmd"]
    assert frame["direction"] == row["direction"]
    assert frame["fields"] == row["fields"]
    assert ("problems" in frame) == (row["expect"] != "ok")
    assert "exact_payload_hex" not in frame
    assert len(row["hex"]) == 2 * row["wire_len"]


@pytest.mark.parametrize("row", named(FRAMES))
def test_fields_encode_to_exactly_the_frame(row: dict[str, Any]) -> None:
    given = {"cmd": row["cmd"], "fields": row["fields"]}
    if row["expect"] != "ok":
        with pytest.raises(WireFormatError, match="would be refused by the receiver"):
            encode_line(given, WIRE)
    assert encode_line(given, WIRE, invalid=row["expect"] != "ok") == (row["hex"], ())


@pytest.mark.parametrize("row", named(FRAMES))
def test_what_decode_prints_encode_takes(row: dict[str, Any]) -> None:
    printed = json.loads(json.dumps(decode_line(row["hex"], WIRE)))
    assert encode_line(printed, WIRE, invalid=row["expect"] != "ok").hex == row["hex"]


@pytest.mark.parametrize("row", named(OTHERS))
def test_bad_frames_and_streams_end_as_they_should(row: dict[str, Any]) -> None:
    shown = decode_line(row["hex"], WIRE)
    good = int(row["expect"].removeprefix("good frames: ")) if row["kind"] == "stream" else 0
    assert len(shown["frames"]) == good
    assert shown["errors"] == BAD.get(row["name"], [])
    assert ("pending_bytes" in shown) == (row["expect"] == "incomplete")


def test_no_single_flipped_bit_in_any_vector_gives_a_good_frame() -> None:
    for row in FRAMES:
        frame = bytearray.fromhex(row["hex"])
        if len(frame) > 150:
            continue  # the property test takes samples of these
        for bit in range(8 * len(frame)):
            frame[bit // 8] ^= 1 << bit % 8
            events = FrameDecoder().feed(bytes(frame))
            assert all(isinstance(event, FrameError) for event in events), (row["name"], bit)
            frame[bit // 8] ^= 1 << bit % 8


def test_what_a_p24_would_read_otherwise_is_told_apart() -> None:
    """Frames that are sound on both wires and mean something else, or nothing, on the other."""
    differing = {
        row["name"]
        for row in FRAMES
        if row["expect"] == "ok"
        and (found := decode_line(row["hex"], "sciencemode4"))["frames"][0].get("problems")
        and found
    }
    assert {
        "ml_update_softstart",
        "ll_channel_config_ack_result10_ch2",
        "ll_channel_config_interpolation3",
        "ml_get_current_data_ack_mask0",
    } <= differing
