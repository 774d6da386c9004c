"""Everything that can be made to go wrong in a simulated session, drawn from a seed.

Faults of line, device and electrodes are those of the twin. Faults of the host are played on the
bench: a face that falls silent, a journal that is slow or fails, a program that stands still; and
so is what a family has of its own, such as an emergency switch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from firmware_sim.faults import Fault, Place, applicable, checked
from stimctl.session.states import State

FACE_SILENT = "face-silent"
JOURNAL_SLOW = "journal-slow"
JOURNAL_STUCK = "journal-stuck"
JOURNAL_FAILS = "journal-fails"
HOST_STALLS = "host-stalls"
HOST_SLEPT = "host-slept"
CLOCK_STEP = "clock-step"
PORT_ERROR = "port-error"
HOST_FAULTS = (
    FACE_SILENT,
    JOURNAL_SLOW,
    JOURNAL_STUCK,
    JOURNAL_FAILS,
    HOST_STALLS,
    HOST_SLEPT,
    CLOCK_STEP,
    PORT_ERROR,
)
TWIN_FAULTS = tuple(spec.name for spec in applicable())
LINE_FAULTS = tuple(spec.name for spec in applicable() if spec.place is Place.LINK)
PAD_FAULTS = tuple(spec.name for spec in applicable() if spec.place is Place.ELECTRODES)
ALL_FAULTS = TWIN_FAULTS + HOST_FAULTS

_SPECS = {spec.name: spec for spec in applicable()}
_LASTS_US = (50_000, 200_000, 600_000, 1_200_000, 2_500_000, 6_000_000)
_HOST_US = (40_000, 150_000, 300_000, 700_000, 1_500_000, 3_000_000)

Draw = Callable[[Random], int]


def one_of(*values: int) -> Draw:
    """Draw one of these."""
    return lambda chance: chance.choice(values)


_PARAMETERS: Mapping[str, Draw] = {
    "for_us": one_of(*_LASTS_US),
    "direction": one_of(1, 2, 3, 3),
    "powered": one_of(0, 1),
    "permille": one_of(20, 100, 300, 700, 1_000),
    "ppm": one_of(500, 5_000, 50_000),
    "baud": one_of(300, 2_400, 9_600, 57_600),
    "delay_us": one_of(5_000, 60_000, 150_000, 400_000, 1_200_000),
    "most_us": one_of(2_000, 20_000, 80_000, 250_000),
    "spacing_us": one_of(20, 500, 5_000),
    "bytes": one_of(1, 7, 64, 300),
    "every_us": one_of(1_000, 16_000, 100_000, 500_000),
    "channel": one_of(0, 1, 2),
    "ohm": one_of(1, 200, 3_000, 12_000, 60_000),
    "over_us": one_of(500_000, 5_000_000, 30_000_000),
    "boot_us": one_of(0, 300_000, 1_500_000),
    "by": one_of(1, 3, 7),
    "early": one_of(0, 1),
    "result": one_of(1, 2, 8, 10),
}
_PARTICULAR: Mapping[tuple[str, str], Draw] = {
    ("dead-man-late", "permille"): one_of(1_500, 3_000, 5_000),
    ("dead-man-short", "permille"): one_of(100, 250, 900),
    ("local-knob", "permille"): one_of(0, 500, 1_500),
    ("low-battery", "every_us"): one_of(700_000, 5_000_000, 30_000_000),
    ("low-battery", "ppm"): one_of(200, 5_000, 50_000),
}
_MURMURS: Mapping[str, Mapping[str, Draw]] = {
    "merge": {"every_us": one_of(1_000, 16_000)},
    "split": {"spacing_us": one_of(20, 300)},
    "duplicate": {"permille": one_of(300, 1_000)},
    "jitter": {"most_us": one_of(2_000, 20_000)},
    "latency": {"delay_us": one_of(5_000, 30_000)},
}
"""What a line does on a good day; a session goes on through it."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A fault that begins `after_us` after the session has entered a state for the nth time."""

    name: str
    state: State
    nth: int
    after_us: int
    parameters: Mapping[str, int]

    @property
    def of_twin(self) -> bool:
        """Whether the twin plays it; else the bench does."""
        return self.name in _SPECS

    def fault(self, at_us: int) -> Fault:
        """As the twin takes it."""
        return Fault(self.name, at_us, self.parameters)


def drawn_trouble(
    chance: Random,
    name: str,
    state: State,
    *,
    nth: int,
    within_us: int,
    particular: Mapping[tuple[str, str], Draw],
) -> Trouble:
    """A fault of that name with parameters from the seed; `particular`: where a device differs."""
    if name in _SPECS:
        draws = {**_PARTICULAR, **particular}
        parameters = {
            key: draws.get((name, key), _PARAMETERS.get(key, lambda _chance, d=default: d))(chance)
            for key, default in _SPECS[name].parameters.items()
        }
        checked(Fault(name, 0, parameters))
    else:
        parameters = {"for_us": chance.choice(_HOST_US)}
    return Trouble(name, state, nth, chance.randint(0, within_us), parameters)


def drawn_murmur(chance: Random, within_us: int) -> Trouble:
    """A short disturbance while running that need not disturb anybody."""
    name = chance.choice(tuple(_MURMURS))
    parameters = {key: draw(chance) for key, draw in _MURMURS[name].items()}
    parameters |= {"for_us": chance.choice(_LASTS_US[1:5]), "direction": chance.choice((1, 2, 3))}
    checked(Fault(name, 0, parameters))
    return Trouble(name, State.RUNNING, 1, chance.randint(0, within_us), parameters)
