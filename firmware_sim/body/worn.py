"""A twin with a person at its leads: the same contract, and loads that change with time."""

from __future__ import annotations

from typing import Protocol

from firmware_sim.firmware.electrodes import Load
from firmware_sim.firmware.recorder import Recorder, Row
from firmware_sim.twin import LocalTwin, WornDevice

from .body import CHANNELS, Body


class WearableTwin(LocalTwin, WornDevice, Protocol):
    """A twin that somebody can wear."""


class WornTwin:
    """A device, well or faulty, whose channels are clipped to a body; without a site one is open.

    Stands wherever a twin does. What the body did is `body.events()`; with record_events the events
    are rows of the record too (kind "body").
    """

    def __init__(self, twin: WearableTwin, body: Body, *, record_events: bool = False) -> None:
        self.twin = twin
        self.body = body
        self._record_events = record_events
        twin.recorder.tap(body.observe)
        for channel in CHANNELS:
            worn = body.pads(channel) is not None
            twin.set_load(channel, body.load(channel) if worn else None)

    @property
    def family(self) -> str:
        """Which family it is, where the device says it."""
        return str(getattr(self.twin, "family", ""))

    @property
    def recorder(self) -> Recorder:
        """Where the rows go."""
        return self.twin.recorder

    @property
    def now_us(self) -> int:
        """The latest time the twin was told, in us."""
        return self.twin.now_us

    @property
    def stimulating(self) -> bool:
        """Whether the device may put out current without another command."""
        return self.twin.stimulating

    def receive(self, now_ns: int, data: bytes) -> None:
        """Take bytes from the host."""
        self.advance(now_ns)
        self.twin.receive(now_ns, data)

    def advance(self, now_ns: int) -> None:
        """Let everything happen that is due by now_ns, in the device and in the body."""
        while (due_us := self.body.deadline_us()) is not None and due_us <= now_ns // 1000:
            self.twin.advance(due_us * 1000)
            for channel in sorted(self.body.move(due_us)):
                self.twin.load_moved(channel)
        self.twin.advance(now_ns)
        self.body.advance(self.now_us)
        if self._record_events:
            for event in self.body.events():
                self.recorder.add(event.as_dict())

    def transmit(self) -> bytes:
        """Return the bytes that are due for the host."""
        return self.twin.transmit()

    def deadline(self) -> int | None:
        """Return when to be woken next, in ns, for the device or for its loads."""
        device_ns, body_us = self.twin.deadline(), self.body.deadline_us()
        times = [device_ns] if device_ns is not None else []
        if body_us is not None:
            times.append(body_us * 1000)
        return min(times, default=None)

    def records(self) -> list[Row]:
        """Return the record rows held so far."""
        return self.twin.records()

    def drain(self) -> list[Row]:
        """Return the record rows held so far, and forget them."""
        return self.twin.drain()

    def set_load(self, channel: int, load: Load) -> None:
        """Put something else than the body on channel 1..8 now, such as a resistance in ohm."""
        self.body.clip(channel, on=load is self.body.load(channel))
        self.twin.set_load(channel, load)

    def line_lost(self) -> None:
        """Forget a half-received frame: the host went away."""
        self.twin.line_lost()

    def power_off(self, now_ns: int) -> None:
        """End all output, complete the record, and let the body settle what it got."""
        self.advance(now_ns)
        self.twin.power_off(now_ns)
        self.body.finish(self.now_us)
