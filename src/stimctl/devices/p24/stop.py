"""What the stop path says to a P24 (ScienceMode 4), and how it knows that the output is zero."""

from __future__ import annotations

from stimctl.wire.escapes import STOP_BYTES
from stimctl.wire.sciencemode4.encoding import (
    GET_STIM_STATUS,
    GET_STIM_STATUS_ACK,
    LL_STOP,
    LL_STOP_ACK,
    ML_STOP,
    ML_STOP_ACK,
    RESULT_NOT_INITIALIZED,
    RESULT_SUCCESSFUL,
    encode_frame,
)

TYPE_CHECKING = False  # what mypy takes for true: typing itself is not loaded here
if TYPE_CHECKING:
    from stimctl.wire.sciencemode4.framing import FrameDecoder

_STOPPED = (RESULT_SUCCESSFUL, RESULT_NOT_INITIALIZED)
_NOTHING_INITIALISED = 0  # stimulation status, ScienceMode 4 section 7.4 [IFU]
_GET_DEVICE_ID = 52
_DEVICE_ID_ACK = 53
_COMMANDS = (ML_STOP, LL_STOP, GET_STIM_STATUS)
_BURSTS = 64 // len(_COMMANDS)  # packet numbers are 0..63


class P24StopSequence:
    """Sans-IO: bursts of stop frames out, answers in, until zero is verified.

    Zero is verified when the device has acknowledged a stop (0, or 7: that level was not
    initialised) and then answers with "nothing initialised" a Get_stim_status that follows that
    stop: the one of the same burst, or one that went out after the acknowledgement had come. The
    second is for a device that answers questions while it is still switching its voltage off
    (40 ms, [IFU]): there the answer always comes before the acknowledgement.
    """

    def __init__(self, _seed: int = 0) -> None:
        self._decoder: FrameDecoder | None = None
        self._burst = -1
        self._acked: set[int] = set()
        self._asked_after: set[int] = set()
        self.verified = False
        self.name = ""

    def next_bytes(self) -> bytes:
        """The next burst: two stop bytes, Ml_stop, Ll_stop, Get_stim_status."""
        self._burst = (self._burst + 1) % _BURSTS
        self._acked.discard(self._burst)
        self._asked_after.discard(self._burst)
        if self._acked:
            self._asked_after.add(self._burst)
        first = self._burst * len(_COMMANDS)
        # The two stop bytes end a frame that was cut off before, so that it cannot swallow ours.
        return STOP_BYTES + b"".join(encode_frame(first + i, c) for i, c in enumerate(_COMMANDS))

    def load_the_rest(self) -> None:
        """Load what reads the answers."""
        import stimctl.wire.sciencemode4.framing  # noqa: F401

    def ask_name(self) -> bytes:
        """The question for the serial number; its packet number is of no burst."""
        return encode_frame(_BURSTS * len(_COMMANDS), _GET_DEVICE_ID)

    def receive(self, data: bytes) -> bool:
        """Take what arrived, in chunks of any size; True once zero is verified."""
        if not data:
            return self.verified
        from stimctl.wire.sciencemode4.framing import FrameDecoder, RawFrame  # with an answer only

        self._decoder = self._decoder or FrameDecoder()
        for frame in self._decoder.feed(data):
            if not isinstance(frame, RawFrame):
                continue
            burst = frame.packet_number // len(_COMMANDS)
            answer = frame.data
            if frame.command in (ML_STOP_ACK, LL_STOP_ACK):
                if answer and answer[0] in _STOPPED:
                    self._acked.add(burst)
            elif frame.command == GET_STIM_STATUS_ACK and burst in self._acked | self._asked_after:
                zero = bytes((RESULT_SUCCESSFUL, _NOTHING_INITIALISED))
                self.verified |= answer[:2] == zero
            elif frame.command == _DEVICE_ID_ACK and answer[:1] == bytes((RESULT_SUCCESSFUL,)):
                text = answer[1:11].rstrip(b"\0 ").decode("ascii", "replace")
                self.name = "".join(sign if sign.isprintable() else "?" for sign in text)
        return self.verified
