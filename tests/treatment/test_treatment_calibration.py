"""Calibration files: strict, bound to person, dial and electrodes, and never a guess."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import ProtocolFileError
from stimctl.safety import Electrode
from stimctl.treatment.calibration import Calibration, load_calibration, misfit, told

TEXT = """schema = "calibration-v1"
device = "openemsstim"
unit = "a TENS unit, 100 Hz, 100 us"
dial = "4"
person = "K-17"
date = "2026-01-02"

[[channels]]
channel = 1
area = "25 cm2"
site = "left-quadriceps"
points = [
  { intensity = "10 %", felt = "a first tingling" },
  { intensity = "40 %", measured = "9 mA" },
  { intensity = "50 %", measured = "12 mA" },
]
"""
PADS = Electrode(2_500, site="left-quadriceps")
RIGHT: dict[str, Any] = {
    "device": "openemsstim",
    "person": "K-17",
    "dial": "4",
    "channel": 1,
    "pads": PADS,
}


def load(text: str = TEXT) -> Calibration:
    return load_calibration(text, "k-17.toml")


@pytest.mark.parametrize(
    ("percent", "says"),
    [
        (50, "50 % = 12 mA measured by calibration of 2026-01-02, dial 4"),
        (10, "10 % = felt as a first tingling by calibration of 2026-01-02, dial 4"),
        (45, "45 % is between 9 mA measured (40 %) and 12 mA measured (50 %) by calibration"),
        (9, "9 %: no value, it is outside the calibration of 2026-01-02"),
        (51, "51 %: no value"),
    ],
)
def test_a_percent_is_told_as_it_was_found_and_never_interpolated(percent: int, says: str) -> None:
    assert told(load(), 1, percent).startswith(says)
    assert "no value" in told(load(), 2, percent)


@pytest.mark.hazard("H18", "H25")
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"device": "other"}, "for the family openemsstim"),
        ({"person": "K-18"}, "of K-17, not of K-18"),
        ({"person": ""}, "nobody named"),
        ({"dial": "5"}, "dial at 4, which is at 5"),
        ({"dial": ""}, "no known place"),
        ({"channel": 2}, "no channel 2"),
        ({"pads": Electrode(5_000, site="left-quadriceps")}, "electrodes of 25 cm2"),
        ({"pads": Electrode(2_500, site="right-quadriceps")}, "left-quadriceps, not for right"),
        ({"pads": Electrode(2_500)}, "an unknown site"),
    ],
)
def test_it_says_nothing_about_another_person_dial_or_electrode(change: dict, why: str) -> None:
    assert misfit(load(), **RIGHT) is None
    assert why in str(misfit(load(), **{**RIGHT, **change}))


@pytest.mark.parametrize(
    ("was", "now", "line", "field", "says"),
    [
        ('schema = "calibration-v1"', 'schema = "calibration-v2"', 1, "schema", "calibration-v1"),
        ('dial = "4"\n', "", 1, "dial", "is missing"),
        ('date = "2026-01-02"', 'date = "02.01.2026"', 6, "date", "pattern"),
        ('date = "2026-01-02"', 'date = "2026-02-30"', 6, "date", "not a valid date"),
        ('person = "K-17"', 'person = "John Doe"', 5, "person", "is not a code"),
        ('"25 cm2"', '"25"', 10, "channels[0].area", "no unit"),
        ('measured = "9 mA"', 'measured = "9"', 12, "channels[0].points[1].measured", "no unit"),
        ('measured = "9 mA"', 'measured = "13 mA"', 12, "channels[0].points[2].measured", "less"),
        (', felt = "a first tingling"', "", 12, "channels[0].points[0]", "either measured or felt"),
        ('"40 %"', '"10 %"', 12, "channels[0].points[1].intensity", "above the one before"),
        ('"40 %"', '"0 %"', 12, "channels[0].points[1].intensity", "too small"),
        ("channel = 1", 'channel = 1\nvoltage = "3 V"', 10, "channels[0].voltage", "not a key"),
        ("channel = 1", 'channel = "1"', 9, "channels[0].channel", "whole number"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_file_line_and_field(
    was: str, now: str, line: int, field: str, says: str
) -> None:
    changed = TEXT.replace(was, now, 1)
    assert changed != TEXT
    with pytest.raises(ProtocolFileError, match=says) as caught:
        load(changed)
    assert caught.value.file == "k-17.toml"
    assert (caught.value.field, caught.value.line is not None) == (field, True)
    assert abs((caught.value.line or 0) - line) <= 3


def test_a_channel_twice_is_refused() -> None:
    with pytest.raises(ProtocolFileError, match="twice"):
        load(TEXT + TEXT[TEXT.index("[[channels]]") :])


def test_the_example_of_the_documentation_is_one() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "percent-sessions.md"
    example = page.read_text(encoding="utf-8").partition("```toml\n")[2].partition("```")[0]
    assert (
        told(load(example), 1, 50) == "50 % = 12 mA measured by calibration of 2026-01-02, dial 4"
    )


def test_pads_that_lie_apart_are_named_both() -> None:
    apart = TEXT.replace('site = "left-quadriceps"', 'site = "left-quadriceps/left-gluteal"')
    pads = Electrode(2_500, site="left-quadriceps/left-gluteal")
    assert misfit(load(apart), **{**RIGHT, "pads": pads}) is None
    assert "not for left-quadriceps" in str(misfit(load(apart), **RIGHT))
    with pytest.raises(ProtocolFileError, match="site"):
        load(apart.replace("left-gluteal", "left-gluteal/left-calf"))
