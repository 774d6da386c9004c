"""A P24 driver and a P24 twin on one virtual line and clock, with a bad line on demand."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import replace
from itertools import count

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.sciencemode4_frames import Frame as TwinFrame
from firmware_sim.firmware.sciencemode4_frames import FrameDecoder, encode
from stimctl.devices.events import DriverEvent
from stimctl.devices.p24.driver import P24Driver, ScienceModeDriver
from stimctl.devices.p24.sheet import P24_SHEET
from stimctl.safety import Cleared, DeviceBounds, Electrode, Profile, SetPoint, clear, envelope_for
from stimctl.stimulus import Pulse, PulseShape, Stimulus
from tests.support.driver_bench import MS, DriverBench

PAD = Electrode(area_mm2=10_000)

# A device with finer steps and wider ranges than a P24: what is cleared for it need not suit a P24.
OTHER_DEVICE = replace(
    P24_SHEET.bounds,
    name="other",
    channels=16,
    amplitude_max_ua=200_000,
    amplitude_step_ua=50,
    phase_width_min_us=1,
    phase_width_max_us=20_000,
    interphase_gap_max_us=20_000,
    period_min_us=100,
    period_max_us=60_000_000,
    period_step_us=1,
    recovery_us=0,
    multiplexed=False,
)


def cleared(
    amplitude_ua: int = 20_000,
    width_us: int = 200,
    frequency_mhz: int = 50_000,
    *,
    shape: PulseShape = PulseShape.SYMMETRIC,
    gap_us: int = 100,
    ratio: int = 1,
    device: DeviceBounds = P24_SHEET.bounds,
) -> Cleared:
    """A cleared stimulus; the research profile and a large pad keep the other limits away."""
    pulse = Pulse(
        shape=shape,
        amplitude_ua=amplitude_ua,
        phase_width_us=width_us,
        interphase_gap_us=gap_us,
        second_phase_ratio=ratio,
    )
    envelope = envelope_for(device, PAD, profile=Profile.RESEARCH, allow_monophasic=True)
    answer = clear(
        Stimulus(pulse=pulse, frequency_mhz=frequency_mhz),
        envelope,
        acknowledged=frozenset({"L-J", "L-DC"}),
    )
    assert isinstance(answer, Cleared), answer
    return answer


def forged(*values: object) -> SetPoint:
    """A set point with any values, which `is_genuine` does not accept."""
    return tuple.__new__(SetPoint, (*values, None))


def point(amplitude_ua: int = 20_000, **how: object) -> SetPoint:
    """A genuine set point; `how` as for `cleared`."""
    return cleared(amplitude_ua, **how).point(amplitude_ua)  # type: ignore[arg-type]


class Bench(DriverBench[ScienceModeDriver]):
    """`host_line` and `device_line` turn each write or answer into what arrives, with delays."""

    def __init__(
        self, twin: P24Twin | None = None, driver: ScienceModeDriver | None = None
    ) -> None:
        self.driver = driver or P24Driver()
        self.twin = twin or P24Twin()
        self.now = 0
        self.host_writes: list[tuple[int, bytes, bool]] = []
        self.answers: list[tuple[int, TwinFrame]] = []
        self.seen: list[DriverEvent] = []
        self.host_line: Callable[[bytes], list[tuple[int, bytes]]] = lambda data: [(0, data)]
        self.device_line: Callable[[bytes], list[tuple[int, bytes]]] = lambda data: [(0, data)]
        self._on_way: list[tuple[int, int, bool, bytes]] = []
        self._order = count()
        self._splitter = FrameDecoder()

    def run(self, span_ns: int = 100 * MS) -> list[DriverEvent]:
        """Let time pass, jumping from deadline to deadline; the events of this span."""
        end = self.now + span_ns
        first = len(self.seen)
        self._pump()
        for _ in range(100_000):
            due = [self.driver.deadline(), self.twin.deadline()]
            due += [self._on_way[0][0]] if self._on_way else []
            following = min((at for at in due if at is not None), default=end + 1)
            if following > end:
                break
            self.now = max(self.now, following)
            self._deliver()
            self.twin.advance(self.now)
            self.driver.advance(self.now)
            self._pump()
        else:
            raise AssertionError("time stands still")
        self.now = end
        self._pump()
        return self.seen[first:]

    def connected(self) -> Bench:
        self.driver.connect(self.now)
        self.run()
        assert self.driver.state == "zero", self.driver.state
        return self

    def connected_slowly(self) -> Bench:
        """Connected to a slow device, 10 mA on channel 1."""
        self.driver.connect(self.now)
        self.run(500 * MS)
        self.driver.apply(self.now, {1: cleared(60_000).point(10_000)})
        self.run(300 * MS)
        assert self.driver.state == "mid", self.driver.state
        return self

    def running(self, **channels: SetPoint) -> Bench:
        """Connected, and these trains on: running(ch1=point(...))."""
        self.connected()
        self.driver.apply(self.now, {int(name[2:]): one for name, one in channels.items()})
        self.run(200 * MS)
        assert self.driver.state == "mid", self.driver.state
        return self

    def forget(self) -> None:
        self.seen.clear()

    def _pump(self) -> None:
        for frame in self.driver.transmit():
            self.host_writes.append((self.now, frame.data, frame.urgent))
            self._post(self.host_line(frame.data), to_device=True)
        self._deliver()
        self.seen += self.driver.events()

    def _deliver(self) -> None:
        self._collect_answers()
        while self._on_way and self._on_way[0][0] <= self.now:
            _, _, to_device, data = heapq.heappop(self._on_way)
            if to_device:
                self.twin.receive(self.now, data)
            else:
                self.driver.receive(self.now, data)
            self._collect_answers()
        for frame in self.driver.transmit():
            self.host_writes.append((self.now, frame.data, frame.urgent))
            self._post(self.host_line(frame.data), to_device=True)
        if self._on_way and self._on_way[0][0] <= self.now:
            self._deliver()

    def _collect_answers(self) -> None:
        for frame in self._splitter.feed(self.twin.transmit()):
            assert isinstance(frame, TwinFrame)
            self.answers.append((self.now, frame))
            self._post(self.device_line(encode(*frame)), to_device=False)

    def _post(self, items: list[tuple[int, bytes]], *, to_device: bool) -> None:
        for delay_ns, data in items:
            item = (self.now + delay_ns, next(self._order), to_device, data)
            heapq.heappush(self._on_way, item)

    # What reached the electrodes

    def finish(self) -> list[dict[str, object]]:
        self.twin.power_off(self.now)
        return self.twin.records()

    @property
    def high_voltage(self) -> object:
        """As last recorded by the twin: 1 off, 6 = 150 V, None if never switched."""
        rows = [row for row in self.twin.records() if row["kind"] == "state"]
        return rows[-1]["high_voltage"] if rows else None

    def highest_ua(self, channel: int | None = None) -> int:
        """The highest current of any pulse that the twin recorded so far (call finish() before)."""
        rows = [row for row in self.twin.records() if row["kind"] in ("train", "pulse")]
        return max(
            (
                abs(current)
                for row in rows
                if channel in (None, row["channel"]) and row.get("count", 1)
                for _, current in row["points"]
            ),
            default=0,
        )


LADDER = cleared(60_000, 200, 50_000)


def at(amplitude_ua: int) -> SetPoint:
    return LADDER.point(amplitude_ua)


def lose_answers(bench: Bench, count: int) -> None:
    left = [count]

    def line(data: bytes) -> list[tuple[int, bytes]]:
        if left[0]:
            left[0] -= 1
            return []
        return [(0, data)]

    bench.device_line = line
