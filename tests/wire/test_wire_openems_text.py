"""Lines, commands and the hex form of the openEMSstim wire: nothing unsafe is ever written."""

from typing import Any

import pytest

from stimctl.errors import WireFormatError
from stimctl.wire.openemsstim import codec
from stimctl.wire.openemsstim import commands as c
from stimctl.wire.openemsstim import text as t

SAFE = c.Action(0, 100, 1000)
SAFE_LINE = "WV,0018,433049313030543130303047."


def read(line: Any) -> codec.Read:
    return codec.read_line(line)


# -- lines ------------------------------------------------------------------------------------


def test_lines_end_with_a_line_feed_and_lose_a_carriage_return() -> None:
    reader = t.LineReader()
    assert reader.feed(b"\nSETUP:\r\n\tBT: RES") == ["", "SETUP:"]
    assert reader.pending == 8
    assert reader.feed(b"ETTING\r\n\xff\n") == ["\tBT: RESETTING", "\xff"]
    assert reader.pending == 0
    assert reader.finish() == []


def test_silence_ends_a_line_too() -> None:
    reader = t.LineReader()
    assert reader.feed(b"G") == []
    assert reader.finish() == ["G"]
    assert reader.finish() == []


def test_a_line_that_never_ends_is_dropped_and_the_next_one_read() -> None:
    reader = t.LineReader()
    assert reader.feed(b"a" * t.LONGEST_LINE) == []
    assert reader.pending == t.LONGEST_LINE
    assert reader.feed(b"a") == []
    assert reader.pending == 0
    assert reader.feed(b"aa\nx\n") == [t.Overflow(t.LONGEST_LINE + 3), "x"]
    assert reader.feed(b"b" * 600) == []
    assert reader.finish() == [t.Overflow(600)]
    assert reader.feed(b"x\n") == ["x"]


# -- hex form ---------------------------------------------------------------------------------


def test_the_hex_form_of_the_worked_example() -> None:
    assert t.to_hex("C0I100T1000G") == SAFE_LINE
    assert t.to_hex("G") == "WV,0018,47."
    assert t.hex_digits(SAFE_LINE) == "433049313030543130303047"
    assert t.as_read(t.hex_digits(SAFE_LINE)) == "C0I100T1000G"
    # A missing full stop costs the last digit instead.
    assert t.as_read(t.hex_digits(SAFE_LINE[:-1])) == "C0I100T1000\xff"


def test_hex_digits_above_9_are_garbled_as_the_board_garbles_them() -> None:
    assert t.as_read("4F") == "E"
    assert t.as_read("4f") == "\xff"
    assert t.as_read("") == ""
    assert t.as_read("4Z") == "\xff"


# -- the safe subset --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (SAFE, SAFE_LINE),
        (c.ALL_OFF, "WV,0018,47."),
        (c.ConnectionEnd(), "Connection End"),
        (c.Probe(), "x"),
    ],
)
def test_what_may_be_sent_goes_out_in_its_usual_form(command: c.Command, line: str) -> None:
    assert codec.encode(command) == line.encode() + b"\n"
    assert read(line) == (command, command.form, ())


def test_every_safe_action_is_written_read_back_and_fits_the_buffer() -> None:
    for channel in (0, 1):
        for intensity in range(1, 101):
            for on_time_ms in (50, 51, 499, 500, 999, 1000, 4999, 5000):
                action = c.Action(channel, intensity, on_time_ms)
                for form in c.Form:
                    line = codec.encode(action, form)
                    assert len(line) <= t.RECEIVE_BUFFER_BYTES
                    assert read(line.decode()[:-1]) == (action, form, ())


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        (c.Action(None, 50, 500), "no channel with an intensity or on-time makes the board crash"),
        (c.Action(2, 50, 100), "channel 2 with an intensity or on-time makes the board crash"),
        (c.Action(-1, None, 100), "channel -1 with an intensity"),
        (c.Action(None, None, 50), "makes the board crash"),
        (c.Action(9), "channel 9 is neither 0 nor 1"),
        (c.Action(0), "no intensity: the board uses whatever its potentiometer holds"),
        (c.Action(0, None, 500), "no intensity"),
        (c.Action(0, 50), "no on-time: the board uses the last one"),
        (c.Action(0, 0, 500), "intensity 0 is outside 1 to 100: it is not off"),
        (c.Action(0, 101, 500), "intensity 101 is outside 1 to 100: the board does not check it"),
        (c.Action(0, 126, 500), "intensity 126 is outside"),
        (c.Action(0, 65636, 500), "intensity 65636 is outside"),
        (c.Action(0, 50, 0), "on-time 0 ms is outside 50 to 5000 ms"),
        (c.Action(0, 50, 49), "on-time 49 ms is outside"),
        (c.Action(0, 50, 5001), "on-time 5001 ms is outside"),
        (c.Action(0, 50, 40000), "on-time 40000 ms wraps to a negative one: it may never end"),
        (c.Action(0, 50, 99999), "may never end"),
        (c.Action(0, 50, -1), "may never end"),
        (c.Action(0, 50, 65736), "on-time 65736 ms is outside"),
        (c.Option("OMA[0,80]"), "an option changes what every intensity means"),
        (c.Option("OCT[1]"), "an option"),
        (c.SingleCharacter("a"), "such a character switches on without a time limit"),
        (c.SingleCharacter(".1"), "such a character"),
        (c.UnknownText("hello"), "the board does not know this command"),
        (c.UnknownText(""), "does not know"),
    ],
)
def test_what_must_not_be_sent_is_named_and_written_only_on_purpose(
    command: c.Command, sentence: str
) -> None:
    with pytest.raises(WireFormatError, match="must not be sent") as caught:
        codec.encode(command)
    assert sentence in str(caught.value)
    line = codec.encode(command, invalid=True).decode("latin-1")[:-1]
    assert read(line).command == command
    assert sentence in "; ".join(read(line).problems)


@pytest.mark.parametrize(
    ("command", "form"),
    [
        (c.Option("OMA[0,80]"), c.Form.HEX),
        (c.ConnectionEnd(), c.Form.HEX),
        (c.Probe(), c.Form.HEX),
        (c.SingleCharacter("1"), c.Form.HEX),
        (c.SingleCharacter("z"), None),
        (c.UnknownText("C0G"), None),
        (c.UnknownText(" blank"), None),
        (c.UnknownText("two\nlines"), None),
        (c.UnknownText("Ω"), None),
        (c.Option("not one"), None),
        (c.Action(0, -7, 500), None),
    ],
)
def test_what_would_reach_the_board_as_something_else_is_never_written(
    command: c.Command, form: c.Form | None
) -> None:
    with pytest.raises(WireFormatError, match="cannot be sent"):
        codec.encode(command, form, invalid=True)


def test_a_message_longer_than_the_buffer_is_named() -> None:
    line = "x" * 62
    assert "buffer" not in "; ".join(read(line).problems)
    assert "the board's buffer holds 63 bytes" in read(line + "x").problems


# -- recognising the rest ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("C0I50T200G", c.Action(0, 50, 200)),
        ("C0 I50 T100 G", c.Action(0, 50, 100)),
        ("G I50 T100 C1", c.Action(1, 50, 100)),
        ("  C0I50T200G\r", c.Action(0, 50, 200)),
        ("G", c.ALL_OFF),
        ("xGx", c.ALL_OFF),
        ("CIG", c.Action(-1, -1)),
        ("C0I16T301I17T300G", c.Action(0, 16, 301)),
        ("OGA", c.ALL_OFF),
        ("c0i50t100g", c.UnknownText("c0i50t100g")),
        ("x", c.Probe()),
        ("s", c.SingleCharacter("s")),
        (".2", c.SingleCharacter(".2")),
        (".", c.UnknownText(".")),
        ("Connection End", c.ConnectionEnd()),
        ("OMA[0,80]", c.Option("OMA[0,80]")),
        ("", c.UnknownText("")),
        ("WV,47.", c.ALL_OFF),
        ("WV,any,thing,4730.", c.ALL_OFF),
        ("WV,", c.UnknownText("\xff")),
        ("WV,.", c.UnknownText("")),
        ("WV47.", c.ALL_OFF),
        ("WV", c.UnknownText("\xff")),
        ("WV,c835.", c.UnknownText("\xff5")),
        ("18,x", c.SingleCharacter("18,x")),
        ("quiet", c.SingleCharacter("quiet")),
        ("2C0I50T200G", c.SingleCharacter("2C0I50T200G")),
        ("wV,0018,47.", c.SingleCharacter("wV,0018,47.")),
        ("C0I50\x00T200G", c.UnknownText("C0I50\x00T200G")),
        ("WV,0018,43304935300047.", c.UnknownText("C0I50\x00G")),
        ("WV,0018,31.", c.UnknownText("1")),
        ("WV,0018,4F.", c.UnknownText("E")),
        ("WV,0018,4930323047.", c.Action(None, 20, None)),
    ],
)
def test_any_line_is_read_as_the_board_reads_it(line: str, command: c.Command) -> None:
    assert read(line).command == command


def test_a_second_action_in_one_message_is_reported_as_lost() -> None:
    lost = "only the first C, I and T count: the rest is lost silently"
    assert read("C0I50T200GC1I50T200G").problems == (lost,)
    assert lost in read("C0I16T301I17T300G").problems


def test_flaws_of_the_hex_form_are_reported() -> None:
    assert read("WV,0018,47").problems[0] == (
        "the last character is cut off, and it is not a full stop"
    )
    assert read("WV,0018,4f.").problems[0] == (
        "only the hex digits 0 to 9 are read as they are meant"
    )


def test_a_number_of_any_length_is_read_by_the_digits_that_count() -> None:
    command = read("C0I50T" + "9" * 5000 + "40000G").command
    assert isinstance(command, c.Action)
    assert command.on_time_ms & 0xFFFF == int("9" * 100 + "40000") & 0xFFFF


# -- stop -------------------------------------------------------------------------------------


def test_the_stop_is_these_bytes() -> None:
    assert t.stop_line(line_may_be_open=False) == b"Connection End\n"
    assert t.stop_line(line_may_be_open=True) == b"\nConnection End\n"


@pytest.mark.parametrize("form", list(c.Form))
def test_half_a_safe_message_does_nothing_and_a_stop_after_it_is_heard(form: c.Form) -> None:
    line = codec.encode(SAFE, form)
    for cut in range(1, len(line) - 1):
        reader = t.LineReader()
        half, stop = reader.feed(line[:cut] + t.stop_line(line_may_be_open=True))
        assert isinstance(read(half).command, c.UnknownText)
        assert read(stop).command == c.ConnectionEnd()
