"""Samples of inputs on their way to the engine: the newest of each, and no more than 200 a second.

A sensor that floods its line must not keep a stop, a beat or an answer of the device waiting (K16).
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass

from stimctl.session.facts import InputSample

SHORTEST_NS = 5_000_000
"""Between two samples of one input: 200 a second (D)."""
MOST_INPUTS = 16


@dataclass(slots=True)
class _Waiting:
    """What waits of one input. Events and heartbeats have a time of their own, so that a heartbeat
    never takes the place of an event."""

    event: InputSample | None = None
    other: InputSample | None = None
    event_ns: int = -SHORTEST_NS
    other_ns: int = -SHORTEST_NS


class SampleLane:
    """Safe from threads."""

    def __init__(self) -> None:
        self._by_name: dict[str, _Waiting] = {}
        self._order: deque[tuple[str, bool]] = deque()
        self._lock = threading.Lock()

    def put(self, now_ns: int, sample: InputSample) -> bool:
        """Keep a sample; False where it takes the place of one that waits, or comes too soon."""
        with self._lock:
            waiting = self._by_name.get(sample.input)
            if waiting is None:
                if len(self._by_name) >= MOST_INPUTS:
                    return False
                waiting = self._by_name[sample.input] = _Waiting()
            is_event = sample.value is None and not sample.beat
            if is_event:
                before, since_ns = waiting.event, now_ns - waiting.event_ns
            else:
                before, since_ns = waiting.other, now_ns - waiting.other_ns
            if before is None and since_ns < SHORTEST_NS:
                return False
            if is_event:
                waiting.event, waiting.event_ns = sample, now_ns
            else:
                waiting.other, waiting.other_ns = sample, now_ns
            if before is None:
                self._order.append((sample.input, is_event))
            return before is None

    def take(self) -> InputSample | None:
        """The sample that has waited longest; None where none waits."""
        with self._lock:
            if not self._order:
                return None
            name, is_event = self._order.popleft()
            waiting = self._by_name[name]
            if is_event:
                sample, waiting.event = waiting.event, None
            else:
                sample, waiting.other = waiting.other, None
            return sample
