"""What a device has acknowledged in one run, over time: never what was planned.

No device tells how many pulses it gave. It does tell which set points it has accepted, and when.
From these the pulses are counted as its timers make them: one with the set point that switches a
channel on, and one for each whole period after it, until the channel is off or zero is verified.
Beside that figure stand its bounds (`delivery_bounds`): what was given at least, and at most.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from stimctl.devices.events import ChannelSet
from stimctl.devices.sheet import Readback
from stimctl.session.config import TRIP_MARGIN_NS
from stimctl.session.delivery_bounds import DeliveryBounds
from stimctl.session.events import Json
from stimctl.session.output_count import OFF, Output, OutputCount
from stimctl.stimulus.level import CURRENT
from stimctl.treatment.program import AnyPlan, CurrentChannel

_NS_IN_US = 1_000
_US_IN_SECOND = 1_000_000


class Acknowledged:
    """The channels of one run."""

    def __init__(
        self,
        channels: Iterable[int],
        unit: str,
        runs_on_ns: int | None = None,
        *,
        tells_state: bool = True,
        keeps_rhythm: bool = False,
    ) -> None:
        """`runs_on_ns`: how long the device goes on by itself. `tells_state`: it says what runs,
        not only what it accepted. `keeps_rhythm`: its timers go on for a channel that is off,
        until it is stopped."""
        self._counts = {channel: OutputCount(unit) for channel in channels}
        self._bounds = {channel: DeliveryBounds(unit, runs_on_ns) for channel in self._counts}
        self._tells_state = tells_state
        self._keeps_rhythm = keeps_rhythm
        self._resting: dict[int, Output] = {}
        """By channel, what off is: where the rhythm is kept, no current in it."""
        self._at_stop: dict[int, OutputCount] | None = None
        """From the stop until zero is verified: the counts, as if it had not come."""
        self._ticket = self._replaced = 0
        """The last call, and the last one that the driver's own fallback replaces."""

    @classmethod
    def of(cls, plan: AnyPlan) -> "Acknowledged":
        """For a run of this plan."""
        sheet = plan.sheet
        runs_on_us = sheet.longest_run_after_host_death_us
        return cls(
            [one.channel for one in plan.channels],
            "ua" if sheet.scale is CURRENT else "percent",
            None if runs_on_us is None else runs_on_us * _NS_IN_US + TRIP_MARGIN_NS,
            tells_state=sheet.readback is not Readback.NONE,
            keeps_rhythm=sheet.channels_first,
        )

    # -- trains

    def asks(self, now_ns: int, ticket: int, sets: Iterable[ChannelSet]) -> None:
        """The device is told to do exactly this."""
        self._ticket = ticket
        by_channel = _outputs(sets)
        for channel, bounds in self._bounds.items():
            off = self._resting.get(channel, OFF)
            bounds.asks(now_ns, ticket, by_channel.get(channel, off))

    def accepts(
        self,
        now_ns: int,
        sets: Iterable[ChannelSet],
        ticket: int | None = None,
        *,
        whole: bool = True,
    ) -> None:
        """From now on the device does exactly this; the channels that are not named are off.
        `whole`: all of what this ticket asked for. Ticket 0: what the driver fell back to."""
        by_channel = _outputs(sets)
        if self._keeps_rhythm:
            self._resting |= {one: output._replace(level=0) for one, output in by_channel.items()}
        for channel, count in self._counts.items():
            output = by_channel.get(channel, self._resting.get(channel, OFF))
            if self._at_stop is None:  # else it was told to stop since
                count.turn(now_ns, output)
            self._bounds[channel].accepts(now_ns, ticket or self._replaced, output, whole=whole)

    def dropped(self, now_ns: int, ticket: int, *, sent: bool) -> None:
        """A raise was given up; `sent`: it may be in force until the fallback is acknowledged."""
        self._replaced = max(self._replaced, ticket)
        if not sent:
            for bounds in self._bounds.values():
                bounds.never_sent(now_ns, ticket)

    def closed(self, now_ns: int, channel: int) -> None:
        """The driver has told the device to switch a channel off by itself."""
        self._replaced = max(self._replaced, self._ticket - 1)
        off = self._resting.get(channel, OFF)
        self._bounds[channel].closes(now_ns, self._ticket, off)

    def confirms(self, at_ns: int, running: Collection[int] | None = None) -> None:
        """An answer says what the device was at then: `running`, or None where it says no more
        than that it has accepted something."""
        if running is None and self._tells_state:
            return
        for channel, bounds in self._bounds.items():
            bounds.confirms(at_ns, runs=running is None or channel in running)

    # -- single pulses

    def sends(self, channel: int, output: int, width_us: int) -> None:
        """A single pulse goes out."""
        self._bounds[channel].sends(Output(output, width_us))

    def gives(self, channel: int, output: int, width_us: int) -> None:
        """One single pulse was acknowledged."""
        pulse = Output(output, width_us)
        count = self._counts[channel]
        count.give(pulse)
        count.peak = max(count.peak, output)
        self._bounds[channel].gave(pulse)

    def gives_none(self, channel: int, output: int, width_us: int) -> None:
        """A single pulse never left, or was refused."""
        self._bounds[channel].gave_none(Output(output, width_us))

    def peak(self, channel: int) -> int:
        """The highest output that was accepted on a channel."""
        return self._counts[channel].peak

    # -- the end

    def stops(self, now_ns: int) -> None:
        """A stop goes out: that it ends the output at once is acknowledged with zero."""
        if self._at_stop is None:
            self._at_stop = {channel: replace(one) for channel, one in self._counts.items()}
            for count in self._counts.values():
                count.turn(now_ns, OFF)
        for bounds in self._bounds.values():
            bounds.stops(now_ns)

    def ends(self, now_ns: int, *, ran: bool = True, at_once: bool = True) -> None:
        """Zero was verified. `ran`: the device was at it until this stop, `at_once`: the first one
        of its rounds."""
        if self._at_stop is not None and ran and not at_once:
            self._counts = self._at_stop
        self._at_stop = None
        self._resting.clear()
        for count in self._counts.values():
            count.turn(now_ns, OFF)
        for bounds in self._bounds.values():
            bounds.ends(now_ns, ran=ran)

    # -- what it comes to

    def told(self, now_ns: int, *, unknown: bool = False) -> Mapping[str, Json]:
        """By channel, for a row; `unknown`: its bounds with all that may still come."""
        told: dict[str, Json] = {}
        for channel, count in self._counts.items():
            count.advance(now_ns)
            figures = count.told()
            bounds = self._bounds[channel].told(now_ns, unknown=unknown)
            # Where the figure has another pulse than a bound, the bound gives way.
            pairs: dict[str, Json] = {
                name: [min(low, figures[name]), high if high is None else max(high, figures[name])]
                for name, (low, high) in bounds.items()
            }
            told[str(channel)] = {**figures, "bounds": pairs}
        return told


def fastest_of(plan: AnyPlan) -> dict[str, dict[str, int]]:
    """By channel, the pulses of its fastest second and the width of its widest phase."""
    return {
        str(one.channel): {
            "pulses_a_second": -(-_US_IN_SECOND // one.cleared.shortest_period_us)
            * one.pulses_a_period
            + _of_leads(one),
            "width_us": one.stimulus.widest_phase_us,
        }
        for one in plan.channels
        if isinstance(one, CurrentChannel)
    }


def _outputs(sets: Iterable[ChannelSet]) -> dict[int, Output]:
    return {
        one.channel: Output(one.level, one.phase_width_us, one.period_us, one.pulses)
        for one in sets
    }


def _of_leads(one: CurrentChannel) -> int:
    """How many pulses more the leads of holds make in a second."""
    if one.cleared.lead is None or one.cycle is None:
        return 0
    return -(-_US_IN_SECOND // one.cycle.period_us) * (one.cleared.lead.pulses - 1)
