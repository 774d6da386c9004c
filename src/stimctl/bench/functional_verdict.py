"""A functional stage held against its rules by the twin's own record: what came out, and when (N7).

Nothing here asks the engine: pulses are read from the record of the electrodes.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from firmware_sim.ledger import ChannelLedger, Ledger
from stimctl.bench.input_play import Silence
from stimctl.treatment.activation import LOST_RAMP_US
from stimctl.treatment.program import CurrentChannel, Stage

MINUTE_US = 60_000_000
HELD_US = 10_000_000
QUICK_US, SLOW_US = 100_000, 500_000
SLACK_US = 100_000
"""Two ticks of a slow ramp, which a late wake-up may make up for."""
ZERO_WITHIN_US = 60_000
"""From the end of a ramp to zero at the electrodes (K11)."""


@dataclass(frozen=True, slots=True)
class OnTime:
    """Pulses of a channel without a pause: (time, height) of each."""

    pulses: tuple[tuple[int, int], ...]

    @property
    def from_us(self) -> int:
        """Its first pulse."""
        return self.pulses[0][0]

    @property
    def until_us(self) -> int:
        """Its last pulse."""
        return self.pulses[-1][0]


def problems(
    stage: Stage[CurrentChannel],
    ledger: Ledger,
    from_us: int,
    silences: Iterable[Silence] = (),
) -> Iterator[str]:
    """What of W17, W18, A14, A15 and K11 was not kept after `from_us` of the record's time."""
    assert stage.switching is not None
    on_times = {
        one.channel: on_times_of(ledger[one.channel], one.period_us, from_us)
        for one in stage.channels
    }
    silent = tuple(silences)
    for one in stage.channels:
        mine = on_times[one.channel]
        for problem in (
            *_w17(one, mine),
            *_steep(ledger[one.channel], mine, from_us),
            *_after_loss(stage, one, mine, silent),
        ):
            yield f"channel {one.channel}: {problem}"
    for first, second in stage.switching.exclusive:
        if _overlap(on_times[first], on_times[second]):
            yield f"channels {first} and {second}: W18: on at the same time"


def on_times_of(ledger: ChannelLedger, period_us: int, from_us: int) -> tuple[OnTime, ...]:
    """The on times of a channel after a time: a pulse each period, and a little."""
    pulses = sorted(
        (run.start_us + number * run.period_us, run.peak_ua)
        for run in ledger.runs
        if run.peak_ua and run.last_start_us >= from_us
        for number in range(run.count)
    )
    found: list[list[tuple[int, int]]] = []
    for pulse in pulses:
        if pulse[0] < from_us:
            continue
        if not found or pulse[0] - found[-1][-1][0] > period_us * 3 // 2:
            found.append([])
        found[-1].append(pulse)
    return tuple(OnTime(tuple(one)) for one in found)


def _w17(one: CurrentChannel, on_times: Sequence[OnTime]) -> Iterator[str]:
    window = one.stimulus.window
    assert window is not None
    for each in on_times:
        if each.until_us - each.from_us > window.longest_us:
            yield f"W17: on for {each.until_us - each.from_us} us, longest is {window.longest_us}"
    starts = [each.from_us for each in on_times]
    for number, at_us in enumerate(starts):
        within = bisect_left(starts, at_us + MINUTE_US) - number
        if within > window.per_minute:
            yield f"W17: {within} starts in 60 s, {window.per_minute} are allowed"
            break
    for each in on_times:
        until_us = each.from_us + MINUTE_US
        on_us = sum(
            min(other.until_us, until_us) - other.from_us
            for other in on_times
            if each.from_us <= other.from_us < until_us
        )
        if on_us > window.on_in_a_minute_us:
            yield f"W17: on for {on_us} us of 60 s, {window.on_in_a_minute_us} are allowed"
            break
    for first, second in pairwise(on_times):
        if second.from_us - first.until_us < window.refractory_us:
            yield f"W17: {second.from_us - first.until_us} us between two on times"
            break


def _steep(ledger: ChannelLedger, on_times: Sequence[OnTime], from_us: int) -> Iterator[str]:
    """A14 and A15: no higher than before, and above what was held no faster than of any ramp."""
    before = sorted((run.peak_ua, run.count * run.period_us) for run in ledger.runs
                    if run.start_us < from_us)  # fmt: skip
    highest = max((peak for peak, _ in before), default=0)
    held, for_us = 0, 0
    for peak, lasted_us in reversed(before):
        for_us += lasted_us
        if for_us >= HELD_US:
            held = peak
            break
    top = max((peak for each in on_times for _, peak in each.pulses), default=0)
    if top > highest:
        yield f"A15: {top} uA, and {highest} uA was the most that was raised"
    for each in on_times:
        for at_us, peak in each.pulses:
            since_us = at_us - each.from_us + SLACK_US
            slow_us = max(0, peak - held) * SLOW_US // max(1, top)
            quick_us = min(peak, held) * QUICK_US // max(1, top)
            if since_us < max(slow_us, quick_us - SLACK_US // 2):
                yield f"A14: {peak} uA after {at_us - each.from_us} us, {held} uA was held"
                return


def _after_loss(
    stage: Stage[CurrentChannel],
    one: CurrentChannel,
    on_times: Sequence[OnTime],
    silences: Sequence[Silence],
) -> Iterator[str]:
    """K11: an input that is silent has no output after its time."""
    assert stage.switching is not None
    switch = stage.switching.switches[one.channel]
    spec = next(each for each in stage.switching.inputs if each.name == switch.input)
    ramp_us = min(switch.timing.ramp_down_us, LOST_RAMP_US)
    times = [at_us for each in on_times for at_us, _ in each.pulses]
    for silence in silences:
        if silence.input != switch.input:
            continue
        zero_us = silence.from_us + spec.fresh_for_us + ramp_us + ZERO_WITHIN_US
        late = bisect_right(times, silence.until_us) - bisect_right(times, zero_us)
        if late > 0:
            yield f"K11: {late} pulses after the input was silent"


def _overlap(ones: Sequence[OnTime], others: Sequence[OnTime]) -> bool:
    return any(a.from_us <= b.until_us and b.from_us <= a.until_us for a in ones for b in others)
