"""The echo: the only thing that says which command the board has acted on.

With an overflowing buffer the board executes a splice of two commands [E], so an echo that is not
exactly the command means that something else was done.
"""

from __future__ import annotations

from stimctl.wire.openemsstim.codec import read_line
from stimctl.wire.openemsstim.commands import ConnectionEnd, Form
from stimctl.wire.openemsstim.dialect import Dialect
from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from stimctl.wire.openemsstim.text import as_read, hex_digits


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
