"""What the bytes from a host order an openEMSstim to do: an own reading of its text.

[E] was measured on the real firmware in an emulator; whichever dialect a board speaks, what any of
them obeys is read as an order.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from firmware_sim.firmware.openemsstim_defects import INTENSITIES, TEST_CHARACTERS
from firmware_sim.firmware.openemsstim_fields import (
    BLANKS,
    HEX_START,
    LONGEST_ON_MS,
    STOP,
    Action,
    Option,
    decode_hex,
    hex_digits,
    on_time_ms,
    read_message,
)
from firmware_sim.firmware.openemsstim_firmware import SILENCE_US
from firmware_sim.firmware.openemsstim_uart import BYTE_NS

from .notices import Ending

#: A shorter on-time must not be asked for (D).
SHORTEST_ON_MS = 50
#: So long after the last message of a host of ours both relays are open: on-times of at most 1 s
#: with all that comes on top (D).
DEAD_MAN_US = 1_000_000
CHANNELS = (1, 2)

#: Log rows of the record with which output ends by itself, or may.
ENDINGS = {
    "reset": Ending("the board was restarted"),
    "power off": Ending("the board lost its supply"),
    "crashed": Ending("the board crashed"),
}
_BANNER = b"SETUP:"
_STARTED = b"SETUP DONE"
_BANNER_ENDS, _STARTED_ENDS = _BANNER[-1:], _STARTED[-1:]
_ON_MS = range(SHORTEST_ON_MS, LONGEST_ON_MS + 1)


@dataclass(frozen=True, slots=True)
class Message:
    """What one message means.

    channel: which one it opens, as printed (1, 2), None = none. percent, on_ms: as they are in it
    and as the board keeps them, None = not given. stops: all channels are switched off.
    wrong: why no host may send it, "" = it may.
    """

    channel: int | None = None
    percent: int | None = None
    on_ms: int | None = None
    stops: bool = False
    wrong: str = ""

    @property
    def ends(self) -> bool:
        """Whether it is the one that ends a channel which is open: the least, for the shortest."""
        return (self.percent, self.on_ms) == (INTENSITIES.start, SHORTEST_ON_MS)


class Reader:
    """Finds the messages in the bytes of a host; what orders nothing is left out."""

    def __init__(self) -> None:
        self._partial = bytearray()
        self._free_ns = 0  # when the line has carried what was put on it

    def feed(self, at_us: int, data: bytes) -> Iterator[tuple[int, Message]]:
        """Yield what these bytes complete, or the silence before them, each with its time."""
        yield from self.settle(at_us)
        self._free_ns = max(self._free_ns, at_us * 1_000) + len(data) * BYTE_NS
        *whole, rest = (bytes(self._partial) + data).split(b"\n")
        self._partial = bytearray(rest)
        for line in whole:
            if (message := read_line(line)) is not None:
                yield at_us, message

    def settle(self, at_us: int) -> Iterable[tuple[int, Message]]:
        """Return the message that silence has ended by then [E]."""
        if not self._partial:  # as for most of the time
            return ()
        ended_us = self._free_ns // 1_000 + SILENCE_US
        if at_us < ended_us:
            return ()
        line, self._partial = bytes(self._partial), bytearray()
        message = read_line(line)
        return () if message is None else ((ended_us, message),)


class AnswerReader:
    """Finds in what a board says that it has been restarted, and that it has started."""

    def __init__(self) -> None:
        self._said = b""
        self.ready = False

    def feed(self, data: bytes) -> Iterable[set[int]]:
        """Yield all channels where the banner begins."""
        said = self._said + data
        if _BANNER_ENDS not in data and _STARTED_ENDS not in data:  # as with most single bytes
            self._said = said[1 - len(_STARTED) :]
            return []
        begins, started = said.count(_BANNER), _STARTED in said
        if begins or started:
            self.ready = started
            said = said[max(said.rfind(_BANNER) + len(_BANNER), said.rfind(_STARTED)) :]
        self._said = said[1 - len(_STARTED) :]
        return [set(CHANNELS)] * begins


def read_line(line: bytes) -> Message | None:
    """Read one message as the board does; None = it orders nothing."""
    text = line.decode("latin-1").strip(BLANKS)
    if text == STOP:
        return Message(stops=True)
    if text.startswith(HEX_START):
        return _read(decode_hex(hex_digits(text)))
    if text[:1] in TEST_CHARACTERS:  # whatever follows it
        return Message(wrong=f"test character {text[:1]!r}: no time limit, and steps that wrap")
    return _read(text)


def _read(text: str) -> Message | None:
    found = read_message(text)
    if isinstance(found, Option):
        return Message(wrong=f"an option, {text!r}: it changes what every percent lets through")
    if not isinstance(found, Action):
        return None
    if found.crashes:
        return Message(wrong=f"{text!r}: without channel 0 or 1 it crashes the board")
    if found.target not in (0, 1):
        return Message(stops=True)
    on_ms = None if found.on_ms is None else on_time_ms(found.on_ms)
    return Message(found.target + 1, found.intensity, on_ms, wrong=_wrong(found))


def _wrong(action: Action) -> str:
    if action.intensity not in INTENSITIES:
        told = "no intensity" if action.intensity is None else f"intensity {action.intensity}"
        return f"{told}: {INTENSITIES.start} to {INTENSITIES.stop - 1} is allowed"
    if action.on_ms not in _ON_MS:
        told = "no on-time" if action.on_ms is None else f"an on-time of {action.on_ms} ms"
        return f"{told}: {_ON_MS.start} to {LONGEST_ON_MS} ms is allowed"
    return ""
