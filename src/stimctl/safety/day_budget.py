"""What one place of a person's body may get in a day, whatever number of sessions gives it.

The limits of a session begin anew with each connection; these do not. No standard has such a
limit. Time counts while a channel is on, as devices have acknowledged it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stimctl.quantity import format_duration
from stimctl.safety.limits import Profile
from stimctl.safety.sites import pad_sites
from stimctl.stimulus import Cycle

DAY_US: Final = 24 * 3_600_000_000
_MIN_US: Final = 60_000_000
_HOUR_US: Final = 60 * _MIN_US
# Longest regimens read: NMES after knee arthroplasty for 2 h twice a day (R, TREATMENTS: Avramidis,
# 40 Hz, 300 us), of which about half is on time; TENS "several hours a day" (R). Limits: D.
MUSCLE_WARN_US: Final = 1 * _HOUR_US
MUSCLE_MOST_US: Final = 2 * _HOUR_US
OTHER_WARN_US: Final = 4 * _HOUR_US
OTHER_MOST_US: Final = 8 * _HOUR_US
# First phases of all pulses. Conventional TENS at 20 mA, 200 us, 100 Hz for 8 h gives 11.5 C. [D]
WARN_NC: Final = 10 * 10**9
MOST_NC: Final = 20 * 10**9
# Between two sessions that move the same muscle, where the first gave 5 minutes or more of it. [D]
REST_US: Final = 30 * _MIN_US
REST_AFTER_US: Final = 5 * _MIN_US


@dataclass(frozen=True, slots=True)
class Given:
    """What one session gave to one region: on time and charge as acknowledged, and its end."""

    region: str
    moves_muscle: bool
    on_us: int
    charge_nc: int
    ended_us_ago: int


@dataclass(frozen=True, slots=True)
class Asked:
    """What one channel of a plan would give, from its first pulse to the end of the plan."""

    channel: int
    site: str | None
    moves_muscle: bool
    cycle: Cycle | None
    duration_us: int

    @property
    def on_us(self) -> int:
        """The time it would be on."""
        if self.cycle is None:
            return self.duration_us
        return self.duration_us * self.cycle.on_us // self.cycle.period_us

    @property
    def regions(self) -> frozenset[str]:
        """Where its pads are; empty where no site was given."""
        return frozenset(site.region for site in pad_sites(self.site)) if self.site else frozenset()


class Weight(StrEnum):
    """How much a finding weighs."""

    WARN = "warn"  # acknowledged by the operator, on record
    REFUSE = "refuse"  # in the clinic profile


@dataclass(frozen=True, slots=True)
class DayFinding:
    """A channel that would bring its site to a limit of the day."""

    channel: int
    weight: Weight
    what: str
    why: str


def judge_day(
    asked: tuple[Asked, ...], given: tuple[Given, ...], profile: Profile
) -> Iterator[DayFinding]:
    """Every channel that would exceed what its site may get in 24 hours, or comes without rest.

    In the research profile nothing is refused: what would be is a warning there.
    """
    for one in asked:
        for region in sorted(one.regions):
            before = tuple(part for part in given if part.region == region)
            for weight, what, why in _limits(one, region, before):
                if weight is Weight.REFUSE and profile is Profile.RESEARCH:
                    weight = Weight.WARN
                yield DayFinding(one.channel, weight, what, why)


def _limits(
    one: Asked, region: str, before: tuple[Given, ...]
) -> Iterator[tuple[Weight, str, str]]:
    today = tuple(part for part in before if part.ended_us_ago < DAY_US)
    if not today:
        return  # one session has limits of its own
    kinds = [part for part in today if part.moves_muscle] if one.moves_muscle else today
    spent_us = sum(part.on_us for part in kinds)
    warn_us, most_us = (
        (MUSCLE_WARN_US, MUSCLE_MOST_US) if one.moves_muscle else (OTHER_WARN_US, OTHER_MOST_US)
    )
    total_us = spent_us + one.on_us
    where = f"channel {one.channel}: the {region} of this person"
    if spent_us and total_us > warn_us:
        weight = Weight.REFUSE if total_us > most_us else Weight.WARN
        yield (
            weight,
            f"{where} has had {_minutes(spent_us)} of stimulation in 24 hours, and this plan would "
            f"bring it to {_minutes(total_us)}",
            f"from {_minutes(warn_us)} on it is asked about, and {_minutes(most_us)} is the most "
            "(decided here; no standard has such a limit)",
        )
    charge_nc = sum(part.charge_nc for part in today)
    if charge_nc > WARN_NC:
        yield (
            Weight.REFUSE if charge_nc > MOST_NC else Weight.WARN,
            f"{where} has had {charge_nc / 1e9:.1f} C in first phases in 24 hours",
            f"from {WARN_NC / 1e9:.0f} C on it is asked about, and {MOST_NC / 1e9:.0f} C is the "
            "most (decided here; no standard has such a limit)",
        )
    if one.moves_muscle:
        yield from _rest(where, today)


def _rest(where: str, today: tuple[Given, ...]) -> Iterator[tuple[Weight, str, str]]:
    worked = [part for part in today if part.moves_muscle and part.on_us >= REST_AFTER_US]
    last = min(worked, key=lambda part: part.ended_us_ago, default=None)
    if last is not None and last.ended_us_ago < REST_US:
        yield (
            Weight.WARN,
            f"{where} ended its last session {_minutes(max(0, last.ended_us_ago))} ago",
            f"a muscle that has worked for {_minutes(last.on_us)} rests for {_minutes(REST_US)} "
            "before it works again (decided here)",
        )


def _minutes(us: int) -> str:
    return format_duration(us - us % _MIN_US) if us >= _MIN_US else "less than a minute"


def as_given(
    regions: Mapping[int, tuple[frozenset[str], bool]],
    counted: Mapping[int, tuple[int, int]],
    ended_us_ago: int,
) -> Iterator[Given]:
    """What a session gave, by region. `regions`: for each channel the regions of its pads and
    whether it moves a muscle; `counted`: on time (us) and charge (nC) of each channel."""
    for channel, (names, moves) in sorted(regions.items()):
        on_us, charge_nc = counted.get(channel, (0, 0))
        if on_us or charge_nc:
            for region in sorted(names):
                yield Given(region, moves, on_us, charge_nc, ended_us_ago)
