"""A level with its scale: a current in microampere, or a percent of a device's own scale.

`Level` stands at every border (intent, command, row, setup). Two levels of different scales cannot
be compared, added or subtracted: a type error, and a QuantityError at run time. Inside a run a
plateau is a plain integer of the scale of its plan. A new kind of device is one `Scale` more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeAlias, TypeVar

from stimctl.errors import QuantityError
from stimctl.quantity import (
    CURRENT_UNITS,
    INTENSITY_UNITS,
    format_current,
    format_intensity,
    parse_current_ua,
    parse_intensity_percent,
    parse_scaled,
)


class Current:
    """Type argument of the levels that are currents."""


class Percent:
    """Type argument of the levels in percent of a device's own scale."""


K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class Rules:
    """What the rules of raising say of one scale.

    `unfelt`: a rise by so much without a sensation is asked about (hazard H14), with
    `unfelt_text`. `script_per_s`: how fast a script may raise (rule A3); None: not at all.
    `hand_most`: the largest increment by hand, where the grid has it; a device whose step is
    coarser is raised by that step. `hand_per_s`: how fast a hand may raise. `rest_most`: by how
    much at most the next contraction is stronger by what is asked for in an off time.
    """

    unfelt: int
    unfelt_text: str
    script_per_s: int | None
    hand_most: int
    hand_per_s: int
    rest_most: int

    def most_by_hand(self, step: int) -> int:
        """The largest increment by hand on a grid of `step` (rule A2)."""
        return max(step, self.hand_most - self.hand_most % step)


@dataclass(frozen=True, slots=True)
class Scale(Generic[K]):
    """In what levels are counted, as integers in `unit`.

    `name`: what a level is called. `shown_unit`: the unit that texts use, where `unit` is that of
    rows and commands. `units`: every unit that may be written.
    """

    name: str
    unit: str
    shown_unit: str
    units: Mapping[str, int]
    parse: Callable[[object], int]
    format: Callable[[int], str]
    rules: Rules

    @property
    def limit(self) -> str:
        """What the maximum of a channel is called in rows."""
        return f"cleared {self.name}"

    def level(self, text: object) -> Level[K]:
        """The level that a text of this scale names. Raises QuantityError."""
        return Level(self, self.parse(text))


@dataclass(frozen=True, slots=True, eq=False)
class Level(Generic[K]):
    """A whole number, 0 or more, on a scale. Raises QuantityError for anything else."""

    scale: Scale[K]
    value: int

    def __post_init__(self) -> None:
        if type(self.value) is not int or self.value < 0:
            raise QuantityError(
                f"{self.value!r} is not a level",
                why=f"a level is a whole number of {self.scale.unit}, 0 or more",
            )

    @classmethod
    def parse(cls, text: object) -> Level[Any]:
        """The level that a text names; its unit says on which scale. Raises QuantityError."""
        written = text.rstrip(" \t\r\n") if isinstance(text, str) else ""
        for scale in SCALES:
            if written.endswith(tuple(scale.units)):
                return scale.level(text)
        known = {unit: factor for scale in SCALES for unit, factor in scale.units.items()}
        return Level(CURRENT, parse_scaled(text, known, name="level", example=""))

    def __str__(self) -> str:
        return self.scale.format(self.value)

    def in_unit(self, scale: Scale[Any]) -> int:
        """The number of a level that must be on this scale. Raises QuantityError."""
        if self.scale != scale:
            raise QuantityError(
                f"{self} cannot be taken for a level in {scale.shown_unit}",
                why=f"{self.scale.shown_unit} and {scale.shown_unit} are different scales, and "
                "none can be converted into the other",
                what_to_do=f"give a level in {scale.shown_unit}",
            )
        return self.value

    def _same(self, other: object) -> int:
        if isinstance(other, Level):
            return other.in_unit(self.scale)
        raise QuantityError(
            f"{other!r} is not a level",
            why=f"it has no unit, and {self} has one",
            what_to_do="compare and add levels only",
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Level):
            return NotImplemented
        return self.value == self._same(other)

    def __hash__(self) -> int:
        return hash((self.scale.unit, self.value))

    def __lt__(self, other: Self) -> bool:
        return self.value < self._same(other)

    def __le__(self, other: Self) -> bool:
        return self.value <= self._same(other)

    def __gt__(self, other: Self) -> bool:
        return self.value > self._same(other)

    def __ge__(self, other: Self) -> bool:
        return self.value >= self._same(other)

    def __add__(self, other: Self) -> Level[K]:
        return Level(self.scale, self.value + self._same(other))

    def __sub__(self, other: Self) -> Level[K]:
        """Raises QuantityError where less than nothing is left."""
        return Level(self.scale, self.value - self._same(other))


CURRENT: Final[Scale[Current]] = Scale(
    name="amplitude",
    unit="uA",
    shown_unit="mA",
    units=CURRENT_UNITS,
    parse=parse_current_ua,
    format=format_current,
    rules=Rules(
        unfelt=15_000,
        unfelt_text="raised by 15 mA, no sensation recorded: ask; if nothing is felt, go to zero "
        "and check electrodes and leads",
        script_per_s=2_000,
        hand_most=1_000,
        hand_per_s=4_000,
        rest_most=2_000,
    ),
)
"""Hazard H14: 15 mA (D). Rule A3: a script raises by at most 2 mA/s, a hand by 4 mA/s (D)."""

PERCENT: Final[Scale[Percent]] = Scale(
    name="intensity",
    unit="%",
    shown_unit="%",
    units=INTENSITY_UNITS,
    parse=parse_intensity_percent,
    format=format_intensity,
    rules=Rules(
        unfelt=10,
        unfelt_text="raised by 10 %, no sensation recorded: ask; if nothing is felt, go to zero "
        "and check the unit's dial, electrodes and leads",
        script_per_s=None,
        hand_most=1,
        hand_per_s=4,
        rest_most=1,
    ),
)
"""Hazard H14: 10 % of the device's scale, because nobody knows what a percent is (D)."""

AnyScale: TypeAlias = Scale[Any]
AnyLevel: TypeAlias = Level[Any]

SCALES: Final[tuple[AnyScale, ...]] = (CURRENT, PERCENT)


def scale_of_unit(unit: str) -> AnyScale:
    """The scale of a row that names this unit. Raises QuantityError."""
    for scale in SCALES:
        if scale.unit == unit:
            return scale
    raise QuantityError(
        f"{unit!r} is not the unit of a level",
        what_to_do=f"use one of {', '.join(scale.unit for scale in SCALES)}",
    )
