"""Frames of a device one after the other, each with its bytes, however the bytes come in pieces."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from stimctl.wire.dissector import Json
from stimctl.wire.stuffing import FrameError, RawFrame, StuffedFrameDecoder

_RESTART = "restart"


class ReadFrame(NamedTuple):
    """A frame, or what was meant to be one.

    raw: its bytes, and any that stand before it and belong to no frame. row: as the dissector shows
    it; of a damaged one `error` and what it claims to be.
    """

    raw: bytes
    row: Json


class FrameReader(Protocol):
    """Reads what one side says, piece by piece."""

    def feed(self, data: bytes) -> list[ReadFrame]:
        """The frames that are complete with these bytes."""

    @property
    def rest(self) -> bytes:
        """The bytes of a frame that is not complete yet."""


class StuffedFrameReader:
    """The frames of a wire that stuffs bytes."""

    def __init__(
        self,
        decoder: StuffedFrameDecoder,
        frame_row: Callable[[RawFrame], Json],
        error_row: Callable[[FrameError], Json],
    ) -> None:
        self._decoder, self._frame_row, self._error_row = decoder, frame_row, error_row
        self.rest = b""

    def feed(self, data: bytes) -> list[ReadFrame]:
        """The frames that are complete with these bytes."""
        found = []
        for number in range(len(data)):  # one by one: so it is seen which bytes a frame has
            byte = data[number : number + 1]
            raw, self.rest = self.rest + byte, self.rest + byte
            for event in self._decoder.feed(byte):
                if isinstance(event, RawFrame):
                    found.append(ReadFrame(raw, self._frame_row(event)))
                    self.rest = b""
                elif event.kind == _RESTART:  # this byte begins the next one
                    found.append(ReadFrame(raw[:-1], self._error_row(event)))
                    self.rest = byte
                else:
                    found.append(ReadFrame(raw, self._error_row(event)))
                    self.rest = b""
        return found


class LineFrameReader:
    """The lines of a wire that speaks text."""

    def __init__(self, row: Callable[[bytes], Json], line_end: bytes) -> None:
        self._row, self._line_end = row, line_end
        self.rest = b""

    def feed(self, data: bytes) -> list[ReadFrame]:
        """The lines that are complete with these bytes."""
        *lines, self.rest = (self.rest + data).split(self._line_end)
        return [
            ReadFrame(line + self._line_end, self._row(line + self._line_end)) for line in lines
        ]
