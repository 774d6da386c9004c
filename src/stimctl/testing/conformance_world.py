"""For the kit: a driver behind its guard, its twin and their line, under a virtual clock."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any

from firmware_sim.invariant import BARE, fitted, watch
from stimctl.bench.families import twin_of
from stimctl.devices.driver import Frame
from stimctl.devices.events import DriverBroken, DriverEvent, LineError, Ready, ZeroVerified
from stimctl.errors import LimitRefusedError, StateError, StimctlError
from stimctl.safety import Cleared, Electrode, Profile, clear, clear_intensity, envelope_for
from stimctl.safety.intensity import ATTENDED, ClearedIntensity
from stimctl.session.guard import GuardedDriver
from stimctl.stimulus import Pulse, PulseShape, Stimulus
from stimctl.supervisor.families import Family, family_named

MS = 1_000_000
SECOND = 1_000 * MS
LATENCY_NS = 500_000
CONNECT_NS, ZERO_NS = 30 * SECOND, 5 * SECOND
_TURNS_MAX = 2_000  # without time going on
_PAD = Electrode(area_mm2=10_000)

Line = Callable[[bytes], list[tuple[int, bytes]]]
"""What arrives of one write: (later by ns, bytes) of each piece; nothing where it is lost."""


def good_line(data: bytes) -> list[tuple[int, bytes]]:
    """A line that does nothing to it."""
    return [(0, data)]


class Points:
    """Genuine set points for a family; `levels` from the lowest on, in the unit of its scale."""

    def __init__(self, family: Family) -> None:
        sheet = family.sheet
        self.channels = range(1, sheet.channels + 1)
        self._ladder: Cleared | ClearedIntensity
        if sheet.external_pulses is not None:
            share = sheet.external_pulses
            answer: object = clear_intensity(
                share.highest_percent, share, _PAD, acknowledged=frozenset({ATTENDED})
            )
            step = share.step_percent
            self.levels = list(range(share.lowest_percent, share.highest_percent + 1, step))
        else:
            bounds = sheet.bounds
            step = bounds.amplitude_step_ua
            top = min(bounds.amplitude_max_ua, 24_000)
            self.levels = list(range(step, top + 1, step))
            pulse = Pulse(
                shape=PulseShape.SYMMETRIC,
                amplitude_ua=self.levels[-1],
                phase_width_us=max(bounds.phase_width_min_us, 200),
                interphase_gap_us=bounds.interphase_gap_fixed_us or 0,
            )
            stimulus = Stimulus(pulse=pulse, frequency_mhz=20_000)
            envelope = envelope_for(bounds, _PAD, profile=Profile.RESEARCH)
            answer = clear(stimulus, envelope, acknowledged=frozenset({"L-J", "L-DC"}))
        assert isinstance(answer, Cleared | ClearedIntensity), f"no clearance: {answer}"
        self._ladder = answer

    def of(self, wanted: Mapping[int, int]) -> dict[int, Any]:
        """By channel, the genuine set point of this level."""
        ladder = self._ladder
        if isinstance(ladder, ClearedIntensity):
            return {channel: ladder.point(level) for channel, level in wanted.items() if level}
        return {channel: ladder.point(level) for channel, level in wanted.items()}


class World:
    """One driver and one twin. Time is virtual ns from 0. AssertionError where a rule is broken.

    What reaches the electrodes is judged all the time: no channel that was not asked for since the
    last stop, no level above what was asked, and the rules of the twin's own invariant.
    """

    def __init__(self, name: str, seed: int = 0) -> None:
        self.family = family_named(name)
        sheet = self.family.sheet
        self.points = Points(self.family)
        self.driver = GuardedDriver(self.new_driver(), sheet)
        self.twin: Any = twin_of(name, seed)
        self.now = 0
        self.events: list[DriverEvent] = []
        self.sent: list[Frame] = []
        self.refused: list[StimctlError] = []
        self.to_device: Line = good_line
        self.to_host: Line = good_line
        self.on: set[int] = set()
        self.asked: dict[int, int] = {}
        self._flying: list[tuple[int, int, bool, bytes]] = []
        self._order = count()
        self._turns = 0
        self._every_ns = (sheet.refresh_us or sheet.keep_alive_us) * 1_000
        self._next_alive_ns: int | None = None
        self.twin.recorder.tap(self._row)
        self._judge = watch(self.twin.recorder, fitted(BARE, name))

    def new_driver(self) -> Any:
        """The driver that is tested."""
        return self.family.new_driver()

    def _row(self, row: Mapping[str, Any]) -> None:
        if row["kind"] == "output":
            (self.on.add if row["on"] else self.on.discard)(row["channel"])
            allowed = not row["on"] or row["channel"] in self.asked
            assert allowed, f"channel {row['channel']} is on, and nobody has asked for it"
        elif row["kind"] in ("train_open", "pulse"):
            peak = max((abs(level) for _, level in row["points"]), default=0)
            asked = self.asked.get(row["channel"], 0)
            assert peak <= asked, f"channel {row['channel']} gets {peak} uA of {asked} uA asked"

    # -- calls

    def call(self, name: str, *arguments: Any) -> Any:
        """Call the driver; a refusal is kept and None comes back."""
        try:
            return getattr(self.driver, name)(self.now, *arguments)
        except (StateError, LimitRefusedError) as refused:
            self.refused.append(refused)
            return None
        finally:
            self._pump()

    def apply(self, wanted: Mapping[int, int]) -> Any:
        """Ask for these levels, and for nothing else."""
        before = dict(self.asked)
        for channel, level in wanted.items():
            self.asked[channel] = max(level, self.asked.get(channel, 0))
        ticket = self.call("apply", self.points.of(wanted))
        if ticket is None:
            self.asked = before
        return ticket

    def connect(self) -> None:
        """Connect, and fail where that does not lead to a device that is ready."""
        self.call("connect")
        assert self.until(lambda: self.heard(Ready), CONNECT_NS), f"not ready: {self.last()}"

    def start(self, wanted: Mapping[int, int]) -> None:
        """Ready, and these levels on; the keep-alive goes on from here."""
        self.connect()
        self.choose()
        self.alive(going=True)
        self.apply(wanted)
        self.run(2 * SECOND)
        on = {channel for channel, level in wanted.items() if level}
        assert self.on == on, f"asked for {wanted}, on are {self.on}: {self.last()}"

    def choose(self) -> None:
        """Tell a device that must know its channels first which they are, without output."""
        if self.family.sheet.channels_first:
            self.apply(dict.fromkeys(self.points.channels, 0))
            self.run(SECOND // 2)

    def alive(self, *, going: bool) -> None:
        """Send the keep-alive from now on, or withhold it."""
        self._next_alive_ns = self.now + self._every_ns if going else None

    def stop(self, within_ns: int = ZERO_NS) -> int:
        """Stop, and fail where zero is not verified; gives the ns it took. Nothing may follow."""
        began, seen = self.now, sum(isinstance(one, ZeroVerified) for one in self.events)
        self.alive(going=False)
        self.call("stop")

        def verified() -> bool:
            return sum(isinstance(one, ZeroVerified) for one in self.events) > seen

        assert self.until(verified, within_ns), f"zero was not verified: {self.last()}"
        took_ns = self.now - began
        assert not self.on, f"zero was verified, and channels {self.on} are on"
        self.asked.clear()
        return took_ns

    # -- what was heard

    def heard(self, kind: type) -> bool:
        """Whether an event of this kind has come."""
        return any(isinstance(one, kind) for one in self.events)

    def last(self) -> list[DriverEvent]:
        """The last events, for a message."""
        found: list[DriverEvent] = [one for one in self.events if not isinstance(one, LineError)]
        return found[-4:]

    # -- time

    def run(self, span_ns: int) -> None:
        """Let time pass."""
        self.until(lambda: False, span_ns)

    def until(self, done: Callable[[], bool], within_ns: int) -> bool:
        """Let time pass until something is so; False where it does not become so."""
        end_ns = self.now + within_ns
        while not done():
            due_ns = self._next_ns()
            if due_ns is None or due_ns > end_ns:
                self._go(end_ns)
                return done()
            self._go(due_ns)
        return True

    def _next_ns(self) -> int | None:
        flying = self._flying[0][0] if self._flying else None
        due = (self.driver.deadline(), self.twin.deadline(), flying, self._next_alive_ns)
        return min((one for one in due if one is not None), default=None)

    def _go(self, now_ns: int) -> None:
        self._turns = self._turns + 1 if now_ns <= self.now else 0
        assert self._turns < _TURNS_MAX, "the driver asks for the same time again and again"
        self.now = max(now_ns, self.now)
        self.twin.advance(self.now)
        self._answer()
        while self._flying and self._flying[0][0] <= self.now:
            _, _, to_device, data = heapq.heappop(self._flying)
            if to_device:
                self.twin.receive(self.now, data)
                self._answer()
            else:
                self.driver.receive(self.now, data)
                self._pump()
        due_ns = self.driver.deadline()
        if due_ns is not None and due_ns <= self.now:
            self.driver.advance(self.now)
            self._pump()
        if self._next_alive_ns is not None and self._next_alive_ns <= self.now:
            self._next_alive_ns = self.now + self._every_ns
            if not self.driver.latched:
                self.call("keep_alive")

    def _answer(self) -> None:
        data = self.twin.transmit()
        if data:
            self._fly(self.to_host(data), to_device=False)

    def _fly(self, pieces: list[tuple[int, bytes]], *, to_device: bool) -> None:
        for later_ns, data in pieces:
            due_ns = self.now + LATENCY_NS + later_ns
            heapq.heappush(self._flying, (due_ns, next(self._order), to_device, data))

    def _pump(self) -> None:
        for frame in self.driver.transmit():
            self.sent.append(frame)
            if frame.resets:
                self.twin.reset(self.now)
            elif frame.expires_ns is None or frame.expires_ns >= self.now:
                self._fly(self.to_device(frame.data), to_device=True)
        events = self.driver.events()
        self.events += events
        for event in events:
            assert not isinstance(event, DriverBroken), f"{event.code}: {event.what}"
