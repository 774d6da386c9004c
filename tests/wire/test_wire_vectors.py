"""Every frame that the maker's own library produced reads and writes exactly."""

import json
from typing import Any

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.hexlines import decode_line, encode_line
from stimctl.wire.sciencemode4.framing import FrameDecoder, FrameError
from tests.support.paths import DATA

VECTORS = json.loads((DATA / "sciencemode4_vectors.json").read_text("utf-8"))
FRAMES = [row for row in VECTORS if row["kind"] == "frame"]
OTHERS = [row for row in VECTORS if row["kind"] != "frame"]

# What the wire does not carry: points that are only counted, and currents between two steps.
SEEN_OTHERWISE: dict[str, dict[str, Any]] = {
    "ll_channel_config_disabled_with_points_field": {"points": [], "number_of_points": 3},
    "ll_channel_config_offgrid_p10_3ma": {
        "points": [{"time_us": 200, "current_ma": 10, "interpolation": 0}]
    },
    "ll_channel_config_offgrid_m10_3ma": {
        "points": [{"time_us": 200, "current_ma": -10.5, "interpolation": 0}]
    },
}


def named(rows: list[dict[str, Any]]) -> Any:
    return [pytest.param(row, id=row["name"]) for row in rows]


def test_all_vectors_are_here() -> None:
    assert len(VECTORS) == 126
    assert {row["expect"] for row in FRAMES} == {"ok", "parameter_error"}


@pytest.mark.parametrize("row", named(FRAMES))
def test_a_frame_decodes_to_its_fields(row: dict[str, Any]) -> None:
    shown = decode_line(row["hex"], "sciencemode4")
    assert shown["errors"] == ([] if row["expect"] == "ok" else ["parameter_error"])
    (frame,) = shown["frames"]
    assert frame["cmd"] == row["cmd"]
    assert frame["direction"] == row["direction"]
    assert frame["fields"] == {**row["fields"], **SEEN_OTHERWISE.get(row["name"], {})}
    assert ("problems" in frame) == (row["expect"] != "ok")
    assert "exact_payload_hex" not in frame


@pytest.mark.parametrize("row", named(FRAMES))
def test_fields_encode_to_exactly_the_frame(row: dict[str, Any]) -> None:
    given = {"cmd": row["cmd"], "fields": row["fields"]}
    if row["expect"] != "ok":
        with pytest.raises(WireFormatError, match="would be refused by the receiver"):
            encode_line(given, "sciencemode4")
    encoded = encode_line(given, "sciencemode4", invalid=row["expect"] != "ok")
    assert encoded.hex == row["hex"]
    assert bool(encoded.notes) == ("offgrid" in row["name"])


@pytest.mark.parametrize("row", named(FRAMES))
def test_what_decode_prints_encode_takes(row: dict[str, Any]) -> None:
    printed = json.loads(json.dumps(decode_line(row["hex"], "sciencemode4")))
    assert encode_line(printed, "sciencemode4", invalid=row["expect"] != "ok").hex == row["hex"]
    alone = {key: printed["frames"][0][key] for key in ("cmd", "fields")}
    assert encode_line(alone, "sciencemode4", invalid=row["expect"] != "ok").hex == row["hex"]


@pytest.mark.parametrize("row", named(OTHERS))
def test_bad_frames_and_streams_have_the_recommended_outcome(row: dict[str, Any]) -> None:
    shown = decode_line(row["hex"], "sciencemode4")
    assert len(shown["frames"]) == row["recommended_good_frames"]
    assert shown["errors"] == row["recommended_errors"]
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


def test_an_unknown_command_is_a_good_frame_with_its_bytes() -> None:
    (row,) = (row for row in OTHERS if row["name"] == "unknown_command_99")
    (frame,) = decode_line(row["hex"], "sciencemode4")["frames"]
    assert (frame["cmd"], frame["name"], frame["direction"]) == (99, "unknown", None)
    assert frame["fields"] == {"packet_number": 7, "payload_hex": ""}
    assert frame["problems"]
    with pytest.raises(WireFormatError, match="not known"):
        encode_line(frame, "sciencemode4")
    assert encode_line(frame, "sciencemode4", invalid=True).hex == row["hex"]
