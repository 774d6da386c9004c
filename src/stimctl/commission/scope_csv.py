"""An oscilloscope's recording as CSV: `time_s,voltage_V`, strictly read.

docs/reference/scope-csv.md documents the form. What is not of it is refused with its line number;
nothing is guessed, because a wrong unit would pass a wrong device.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from stimctl.errors import UsageError

HEADER: Final = "time_s,voltage_V"
MOST_SAMPLES: Final = 5_000_000
LEAST_SAMPLES: Final = 16
_LARGEST_V: Final = 1_000.0
_LONGEST_S: Final = 3_600.0


class ScopeFileError(UsageError):
    """A file is no recording of the documented form; `line` counts from 1, 0 = the whole file."""

    code = "scope-file"

    def __init__(self, what: str, *, why: str, line: int = 0) -> None:
        where = f"{what}, line {line}" if line else what
        super().__init__(
            where,
            why=why,
            what_to_do=f"Save it as CSV with the header {HEADER}, a point as decimal mark, seconds "
            "and volts (docs/reference/scope-csv.md)",
        )
        self.line = line


@dataclass(frozen=True, slots=True)
class Samples:
    """A recording: times in s, ever later, and voltages in V at the load."""

    times_s: tuple[float, ...]
    volts: tuple[float, ...]


def parse_scope_csv(text: str, name: str = "the recording") -> Samples:
    """Samples of a file's text. Raises ScopeFileError with the line that is wrong."""
    times: list[float] = []
    volts: list[float] = []
    has_header = False
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        if not has_header:
            if line.strip() != HEADER:
                raise ScopeFileError(name, line=number, why=f"expected {HEADER}, got {line!r:.60}")
            has_header = True
            continue
        time_s, volt = _sample(line, name, number)
        if times and time_s <= times[-1]:
            raise ScopeFileError(
                name, line=number, why=f"{time_s:g} s is not later than the line before"
            )
        times.append(time_s)
        volts.append(volt)
        if len(times) > MOST_SAMPLES:
            raise ScopeFileError(name, line=number, why=f"over {MOST_SAMPLES} samples")
    if len(times) < LEAST_SAMPLES:
        raise ScopeFileError(name, why=f"{len(times)} samples, at least {LEAST_SAMPLES} are needed")
    if times[-1] - times[0] > _LONGEST_S:
        raise ScopeFileError(name, why="it is longer than an hour: are the times in seconds?")
    return Samples(tuple(times), tuple(volts))


def _sample(line: str, name: str, number: int) -> tuple[float, float]:
    fields = line.split(",")
    if len(fields) != 2:
        raise ScopeFileError(
            name, line=number, why=f"2 values and one comma are expected, got {line!r:.60}"
        )
    return _number(fields[0], name, number), _checked_volt(fields[1], name, number)


def _checked_volt(text: str, name: str, number: int) -> float:
    volt = _number(text, name, number)
    if abs(volt) > _LARGEST_V:
        raise ScopeFileError(
            name, line=number, why=f"{volt:g} V is over {_LARGEST_V:g} V: is it in volts?"
        )
    return volt


def _number(text: str, name: str, number: int) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    # "1_000", "nan" and digits of other scripts are numbers to Python, and to no oscilloscope.
    if not math.isfinite(value) or not text.isascii() or "_" in text:
        raise ScopeFileError(name, line=number, why=f"{text!r:.40} is not a number")
    return value
