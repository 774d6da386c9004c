"""What must hold whatever happens, read from events, set points and the record at the electrodes.

It knows the rules and nothing of how the engine keeps them. Where a fault makes the device itself
do something else than it is told, only that much is allowed for, from the story's own data.
"""

from __future__ import annotations

from collections.abc import Mapping

from firmware_sim.faults import SPECS, Fault
from firmware_sim.invariant import Judge
from firmware_sim.ledger import Ledger, Run
from stimctl.session.config import MS, RAISE_INTERVAL_NS, SECOND, STOP_OVERDUE_NS
from stimctl.session.events import Kind, SessionEvent
from stimctl.session.states import State
from stimctl.testing.watched import watch_bench
from tests.soak.soak_bench import SoakBench
from tests.soak.soak_devices import Device
from tests.soak.soak_story import Story
from tests.soak.soak_troubles import Trouble
from tests.support.session_watch import WatchedDriver

_MARGIN_NS = 50 * MS
_NEVER_ENDS_NS = 24 * 3_600 * SECOND
_KEEPS_PLATEAUS = (State.RUNNING, State.PAUSED)
_SURELY_ZERO = (State.STOPPED, State.CLOSED)
_UNFAITHFUL = frozenset({"reset-keeps-output"})
"""Faults after which the device may start by itself."""
_ENDLESS = frozenset({"dead-man-missing", "stuck-output", "clock-wrap", "reset-keeps-output"})


_OFTEN_CALLED = ("receive", "advance", "transmit", "events", "deadline", "keep_alive")


class Violation(AssertionError):
    """A promise that was broken, in words."""


def late_by_ns(trouble: Trouble, device: Device) -> int:
    """How much later than the device's dead-man the output may end because of this fault (ns)."""
    told: Mapping[str, int] = trouble.parameters
    if trouble.name in _ENDLESS:
        return _NEVER_ENDS_NS
    if trouble.name == "dead-man-late":
        return device.watchdog_ns * (told["permille"] - 1_000) // 1_000
    if trouble.name in ("hang", "xoff-stuck", "host-stalls", "host-slept", "ack-only"):
        # The last: what is acknowledged and not obeyed leaves in force what was before it.
        return told["for_us"] * 1_000
    if trouble.name == "slow":
        return 8 * SECOND
    delay_us = told.get("delay_us", 0) + told.get("most_us", 0)
    return delay_us * 1_000 + (400 * MS if trouble.name in ("split", "merge") else 0)


_BY_HAND_UA = 1_000
_BY_HAND_UA_PER_S = 4_000
_IN_AN_OFF_TIME_UA = 2_000


class Rules:
    """The plateaus as the rules allow them, from the session's events alone."""

    def __init__(self, step_ua: int) -> None:
        self._step_ua = step_ua
        self.state = State.DISCONNECTED
        self.plateau_ua: dict[int, int] = {}
        self._raised_ns: dict[int, int] = {}
        self._asked: dict[int, tuple[int, int]] = {}
        self._applied = 0
        self._started = False
        self._seen = 0
        self.stopping_ns: int | None = None
        """Since when a stop waits for zero that is neither verified nor shown as UNKNOWN."""

    def take(self, events: list[SessionEvent], durable_seq: int) -> None:
        """Take what is new; Violation at the first event that may not be."""
        for event in events[self._seen :]:
            self._take(event, durable_seq)
        self._seen = len(events)

    def _take(self, event: SessionEvent, durable_seq: int) -> None:
        data = event.data
        if event.kind is Kind.STATE:
            self.state = State(str(data["state"]))
            if self.state not in _KEEPS_PLATEAUS:
                self.plateau_ua.clear()
                self._started = False
        elif event.kind is Kind.START:
            _hold(self.state is State.ARMED, "a start outside ARMED", event)
            self._started = True
        elif event.kind is Kind.RESUME and data["from_zero"]:
            self.plateau_ua.clear()
        elif event.kind is Kind.RAISE:
            self._asked[int(str(data["channel"]))] = (event.seq, int(str(data["level"])))
        elif event.kind is Kind.PENDING:
            self._applied = int(str(data["channel"])) if data["outcome"] == "applied" else 0
        elif event.kind is Kind.SET:
            self._set(event, durable_seq)
        elif event.kind is Kind.STOPPING and self.state is not State.UNKNOWN:
            self.stopping_ns = self.stopping_ns or event.at_ns
        elif event.kind in (Kind.ZERO_VERIFIED, Kind.UNKNOWN):
            self.stopping_ns = None

    def _set(self, event: SessionEvent, durable_seq: int) -> None:
        channel, plateau_ua = int(str(event.data["channel"])), int(str(event.data["level"]))
        before_ua = self.plateau_ua.get(channel, 0)
        self.plateau_ua[channel] = plateau_ua
        if plateau_ua <= before_ua:
            return
        _hold(self._started, "a raise without arm and start", event)
        _hold(self.state is State.RUNNING, "a raise outside RUNNING", event)
        most_ua = max(self._step_ua, _BY_HAND_UA)
        added_up = self._applied == channel and before_ua > 0
        allowed_ua = max(most_ua, _IN_AN_OFF_TIME_UA) if added_up else most_ua
        self._applied = 0
        _hold(plateau_ua - before_ua <= allowed_ua, "more than one increment at once", event)
        since_ns = event.at_ns - self._raised_ns.get(channel, -SECOND)
        every_ns = max(RAISE_INTERVAL_NS, most_ua * SECOND // _BY_HAND_UA_PER_S)
        _hold(since_ns >= every_ns, "two raises at once", event)
        row_seq, asked_ua = self._asked.get(channel, (0, -1))
        _hold(asked_ua == plateau_ua, "a raise without a row of its own", event)
        _hold(row_seq <= durable_seq, "a raise before its row was on the disk", event)
        self._raised_ns[channel] = event.at_ns


def _hold(condition: bool, what: str, event: SessionEvent) -> None:
    if not condition:
        raise Violation(f"{what}: {event.as_dict()}")


class Watch:
    """Everything that is checked of one session. `driver` goes into its bench."""

    def __init__(self, story: Story) -> None:
        self._device = story.device
        self.driver = WatchedDriver(story.device.new_driver())
        for name in _OFTEN_CALLED:  # past the detour that only what is watched needs
            setattr(self.driver, name, getattr(self.driver, name))
        self.rules = Rules(story.device.step_ua)
        self._cleared = {one.channel: one.most for one in story.plan.channels}
        self._begun: list[Trouble] = []
        self.invariant: Judge | None = None

    def attach(self, bench: SoakBench) -> None:
        """Hang the invariant on a bench: every byte, every microampere."""
        self.driver.engine = bench.engine
        self.invariant = watch_bench(bench, raising=False)

    def begins(self, trouble: Trouble) -> None:
        """Something goes wrong from now on."""
        self._begun.append(trouble)

    def own_faults(self, faults: tuple[Fault, ...]) -> None:
        """What goes wrong by the scenario itself."""
        for fault in faults:
            told = {**SPECS[fault.name].parameters, **fault.parameters}
            self.begins(Trouble(fault.name, State.DISCONNECTED, 1, fault.at_us, told))

    def look(self, bench: SoakBench) -> None:
        """Check what has happened since the last look; Violation at the first breach."""
        self.rules.take(bench.events, bench.journal.durable_seq)
        for channel in self._cleared:
            if bench.engine.plateau(channel) > self.rules.plateau_ua.get(channel, 0):
                raise Violation(f"channel {channel}: a plateau that no event tells of")
        self._set_points()
        self._stop_is_watched(bench)
        self._zero_is_true(bench)
        broken = self.invariant.violation if self.invariant is not None else None
        if broken is not None:
            raise Violation(str(broken))

    def _zero_is_true(self, bench: SoakBench) -> None:
        claimed = bench.state in _SURELY_ZERO and not bench.engine.stopping
        unfaithful = any(one.name in _UNFAITHFUL for one in self._begun)
        if claimed and bench.twin.stimulating and not unfaithful:
            raise Violation(f"zero is claimed in {bench.state} and the device is running")

    def _set_points(self) -> None:
        for state, channel, amplitude_ua, plateau_ua in self.driver.judged:
            if amplitude_ua and state is not State.RUNNING:
                raise Violation(f"channel {channel}: a set point in {state}")
            if amplitude_ua > min(plateau_ua, self._cleared[channel]):
                raise Violation(f"channel {channel}: set to {amplitude_ua} uA, over its plateau")
        self.driver.judged.clear()

    def _stop_is_watched(self, bench: SoakBench) -> None:
        since_ns = self.rules.stopping_ns
        if since_ns is not None and bench.now_ns - since_ns > STOP_OVERDUE_NS:
            raise Violation(f"a stop without zero for 500 ms is shown as {bench.state}")

    @staticmethod
    def healthy(bench: SoakBench) -> bool:
        """Whether nothing is wrong with device and line any more."""
        twin = bench.faulty
        return twin.plugged and not twin.place and not twin.active

    def home(self, bench: SoakBench) -> None:
        """At the end of a day: with nothing wrong any more, zero was verified and all is closed."""
        if self.healthy(bench) and bench.state is not State.CLOSED:
            raise Violation(f"nothing is wrong, and the session ends in {bench.state}")

    def settle(self, bench: SoakBench) -> None:
        """At the end: every pulse at the electrodes was asked for, and not too long ago."""
        late_ns = self._device.watchdog_ns + _MARGIN_NS
        late_ns += sum(late_by_ns(one, self._device) for one in self._begun)
        scaled = [one.parameters["permille"] for one in self._begun if one.name == "local-knob"]
        by_permille = max([1_000, *scaled])
        any_channel = any(one.name == "wrong-channel" for one in self._begun)
        for channel, ledger in Ledger(bench.twin.records()).channels.items():
            for run in ledger.runs:
                self._judge(channel, run, late_ns, by_permille, any_channel=any_channel)

    def _judge(
        self, channel: int, run: Run, late_ns: int, by_permille: int, *, any_channel: bool
    ) -> None:
        for at_us in {run.start_us, run.last_start_us}:
            channels = range(1, 9) if any_channel else (channel,)
            until_ns = at_us * 1_000
            asked = [
                point.amplitude_ua
                for one in channels
                for point in self.driver.in_force(until_ns - late_ns, until_ns, one)
            ]
            if not asked:
                raise Violation(f"channel {channel} at {at_us} us: output nobody asked for")
            if run.peak_ua * 1_000 > max(asked) * by_permille:
                raise Violation(f"channel {channel} at {at_us} us: {run.peak_ua} uA, not asked for")
