"""How a train of equal pulses is written to the record: opened, closed with its count, or cut."""

from __future__ import annotations

from dataclasses import dataclass

from .electrodes import Delivered, cut_points
from .recorder import Recorder, Row


@dataclass(frozen=True, slots=True)
class Segment:
    """Pulses of one form: a single one, or a train without an end of its own; times in us.

    train: its number in the record; ramp: the step of a ramp this pulse is, or 0; lead: how many
    of the points are a test pulse of the device's own, given before each pulse.
    """

    start_us: int
    period_us: int
    duration_us: int
    delivered: Delivered
    single: bool
    train: int
    ramp: int
    lead: int = 0

    def begun(self, at_us: int) -> int:
        """Return how many pulses began before at_us."""
        if at_us <= self.start_us:
            return 0
        return 1 if self.single else (at_us - 1 - self.start_us) // self.period_us + 1

    def last_start(self, count: int) -> int:
        """Return when pulse number count (1 is the first) begins."""
        return self.start_us + (count - 1) * self.period_us


def record_open(recorder: Recorder, channel: int, segment: Segment) -> None:
    """Record that a train begins; a single pulse is recorded when it is over."""
    if not segment.single:
        recorder.add({"kind": "train_open", **_train(channel, segment)})


def record_over(recorder: Recorder, channel: int, segment: Segment, count: int) -> None:
    """Record that a segment is over, after `count` complete pulses."""
    if not segment.single:
        row = _train(channel, segment)
        points = row.pop("points")
        recorder.add({"kind": "train", **row, "count": count, "points": points})
    elif count:
        row = pulse_row(channel, segment.start_us, segment.delivered.row, segment.lead)
        if segment.ramp:
            row["ramp"] = segment.ramp
        recorder.add(row)


def record_cut(recorder: Recorder, channel: int, segment: Segment, count: int, at_us: int) -> None:
    """Record that a segment is over, and that its last pulse was cut off at at_us."""
    start_us = segment.last_start(count)
    record_over(recorder, channel, segment, count - 1)
    points = cut_points(segment.delivered.row, at_us - start_us)
    row = pulse_row(channel, start_us, points, segment.lead)
    row["cut"] = True
    recorder.add(row)


def _train(channel: int, segment: Segment) -> Row:
    return {
        "id": segment.train,
        "channel": channel,
        "period_us": segment.period_us,
        **_timed(segment.start_us, segment.delivered.row, segment.lead),
    }


def pulse_row(channel: int, start_us: int, points: list[list[int]], lead: int) -> Row:
    """Return the row of a single pulse; the first `lead` points are a test pulse."""
    return {"kind": "pulse", "channel": channel, **_timed(start_us, points, lead)}


def _timed(start_us: int, points: list[list[int]], lead: int) -> Row:
    if not lead:
        return {"start_us": start_us, "points": points}
    test = points[:lead]
    before_us = sum(time_us for time_us, _ in test)
    while test and not test[-1][1]:
        test = test[:-1]  # the pause after it
    return {
        "start_us": start_us + before_us,
        "points": points[lead:],
        "test": {"before_us": before_us, "points": test},
    }
