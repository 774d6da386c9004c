"""Which firmware answers: the reply to one harmless character tells [E]."""

from __future__ import annotations

from enum import StrEnum

from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from stimctl.wire.openemsstim.text import LINE_END


class Dialect(StrEnum):
    """The firmwares in the field.

    Branch dev of the firmware has lost its time limit and would look like `ASCII`; it does not
    compile as published [S], so a board that has it was mended by somebody, who must know.
    """

    ASCII = "ascii"
    """July 2016 to January 2017: commands as text or in hex form."""
    HEX_ONLY = "hex-only"
    """Release 1.0 and later: hex form only, and test characters."""
    MULTIPLEXER = "multiplexer"
    """A build with four channels."""
    FABBING = "fabbing"
    """A build that echoes what is not in hex form and does nothing with it."""
    UNKNOWN = "unknown"
    """No answer, or none that fits: not to be driven."""


_BY_ECHO: dict[ReplyKind | None, Dialect] = {
    ReplyKind.NON_HEX: Dialect.ASCII,
    ReplyKind.FULL_COMMAND: Dialect.MULTIPLEXER,
}


class DialectProbe:
    """Send `request` when the board is ready, hand in what comes back, and the time-out as silence.

    `text`: another one of `text.probe_text`. `result` is None as long as more must come.
    """

    __slots__ = ("_begin", "_echoed", "_text", "result")

    request = b"x" + LINE_END

    def __init__(self, text: str = "x") -> None:
        self._text = text
        self._echoed = False
        self._begin: ReplyKind | None = None
        self.result: Dialect | None = None

    def take(self, line: str) -> Dialect | None:
        """Take the next line (without its end) from the board."""
        if self.result is None:
            self._take(Reply.unpack(line))
        return self.result

    def silence(self) -> Dialect:
        """Say that no more will come; return what the board is then."""
        if self.result is None:
            self.result = Dialect.FABBING if self._echoed else Dialect.UNKNOWN
        return self.result

    def _take(self, reply: Reply) -> None:
        if reply.kind is ReplyKind.SETUP_BEGIN:
            self.result = Dialect.UNKNOWN
        elif reply == Reply(ReplyKind.RECEIVED, self._text):
            self._echoed = True
        elif reply.kind in (ReplyKind.NON_HEX, ReplyKind.FULL_COMMAND):
            self._begin = reply.kind
        elif reply.kind is ReplyKind.CHARACTER_UNKNOWN:
            self.result = Dialect.HEX_ONLY if self._echoed else Dialect.UNKNOWN
        elif reply.kind is ReplyKind.UNKNOWN_COMMAND:
            fits = self._echoed and reply.text == self._text
            self.result = _BY_ECHO.get(self._begin, Dialect.UNKNOWN) if fits else Dialect.UNKNOWN
