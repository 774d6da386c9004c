"""The openEMSstim twin says and does what was measured on the real firmware, to the byte."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.openemsstim import BOOT_US, Dialect, OpenEmsStimTwin
from tests.support.openemsstim_host import MS, A, B, Bench, wv

ECHO = b"\tUSB: received command: %b\r\n\tCommand NON HEX:\r\n%b\r\n"
HEX = (
    b"\tUSB: received command: %b\r\n\tEMS_CMD: HEX command length: \r\n%d\r\n%b\r\n"
    b"\tEMS_CMD: Converted HEX command: \r\n%b\r\n"
)
BANNER = (
    b"\nSETUP:\r\n\tBT: RESETTING\r\n\tBT: RESET DONE\r\n\tBT: INITIALIZING\r\n"
    b"\t\tSet Baudrate: \r\n"
    b"\t\tReboot?: \r\n\t\tVersion: \r\n\t\tSet Name: \r\n\t\tSet peripheral mode: \r\n"
    b"\t\tEnable private services: \r\n\t\tClear private services:\r\n"
    b"\t\tSet new private service: \r\n\t\tSet new private service value: \r\n"
    b"\t\tSet Baudrate: \r\n\t\tReboot?: \r\n\tBT: INITIALIZED\r\n\tEMS: INITIALIZING CHANNELS\r\n"
    b"\tEMS: INITIALIZED\r\n\tEMS: STARTED\r\nSETUP DONE (LED 13 WILL BE ON)\r\n"
)

provokes = pytest.mark.no_invariant("it says what no host may, to see what the board does")


def near(happened: list[tuple[object, ...]], expected: list[tuple[object, ...]], ms: float) -> None:
    """Compare what happened; times may be off by that much."""
    assert [what[1:] for what in happened] == [what[1:] for what in expected]
    for (at, *_), (wanted, *_) in zip(happened, expected, strict=True):
        assert at == pytest.approx(wanted, abs=ms)


# Boot


def test_boot_takes_11_24_s_and_says_the_banner() -> None:
    twin, out, done_us = OpenEmsStimTwin(), b"", 0
    while b"ON)\r\n" not in out:
        deadline = twin.deadline()
        assert deadline is not None
        twin.advance(deadline)
        out += twin.transmit()
        done_us = deadline // 1000
    assert out == BANNER
    assert done_us == pytest.approx(BOOT_US, abs=1000)
    twin.advance(12_000_000_000)
    rows = [row for row in twin.records() if row["kind"] == "wiper"]
    # Power-on, and one automatic switch-off of each channel in the first pass of the loop.
    assert [(row["register"], row["value"]) for row in rows] == [
        (1, 128),
        (3, 128),
        (1, 255),
        (3, 255),
    ]
    assert rows[3]["at_us"] - rows[2]["at_us"] == pytest.approx(50_100, abs=50)
    assert not twin.stimulating
    assert twin.deadline() is None


@pytest.mark.parametrize("boot_us", [0, 500_000])
def test_a_shorter_boot_says_the_same(boot_us: int) -> None:
    assert Bench(boot_us=boot_us).banner == BANNER
    with pytest.raises(ValueError, match="negative"):
        OpenEmsStimTwin(boot_us=-1)


def test_what_is_sent_during_boot_is_glued_together() -> None:
    bench = Bench(uptime_us=3_000 * MS)
    bench.send(b"C0I50T100G", 10 * MS).send(b"C1I50T100G", 9_500 * MS)
    assert b"received command: C0I50T100GC1I50T100G\r\n" in bench.out
    assert {what[2] for what in bench.happened() if what[1] == "relay"} == {1}


# Section 8, dialect A


def test_a_an_action_is_executed_and_ends_by_itself() -> None:
    bench = Bench().send(b"C0I100T1000G\n", 2_000 * MS)
    assert bench.heard() == ECHO % (b"C0I100T1000G", b"C0I100T1000G")
    happened = bench.happened()
    near(happened[:2], [(12.0, "I2C", 1, 42), (12.0, "relay", 1, True)], 0.05)
    near(happened[2:], [(1011.6, "I2C", 1, 255), (1061.7, "relay", 1, False)], 0.6)
    assert 999 <= happened[2][0] - happened[1][0] <= 1000.1


def test_a_lower_case_is_unknown() -> None:
    bench = Bench().send(b"c0i50t100g\n", 500 * MS)
    assert (
        bench.heard() == ECHO % (b"c0i50t100g", b"c0i50t100g") + b"Unknown command: c0i50t100g\r\n"
    )
    assert bench.happened() == []


@pytest.mark.parametrize("dialect", list(Dialect))
def test_connection_end_ends_both_channels(dialect: Dialect) -> None:
    bench = Bench(dialect).send(wv("C0I50T5000G"), 1_500 * MS)
    assert bench.on == (True, False)
    bench.heard(), bench.happened()
    bench.began_us += bench.now_us
    bench.now_us = 0
    bench.send(b"Connection End\n", 200 * MS)
    assert bench.heard() == b"\tUSB: received command: Connection End\r\n\tBT: Disconnected\r\n"
    assert bench.happened() == [
        (9.3, "I2C", 1, 255), (59.4, "relay", 1, False), (59.4, "I2C", 3, 255),
    ]  # fmt: skip
    bench.run_for(10_000 * MS)
    assert bench.happened() == []


def test_connection_end_has_ended_the_second_channel_109_ms_later() -> None:
    bench = Bench().send(b"C1I50T5000G\n", 500 * MS)
    bench.happened()
    began = bench.now_us / 1000
    bench.send(b"Connection End\n", 200 * MS)
    near(bench.happened()[-1:], [(began + 109.5, "relay", 2, False)], 0.5)


# Section 8, dialect B


def test_b_ascii_is_rejected() -> None:
    bench = Bench(B).send(b"C0I100T1000G\n", 500 * MS)
    assert bench.heard() == (
        ECHO % (b"C0I100T1000G", b"C0I100T1000G") + b"\tERROR: SINGLE-CHAR Command Unknown\r\n"
    )
    assert bench.happened() == []


@pytest.mark.parametrize("dialect", list(Dialect))
def test_the_hex_form_is_executed_by_both(dialect: Dialect) -> None:
    line = b"WV,0018,433049313030543130303047."
    bench = Bench(dialect).send(line + b"\n", 1_500 * MS)
    assert bench.heard() == HEX % (line, 24, line[8:-1], b"C0I100T1000G")
    happened = bench.happened()
    near(happened[:2], [(74, "I2C", 1, 42), (74, "relay", 1, True)], 2)
    assert happened[3][1:] == ("relay", 1, False)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_without_the_dot_a_digit_is_lost(dialect: Dialect) -> None:
    bench = Bench(dialect).send(b"WV,0018,433049313030543130303047\n", 500 * MS)
    assert bench.heard().endswith(
        b"\tEMS_CMD: Converted HEX command: \r\nC0I100T1000\xff\r\n"
        b"Unknown command: C0I100T1000\xff\r\n"
    )
    assert bench.happened() == []


@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("line", [b"WV,47.\n", b"WV,0018,47.\n"])
def test_a_lone_g_in_hex_is_all_off(dialect: Dialect, line: bytes) -> None:
    bench = Bench(dialect).send(wv("C1I50T5000G"), 500 * MS)
    assert bench.on == (False, True)
    bench.happened()
    bench.send(line, 300 * MS)
    assert [what[1:] for what in bench.happened()] == [
        ("I2C", 1, 255), ("I2C", 3, 255), ("relay", 2, False),
    ]  # fmt: skip


# Detection, grammar, timing


def test_x_tells_the_dialects_apart_without_output() -> None:
    a, b = Bench(A).send(b"x\n", 300 * MS), Bench(B).send(b"x\n", 300 * MS)
    assert a.heard() == ECHO % (b"x", b"x") + b"Unknown command: x\r\n"
    assert b.heard() == ECHO % (b"x", b"x") + b"\tERROR: SINGLE-CHAR Command Unknown\r\n"
    assert a.happened() == b.happened() == []
    assert a.sections == b.sections == []


@pytest.mark.parametrize(
    "text", [b"C0 I50 T100 G", b"G I50 T100 C1", b"  C0I50T100G \r", b"C0I50T100G"]
)
def test_fields_come_in_any_order_and_blanks_do_not_matter(text: bytes) -> None:
    bench = Bench().send(text + b"\n", 1_000 * MS)
    channel = 2 if b"C1" in text else 1
    assert [what[1:] for what in bench.happened()] == [
        ("I2C", 2 * channel - 1, 122),
        ("relay", channel, True),
        ("I2C", 2 * channel - 1, 255),
        ("relay", channel, False),
    ]


def test_without_a_newline_a_message_ends_after_50_ms() -> None:
    bench = Bench().send(b"C0I100T1000G", 100 * MS)
    near(bench.happened(), [(61, "I2C", 1, 42), (61, "relay", 1, True)], 1)


def test_a_message_holds_one_action() -> None:
    bench = Bench().send(b"C0I50T200GC1I50T200G\n", 500 * MS)
    assert {what[2] for what in bench.happened() if what[1] == "relay"} == {1}
    assert bench.sections == ["4"]


def test_an_empty_line_is_echoed() -> None:
    complaint = b"\tERROR: SINGLE-CHAR Command Unknown\r\n"
    assert Bench(A).send(b"\n", 100 * MS).heard() == ECHO % (b"", b"")  # and no complaint
    assert Bench(B).send(b"\n", 100 * MS).heard() == ECHO % (b"", b"") + complaint


def test_all_off_takes_52_ms_for_each_channel() -> None:
    bench = Bench().send(b"C0I50T5000G\nC1I50T5000G\n", 1_000 * MS)
    assert bench.on == (True, True)
    bench.happened()
    began = bench.now_us / 1000
    bench.send(b"G\n", 300 * MS)
    relays = [what for what in bench.happened() if what[1] == "relay"]
    near(relays, [(began + 52, "relay", 1, False), (began + 102, "relay", 2, False)], 1)


def test_two_channels_that_end_together_wait_for_each_other() -> None:
    bench = Bench().send(b"C0I50T1000G\nC1I50T960G\n", 2_000 * MS)
    off = [
        what[0]
        for what in bench.happened()
        if what[1:] in (("relay", 1, False), ("relay", 2, False))
    ]
    assert off[1] - off[0] == pytest.approx(50.1, abs=0.2)


@provokes
def test_what_is_missing_stays_as_it_was() -> None:
    bench = Bench().send(b"C0I50T300G\n", 1_000 * MS)
    bench.happened()
    bench.send(b"C0G\n", 1_000 * MS)
    # The last on-time again, but at the weakest: not "with the previous parameters".
    on, *off = bench.happened()
    assert on[1:] == ("relay", 1, True)
    assert bench.twin.channels[0].wiper == 255
    assert off[1][0] - on[0] == pytest.approx(350, abs=1.5)


def test_sending_again_replaces_the_end_without_a_gap() -> None:
    bench = Bench().send(b"C0I50T1000G\n", 500 * MS).send(b"C0I60T200G\n", 1_000 * MS)
    happened = bench.happened()
    assert [what[1:] for what in happened] == [
        ("I2C", 1, 122), ("relay", 1, True), ("I2C", 1, 106), ("I2C", 1, 255), ("relay", 1, False),
    ]  # fmt: skip
    assert happened[3][0] - happened[2][0] == pytest.approx(199.5, abs=0.6)


@provokes
def test_a_stop_that_first_switches_on() -> None:
    bench = Bench().send(b"C0I0T0G\n", 500 * MS)
    happened = bench.happened()
    assert [what[1:] for what in happened] == [
        ("I2C", 1, 201), ("relay", 1, True), ("I2C", 1, 255), ("relay", 1, False),
    ]  # fmt: skip
    assert happened[2][0] - happened[1][0] == pytest.approx(33, abs=4)
    assert bench.sections == ["4.1"]


def test_the_loop_is_blocked_while_it_echoes() -> None:
    bench = Bench().send(b"C0I100T1000G\nC1I100T1000G\n", 500 * MS)
    on = [what[0] for what in bench.happened() if what[1] == "relay"]
    assert on[1] - on[0] == pytest.approx(37, abs=1)
    bench = Bench(B).send(wv("C0I100T1000G") + wv("C1"), 500 * MS)
    assert bench.out.endswith(b"Unknown command: C1\r\n")


# Options


def options(*lines: bytes) -> list[int]:
    bench = Bench()
    for line in (*lines, b"C0I100T50G", b"C0I50T50G"):
        bench.send(line + b"\n", 500 * MS)
    return [what[3] for what in bench.happened() if what[1] == "I2C" and what[3] != 255]


@provokes
def test_options_set_the_mapping() -> None:
    assert options() == [42, 122]
    assert options(b"OMA[0,80]") == [52, 127]
    assert options(b"OMI[0,0]") == [42, 150]
    bench = Bench()
    bench.send(b"OMA[0,200]\n", 300 * MS).send(b"C0I50T50G\n", 300 * MS)
    assert bench.happened()[0] == (pytest.approx(307, abs=2), "I2C", 1, 255)
    assert bench.sections == ["7"]


@pytest.mark.parametrize("line", [b"OMA[2,80]", b"OMA[0]", b"OMA0,80", b"OCT[0,1]", b"O"])
def test_other_options_are_ignored_silently(line: bytes) -> None:
    bench = Bench().send(line + b"\n", 300 * MS)
    assert bench.heard() == ECHO % (line, line)
    assert options(line) == [42, 122]


# Test characters of dialect B


@provokes
def test_test_characters_switch_without_a_limit() -> None:
    bench = Bench(B).send(b"2\n", 300 * MS)
    assert bench.heard().endswith(b"\tEMS: Channel 2 active\r\n")
    bench.run_for(600_000 * MS)
    assert bench.on == (False, True)
    bench.send(b"2\n", 300 * MS)
    assert bench.heard().endswith(b"\tEMS: Channel 2 inactive\r\n")
    assert bench.on == (False, False)
    bench.send(b"1\n", 300 * MS)
    assert bench.on == (True, False)
    assert bench.sections == ["6"] * 3


def test_test_characters_turn_the_potentiometer_and_wrap() -> None:
    bench = Bench(B)
    for character, value in ((b"q", 254), (b"a", 255), (b"a", 0), (b"q", 255)):
        bench.send(character + b"\n", 300 * MS)
        assert bench.heard().endswith(b"\tEMS: Intensity Channel 1: %d\r\n" % value)
    for character, value in ((b"w", 254), (b"s", 255), (b"s", 0)):
        bench.send(character + b"\n", 300 * MS)
        assert bench.heard().endswith(b"\tEMS: Intensity Channel 2: %d\r\n" % value)
    assert [what[1:] for what in bench.happened()][-1] == ("I2C", 3, 0)
    assert not any(bench.on)
    assert Bench(A).send(b"1\n", 300 * MS).happened() == []
