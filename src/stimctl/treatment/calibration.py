"""What a percent of an uncalibrated device came to, once, on one person: schema `calibration-v1`.

Measured or felt, for one unit at one position of its dial, one person, and one pair of electrodes
for each channel. It is shown beside the percent, with its date, and is never a limit nor a dose:
another dial position, another day or drier electrodes make it another number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from stimctl.quantity import format_area, format_current, format_intensity
from stimctl.safety import Electrode
from stimctl.treatment.consistency import Finding
from stimctl.treatment.fields import AreaMm2, CurrentUa, IntensityPercent, Name, Text
from stimctl.treatment.load import load_model
from stimctl.treatment.part import Part

_DATE = r"^(20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$"
# One site for both pads, or one for each.
_SITE = r"^[a-z0-9-]+(/[a-z0-9-]+)?$"
_LONG_MONTHS = frozenset({1, 3, 5, 7, 8, 10, 12})
Date = Annotated[str, StringConstraints(pattern=_DATE)]


class CalibrationPoint(Part):
    """At one intensity: a peak current that was measured, or what the person felt."""

    intensity_percent: IntensityPercent = Field(alias="intensity", ge=1, le=100)
    measured_ua: CurrentUa | None = Field(default=None, alias="measured")
    felt: Text | None = None

    @property
    def value(self) -> str:
        """What it came to, in words."""
        if self.measured_ua is None:
            return f"felt as {self.felt}"
        return f"{format_current(self.measured_ua)} measured"


class CalibratedChannel(Part):
    """One channel with its electrodes."""

    channel: Annotated[int, Field(ge=1, le=255)]
    area_mm2: AreaMm2 = Field(alias="area", ge=1)
    site: Annotated[str, StringConstraints(pattern=_SITE, max_length=129)]
    points: Annotated[tuple[CalibrationPoint, ...], Field(min_length=1, max_length=100)]


class Calibration(Part):
    """One calibration file."""

    schema_name: Literal["calibration-v1"] = Field(alias="schema")
    device: Name
    unit: Text = Field(description="The unit whose pulses are let through, and how it is set.")
    dial: Text = Field(description="The position of its amplitude dial.")
    person: Text = Field(description="The pseudonym of the person.")
    date: Date
    channels: Annotated[tuple[CalibratedChannel, ...], Field(min_length=1, max_length=8)]

    def channel(self, number: int) -> CalibratedChannel | None:
        """That of a device channel; None where it has none."""
        return next((one for one in self.channels if one.channel == number), None)


def load_calibration(text: str, file_name: str) -> Calibration:
    """The calibration in `text`. ProtocolFileError names file, line and field of every problem."""
    return load_model(Calibration, text, file_name, _findings)


def _findings(calibration: Calibration) -> Iterator[Finding]:
    month, day = (int(part) for part in calibration.date.split("-")[1:])
    if (day == 31 and month not in _LONG_MONTHS) or (month == 2 and day > 29):
        yield Finding(("date",), "is not a valid date")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", calibration.person):
        yield Finding(("person",), "is not a code: use a pseudonym such as K-17, never a name")
    numbers = [one.channel for one in calibration.channels]
    for index, one in enumerate(calibration.channels):
        if numbers.index(one.channel) != index:
            yield Finding(("channels", index, "channel"), f"{one.channel} is there twice")
        yield from _point_findings(("channels", index, "points"), one.points)


def _point_findings(
    path: tuple[str | int, ...], points: tuple[CalibrationPoint, ...]
) -> Iterator[Finding]:
    for index, point in enumerate(points):
        if (point.measured_ua is None) == (point.felt is None):
            yield Finding((*path, index), "give either measured or felt, and not both")
    for index, (before, after) in enumerate(pairwise(points), start=1):
        if after.intensity_percent <= before.intensity_percent:
            yield Finding((*path, index, "intensity"), "must be above the one before it")
        both = before.measured_ua is not None and after.measured_ua is not None
        if both and (after.measured_ua or 0) < (before.measured_ua or 0):
            yield Finding((*path, index, "measured"), "is less at a higher intensity")


def misfit(
    calibration: Calibration, *, device: str, person: str, dial: str, channel: int, pads: Electrode
) -> str | None:
    """Why a calibration says nothing about a channel of this session; None where it does."""
    found = calibration.channel(channel)
    if calibration.device != device:
        return f"it is for the family {calibration.device}"
    if calibration.person != person:
        return f"it is of {calibration.person}, not of {person or 'nobody named'}"
    if calibration.dial != dial:
        return f"it is for the dial at {calibration.dial}, which is at {dial or 'no known place'}"
    if found is None:
        return f"it has no channel {channel}"
    if found.area_mm2 != pads.area_mm2:
        return f"it is for electrodes of {format_area(found.area_mm2)}"
    if found.site != pads.site:
        return f"it is for {found.site}, not for {pads.site or 'an unknown site'}"
    return None


def told(calibration: Calibration, channel: int, percent: int) -> str:
    """What an intensity came to on that day; between two points both of them, never a guess."""
    source = f"by calibration of {calibration.date}, dial {calibration.dial}"
    found = calibration.channel(channel)
    points = () if found is None else found.points
    at = format_intensity(percent)
    for point in points:
        if point.intensity_percent == percent:
            return f"{at} = {point.value} {source}"
    for before, after in pairwise(points):
        if before.intensity_percent < percent < after.intensity_percent:
            low, high = (format_intensity(one.intensity_percent) for one in (before, after))
            return f"{at} is between {before.value} ({low}) and {after.value} ({high}) {source}"
    return f"{at}: no value, it is outside the calibration of {calibration.date}"
