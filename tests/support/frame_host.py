"""A host in virtual time of a twin that speaks in numbered frames, whatever its dialect."""

from __future__ import annotations

from typing import Any, NamedTuple

from firmware_sim.firmware.frames import Frame, StreamDecoder
from firmware_sim.ledger import Ledger

MS = 1000


class Heard(NamedTuple):
    at_us: int
    number: int
    command: int
    data: bytes


class FrameHost:
    """Times in us; `twin` is woken at each of its deadlines, like a real-time loop."""

    def __init__(self, twin: Any, decoder: StreamDecoder) -> None:
        self.twin = twin
        self.now_us = 0
        self.heard: list[Heard] = []
        self._decoder = decoder
        self._number = 0

    def listen(self) -> None:
        for frame in self._decoder.feed(self.twin.transmit()):
            assert isinstance(frame, Frame)
            self.heard.append(Heard(self.now_us, *frame))

    def run_until(self, at_us: int) -> None:
        while (deadline := self.twin.deadline()) is not None and deadline <= at_us * 1000:
            self.now_us = max(self.now_us, deadline // 1000)
            self.twin.advance(deadline)
            self.listen()
        self.now_us = at_us
        self.twin.advance(at_us * 1000)
        self.listen()

    def run_for(self, time_us: int) -> None:
        self.run_until(self.now_us + time_us)

    def send_bytes(self, data: bytes) -> None:
        self.twin.receive(self.now_us * 1000, data)
        self.listen()

    def ledger(self) -> Ledger:
        return Ledger(self.twin.records(), self.now_us)
