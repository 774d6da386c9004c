"""What every twin does with time and its line; a device adds what happens when."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from .frames import Damage, Frame, StreamDecoder
from .outbox import Outbox
from .recorder import Recorder, Row

#: An unfinished frame is forgotten after so much silence [POLICY].
SILENCE_US = 50_000


class HostWrongError(Exception):
    """A host has done what a strict twin does not let pass; its words are for a person."""


class Machine(ABC):
    """A device as a pure function of time and bytes; times in us from the start of its clock.

    family: its name in `firmware_sim.devices`; a twin that has none is judged at its electrodes
    alone, and no fault of a line knows its frames.
    """

    family: ClassVar[str] = ""

    def __init__(self, recorder: Recorder, answers: Outbox, *, wiretap: bool) -> None:
        self.recorder = recorder
        self._answers = answers
        self._wiretap = wiretap
        self._now = 0

    @property
    def now_us(self) -> int:
        """The latest time the twin was told, in us."""
        return self._now

    def receive(self, now_ns: int, data: bytes) -> None:
        """Take bytes from the host."""
        self.advance(now_ns)
        self.recorder.line("rx", self._now, data, keep=self._wiretap)
        self._take(data)
        self.advance(now_ns)

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by now_ns, in the order of its time."""
        now = max(now_ns // 1000, self._now)
        self._settle(now)
        self._now = now

    def transmit(self) -> bytes:
        """Return the bytes whose time has come."""
        out = self._answers.take(self._now)
        self.recorder.line("tx", self._now, out, keep=self._wiretap)
        return out

    def deadline(self) -> int | None:
        """Return when to be woken next, in ns; None when nothing will happen by itself."""
        first, answer = self._next_event(), self._answers.next_us()
        if first is None or (answer is not None and answer < first):
            first = answer
        return None if first is None else first * 1000

    def records(self) -> list[Row]:
        """Return the record rows held so far."""
        return self.recorder.rows()

    def drain(self) -> list[Row]:
        """Return the record rows held so far, and forget them."""
        return self.recorder.drain()

    def _settle(self, until_us: int) -> None:
        while (at_us := self._next_event()) is not None and at_us <= until_us:
            self._now = max(self._now, at_us)
            self._happen(self._now)

    @abstractmethod
    def _take(self, data: bytes) -> None:
        """Take bytes that came at the latest time told."""

    @abstractmethod
    def _next_event(self) -> int | None:
        """Return when something happens by itself; that it says something counts elsewhere."""

    @abstractmethod
    def _happen(self, at_us: int) -> None:
        """Let happen what is due; the next event must be another one afterwards."""


class FramedMachine(Machine):
    """A device that is spoken to in frames."""

    def __init__(
        self, recorder: Recorder, answers: Outbox, decoder: StreamDecoder, *, wiretap: bool
    ) -> None:
        super().__init__(recorder, answers, wiretap=wiretap)
        self._decoder = decoder
        self._last_byte_us = 0

    def line_lost(self) -> None:
        """Forget a half-received frame: the host went away. The device itself goes on."""
        self._decoder.drop_partial()

    def _take(self, data: bytes) -> None:
        if self._decoder.pending and self._now - self._last_byte_us > SILENCE_US:
            self._decoder.drop_partial()
            self.recorder.log(self._now, "unfinished frame dropped")
        if data:
            self._last_byte_us = self._now
        for item in self._decoder.feed(data):
            self._accept(self._now, item)
            # What a frame brings about at once must not depend on what came in one piece with it.
            self._settle(self._now)

    @abstractmethod
    def _accept(self, at_us: int, item: Frame | Damage) -> None:
        """Take a frame, or what was meant to be one."""
