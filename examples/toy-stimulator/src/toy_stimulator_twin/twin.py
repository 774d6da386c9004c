"""The toy itself: a pure function of time and bytes, made of the parts that `firmware_sim` has."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from firmware_sim.firmware.electrodes import Load, Loads
from firmware_sim.firmware.machine import Machine
from firmware_sim.firmware.outbox import Outbox
from firmware_sim.firmware.p24_fields import Point, PulseForm, Want
from firmware_sim.firmware.recorder import Recorder, Row
from firmware_sim.firmware.trains import Lane

from .line import Ear, wanted_of, written

WATCHDOG_US = 1_000_000
TURNAROUND_US = 2_000
COMPLIANCE_MV = 100_000


class _Channel(Lane):
    stops_on_fault = False


class ToyTwin(Machine):
    """Two channels, each with a train of its own; off 1 s after the last command that feeds."""

    family = "toy"

    def __init__(
        self, seed: int, load_ohm: int | None, sink: Callable[[Row], None] | None, *, wiretap: bool
    ) -> None:
        super().__init__(Recorder(sink), Outbox(), wiretap=wiretap)
        self._serial = f"toy-{seed:04d}"
        self._loads = Loads(load_ohm)
        self._lanes = {
            channel: _Channel(channel, self._loads, self.recorder, COMPLIANCE_MV)
            for channel in (1, 2)
        }
        self._ear = Ear()
        self._fed_us = 0
        self._powered = True

    @property
    def stimulating(self) -> bool:
        """Whether it may put out current without another command."""
        return any(lane.active for lane in self._lanes.values())

    def set_load(self, channel: int, load: Load) -> None:
        """Another load on a channel now."""
        self._loads.set(channel, load)
        self.load_moved(channel)

    def load(self, channel: int) -> Load:
        """What is on a channel now."""
        return self._loads[channel]

    def load_moved(self, channel: int) -> None:
        """Go on with the load that is there now."""
        if channel in self._lanes:
            self._lanes[channel].load_changed(self._now)

    def line_lost(self) -> None:
        """Forget half a line: the host went away."""
        self._ear.half = b""

    def power_off(self, now_ns: int) -> None:
        """End all output and complete the record."""
        self.advance(now_ns)
        self._off(self._now)
        self._answers.clear()
        self._powered = False
        self.recorder.log(self._now, "power off")

    def power_on(self, now_ns: int) -> None:
        """Switch on again: nothing is on."""
        self.advance(now_ns)
        self._powered = True
        self.recorder.log(self._now, "power on")

    def _off(self, at_us: int) -> None:
        for lane in self._lanes.values():
            lane.stop(at_us, cut=True)

    def _next_event(self) -> int | None:
        times = [lane.next_us() for lane in self._lanes.values()]
        if self.stimulating:
            times.append(self._fed_us + WATCHDOG_US)
        return min((one for one in times if one is not None), default=None)

    def _happen(self, at_us: int) -> None:
        for lane in self._lanes.values():
            lane.settle(at_us)
        if self.stimulating and self._fed_us + WATCHDOG_US <= at_us:
            self.recorder.log(at_us, "watchdog")
            self._off(at_us)

    def _take(self, data: bytes) -> None:
        for number, words in self._ear.feed(data) if self._powered else ():
            answer = self._obey(self._now, words)
            self._answers.put(self._now + TURNAROUND_US, written(number, answer))
            self._settle(self._now)

    def _obey(self, at_us: int, words: list[str]) -> str:
        match words:
            case ["who"]:
                return f"ok toy {self._serial} 1.0"
            case ["off"]:
                self._off(at_us)
                return "ok"
            case ["ask"] | ["say"]:
                self._fed_us = at_us if words == ["say"] else self._fed_us
                return f"ok {sum(1 << (c - 1) for c, one in self._lanes.items() if one.active)}"
            case ["on", *_]:
                wanted = wanted_of(words)
                if wanted is None:
                    return "no numbers"
                self._fed_us = at_us
                for channel, lane in self._lanes.items():
                    self._set(at_us, lane, wanted.get(channel))
                return "ok"
        return "no word"

    def _set(self, at_us: int, lane: Lane, wanted: tuple[int, int, int] | None) -> None:
        if wanted is None:
            if lane.active:
                lane.stop(at_us, cut=True)
            return
        amplitude, width, period = wanted
        points: tuple[Point, ...] = ((width, amplitude), (width, -amplitude))
        lane.run(at_us, Want(PulseForm(points, 2 * width, 2 * width), 0, period), late=False)


def add_options(parser: argparse.ArgumentParser) -> None:
    """The toy takes no options of its own."""


def make(
    *,
    seed: int = 0,
    load_ohm: int | None = 500,
    sink: Callable[[Row], None] | None = None,
    wiretap: bool = False,
) -> ToyTwin:
    """A toy at time 0."""
    return ToyTwin(seed, load_ohm, sink, wiretap=wiretap)
