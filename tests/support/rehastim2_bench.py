"""A RehaStim2 driver and twin on one virtual line and clock; the test is the engine."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from stimctl.devices.events import DriverEvent
from stimctl.devices.rehastim2.driver import RehaStim2Driver
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.safety import Cleared, Electrode, Profile, SetPoint, clear, envelope_for
from stimctl.stimulus import Pulse, PulseShape, Stimulus
from stimctl.wire.sciencemode2 import messages as sm2
from stimctl.wire.sciencemode2.codec import decode
from stimctl.wire.sciencemode2.framing import FrameDecoder, RawFrame
from tests.support.driver_bench import MS, DriverBench

Wire = Callable[[int, bytes], list[tuple[int, bytes]]]
"""What happens to one write at a time: what arrives, and how much later (ns)."""


def cleared(
    amplitude_ua: int = 20_000, width_us: int = 200, frequency_mhz: int = 50_000
) -> Cleared:
    stimulus = Stimulus(
        pulse=Pulse(shape=PulseShape.SYMMETRIC, amplitude_ua=amplitude_ua, phase_width_us=width_us),
        frequency_mhz=frequency_mhz,
    )
    envelope = envelope_for(
        REHASTIM2_SHEET.bounds, Electrode(area_mm2=10_000), profile=Profile.RESEARCH
    )
    answer = clear(stimulus, envelope, acknowledged=frozenset({"L-J"}))
    assert isinstance(answer, Cleared), answer
    return answer


def point(amplitude_ua: int = 20_000, **how: int) -> SetPoint:
    return cleared(max(amplitude_ua, 2_000), **how).point(amplitude_ua)


class Bench(DriverBench[RehaStim2Driver]):
    def __init__(self, twin: RehaStim2Twin | None = None) -> None:
        self.driver = RehaStim2Driver()
        self.twin = twin or RehaStim2Twin()
        self.now = 0
        self.seen: list[DriverEvent] = []
        self.writes: list[tuple[int, bytes, bool]] = []
        self.to_device: Wire = lambda now, data: [(0, data)]
        self.to_host: Wire = lambda now, data: [(0, data)]
        self._on_way: list[tuple[int, int, bool, bytes]] = []
        self._order = count()
        self._last_arrival = {True: 0, False: 0}

    def run(self, span_ns: int = 100 * MS) -> list[DriverEvent]:
        """Let time pass from deadline to deadline; the events of this span."""
        end, first = self.now + span_ns, len(self.seen)
        self._pump()
        while True:
            due = [self.driver.deadline(), self.twin.deadline()]
            due += [self._on_way[0][0]] if self._on_way else []
            following = min((at for at in due if at is not None), default=end + 1)
            if following > end:
                break
            self.now = max(self.now, following)
            while self._on_way and self._on_way[0][0] <= self.now:
                _, _, down, data = heapq.heappop(self._on_way)
                (self.twin if down else self.driver).receive(self.now, data)
            self.twin.advance(self.now)
            self.driver.advance(self.now)
            self._pump()
        self.now = end
        return self.seen[first:]

    def connected(self) -> Bench:
        self.driver.connect(self.now)
        self.run(700 * MS)
        assert self.driver.state == "zero", self.driver.state
        return self

    def running(self, **channels: SetPoint) -> Bench:
        """Connected, and these trains on: running(ch1=point(...))."""
        self.connected()
        self.driver.apply(self.now, {int(name[2:]): one for name, one in channels.items()})
        self.run()
        assert self.driver.state == "running", self.driver.state
        return self

    def kept(self, span_ns: int, every_ns: int = 120 * MS) -> None:
        super().kept(span_ns, every_ns)

    def sent(self, since: int = 0) -> list[sm2.Message | sm2.UnknownCommand | sm2.Malformed]:
        """What the driver wrote, decoded; `since` counts writes."""
        decoder = FrameDecoder()
        frames = decoder.feed(b"".join(data for _, data, _ in self.writes[since:]))
        return [decode(frame) for frame in frames if isinstance(frame, RawFrame)]

    def finish(self) -> list[dict[str, object]]:
        self.twin.power_off(self.now)
        return self.twin.records()

    def logged(self, event: str) -> list[dict[str, object]]:
        return [row for row in self.twin.records() if row.get("event") == event]

    def _pump(self) -> None:
        for frame in self.driver.transmit():
            self.writes.append((self.now, frame.data, frame.urgent))
            self._post(self.to_device(self.now, frame.data), down=True)
        answer = self.twin.transmit()
        if answer:
            self._post(self.to_host(self.now, answer), down=False)
        self.seen += self.driver.events()

    def _post(self, items: list[tuple[int, bytes]], *, down: bool) -> None:
        for delay_ns, data in items:
            # Bytes on one line never overtake each other.
            at = self._last_arrival[down] = max(self._last_arrival[down], self.now + delay_ns)
            heapq.heappush(self._on_way, (at, next(self._order), down, data))
