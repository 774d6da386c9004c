"""Many sessions on all cores for a given time: what to play next, and the sum of what came out."""

from __future__ import annotations

import gc
import itertools
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field

from stimctl.session.states import State
from tests.soak.soak_devices import DEVICES, P24
from tests.soak.soak_reach import pairs
from tests.soak.soak_session import Outcome, Pair, play
from tests.soak.soak_story import KINDS, aimed_seed

_HOURS_SHARE = 0.78
"""How much of the time the long sessions get: they make the hours, the storms make the faults."""
_QUIET_SHARE = 0.15
"""How much of that goes to quiet sessions of every kind; the rest to plain trains."""
_AIMS = 8
_OTHERS = {"reha": 0.04, "rehaquiet": 0.015, "move": 0.015, "movequiet": 0.005}
"""How much of the time the other devices get, by kind of session."""


@dataclass(slots=True)
class Played:
    """What all sessions on one device have shown."""

    sessions: Counter[str] = field(default_factory=Counter)
    busy_s: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    lived_us: int = 0
    output_us: int = 0
    hits: Counter[Pair] = field(default_factory=Counter)
    ended_in: Counter[State] = field(default_factory=Counter)

    def add(self, outcome: Outcome, busy_s: float) -> None:
        """Take one session in."""
        kind = _kind(outcome.seed)
        self.sessions[kind] += 1
        self.busy_s[kind] += busy_s
        self.lived_us += outcome.lived_us
        self.output_us += outcome.output_us
        self.hits += outcome.hits
        self.ended_in[outcome.ended_in] += 1

    @property
    def output_hours(self) -> float:
        """Simulated hours with current at an electrode or coming with the next pulse."""
        return self.output_us / 3.6e9

    @property
    def faults_while_running(self) -> int:
        """Faults that changed a byte, a command, a timer or a load in RUNNING."""
        return sum(times for (state, _), times in self.hits.items() if state is State.RUNNING)


@dataclass(slots=True)
class Tally:
    """What all sessions together have shown. The bars are those of the P24's alone."""

    devices: Mapping[str, Played] = field(
        default_factory=lambda: {device.family: Played() for device in DEVICES}
    )
    violations: list[tuple[str, str]] = field(default_factory=list)

    def add(self, outcome: Outcome, busy_s: float) -> None:
        """Take one session in."""
        self.devices[outcome.family].add(outcome, busy_s)
        if outcome.violation is not None:
            self.violations.append((outcome.seed, outcome.violation))

    @property
    def p24(self) -> Played:
        """What the sessions on a P24 have shown."""
        return self.devices[P24.family]

    def share(self, kind: str) -> float:
        """How much of all the time this kind of session has had so far."""
        all_s = sum(sum(one.busy_s.values()) for one in self.devices.values())
        return self.devices[_family(kind)].busy_s[kind] / all_s if all_s else 0.0


def _kind(seed: str) -> str:
    return seed.partition("-")[0]


def _family(kind: str) -> str:
    device, _ = KINDS[kind]
    return device.family


def timed_play(seed: str) -> tuple[Outcome, float]:
    """Play a session; how long the processor was busy with it (s)."""
    # A session makes little that needs looking for, and is thrown away whole.
    gc.set_threshold(50_000, 20, 50)
    began_s = time.process_time()
    try:
        outcome = play(seed)
    except Exception as error:  # noqa: BLE001 - one broken session must not end the campaign
        outcome = Outcome(seed, _family(_kind(seed)), violation=f"before it began: {error!r}")
    return outcome, time.process_time() - began_s


def seeds(tally: Tally, first: int) -> Iterator[str]:
    """What to play next, by what has been seen so far: hours, or the rarest pairs."""
    played, wanted = tally.p24, list(pairs())
    for number in itertools.count(first):
        busy_s = sum(played.busy_s.values())
        hours_s = played.busy_s["quiet"] + played.busy_s["long"]
        other = next((kind for kind, part in _OTHERS.items() if tally.share(kind) < part), None)
        if number % 16 == 0:
            yield f"storm-{number}"
        elif busy_s and other is not None:
            yield f"{other}-{number}"
        elif hours_s < _HOURS_SHARE * busy_s:
            kind = "quiet" if played.busy_s["quiet"] < _QUIET_SHARE * hours_s else "long"
            yield f"{kind}-{number}"
        else:
            wanted.sort(key=lambda pair: played.hits[pair])
            spread = number % 3 * _AIMS
            yield aimed_seed(number, wanted[spread : spread + _AIMS])


def campaign(
    seconds: float,
    *,
    first: int = 0,
    workers: int | None = None,
    tell: Callable[[Tally], None] | None = None,
) -> Tally:
    """Play for so long on so many processes (None = one for each core)."""
    workers = workers or os.cpu_count() or 1
    tally = Tally()
    source = seeds(tally, first)
    until_s = time.monotonic() + seconds
    with ProcessPoolExecutor(workers) as pool:
        running: set[Future[tuple[Outcome, float]]] = set()
        while running or time.monotonic() < until_s:
            while len(running) < 2 * workers and time.monotonic() < until_s:
                running.add(pool.submit(timed_play, next(source)))
            done, running = wait(running, timeout=5, return_when=FIRST_COMPLETED)
            for one in done:
                tally.add(*one.result())
            if tell is not None:
                tell(tally)
    return tally
