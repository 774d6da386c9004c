"""What reaches the electrodes: trains and pulses of a record, in portions of time."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .orders import Order


@dataclass(slots=True)
class OpenTrain:
    """A train that may still go on. judged_us: pulses that begin before it have been judged.
    lead_us: how long before each pulse the device has begun it, with a test pulse of its own."""

    channel: int
    start_us: int
    period_us: int
    peak_ua: int
    judged_us: int
    lead_us: int = 0

    def first_after(self, at_us: int) -> int:
        """When the first pulse after at_us begins."""
        if at_us < self.start_us:
            return self.start_us
        return self.start_us + ((at_us - self.start_us) // self.period_us + 1) * self.period_us


@dataclass(frozen=True, slots=True)
class Span:
    """Pulses of one kind: the first begins at first_us, the last at or before last_us."""

    train: OpenTrain
    first_us: int
    last_us: int
    fresh: bool

    def after(self, at_us: int) -> int | None:
        """When the first of its pulses after at_us begins, None if there is none."""
        found_us = self.first_us if at_us < self.first_us else self.train.first_after(at_us)
        return found_us if found_us <= self.last_us else None


def peak_of(points: list[list[int]]) -> int:
    """The largest magnitude in uA."""
    return max((abs(current_ua) for time_us, current_ua in points if time_us), default=0)


def _lead_us(row: Mapping[str, Any]) -> int:
    return int((row.get("test") or {}).get("before_us", 0))


class Outputs:
    """The open trains of a record, and what of them has passed."""

    def __init__(self) -> None:
        self._open: dict[int, OpenTrain] = {}

    def opened(self, row: Mapping[str, Any]) -> None:
        """Take a train_open row; a train without current is no output."""
        peak_ua = peak_of(row["points"])
        if peak_ua:
            start_us = row["start_us"]
            self._open[row["id"]] = OpenTrain(
                row["channel"], start_us, row["period_us"], peak_ua, start_us, _lead_us(row)
            )

    def until(self, now_us: int) -> Iterator[Span]:
        """Yield what began before now_us and was not yielded before."""
        for train in self._open.values():
            if train.judged_us < now_us:
                yield from _portion(train, now_us - 1)

    def closed(self, row: Mapping[str, Any]) -> Iterator[Span]:
        """Take a train row: yield the rest of it, and then forget it."""
        train = self._open.pop(row.get("id", 0), None)
        if train is None:
            train = OpenTrain(
                row["channel"],
                row["start_us"],
                row["period_us"],
                peak_of(row["points"]),
                row["start_us"],
                _lead_us(row),
            )
        if row["count"] and train.peak_ua:
            yield from _portion(train, row["start_us"] + (row["count"] - 1) * row["period_us"])

    def pulse(self, row: Mapping[str, Any]) -> Iterator[Span]:
        """Take a pulse row."""
        start_us, peak_ua = row["start_us"], peak_of(row["points"])
        if peak_ua:
            train = OpenTrain(row["channel"], start_us, 1, peak_ua, start_us, _lead_us(row))
            yield Span(train, start_us, start_us, fresh=True)


def _portion(train: OpenTrain, last_us: int) -> Iterator[Span]:
    first_us = train.first_after(train.judged_us - 1)
    if first_us <= last_us:
        fresh = train.judged_us == train.start_us
        yield Span(train, first_us, last_us, fresh)
    train.judged_us = max(train.judged_us, last_us + 1)


class Asked:
    """The highest level each command in force asked of one channel, with some history.

    Single pulses wait for their turn in the device: up to 16 of them may still come.
    """

    def __init__(self) -> None:
        self._train_ua = 0
        self._pulses: deque[int] = deque(maxlen=16)
        self._history: deque[tuple[int, int]] = deque([(-1, 0)], maxlen=32)

    def train(self, at_us: int, level_ua: int) -> None:
        """A train, or 0 for off."""
        self._train_ua = level_ua
        self._note(at_us)

    def pulse(self, at_us: int, level_ua: int) -> None:
        """A single pulse."""
        self._pulses.append(level_ua)
        self._note(at_us)

    def nothing(self, at_us: int) -> None:
        """All output was ended."""
        self._train_ua = 0
        self._pulses.clear()
        self._note(at_us)

    def _note(self, at_us: int) -> None:
        level_ua = max(self._train_ua, max(self._pulses, default=0))
        if level_ua != self._history[-1][1]:
            self._history.append((at_us, level_ua))

    def since(self) -> tuple[int, int]:
        """The level in force now, and since when."""
        at_us, level_ua = self._history[-1]
        return level_ua, at_us

    def at(self, at_us: int) -> int:
        """The highest level in force at a time, that before a change at that very time too."""
        highest_ua = 0
        for since_us, level_ua in reversed(self._history):
            if since_us <= at_us:
                highest_ua = max(highest_ua, level_ua)
            if since_us < at_us:
                break
        return highest_ua


class AllAsked:
    """What was asked of all channels."""

    def __init__(self, channels: Iterable[int]) -> None:
        self._asked = {number: Asked() for number in channels}

    def __contains__(self, channel: int) -> bool:
        return channel in self._asked

    def __getitem__(self, channel: int) -> Asked:
        return self._asked[channel]

    def ordered(self, at_us: int, order: Order) -> None:
        """An order was obeyed, or may have been."""
        if order.may is not None:
            self._levels(at_us, order.may)
            return
        if order.stops or order.initialises:
            self.nothing(at_us, self._asked)
        if order.trains is not None:
            levels = {number: train.level for number, train in order.trains.items()}
            self._levels(at_us, levels)
        for number, pulse in (order.pulses or {}).items():
            self._asked[number].pulse(at_us, pulse.level)

    def nothing(self, at_us: int, channels: Iterable[int]) -> None:
        """All output of these channels was ended."""
        for number in channels:
            self._asked[number].nothing(at_us)

    def _levels(self, at_us: int, levels: Mapping[int, int]) -> None:
        for number, asked in self._asked.items():
            asked.train(at_us, levels.get(number, 0))
