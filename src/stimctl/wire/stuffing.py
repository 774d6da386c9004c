"""What the frames of both ScienceMode generations share: stuffing, and the resynchronising reader.

A frame is START, escaped header bytes, a stuffed body, STOP. Imports the escapes and nothing else,
because `stimctl stop` reads its answers with it; that is also why the small classes here are
written by hand.

Sources: the P24 Instructions for Use v1.1 [IFU] and the ScienceMode2 protocol 1.24 [DOC] for the
constants and the stuffing (both M+); that the reader resynchronises is our own policy [POLICY].
"""

from __future__ import annotations

from stimctl.wire.escapes import KEY as KEY
from stimctl.wire.escapes import START as START
from stimctl.wire.escapes import START_BYTE as START_BYTE
from stimctl.wire.escapes import STOP as STOP
from stimctl.wire.escapes import STOP_BYTE as STOP_BYTE
from stimctl.wire.escapes import STOP_BYTES as STOP_BYTES
from stimctl.wire.escapes import STUFF as STUFF
from stimctl.wire.escapes import STUFF_BYTE as STUFF_BYTE
from stimctl.wire.escapes import refused as refused
from stimctl.wire.escapes import stuffed as stuffed
from stimctl.wire.escapes import unstuffed as unstuffed

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from collections.abc import Callable


class _Record:
    """Equality, hash and text for the small classes below."""

    __slots__: tuple[str, ...] = ()

    def _values(self) -> tuple[object, ...]:
        return tuple(getattr(self, name) for name in self.__slots__)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return f"{type(self).__name__}{self._values()}"


class RawFrame(_Record):
    """A frame whose length and checksum were right: what it carries is not yet looked at."""

    __slots__ = ("packet_number", "command", "data")  # noqa: RUF023  (the order is the repr's)

    def __init__(self, packet_number: int, command: int, data: bytes) -> None:
        self.packet_number = packet_number
        self.command = command
        self.data = data


class FrameError(_Record):
    """Bytes that looked like a frame and are not one.

    `kind` is one of "short", "header", "length", "crc" (a complete frame that fails that check,
    tested in this order), "restart" (a new frame began before the old one ended) and "overflow"
    (more bytes than the longest frame without an end). `packet_number` and `command` are what
    the damaged frame claims, or None where its prefix cannot be read; they are hints, never to
    be relied on. `checksums`: for "crc", the one that the frame carries and the one that its
    bytes have.
    """

    __slots__ = ("kind", "packet_number", "command", "checksums")  # noqa: RUF023  (the repr's order)

    def __init__(
        self,
        kind: str,
        packet_number: int | None,
        command: int | None,
        checksums: tuple[int, int] | None = None,
    ) -> None:
        self.kind = kind
        self.packet_number = packet_number
        self.command = command
        self.checksums = checksums

    def _values(self) -> tuple[object, ...]:
        return self.kind, self.packet_number, self.command


class Layout(_Record):
    """How one generation arranges a frame.

    `header_bytes` START and the escaped bytes after it; `longest` bytes of a frame, stuffing
    included; `announced_length(data, start)` the whole length that a header at `start` claims;
    `checksums(frame, body)` the checksum it carries and the one of its stuffed body;
    `check_is_right(frame, body)` whether they are equal (asked for every frame);
    `prefix(plain)` packet number and command of the first two unstuffed bytes.
    """

    __slots__ = (  # noqa: RUF023  (the order is the repr's)
        "header_bytes", "longest", "announced_length", "check_is_right", "prefix", "checksums",
    )  # fmt: skip

    def __init__(
        self,
        header_bytes: int,
        longest: int,
        announced_length: Callable[[bytes, int], int],
        check_is_right: Callable[[bytes, bytes], bool],
        prefix: Callable[[bytes], tuple[int, int]],
        checksums: Callable[[bytes, bytes], tuple[int, int]],
    ) -> None:
        self.header_bytes = header_bytes
        self.longest = longest
        self.announced_length = announced_length
        self.check_is_right = check_is_right
        self.prefix = prefix
        self.checksums = checksums


class StuffedFrameDecoder:
    """Turns a stream of bytes into frames and errors; the same events for any chunking.

    Holds at most one unfinished frame, never raises, and finds the next good frame after any
    garbage. Bytes outside a frame are dropped without an event.
    """

    __slots__ = ("_layout", "_literal", "_markers", "_partial", "_shortest")

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._markers = STUFF_BYTE * (layout.header_bytes // 2)
        self._shortest = layout.header_bytes + 3  # two prefix bytes and STOP
        self._partial = bytearray()
        self._literal = False

    @property
    def pending(self) -> int:
        """Bytes of the unfinished frame held back."""
        return len(self._partial)

    def drop_partial(self) -> int:
        """Forget an unfinished frame (its bytes stopped coming); return how many bytes it had."""
        dropped = len(self._partial)
        self._partial.clear()
        self._literal = False
        return dropped

    def feed(self, data: bytes) -> list[RawFrame | FrameError]:
        """Take bytes as they came from the line; return what they completed, in order."""
        data = bytes(data)
        events: list[RawFrame | FrameError] = []
        position = 0
        size = len(data)
        while position < size:
            if not self._partial:
                start = data.find(START_BYTE, position)
                if start < 0:
                    break
                end = self._end_of_plain_frame(data, start)
                if end:
                    events.append(self._checked_body(data[start:end]))
                    position = end
                    continue
                self._partial.append(START)
                position = start + 1
            position = self._collect(data, position, events)
        return events

    def _collect(self, data: bytes, position: int, events: list[RawFrame | FrameError]) -> int:
        """Take bytes into the unfinished frame until it ends; return where reading goes on."""
        partial = self._partial
        literal = self._literal
        longest = self._layout.longest
        for index in range(position, len(data)):
            byte = data[index]
            ended = False
            if literal:
                literal = False
            elif byte == START:
                events.append(self._error("restart", partial))
                partial.clear()
            elif byte == STUFF:
                literal = True
            else:
                ended = byte == STOP
            partial.append(byte)
            if ended or len(partial) > longest:
                if len(partial) > longest:
                    events.append(self._error("overflow", partial))
                else:
                    events.append(self._checked(bytes(partial)))
                self.drop_partial()
                return index + 1
        self._literal = literal
        return len(data)

    def _end_of_plain_frame(self, data: bytes, start: int) -> int:
        """Return where the frame at `start` ends if that can be seen at a glance, else 0.

        A shortcut past the byte-by-byte reader for the usual case, a whole frame in one read. It
        answers only where the reader would find the same end: header escaped, length field right,
        no unescaped START or STOP inside, and the last byte is not the second half of an escape.
        """
        layout = self._layout
        body = start + layout.header_bytes
        if len(data) < start + self._shortest or data[start + 1 : body : 2] != self._markers:
            return 0
        length = layout.announced_length(data, start)
        end = start + length
        last = end - 1
        if (
            not self._shortest <= length <= layout.longest
            or end > len(data)
            or data[last] != STOP
            or data[last - 1] == STUFF
            or data.find(START_BYTE, body, last) >= 0
            or data.find(STOP_BYTE, body, last) >= 0
        ):
            return 0
        return end

    def _checked(self, frame: bytes) -> RawFrame | FrameError:
        """Check a complete frame in the order of the specification, cheapest first."""
        if len(frame) < self._shortest:
            return FrameError("short", None, None)
        if frame[1 : self._layout.header_bytes : 2] != self._markers:
            return FrameError("header", None, None)
        if self._layout.announced_length(frame, 0) != len(frame):
            return self._error("length", frame[:-1])
        return self._checked_body(frame)

    def _checked_body(self, frame: bytes) -> RawFrame | FrameError:
        """Check the checksum of a frame whose header and length are right, and unstuff it."""
        layout = self._layout
        body = frame[layout.header_bytes : -1]
        if not layout.check_is_right(frame, body):
            return self._error("crc", frame[:-1], layout.checksums(frame, body))
        if STUFF in body:
            body = unstuffed(body)
            if len(body) < 2:
                return FrameError("short", None, None)
        packet_number, command = layout.prefix(body)
        return RawFrame(packet_number, command, body[2:])

    def _error(
        self, kind: str, frame: bytes | bytearray, checksums: tuple[int, int] | None = None
    ) -> FrameError:
        """Return the error with what the damaged frame claims to be, None where unreadable."""
        header = self._layout.header_bytes
        plain = unstuffed(bytes(frame[header : header + 4]))
        if bytes(frame[1:header:2]) != self._markers or len(plain) < 2:
            return FrameError(kind, None, None, checksums)
        return FrameError(kind, *self._layout.prefix(plain), checksums)


def answers(frame: RawFrame, command: int, packet_number: int) -> bool:
    """Return whether this is the answer to that request: number + 1, same packet number."""
    return frame.command == command + 1 and frame.packet_number == packet_number
