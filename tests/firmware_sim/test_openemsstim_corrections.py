"""What the released openEMSstim firmware did in 2,000 timed byte sequences, and its twin does."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.openemsstim import BOOT_US, Bootloader, Dialect, OpenEmsStimTwin
from firmware_sim.firmware.openemsstim_fields import decode_hex, hex_digits
from tests.support.openemsstim_host import MS, A, B, Bench, wv

ECHO = b"\tUSB: received command: %b\r\n\tCommand NON HEX:\r\n%b\r\n"
UNKNOWN = b"\tERROR: SINGLE-CHAR Command Unknown\r\n"

provokes = pytest.mark.no_invariant("it says what no host may, to see what the board does")


# The first character counts (dialect B)


@provokes
@pytest.mark.parametrize("line", [b"18,x", b"1", b" 1 ", b"18,433049353054373530470.", b"1Gx"])
def test_a_line_that_begins_with_1_closes_relay_1_without_limit(line: bytes) -> None:
    bench = Bench(B).send(line + b"\n", 300 * MS)
    assert bench.heard().endswith(b"\tEMS: Channel 1 active\r\n")
    bench.run_for(600_000 * MS)
    assert bench.on == (True, False)
    assert bench.sections == ["6"]


@provokes
def test_a_burst_that_lost_its_first_five_bytes_closes_relay_1_without_limit() -> None:
    bench = Bench(B).send(wv("C1I5T500G")[5:], 300 * MS)
    assert bench.on == (True, False)
    assert Bench(A).send(wv("C1I5T500G")[5:], 300 * MS).on == (False, False)


@pytest.mark.parametrize(
    ("line", "register", "value"),
    [(b"quiet", 1, 254), (b"all", 1, 0), (b"wV,0018,47.", 3, 254), (b"slow", 3, 0)],
)
def test_a_line_that_begins_with_a_letter_of_the_tests_turns_a_potentiometer(
    line: bytes, register: int, value: int
) -> None:
    bench = Bench(B).send(line + b"\n", 300 * MS)
    assert [what[1:] for what in bench.happened()] == [("I2C", register, value)]
    assert bench.heard().startswith(ECHO % (line, line))
    assert bench.sections == ["6"]


@pytest.mark.parametrize("line", [b"x1", b"C1", b"", b".1", b"01", b"V,0018,47."])
def test_any_other_first_character_is_unknown_whatever_follows(line: bytes) -> None:
    bench = Bench(B).send(line + b"\n", 300 * MS)
    assert bench.heard() == ECHO % (line, line) + UNKNOWN
    assert bench.happened() == []


# After a reset: the bootloader first


def banner_ms(twin: OpenEmsStimTwin) -> int:
    """When the banner has begun."""
    said = b""
    for at_ms in range(20_000):
        twin.advance(at_ms * 1_000_000)
        said += twin.transmit()
        if b"SETUP:" in said:
            return at_ms
    raise AssertionError("it never started")


@pytest.mark.parametrize(
    ("bootloader", "silent_ms", "heard_ms"),
    [(Bootloader.NONE, 4, 4), (Bootloader.OLD, 1_334, 204), (Bootloader.OPTIBOOT, 1_404, 1_404)],
)
def test_a_bootloader_is_deaf_and_then_the_banner_comes(
    bootloader: Bootloader, silent_ms: int, heard_ms: int
) -> None:
    assert banner_ms(OpenEmsStimTwin(bootloader=bootloader, boot_us=0)) in range(
        silent_ms, silent_ms + 10
    )
    talked_to = OpenEmsStimTwin(bootloader=bootloader, boot_us=0)
    talked_to.receive(0, b"\nConnection End\n")
    assert banner_ms(talked_to) in range(heard_ms, heard_ms + 10)


def test_an_old_bootloader_that_hears_late_ends_with_that_byte() -> None:
    twin = OpenEmsStimTwin(bootloader=Bootloader.OLD, boot_us=0)
    twin.advance(699_000_000)
    twin.receive(700_000_000, b"x")
    twin.advance(720_000_000)
    assert b"SETUP:" in twin.transmit()


def test_what_a_bootloader_hears_the_program_never_reads() -> None:
    twin = OpenEmsStimTwin(bootloader=Bootloader.OPTIBOOT, boot_us=100_000)
    for at_ms in (0, 500, 1_300):
        twin.receive(at_ms * 1_000_000, b"x\n")
    twin.advance(5_000_000_000)
    assert b"received command" not in twin.transmit()


def test_each_reset_has_its_bootloader() -> None:
    twin = OpenEmsStimTwin(deaf_us=900_000, boot_us=0)
    twin.advance(2_000_000_000)
    assert b"SETUP DONE" in twin.transmit()
    twin.reset(2_000_000_000)
    twin.advance(2_890_000_000)
    assert twin.transmit() == b""
    twin.advance(3_500_000_000)
    assert b"SETUP DONE" in twin.transmit()


def test_dead_times_are_refused_where_they_make_no_sense() -> None:
    for options in ({"deaf_us": -1}, {"deaf_us": 5, "bootloader": Bootloader.OLD}):
        with pytest.raises(ValueError, match="deaf"):
            OpenEmsStimTwin(**options)


# Echo, hex form, grammar


@pytest.mark.parametrize(("line", "trimmed"), [(b"x\r", b"x"), (b" x", b"x"), (b"\tx ", b"x")])
def test_the_first_echo_line_is_not_trimmed(line: bytes, trimmed: bytes) -> None:
    assert Bench(B).send(line + b"\n", 300 * MS).heard() == ECHO % (line, trimmed) + UNKNOWN


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_hex_form_without_a_comma_is_obeyed(dialect: Dialect) -> None:
    bench = Bench(dialect).send(wv("C0I50T5000G"), 500 * MS)
    assert bench.on == (True, False)
    bench.send(b"WV47.\n", 300 * MS)
    assert bench.on == (False, False)


@pytest.mark.parametrize(
    ("line", "digits", "text"),
    [("WV,c835.", "c835", "\xff5"), ("WV,", ",", "\xff"), ("WV,.", "", ""), ("WV", "W", "\xff"),
     ("WV,8c35.", "8c35", "\xff5")],
)  # fmt: skip
def test_a_pair_with_a_bad_digit_is_ff_and_digits_may_be_a_comma(
    line: str, digits: str, text: str
) -> None:
    assert hex_digits(line) == digits
    assert decode_hex(digits) == text


@pytest.mark.parametrize("dialect", list(Dialect))
def test_an_empty_command_in_hex_has_no_complaint(dialect: Dialect) -> None:
    bench = Bench(dialect).send(b"WV,.\n", 300 * MS)
    assert bench.heard().endswith(
        b"length: \r\n0\r\n\r\n\tEMS_CMD: Converted HEX command: \r\n\r\n"
    )
    bench.send(b"WV,\n", 300 * MS)
    assert bench.heard().endswith(b"command: \r\n\xff\r\nUnknown command: \xff\r\n")


@provokes
@pytest.mark.parametrize("line", [b"OMAzz[0x,80]", b"OMA[,80]", b"OMA[0,80zz]", b"OMA[0,80]]"])
def test_an_option_with_other_characters_in_it_is_taken(line: bytes) -> None:
    bench = Bench(A).send(line + b"\n", 300 * MS)
    assert bench.heard() == ECHO % (line, line)
    bench.send(b"C0I100T50G\n", 300 * MS)
    assert bench.happened()[0][3] == 52


@pytest.mark.parametrize(
    "line", [b"C0I50\0T100G", b"C0I50T100G\0", wv("C0I50T100\0G")[:-1], wv("\0C0I50T100G")[:-1]]
)
def test_a_message_with_a_nul_in_it_is_printed_up_to_there_and_is_no_action(line: bytes) -> None:
    bench = Bench(A).send(line + b"\n", 300 * MS)
    assert bench.happened() == []
    said = bench.heard()
    assert b"\0" not in said
    assert b"\xff" in said
    assert b"Unknown command: " in said


# Long messages


@provokes
@pytest.mark.parametrize(
    ("length", "echoed", "with_text", "obeyed", "answered"),
    [(139, True, True, True, True), (140, False, True, True, True), (180, False, False, True, True),
     (290, False, False, False, True), (600, False, False, False, False),
     (5_000, False, False, False, False)],
)  # fmt: skip
def test_a_long_message_loses_first_its_echo_then_itself_and_the_board_recovers(
    length: int, echoed: bool, with_text: bool, obeyed: bool, answered: bool
) -> None:
    bench = Bench(A)
    line = b"C0I50T300G".ljust(length, b"z") + b"\n"
    bench.send(line, 520 * length + 200 * MS)
    said = bench.heard()
    assert (b"received command" in said) is echoed
    assert (b"C0I50T300Gzzz" in said) is with_text
    assert bool(bench.happened()) is obeyed
    assert bool(said) is answered
    assert not bench.twin.crashed
    assert bench.send(b"x\n", 500 * MS).heard().startswith(ECHO % (b"x", b"x"))


# Times


@pytest.mark.parametrize("phase_us", range(0, 1_000, 90))
def test_an_on_time_of_300_ms_lasts_299_to_300_1_ms(phase_us: int) -> None:
    bench = Bench(A)
    bench.run_for(phase_us)
    bench.send(b"C0I50T300G\n", 1_000 * MS)
    _, on, off, _ = bench.happened()
    assert 299 <= off[0] - on[0] <= 300.1


@pytest.mark.parametrize("phase_us", range(0, 1_000, 90))
def test_a_message_without_a_line_end_ends_after_49_to_50_ms_of_silence(phase_us: int) -> None:
    bench = Bench(A)
    bench.run_for(phase_us)
    began_ms = bench.now_us / 1_000
    bench.send(b"Connection End", 400 * MS)
    (first, *_) = bench.happened()
    # 14 bytes, the silence, and what it takes to the first effect.
    silence_ms = first[0] - began_ms - 14 * 10 / 19.2 - 1.47
    assert 48.9 <= silence_ms <= 50.1


@pytest.mark.parametrize("percent", [1, 9, 10, 99])
@pytest.mark.parametrize("dialect", list(Dialect))
def test_a_message_in_hex_form_has_its_effect_after_63_to_67_ms(
    percent: int, dialect: Dialect
) -> None:
    bench = Bench(dialect).send(wv(f"C0I{percent}T750G"), 300 * MS)
    assert 62.8 <= bench.happened()[0][0] <= 66.8


@provokes
def test_a_crash_leaves_the_relays_as_they_are_which_is_worse_than_what_was_measured() -> None:
    bench = Bench(A).send(b"C0I50T300G\n", 100 * MS).send(b"T5G\n", 3_000 * MS)
    assert bench.twin.crashed
    assert bench.on == (True, False)


def test_the_first_switch_off_begins_33_ms_before_the_banner_is_out() -> None:
    twin, out, at_ms = OpenEmsStimTwin(), b"", 0
    while b"ON)\r\n" not in out:
        at_ms += 1
        twin.advance(at_ms * 1_000_000)
        out += twin.transmit()
    assert at_ms == pytest.approx(BOOT_US / 1_000, abs=2)
    twin.advance((at_ms + 200) * 1_000_000)
    first = next(row for row in twin.records() if row["kind"] == "wiper" and row["value"] == 255)
    assert at_ms - first["at_us"] / 1_000 == pytest.approx(33.5, abs=1.5)


def test_what_waits_at_the_end_of_the_boot_is_read_after_both_channels_are_switched_off() -> None:
    bench = Bench(B, uptime_us=11_000 * MS).send(b"x\n", 330 * MS)
    assert bench.heard().endswith(b"ON)\r\n")
    assert bench.send(b"", 60 * MS).heard() == ECHO % (b"x", b"x") + UNKNOWN
