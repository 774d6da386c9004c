"""One ScienceMode 2 line: its frames, those without an answer, and the answer to an Init."""

from __future__ import annotations

from stimctl.devices.driver import Frame
from stimctl.devices.events import Doing, DriverEvent
from stimctl.devices.framed_line import FramedLine
from stimctl.wire.sciencemode2.framing import HIGHEST_PACKET_NUMBER, FrameDecoder, encode_frame
from stimctl.wire.sciencemode2.messages import InitAck, UnknownCmd


class Line(FramedLine):
    """The bytes of one connection. Errors of the line are appended to `events`."""

    __slots__ = ()

    def __init__(self, events: list[DriverEvent]) -> None:
        super().__init__(
            events,
            FrameDecoder(),
            encode_frame,
            packet_numbers=HIGHEST_PACKET_NUMBER + 1,
            unknown=UnknownCmd.command,
        )

    def send_unanswered(self, command: int) -> None:
        """A frame without data and without an answer."""
        data = encode_frame(self._pairing.unanswered(), command)
        self._out.append(Frame(data, doing=Doing.KEEP_ALIVE))

    def send_urgent(
        self, now_ns: int, command: int, owner: object, *, greeting: bytes = b""
    ) -> None:
        """One request over whatever was not handed out yet; `greeting` is what goes before it."""
        self._overtake(greeting + self._request(now_ns, command, b"", owner)[0])


def init_ack(packet_number: int, result: int) -> bytes:
    """The host's answer to an Init, with its packet number."""
    return encode_frame(packet_number, InitAck.command, InitAck(result).pack())
