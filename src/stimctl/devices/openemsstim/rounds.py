"""What is said to a board that nothing can come of: the stop, its probe, and what they bring."""

from __future__ import annotations

from stimctl.devices.openemsstim.request import MS
from stimctl.wire.openemsstim.dialect import Dialect, DialectProbe
from stimctl.wire.openemsstim.echo import expected_echo
from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from stimctl.wire.openemsstim.text import LINE_END, STOP_TEXT, drives, probe_text, stop_line

RECEIVED = Reply(ReplyKind.RECEIVED).pack()
PROBE = DialectProbe.request.removesuffix(LINE_END).decode("ascii")
STOP_REPLIES = expected_echo(STOP_TEXT)
FIRMWARE = {
    Dialect.HEX_ONLY: "release 1.0 or later",
    Dialect.ASCII: "2016, before release 1.0",
}
Message = tuple[bytes, tuple[Reply, ...]]


def answer_to(probe: str, dialect: Dialect | None) -> tuple[Reply, ...]:
    """What a harmless line, or an empty one, brings; where the dialect is not known, how that
    begins."""
    if dialect is None:
        return (Reply(ReplyKind.RECEIVED, probe),)
    echo = expected_echo(probe, dialect)
    if not probe:
        echo = echo[:-1]  # its last line is empty, and empty lines are passed over
    if dialect is Dialect.HEX_ONLY:
        return (*echo, Reply(ReplyKind.CHARACTER_UNKNOWN))
    return (*echo, Reply(ReplyKind.UNKNOWN_COMMAND, probe)) if probe else echo


def round_of(now_ns: int, dialect: Dialect | None, *, opened: bool) -> tuple[Message, ...]:
    """The stop and a probe of its own, after a line end where half a message may be on the line."""
    probe = probe_text(now_ns // MS)
    opener = ((LINE_END, answer_to("", dialect)),) if opened else ()
    return (
        *opener,
        (stop_line(line_may_be_open=False), STOP_REPLIES),
        (probe.encode("ascii") + LINE_END, answer_to(probe, dialect)),
    )


def refusal_of(dialect: Dialect, *, boot_seen: bool) -> str | None:
    """Why a board is not driven; None where it may be."""
    if dialect not in FIRMWARE:
        return f"its firmware ({dialect}) is not one of those that can be driven safely"
    if not boot_seen:
        return "opening the port has not restarted it, which the stop of last resort needs"
    return None


def is_foreign(text: str) -> bool:
    """Whether the board says that it has received what may switch something on."""
    return text.startswith(RECEIVED) and drives(text.removeprefix(RECEIVED))
