"""Samples of inputs on their way to the engine: the newest of each, and no more than 200 a second.

A sensor that floods its line must not keep a stop, a beat or an answer of the device waiting (K16).
What comes too soon is kept until its time, so that the last word of a switch is always heard.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from stimctl.session.facts import InputSample

SHORTEST_NS = 5_000_000
"""Between two samples of one input: 200 a second (D)."""
MOST_INPUTS = 16


class _Slot(Enum):
    """What of an input waits by itself, and takes the place of nothing else."""

    EVENT = "event"
    VALUE = "value"
    BEAT = "beat"


@dataclass(frozen=True, slots=True)
class _Waiting:
    sample: InputSample
    due_ns: int


_Key = tuple[str, _Slot]


class SampleLane:
    """Safe from threads. `admit` names the inputs that there are."""

    def __init__(self) -> None:
        self._admitted: frozenset[str] | None = None
        self._names: set[str] = set()
        self._waiting: dict[_Key, _Waiting] = {}
        """In the order in which they came."""
        self._free_ns: dict[_Key, int] = {}
        """When the next one may go."""
        self._lock = threading.Lock()

    def admit(self, names: Iterable[str]) -> None:
        """These are the inputs from now on: no other name takes room from them."""
        with self._lock:
            self._admitted = frozenset(names)
            self._names &= self._admitted
            for key in [key for key in self._waiting if key[0] not in self._admitted]:
                del self._waiting[key]

    def put(self, now_ns: int, sample: InputSample) -> bool:
        """Keep a sample; False where it takes the place of one that waits."""
        key = (sample.input, _slot_of(sample))
        with self._lock:
            if self._admitted is not None and sample.input not in self._admitted:
                return False
            if sample.input not in self._names:
                if self._admitted is None and len(self._names) >= MOST_INPUTS:
                    return False
                self._names.add(sample.input)
            # Behind what came in between: its number is higher, and would make that one old (K12).
            before = self._waiting.pop(key, None)
            due_ns = max(now_ns, self._free_ns.get(key, now_ns))
            self._waiting[key] = _Waiting(sample, before.due_ns if before else due_ns)
            return before is None

    def take(self, now_ns: int) -> InputSample | None:
        """The sample that has waited longest; None where none may go yet."""
        with self._lock:
            for key, one in self._firsts():
                if one.due_ns <= now_ns:
                    del self._waiting[key]
                    self._free_ns[key] = now_ns + SHORTEST_NS
                    return one.sample
        return None

    def due_ns(self) -> int | None:
        """When one of those that wait may go; None where none waits."""
        with self._lock:
            return min((one.due_ns for _, one in self._firsts()), default=None)

    def _firsts(self) -> list[tuple[_Key, _Waiting]]:
        """Of each input what came first: what came later waits behind it."""
        found: dict[str, tuple[_Key, _Waiting]] = {}
        for key, one in self._waiting.items():
            found.setdefault(key[0], (key, one))
        return list(found.values())


def _slot_of(sample: InputSample) -> _Slot:
    if sample.beat:
        return _Slot.BEAT
    return _Slot.EVENT if sample.value is None else _Slot.VALUE
