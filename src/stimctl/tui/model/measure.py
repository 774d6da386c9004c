"""In what a session counts, for every screen and word: milliampere, or percent of a device's scale.

Levels (of what is set, acknowledged, a ceiling, a mark) are integers on the measure of their
session: microampere, or percent. What they are called in rows and commands, and how a person reads
them, is decided here and nowhere else; no session ever mixes the two.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from stimctl.errors import UsageError
from stimctl.session.events import as_schema_2
from stimctl.stimulus import level as scales

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Measure:
    """One of the two. Levels are in microampere, or in percent.

    `digits`: a level without its unit, for columns that name it in their head. `coarse`: what PgDn
    takes away.
    `first_ceiling`, `ceiling_step`: where a ceiling by hand begins, and how it is changed.
    `mark`: what a marked level is called where it is kept.
    `unmeasured`: what a screen says of a device that measures nothing. `meaning`: what a level is,
    and `no_dose`: what cannot be told of it, where its unit does not say it.
    """

    scale: scales.AnyScale
    digits: Callable[[int], str]
    coarse: int
    first_ceiling: int
    ceiling_step: int
    mark: str
    unmeasured: str
    meaning: str = ""
    no_dose: str = ""

    @property
    def unit(self) -> str:
        """The unit that a person reads."""
        return self.scale.shown_unit

    def text(self, level: int) -> str:
        """A level as screens show it, with its unit and as many digits as a step has."""
        return f"{self.digits(level)} {self.unit}"

    def short(self, level: int) -> str:
        """The same as commands and sentences have it: without digits that say nothing."""
        return self.scale.format(level)

    def change(self, before: int, after: int) -> str:
        """By how much a level has changed, with its sign."""
        return f"{'+' if after >= before else '-'}{self.digits(abs(after - before))}"

    @property
    def zero(self) -> str:
        """Nothing, in this unit."""
        return self.text(0)

    @property
    def is_dose(self) -> bool:
        """Whether a level says what flows; else no current, charge or density may be told."""
        return not self.meaning


def milliampere(ua: int) -> str:
    """A current with one decimal, without unit."""
    return f"{ua / 1000:.1f}"


CURRENT: Final = Measure(
    scale=scales.CURRENT,
    digits=milliampere,
    coarse=2_000,
    first_ceiling=30_000,
    ceiling_step=1_000,
    mark="amplitude_ua",
    unmeasured="no meas: it measures no current",
)
"""A first ceiling of 30 mA is felt by most and is far from most limits; PgDn takes 2 mA (D)."""

PERCENT: Final = Measure(
    scale=scales.PERCENT,
    digits=str,
    coarse=5,
    first_ceiling=20,
    ceiling_step=1,
    mark="intensity_percent",
    unmeasured="no meas: ack is the board's echo",
    meaning="% of the unit's signal, on the board's own scale: no current and no dose is known. "
    "The unit's dial decides what it comes to; it is moved only after STOP",
    no_dose="charge, r.m.s. and density are not known for this device",
)
"""A first ceiling of 20 %, because 1 % lets a fifth of the board's travel through already and what
that is depends on the unit's dial; PgDn takes 5 % (D)."""


def measure_told(row: Row) -> Measure | None:
    """The measure that a row names; None where it is about no level."""
    unit = as_schema_2(str(row["kind"]), row).get("unit")
    return {scales.CURRENT.unit: CURRENT, scales.PERCENT.unit: PERCENT}.get(str(unit))


def measure_of_row(row: Row) -> Measure:
    """In what the numbers of a row are."""
    return measure_told(row) or CURRENT


def measure_of_device(device: str) -> Measure:
    """In what a device counts, by its name or family. CURRENT where it is no name (yet)."""
    from stimctl.supervisor.device_names import parse_device
    from stimctl.supervisor.families import family_named

    try:
        scale = family_named(parse_device(device).family).sheet.scale
    except UsageError:
        return CURRENT
    return CURRENT if scale is scales.CURRENT else PERCENT


def measure_of_protocol(protocol: object) -> Measure:
    """In what the ceilings of a protocol are given."""
    from stimctl.treatment.schema import PercentProtocol

    return PERCENT if isinstance(protocol, PercentProtocol) else CURRENT
