"""Frames of the ScienceMode 4 wire: bytes to frames and back, and the frames of an emergency stop.

Imports binascii and nothing else, because `stimctl stop` must put its first byte on the line
within 60 ms of process start; that is also why the two small classes here are written by hand.

Sources: the P24 Instructions for Use v1.1 [IFU] for frame layout, stuffing and the limit of
1200 bytes (M+); the resynchronising decoder and the stop bytes are our own policy [POLICY].
"""

from __future__ import annotations

from binascii import crc_hqx

START = 0xF0
STOP = 0x0F
STUFF = 0x81
KEY = 0x55

HEADER_BYTES = 9
"""START, two escaped length bytes, two escaped check bytes."""
SHORTEST_FRAME = 12
LONGEST_FRAME = 1200
"""Longest frame on the wire, stuffing included [IFU] M+."""
LONGEST_DEVICE_FRAME = 576
"""The maker's limit on the device's own processor; a driver keeps within it [LIB] M?."""
HIGHEST_PACKET_NUMBER = 63
HIGHEST_COMMAND = 1023

LL_STOP = 4
LL_STOP_ACK = 5
ML_STOP = 34
ML_STOP_ACK = 35
GET_STIM_STATUS = 62
GET_STIM_STATUS_ACK = 63

RESULT_SUCCESSFUL = 0
RESULT_NOT_INITIALIZED = 7

STOP_BYTES = bytes((STOP, STOP))
"""Ends whatever half frame came before: the first may be swallowed as an escaped byte, the second
then ends that frame. Between frames a stop byte means nothing [POLICY]."""

_START_BYTE = bytes((START,))
_STUFF_BYTE = bytes((STUFF,))
_STOP_BYTE = bytes((STOP,))
_STUFF_STUFFED = bytes((STUFF, STUFF ^ KEY))
_START_STUFFED = bytes((STUFF, START ^ KEY))
_STOP_STUFFED = bytes((STUFF, STOP ^ KEY))


class _Record:
    """Equality, hash and text for the two small classes below."""

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
    (more than 1200 bytes without an end). `packet_number` and `command` are what the damaged
    frame claims, or None where its prefix cannot be read; they are hints, never to be relied on.
    """

    __slots__ = ("kind", "packet_number", "command")  # noqa: RUF023  (the order is the repr's)

    def __init__(self, kind: str, packet_number: int | None, command: int | None) -> None:
        self.kind = kind
        self.packet_number = packet_number
        self.command = command


def encode_frame(packet_number: int, command: int, data: bytes = b"") -> bytes:
    """Return the complete frame.

    `packet_number` 0..63, `command` 0..1023. Raises WireFormatError outside these ranges and
    where the stuffed frame would be longer than 1200 bytes.
    """
    if not (0 <= packet_number <= HIGHEST_PACKET_NUMBER and 0 <= command <= HIGHEST_COMMAND):
        raise _refused(
            f"packet number {packet_number} with command {command} does not fit a frame",
            "packet numbers are 0..63 and commands 0..1023",
        )
    # The marker goes first, or the markers put in for the other two would be escaped again.
    body = (
        (bytes((packet_number << 2 | command >> 8, command & 0xFF)) + data)
        .replace(_STUFF_BYTE, _STUFF_STUFFED)
        .replace(_START_BYTE, _START_STUFFED)
        .replace(_STOP_BYTE, _STOP_STUFFED)
    )
    length = len(body) + HEADER_BYTES + 1
    if length > LONGEST_FRAME:
        raise _refused(
            f"a frame of {length} bytes is too long", f"the wire allows {LONGEST_FRAME} bytes"
        )
    crc = crc_hqx(body, 0)
    return b"%c\x81%c\x81%c\x81%c\x81%c%b\x0f" % (
        START,
        length >> 8 ^ KEY,
        length & 0xFF ^ KEY,
        crc >> 8 ^ KEY,
        crc & 0xFF ^ KEY,
        body,
    )


def _refused(what: str, why: str) -> Exception:
    # Imported late: the error tree is needed only where something is wrong.
    from stimctl.errors import WireFormatError

    return WireFormatError(what, why=why)


class FrameDecoder:
    """Turns a stream of bytes into frames and errors; the same events for any chunking.

    Holds at most one unfinished frame of at most 1200 bytes, never raises, and finds the next
    good frame after any garbage. Bytes outside a frame are dropped without an event.
    """

    __slots__ = ("_literal", "_partial")

    def __init__(self) -> None:
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
                start = data.find(_START_BYTE, position)
                if start < 0:
                    break
                end = _end_of_plain_frame(data, start)
                if end:
                    events.append(_checked_body(data[start:end]))
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
        for index in range(position, len(data)):
            byte = data[index]
            ended = False
            if literal:
                literal = False
            elif byte == START:
                events.append(FrameError("restart", *_prefix(partial)))
                partial.clear()
            elif byte == STUFF:
                literal = True
            else:
                ended = byte == STOP
            partial.append(byte)
            if ended or len(partial) > LONGEST_FRAME:
                if len(partial) > LONGEST_FRAME:
                    events.append(FrameError("overflow", *_prefix(partial)))
                else:
                    events.append(_checked(bytes(partial)))
                self.drop_partial()
                return index + 1
        self._literal = literal
        return len(data)


def _end_of_plain_frame(data: bytes, start: int) -> int:
    """Return where the frame at `start` ends if that can be seen at a glance, else 0.

    A shortcut past the byte-by-byte reader for the usual case, a whole frame in one read. It
    answers only where the reader would find the same end: header escaped, length field right,
    no unescaped START or STOP inside, and the last byte is not the second half of an escape.
    """
    if (
        len(data) < start + SHORTEST_FRAME
        or data[start + 1] != STUFF
        or data[start + 3] != STUFF
        or data[start + 5] != STUFF
        or data[start + 7] != STUFF
    ):
        return 0
    length = (data[start + 2] ^ KEY) << 8 | data[start + 4] ^ KEY
    end = start + length
    last = end - 1
    if (
        not SHORTEST_FRAME <= length <= LONGEST_FRAME
        or end > len(data)
        or data[last] != STOP
        or data[last - 1] == STUFF
        or data.find(_START_BYTE, start + HEADER_BYTES, last) >= 0
        or data.find(_STOP_BYTE, start + HEADER_BYTES, last) >= 0
    ):
        return 0
    return end


def _checked(frame: bytes) -> RawFrame | FrameError:
    """Check a complete frame in the order of the specification, cheapest first."""
    if len(frame) < SHORTEST_FRAME:
        return FrameError("short", None, None)
    if not frame[1] == frame[3] == frame[5] == frame[7] == STUFF:
        return FrameError("header", None, None)
    if ((frame[2] ^ KEY) << 8 | frame[4] ^ KEY) != len(frame):
        return FrameError("length", *_prefix(frame[:-1]))
    return _checked_body(frame)


def _checked_body(frame: bytes) -> RawFrame | FrameError:
    """Check the checksum of a frame whose header and length are right, and unstuff it."""
    body = frame[HEADER_BYTES:-1]
    if ((frame[6] ^ KEY) << 8 | frame[8] ^ KEY) != crc_hqx(body, 0):
        return FrameError("crc", *_prefix(frame[:-1]))
    if STUFF in body:
        body = _unstuffed(body)
        if len(body) < 2:
            return FrameError("short", None, None)
    first = body[0]
    return RawFrame(first >> 2, (first & 3) << 8 | body[1], body[2:])


def _unstuffed(body: bytes) -> bytes:
    """Undo the escapes. Any byte may follow a marker; a marker at the very end is dropped."""
    plain = bytearray()
    taken = 0
    while (marker := body.find(_STUFF_BYTE, taken)) >= 0:
        plain += body[taken:marker]
        plain += bytes(byte ^ KEY for byte in body[marker + 1 : marker + 2])
        taken = marker + 2
    return bytes(plain + body[taken:])


def _prefix(frame: bytes | bytearray) -> tuple[int | None, int | None]:
    """Return packet number and command that a damaged frame claims, None where unreadable."""
    markers = bytes(frame[1:HEADER_BYTES:2])
    plain = _unstuffed(bytes(frame[HEADER_BYTES : HEADER_BYTES + 4]))
    if markers != _STUFF_BYTE * 4 or len(plain) < 2:
        return None, None
    return plain[0] >> 2, (plain[0] & 3) << 8 | plain[1]


def stop_frames(packet_number: int) -> bytes:
    """Return everything an emergency stop writes: stop bytes, Ml_stop, Ll_stop.

    Both levels are stopped because the caller may not know which one is running; the one that is
    not answers "not initialized", which is just as good. `packet_number` 0..63.
    """
    return STOP_BYTES + encode_frame(packet_number, ML_STOP) + encode_frame(packet_number, LL_STOP)


def get_stim_status(packet_number: int) -> bytes:
    """Return the frame that asks what is initialized. `packet_number` 0..63."""
    return encode_frame(packet_number, GET_STIM_STATUS)


def result_of(frame: RawFrame) -> int | None:
    """Return the result code of an answer: its first data byte, 0..255, or None without data."""
    return frame.data[0] if frame.data else None


def answers(frame: RawFrame, command: int, packet_number: int) -> bool:
    """Return whether this is the answer to that request: number + 1, same packet number."""
    return frame.command == command + 1 and frame.packet_number == packet_number


def confirms_stop(frame: RawFrame) -> bool:
    """Return whether this says a level is stopped: acknowledged with 0, or not initialized (7)."""
    return frame.command in (ML_STOP_ACK, LL_STOP_ACK) and result_of(frame) in (
        RESULT_SUCCESSFUL,
        RESULT_NOT_INITIALIZED,
    )


def reports_nothing_initialized(frame: RawFrame) -> bool:
    """Return whether this is a Get_stim_status answer saying that no level is initialized."""
    return frame.command == GET_STIM_STATUS_ACK and frame.data[:2] == bytes(2)
