"""What the stop path says to a RehaStim2 (ScienceMode 2), and how it knows that it is zero."""

from __future__ import annotations

from stimctl.wire.sciencemode2.framing import (
    INIT_ACK,
    RESULT_OK,
    FrameDecoder,
    FrameError,
    RawFrame,
    confirms_stop,
    encode_frame,
    get_stimulation_mode,
    reports_start_mode,
    says_not_connected,
    stop_frames,
)

_NUMBERS = 256


class RehaStim2StopSequence:
    """Sans-IO: bursts of stop frames out, answers in, until zero is verified.

    Zero is verified when the device has acknowledged a stop and then, asked after that, says that
    nothing is initialised. The question never goes along with a stop, because a device that is
    busy with the one refuses the other.

    A device that says Init has lost its host and stopped; it answers nothing before its Init is
    answered, so the next burst does that, and the proof is the same.
    """

    def __init__(self, _seed: int = 0) -> None:
        self._decoder = FrameDecoder()
        self._number = 0
        self._stops: set[int] = set()
        self._questions: set[int] = set()
        self._init: int | None = None
        self._acked = False
        self.verified = False

    def next_bytes(self) -> bytes:
        """The next burst: a stop until it is acknowledged, then the question for the mode."""
        number, self._number = self._number, (self._number + 1) % _NUMBERS
        self._stops.discard(number)
        self._questions.discard(number)
        if self._acked:
            self._questions.add(number)
            return get_stimulation_mode(number)
        self._stops.add(number)
        if self._init is None:
            return stop_frames(number)
        return encode_frame(self._init, INIT_ACK, bytes((RESULT_OK,))) + stop_frames(number)

    def receive(self, data: bytes) -> bool:
        """Take what arrived, in chunks of any size; True once zero is verified."""
        for frame in self._decoder.feed(data):
            if not isinstance(frame, FrameError):
                self._take(frame)
        return self.verified

    def _take(self, frame: RawFrame) -> None:
        if says_not_connected(frame):
            self._init, self._acked = frame.packet_number, False
            self._questions.clear()
        elif confirms_stop(frame) and frame.packet_number in self._stops:
            self._init, self._acked = None, True
        elif frame.packet_number in self._questions and self._acked:
            if reports_start_mode(frame):
                self.verified = True
            else:  # busy, or not what was to be heard: stop again
                self._acked = False
