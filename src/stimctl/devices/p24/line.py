"""One ScienceMode 4 line: its frames, and the stops of several levels in one write."""

from __future__ import annotations

from collections.abc import Iterable

from stimctl.devices.events import DriverEvent
from stimctl.devices.framed_line import FramedLine
from stimctl.wire.sciencemode4.framing import HIGHEST_PACKET_NUMBER, FrameDecoder, encode_frame
from stimctl.wire.sciencemode4.messages import UnknownCmd

UNKNOWN_CMD = UnknownCmd.command


class Line(FramedLine):
    """The bytes of one connection. Errors of the line are appended to `events`."""

    __slots__ = ()

    def __init__(self, events: list[DriverEvent]) -> None:
        super().__init__(
            events,
            FrameDecoder(),
            encode_frame,
            packet_numbers=HIGHEST_PACKET_NUMBER + 1,
            unknown=UNKNOWN_CMD,
        )

    def send_urgent(self, now_ns: int, commands: Iterable[int], owner: object) -> None:
        """Requests without data in one urgent write, over whatever was not handed out yet."""
        self._overtake(
            b"".join(self._request(now_ns, command, b"", owner)[0] for command in commands)
        )
