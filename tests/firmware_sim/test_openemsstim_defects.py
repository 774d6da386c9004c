"""Each dangerous corner of the openEMSstim firmware is there, and a strict twin tells of it."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_sim.firmware.openemsstim import (
    I2C,
    DefectProvokedError,
    Dialect,
    OpenEmsStimTwin,
)
from firmware_sim.firmware.openemsstim_fields import (
    Action,
    Ignored,
    bound,
    decode_hex,
    i16,
    on_time_ms,
    read_message,
    wiper,
)
from tests.support.examples import examples
from tests.support.openemsstim_host import MS, A, B, Bench, wv

provokes = pytest.mark.no_invariant("it provokes a defect of the firmware, to see it happen")

# Arithmetic


def test_the_wiper_is_exact_for_every_intensity() -> None:
    def wrap(value: int) -> int:
        return (value + 32_768) % 65_536 - 32_768

    for intensity in range(-1, 70_001):
        product = wrap(160 * wrap(wrap(intensity) - 1))
        (single,) = struct.unpack("<f", struct.pack("<f", product * 0.01 + 0.5))
        expected = 255 - min(255, max(0, int(single) + 55))
        assert wiper(intensity) == expected, intensity


@pytest.mark.parametrize(
    ("intensity", "value"),
    [
        (0, 201), (1, 200), (10, 186), (50, 122), (100, 42), (101, 40), (125, 2), (126, 0),
        (205, 0), (206, 255), (400, 216), (65_636, 42), (65_536, 201), (-1, 202),
    ],
)  # fmt: skip
def test_the_wiper_is_what_was_measured(intensity: int, value: int) -> None:
    assert wiper(intensity) == value


def test_numbers_wrap_at_16_bits() -> None:
    assert [i16(value) for value in (0, 32_767, 32_768, 65_535, 65_536)] == [
        0,
        32_767,
        -32_768,
        -1,
        0,
    ]
    assert [on_time_ms(value) for value in (0, 5_000, 5_001, 40_000, 65_536 + 7, 99_999)] == [
        0, 5_000, 5_000, -25_536, 7, -31_073,
    ]  # fmt: skip
    assert [bound(value) for value in (0, 80, 100, 200)] == [0, 204, 255, -144]


@pytest.mark.parametrize(
    ("digits", "text"),
    [("4331", "C1"), ("4F", "E"), ("4f", "\xff"), ("4", "\xff"), ("", ""), ("G1", "\xff")],
)
def test_hex_is_decoded_with_its_defect(digits: str, text: str) -> None:
    assert decode_hex(digits) == text


def test_the_first_of_each_letter_counts() -> None:
    assert read_message("C1C0I5I6T7T8G") == Action(1, 7, 5)
    assert read_message("GCIT") == Action(-1, -1, -1)
    assert read_message("G") == Action(None, None, None)
    assert read_message("OCT[0,5]") == Ignored()
    assert read_message("C0") is None


# 5.1


@provokes
@pytest.mark.parametrize("text", ["T50G", "I50G", "C2I50T100G", "C9T1G", "C1000I1G", "CI1G"])
def test_a_missing_channel_crashes_the_board_until_it_is_reset(text: str) -> None:
    bench = Bench().send(b"C1I50T1000G\n", 300 * MS)
    bench.heard()
    bench.send(text.encode() + b"\n", 2_000 * MS)
    assert bench.twin.crashed
    whole = b"\tUSB: received command: " + text.encode()
    assert 2 <= len(bench.out) <= 15
    assert whole.startswith(bench.heard())
    bench.send(b"Connection End\n" * 20, 15_000 * MS)
    assert bench.heard() == b""
    assert bench.on == (False, True)  # nobody sees to the end of its on-time any more
    assert bench.sections == ["5.1"]
    bench.twin.reset((bench.began_us + bench.now_us) * 1000)
    assert bench.on == (False, False)
    bench.run_for(12_000 * MS)
    assert bench.heard().endswith(b"ON)\r\n")
    assert not bench.twin.crashed


def test_a_lone_wrong_channel_is_all_off() -> None:
    bench = Bench().send(b"C0I50T5000G\n", 300 * MS).send(b"C2G\n", 300 * MS)
    assert bench.on == (False, False)
    assert bench.sections == []


# 5.2


@provokes
@pytest.mark.parametrize("on_ms", [40_000, 32_768, 65_535 - 20_000, 99_999, 131_072 - 30_000])
def test_a_negative_on_time_early_after_reset_never_ends(on_ms: int) -> None:
    bench = Bench(uptime_us=13_000 * MS).send(b"C0I50T%dG\n" % on_ms, 300_000 * MS)
    assert bench.on == (True, False)
    assert bench.sections == ["5.2"]


@provokes
def test_it_ends_when_the_clock_wraps_after_49_7_days() -> None:
    bench = Bench(uptime_us=13_000 * MS).send(b"C0I50T40000G\n", 100 * MS)
    bench.run_for(49 * 86_400_000 * MS)
    assert bench.on == (True, False)
    bench.run_for(86_400_000 * MS)
    assert bench.on == (False, False)
    # The clock begins anew, and everything works on.
    bench.happened()
    bench.send(b"C1I50T100G\n", 1_000 * MS)
    assert [what[2:] for what in bench.happened() if what[1] == "relay"] == [(2, True), (2, False)]


@provokes
def test_a_negative_on_time_later_ends_at_once() -> None:
    bench = Bench(uptime_us=40_000 * MS).send(b"C0I50T40000G\n", 500 * MS)
    _, on, wiper_off, _ = bench.happened()
    assert wiper_off[0] - on[0] == pytest.approx(34, abs=3)


@provokes
@pytest.mark.parametrize(
    ("on_ms", "lasts_ms"), [(20_000, 5_000), (5_001, 5_000), (65_536 + 80, 80)]
)
def test_a_large_on_time_is_cut_or_wraps(on_ms: int, lasts_ms: int) -> None:
    bench = Bench().send(b"C0I50T%dG\n" % on_ms, 10_000 * MS)
    _, on, off, _ = bench.happened()
    assert off[0] - on[0] == pytest.approx(lasts_ms - 0.5, abs=0.6)
    assert bench.sections == ["5.2"]


# 5.3


def test_an_overflow_splices_two_commands_and_executes_them() -> None:
    lines = [b"C%dI%dT300G\n" % (i % 2, 10 + i) for i in range(12)]
    bench = Bench().send(b"".join(lines), 3_000 * MS)
    said = [line[24:] for line in bench.heard().splitlines() if line.startswith(b"\tUSB")]
    assert said == [line.strip() for line in lines[:6]] + [b"C0I16T301I17T300G", b"C"]
    assert set(bench.sections) == {"5.3"}
    assert [what[3] for what in bench.happened() if what[1] == "I2C" and what[3] < 255][
        -1
    ] == wiper(16)


# 5.4


def test_options_cannot_be_sent_in_hex() -> None:
    bench = Bench(B).send(wv("OMA[0,80]"), 500 * MS)
    assert b"Unknown command: E" in bench.heard()
    assert bench.sections == ["5.4"]


# 5.5


@provokes
def test_dripping_bytes_keep_a_channel_on_far_beyond_its_time() -> None:
    bench = Bench().send(b"C0I50T500G\n", 100 * MS)
    for _ in range(200):
        bench.send(b"x", 45 * MS)
    assert bench.on == (True, False)
    bench.run_for(500 * MS)
    assert bench.on == (False, False)
    assert bench.sections == ["5.5"]


def test_a_board_recovers_from_a_message_that_no_memory_can_hold() -> None:
    bench = Bench()
    for _ in range(1_600):
        bench.send(b"x", MS)
    bench.run_for(100 * MS)
    assert bench.heard() == b""
    assert bench.sections == ["5.5"]
    assert b"received command: x" in bench.send(b"x\n", 100 * MS).heard()


# 5.6, 5.7


def test_without_a_host_a_burst_goes_on_to_its_end() -> None:
    bench = Bench().send(b"C0I50T5000G\n", 500 * MS)
    bench.twin.line_lost()
    bench.run_until(5_000 * MS)
    assert bench.on == (True, False)
    bench.run_until(5_100 * MS)
    assert bench.on == (False, False)


def test_a_silent_potentiometer_keeps_its_value_and_the_relays_open() -> None:
    bench = Bench()
    bench.twin.set_i2c(I2C.NO_ANSWER)
    bench.send(b"C0I50T200G\n", 1_000 * MS)
    assert [what[1:] for what in bench.happened()] == [("relay", 1, True), ("relay", 1, False)]
    bench.twin.set_i2c(I2C.FINE)
    bench.send(b"C0I50T200G\n", 1_000 * MS)
    assert len(bench.happened()) == 4


def test_a_stuck_bus_keeps_the_relays_closed_for_ever() -> None:
    bench = Bench().send(b"C0I50T200G\n", 100 * MS)
    bench.twin.set_i2c(I2C.STUCK)
    bench.run_for(60_000 * MS)
    assert bench.on == (True, False)
    assert bench.twin.deadline() is None


# Strictness, reset, power


@provokes
@pytest.mark.parametrize(
    ("dialect", "line", "section"),
    [
        (A, b"I50G", "5.1"),
        (A, b"C0I50T5001G", "5.2"),
        (A, b"C0I50T40000G", "5.2"),
        (A, b"C0IT100G", "4.1"),
        (A, b"C0I0T100G", "4.1"),
        (A, b"C0I101T100G", "4.1"),
        (A, b"C0I10T100GG", "4"),
        (A, b"OMI[1,129]", "7"),
        (B, b"WV,0018,4A47.", "5.4"),
        (B, b"WV,0018,474.", "5.4"),
        (B, b"1", "6"),
        (B, b"s", "6"),
        (A, b"x\n" + b"x" * 80, "5.3"),
    ],
)
def test_a_strict_twin_tells_on_the_host_once(dialect: Dialect, line: bytes, section: str) -> None:
    bench = Bench(dialect, strict=True)
    with pytest.raises(DefectProvokedError, match=rf"{section}: "):
        bench.send(line + b"\n", 300 * MS)
    bench.run_for(300 * MS)
    rows = [row for row in bench.twin.records() if row["kind"] == "defect"]
    assert [row["section"] for row in rows] == bench.sections == [section]
    assert Bench(dialect).send(line + b"\n", 300 * MS).twin.defects


@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_strict_twin_has_nothing_against_the_safe_subset(dialect: Dialect) -> None:
    bench = Bench(dialect, strict=True)
    for text in ("C0I1T50G", "C1I100T5000G", "C0I50T1000G", "G"):
        bench.send(wv(text), 300 * MS)
    bench.send(b"x\n", 300 * MS).send(b"Connection End\n", 300 * MS)
    assert bench.twin.defects == ()


def test_opening_the_port_resets_the_board() -> None:
    bench = Bench().send(b"C0I50T5000G\n", 100 * MS)
    now_ns = (bench.began_us + bench.now_us) * 1000
    bench.twin.receive(now_ns, b"C1I5")
    bench.twin.line_opened(now_ns)
    assert bench.on == (False, False)
    assert bench.twin.channels[0].wiper == 122  # the potentiometer was not reset
    bench.heard()
    bench.run_for(12_000 * MS)
    assert bench.heard() == bench.banner
    assert bench.twin.channels[0].wiper == 255


def test_power_off_ends_everything() -> None:
    bench = Bench().send(b"C0I50T5000G\n", 100 * MS)
    assert bench.twin.stimulating
    bench.twin.power_off((bench.began_us + bench.now_us) * 1000)
    assert not bench.twin.stimulating
    assert bench.twin.deadline() is None
    bench.send(b"x\n", 500 * MS)
    bench.heard()
    assert bench.send(b"x\n", 500 * MS).heard() == b""
    assert bench.twin.records()[-1]["event"] == "power off"


@provokes
def test_the_record_knows_no_current() -> None:
    bench = Bench(wiretap=True).send(b"C0I126T100G\n", 500 * MS)
    rows = bench.twin.records()
    assert {row["kind"] for row in rows} == {"rx", "tx", "wiper", "relay", "output", "defect"}
    assert [row["permille"] for row in rows if row["kind"] == "wiper"] == [1_000, 0]
    assert not any("current" in key or "_ua" in key for row in rows for key in row)
    with pytest.raises(ValueError, match="not modelled"):
        bench.twin.set_load(1, 500)


# Anything

lines = st.one_of(
    st.binary(max_size=30),
    st.text("CITGO0159[],MAWV .\n\r", max_size=20).map(str.encode),
    st.sampled_from([
        b"C0I50T500G\n", b"C1I50T40000G\n", b"Connection End\n", b"1\n", b"a\n", b"T5G\n", b"G\n",
        wv("C1I20T300G"), wv("OMA[0,200]"), b"OMA[1,200]\n",
    ]),
)  # fmt: skip
scripts = st.lists(
    st.tuples(st.sampled_from([0, 1, 900, 45 * MS, 60 * MS, 700 * MS]), lines), max_size=15
)


def play(
    script: list[tuple[int, bytes]], dialect: Dialect, chunk: int | None, often: bool
) -> tuple[bytes, list[dict[str, Any]]]:
    twin, now_us, out = OpenEmsStimTwin(dialect=dialect, boot_us=300 * MS), 0, bytearray()
    for pause_us, wire in script:
        now_us += pause_us
        while often and (deadline := twin.deadline()) is not None and deadline <= now_us * 1000:
            twin.advance(deadline)
            out += twin.transmit()
        size = chunk or max(len(wire), 1)
        for at in range(0, len(wire), size):
            twin.receive(now_us * 1000, wire[at : at + size])
    twin.power_off((now_us + 10_000 * MS) * 1000)
    return bytes(out), twin.records()


@provokes
@settings(max_examples=examples(150), deadline=None)
@given(scripts, st.sampled_from(list(Dialect)), st.integers(1, 5))
def test_any_chunking_and_any_waking_up_give_the_same_board(
    script: list[tuple[int, bytes]], dialect: Dialect, chunk: int
) -> None:
    _, rows = play(script, dialect, None, often=False)
    assert play(script, dialect, chunk, often=False)[1] == rows
    out, rows_often = play(script, dialect, None, often=True)
    assert rows_often == rows
    assert play(script, dialect, chunk, often=True)[0] == out
    relays: dict[int, bool] = {}
    for row in rows:
        if row["kind"] == "relay":
            assert relays.get(row["channel"], False) != row["on"]
            relays[row["channel"]] = row["on"]
    assert not any(relays.values())


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1), st.integers(1, 100), st.integers(50, 5_000), st.integers(250, 900)
        ),
        max_size=8,
    )
)
def test_without_a_defect_every_burst_ends_in_time(bursts: list[tuple[int, int, int, int]]) -> None:
    bench = Bench(B, strict=True)
    ends = [0.0, 0.0]
    for channel, intensity, on_ms, pause_ms in bursts:
        ends[channel] = bench.now_us / 1000 + on_ms
        bench.send(wv(f"C{channel}I{intensity}T{on_ms}G"), pause_ms * MS)
    bench.run_for(6_000 * MS)
    assert bench.on == (False, False)
    off = {
        channel: at
        for at, kind, channel, *rest in bench.happened()
        if kind == "relay" and rest == [False]
    }
    for channel, at in off.items():
        # 100 ms for the message, 51 ms to switch off, and as long again for another message.
        assert ends[channel - 1] <= at <= ends[channel - 1] + 360
