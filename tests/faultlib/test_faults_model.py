"""Faults as data and as text: what can be said, and what is refused with words."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_sim.devices import wire_named
from firmware_sim.faults import (
    SPECS,
    TO_HOST,
    Fault,
    FaultError,
    Place,
    applicable,
    checked,
    listing,
    parse_fault,
    spec_of,
)
from firmware_sim.faults.frames import CommandReader, FrameTracker
from firmware_sim.faults.model import parse_time_us, time_text
from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode


@pytest.mark.parametrize(
    ("text", "time_us"),
    [
        ("0s", 0),
        ("250us", 250),
        ("20ms", 20_000),
        ("2.5s", 2_500_000),
        ("0.000001s", 1),
        ("3min", 180_000_000),
        ("1h", 3_600_000_000),
    ],
)
def test_a_time_has_a_unit(text: str, time_us: int) -> None:
    assert parse_time_us(text) == time_us


@pytest.mark.parametrize("text", ["", "5", "5 s", "-1s", "1,5s", "0.5us", "1e3s", "nan", "٣s", "s"])
def test_what_is_not_a_time_is_refused(text: str) -> None:
    with pytest.raises(FaultError, match="unit"):
        parse_time_us(text)


@given(st.integers(0, 10**14))
def test_a_time_is_read_as_it_is_written(time_us: int) -> None:
    if time_us < 10**12:
        assert parse_time_us(time_text(time_us)) == time_us


def test_a_fault_is_read_with_its_parameters() -> None:
    fault = parse_fault("drop@1.5s,permille=300,direction=to-host,for=2s")
    assert fault == Fault(
        "drop", 1_500_000, {"permille": 300, "direction": TO_HOST, "for_us": 2_000_000}
    )
    assert checked(fault) is fault


@pytest.mark.parametrize("spec", list(applicable()), ids=lambda spec: spec.name)
def test_a_fault_is_read_as_it_is_written(spec: object) -> None:
    fault = Fault(spec.name, 1_234_567, spec.parameters)  # type: ignore[attr-defined]
    assert parse_fault(str(fault)) == fault
    assert checked(fault) == fault


@pytest.mark.parametrize(
    "text",
    ["mute", "mute@", "@1s", "mute@5", "mute@1s,", "mute@1s,for", "mute@1s,=3", "mute@1s,for=soon"],
)
def test_what_is_not_a_fault_is_refused(text: str) -> None:
    with pytest.raises(FaultError):
        parse_fault(text)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (Fault("nix", 0), "mute"),
        (Fault("mute", -1), "100 days"),
        (Fault("mute", 10**15), "100 days"),
        (Fault("mute", 0, {"volume": 3}), "it has: direction, for_us"),
        (Fault("mute", 0, {"direction": 4}), "1 to 3"),
        (Fault("mute", 0, {"for_us": -1}), "0.."),
        (Fault("merge", 0, {"every_us": 0}), "1.."),
        (Fault("drop", 0, {"permille": -1}), "permille=-1"),
        (Fault("drop", 0, {"permille": 1_001}), "outside 0 to 1000"),
        (Fault("nak", 0, {"result": 0}), "not an error"),
        (Fault("nak", 0, {"result": 99}), "not an error"),
        (Fault("unplug", 0, {"powered": 2}), "0 to 1"),
        (Fault("measurement-drifts", 0), "not applicable to any twin"),
        (Fault("measurement-frozen", 0), "not applicable to any twin"),
        (Fault("patient-button", 0), "not applicable to any twin"),
    ],
)
def test_a_fault_that_cannot_be_is_refused_with_words(fault: Fault, says: str) -> None:
    with pytest.raises(FaultError, match=says):
        checked(fault)


def test_a_fault_is_data() -> None:
    given_parameters = {"for_us": 5}
    fault = Fault("mute", 1, given_parameters)
    given_parameters["for_us"] = 6
    assert fault.parameters == {"for_us": 5}
    assert pickle.loads(pickle.dumps(fault)) == fault
    assert fault.later(10) == Fault("mute", 11, {"for_us": 5})


def test_every_fault_has_a_place_and_words() -> None:
    assert {spec.place for spec in SPECS.values()} == set(Place)
    assert all(spec.what for spec in SPECS.values())
    assert len(listing().splitlines()) == len(SPECS)
    assert spec_of("mute").name == "mute"


chunks = st.lists(
    st.one_of(
        st.builds(encode, st.integers(0, 63), st.integers(0, 1023), st.binary(max_size=40)),
        st.binary(max_size=20),
    ),
    max_size=8,
)


@given(chunks, st.integers(1, 7))
def test_the_tracker_loses_no_byte_and_cuts_the_same_in_any_chunks(
    parts: list[bytes], size: int
) -> None:
    stream = b"".join(parts)
    whole = FrameTracker().feed(stream)
    assert b"".join(piece.data for piece in whole) == stream
    tracker = FrameTracker()
    pieces = [
        piece
        for at in range(0, len(stream), size)
        for piece in tracker.feed(stream[at : at + size])
    ]

    def borders(found: list) -> list[tuple[bool, int]]:
        at, cuts = 0, []
        for piece in found:
            if piece.begins:
                cuts.append((True, at))
            at += len(piece.data)
            if piece.ends:
                cuts.append((False, at))
        return cuts

    assert borders(pieces) == borders(whole)


@given(st.integers(0, 63), st.sampled_from([int(one) for one in Command]), st.binary(max_size=9))
def test_a_command_is_read_while_it_passes(number: int, command: int, data: bytes) -> None:
    wire = encode(number, command, data)
    assert FrameDecoder().feed(wire) == [Frame(number, command, data)]
    tracker, reader = FrameTracker(), CommandReader(wire_named("p24"))
    found = [reader.feed(piece) for byte in wire for piece in tracker.feed(bytes((byte,)))]
    assert found[-1] == command
    assert set(found) <= {None, command}
