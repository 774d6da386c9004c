"""The echo: the only thing that says which command the board has acted on.

With an overflowing buffer the board executes a splice of two commands [E], so an echo that is not
exactly the command means that something else was done.
"""

from __future__ import annotations

from enum import StrEnum

from stimctl.wire.openemsstim.codec import read_line
from stimctl.wire.openemsstim.commands import ConnectionEnd, Form
from stimctl.wire.openemsstim.dialect import Dialect
from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from stimctl.wire.openemsstim.text import as_read, hex_digits


class Echo(StrEnum):
    """What is known about an echo so far."""

    PENDING = "pending"
    """All lines so far are right, and more must come."""
    SAME = "same"
    """Complete and right."""
    DIFFERENT = "different"
    """The board has done something else, or nobody knows what."""
    RESTARTED = "restarted"
    """The board has been reset: all channels are off, and it knows nothing any more."""


def expected_echo(line: str, dialect: Dialect = Dialect.HEX_ONLY) -> tuple[Reply, ...]:
    """Return the replies that a line (without its end) brings if the board received just that.

    In hex form, and for the stop, every dialect answers the same. An unknown command brings one
    more reply after these, its complaint.
    """
    received = Reply(ReplyKind.RECEIVED, line)
    read = read_line(line)
    if isinstance(read.command, ConnectionEnd):
        return (received, Reply(ReplyKind.DISCONNECTED))
    if read.form is Form.HEX:
        digits = hex_digits(line)
        return (
            received,
            Reply(ReplyKind.HEX_LENGTH),
            Reply(ReplyKind.TEXT, str(len(digits))),
            Reply(ReplyKind.TEXT, digits),
            Reply(ReplyKind.CONVERTED),
            Reply.unpack(as_read(digits)),
        )
    if dialect is Dialect.FABBING:
        return (received,)
    multiplexer = dialect is Dialect.MULTIPLEXER
    begin = ReplyKind.FULL_COMMAND if multiplexer else ReplyKind.NON_HEX
    return (received, Reply(begin), Reply.unpack(line))


class EchoCheck:
    """Compares what comes back, line by line, with what was sent.

    With `after_noise` everything before the first line of the right echo is passed over: for a
    stop, which may be sent while other answers are still coming.
    """

    __slots__ = ("_expected", "_next", "_noise", "state")

    def __init__(
        self, line: str, dialect: Dialect = Dialect.HEX_ONLY, *, after_noise: bool = False
    ) -> None:
        self._expected = expected_echo(line, dialect)
        self._next = 0
        self._noise = after_noise
        self.state = Echo.PENDING

    def take(self, line: str) -> Echo:
        """Take the next line (without its end) from the board; return what is known now.

        Empty lines are passed over, because the boot banner begins with one. After `SAME` any
        further line is `DIFFERENT`; that and `RESTARTED` are final, but a restart is always seen.
        """
        reply = Reply.unpack(line)
        if reply.kind is ReplyKind.SETUP_BEGIN:
            self.state = Echo.RESTARTED
        elif line and self.state in (Echo.PENDING, Echo.SAME):
            self._compare(reply)
        return self.state

    def _compare(self, reply: Reply) -> None:
        if self._expected[self._next : self._next + 1] == (reply,):
            self._next += 1
            done = self._next == len(self._expected)
            self.state = Echo.SAME if done else Echo.PENDING
        elif not (self._noise and self._next == 0):
            self.state = Echo.DIFFERENT
