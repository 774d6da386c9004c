"""What the openEMSstim board says: echoes compared, dialects found, the banner recognised."""

import pytest

from stimctl.wire.openemsstim.dialect import Dialect, DialectProbe
from stimctl.wire.openemsstim.echo import expected_echo
from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from stimctl.wire.openemsstim.text import LineReader

# Exchanges recorded with the published firmware in an emulator.
HEX_LINE = "WV,0018,433049313030543130303047."
HEX_ECHO = (
    b"\tUSB: received command: WV,0018,433049313030543130303047.\r\n"
    b"\tEMS_CMD: HEX command length: \r\n24\r\n433049313030543130303047\r\n"
    b"\tEMS_CMD: Converted HEX command: \r\nC0I100T1000G\r\n"
)
PLAIN_LINE = "C0I100T1000G"
PLAIN_ECHO = b"\tUSB: received command: C0I100T1000G\r\n\tCommand NON HEX:\r\nC0I100T1000G\r\n"
STOP_ECHO = b"\tUSB: received command: Connection End\r\n\tBT: Disconnected\r\n"
BANNER = (
    b"\nSETUP:\r\n\tBT: RESETTING\r\n\tBT: RESET DONE\r\n\tBT: INITIALIZING\r\n"
    b"\t\tSet Baudrate: \r\n\t\tReboot?: AOK\r\n\t\tVersion: \r\n"
    b"\tBT: INITIALIZED\r\n\tEMS: INITIALIZING CHANNELS\r\n\tEMS: INITIALIZED\r\n"
    b"\tEMS: STARTED\r\nSETUP DONE (LED 13 WILL BE ON)\r\n"
)


def lines(data: bytes) -> list[str]:
    return LineReader().feed(data)  # type: ignore[return-value]


# -- replies ----------------------------------------------------------------------------------


def test_the_boot_banner_begins_and_ends_with_what_a_host_waits_for() -> None:
    replies = [Reply.unpack(line) for line in lines(BANNER)]
    kinds = [reply.kind for reply in replies]
    assert kinds[:2] == [ReplyKind.TEXT, ReplyKind.SETUP_BEGIN]
    assert set(kinds[2:-1]) == {ReplyKind.SETUP_STEP}
    assert kinds[-1] is ReplyKind.SETUP_DONE


@pytest.mark.parametrize(
    ("line", "reply"),
    [
        ("\tUSB: received command: ", Reply(ReplyKind.RECEIVED, "")),
        ("\tUSB: received command: x", Reply(ReplyKind.RECEIVED, "x")),
        ("Unknown command: abc", Reply(ReplyKind.UNKNOWN_COMMAND, "abc")),
        ("\tERROR: SINGLE-CHAR Command Unknown", Reply(ReplyKind.CHARACTER_UNKNOWN)),
        ("\tBT: Disconnected", Reply(ReplyKind.DISCONNECTED)),
        ("\tEMS: Channel 1 active", Reply(ReplyKind.CHANNEL_STATE, "1 active")),
        ("\tEMS: Intensity Channel 2: 254", Reply(ReplyKind.INTENSITY, "2: 254")),
        ("24", Reply(ReplyKind.TEXT, "24")),
        ("", Reply(ReplyKind.TEXT, "")),
    ],
)
def test_a_line_has_its_kind_and_writes_back(line: str, reply: Reply) -> None:
    assert Reply.unpack(line) == reply
    assert reply.pack() == line


# -- echo -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "echo", "dialect"),
    [
        (HEX_LINE, HEX_ECHO, Dialect.ASCII),
        (HEX_LINE, HEX_ECHO, Dialect.HEX_ONLY),
        (HEX_LINE, HEX_ECHO, Dialect.MULTIPLEXER),
        (PLAIN_LINE, PLAIN_ECHO, Dialect.ASCII),
        (PLAIN_LINE, PLAIN_ECHO.replace(b"Command NON HEX", b"Full Command"), Dialect.MULTIPLEXER),
        (PLAIN_LINE, PLAIN_ECHO.partition(b"\tC")[0], Dialect.FABBING),
        ("Connection End", STOP_ECHO, Dialect.HEX_ONLY),
        ("Connection End", STOP_ECHO, Dialect.FABBING),
    ],
)
def test_the_recorded_echo_is_the_expected_one(line: str, echo: bytes, dialect: Dialect) -> None:
    expected = [reply.pack() for reply in expected_echo(line, dialect)]
    assert expected == lines(echo)


# -- dialect ----------------------------------------------------------------------------------

RECEIVED = b"\tUSB: received command: x\r\n"
NON_HEX = RECEIVED + b"\tCommand NON HEX:\r\nx\r\n"
FULL = RECEIVED + b"\tFull Command:\r\nx\r\n"


@pytest.mark.parametrize(
    ("answer", "dialect"),
    [
        (NON_HEX + b"\tERROR: SINGLE-CHAR Command Unknown\r\n", Dialect.HEX_ONLY),
        (NON_HEX + b"Unknown command: x\r\n", Dialect.ASCII),
        (FULL + b"Unknown command: x\r\n", Dialect.MULTIPLEXER),
        (RECEIVED, Dialect.FABBING),
        (NON_HEX, Dialect.FABBING),
        (b"", Dialect.UNKNOWN),
        (b"hello\r\n", Dialect.UNKNOWN),
        (b"\tERROR: SINGLE-CHAR Command Unknown\r\n", Dialect.UNKNOWN),
        (b"\tCommand NON HEX:\r\nUnknown command: x\r\n", Dialect.UNKNOWN),
        (RECEIVED + b"Unknown command: x\r\n", Dialect.UNKNOWN),
        (NON_HEX + b"Unknown command: xx\r\n", Dialect.UNKNOWN),
        (RECEIVED + BANNER, Dialect.UNKNOWN),
    ],
)
def test_the_answer_to_one_character_tells_the_dialect(answer: bytes, dialect: Dialect) -> None:
    probe = DialectProbe()
    assert probe.request == b"x\n"
    for line in lines(answer):
        probe.take(line)
    assert probe.silence() is dialect
    assert probe.result is dialect


def test_a_dialect_once_found_is_not_changed_by_later_lines() -> None:
    probe = DialectProbe()
    found = [probe.take(line) for line in lines(NON_HEX + b"Unknown command: x\r\n" + FULL)]
    assert found == [None, None, None, *[Dialect.ASCII] * 4]
