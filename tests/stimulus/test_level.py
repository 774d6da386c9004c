"""A level carries its scale; two scales are never mixed."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from stimctl import stimulus
from stimctl.errors import QuantityError
from stimctl.stimulus import Pulse
from stimctl.stimulus.level import CURRENT, PERCENT, Level, scale_of_unit


@pytest.mark.parametrize(
    ("text", "scale", "value"),
    [
        ("5 mA", CURRENT, 5_000),
        ("12.5mA", CURRENT, 12_500),
        ("500 uA", CURRENT, 500),
        ("500 µA", CURRENT, 500),
        (" 0 mA\n", CURRENT, 0),
        ("5 %", PERCENT, 5),
        ("40%", PERCENT, 40),
    ],
)
def test_the_unit_of_a_text_says_on_which_scale_its_level_is(
    text: str, scale: Any, value: int
) -> None:
    assert Level.parse(text) == Level(scale, value)


@pytest.mark.parametrize(
    "text", ["5", "", "5 V", "mA", "5,5 mA", "-5 mA", "2.5 %", "5 MA", "1e3 uA", "5 mA %", 5, None]
)
def test_what_is_not_exactly_one_level_is_refused(text: object) -> None:
    with pytest.raises(QuantityError):
        Level.parse(text)


def test_a_number_without_a_unit_is_told_of_every_unit_and_of_no_number() -> None:
    with pytest.raises(QuantityError) as refused:
        Level.parse("5")
    assert refused.value.what_to_do == "write a number and its unit (uA, mA, %)"


@pytest.mark.parametrize(
    ("level", "text"), [(Level(CURRENT, 12_500), "12.5 mA"), (Level(PERCENT, 40), "40 %")]
)
def test_a_level_shows_its_unit_and_is_read_again_as_itself(level: Any, text: str) -> None:
    assert str(level) == text
    assert Level.parse(text) == level


def test_levels_of_one_scale_compare_and_add_as_numbers() -> None:
    low, high = Level(CURRENT, 1_000), Level(CURRENT, 3_000)
    assert low < high
    assert low <= high
    assert high > low
    assert high >= low
    assert low != high
    assert low + high == Level(CURRENT, 4_000)
    assert high - low == Level(CURRENT, 2_000)
    assert len({low, high, Level(CURRENT, 1_000)}) == 2


# Each of these is a type error as well: mypy reports an ignore that nothing needs.
_MIXED: dict[str, Callable[[], object]] = {
    "<": lambda: Level(CURRENT, 5) < Level(PERCENT, 5),  # type: ignore[arg-type]
    "<=": lambda: Level(CURRENT, 5) <= Level(PERCENT, 5),  # type: ignore[arg-type]
    ">": lambda: Level(PERCENT, 5) > Level(CURRENT, 5),  # type: ignore[arg-type]
    ">=": lambda: Level(PERCENT, 5) >= Level(CURRENT, 5),  # type: ignore[arg-type]
    "+": lambda: Level(CURRENT, 5) + Level(PERCENT, 5),  # type: ignore[arg-type]
    "-": lambda: Level(PERCENT, 5) - Level(CURRENT, 5),  # type: ignore[arg-type]
    "==": lambda: Level(CURRENT, 5) == Level(PERCENT, 5),
    "!=": lambda: Level(CURRENT, 0) != Level(PERCENT, 0),
    "sorted": lambda: sorted([Level.parse("5 mA"), Level.parse("5 %")]),
    "max": lambda: max(Level.parse("5 mA"), Level.parse("50 %")),
    "as a current": lambda: Level(PERCENT, 5).in_unit(CURRENT),
    "as a percent": lambda: Level(CURRENT, 5).in_unit(PERCENT),
}


@pytest.mark.hazard("H50")
@pytest.mark.parametrize("mixed", _MIXED.values(), ids=_MIXED)
def test_two_scales_are_never_mixed(mixed: Callable[[], object]) -> None:
    with pytest.raises(QuantityError) as refused:
        mixed()
    assert "different scales" in refused.value.why
    assert refused.value.what_to_do.startswith("give a level in ")


@pytest.mark.parametrize("value", [-1, 1.0, True, "5", None])
def test_only_a_whole_number_from_0_is_a_level(value: Any) -> None:
    with pytest.raises(QuantityError):
        Level(CURRENT, value)


def test_less_than_nothing_is_not_a_level() -> None:
    with pytest.raises(QuantityError):
        Level(PERCENT, 1) - Level(PERCENT, 2)


def test_a_bare_number_is_not_compared_with_a_level() -> None:
    with pytest.raises(QuantityError, match="it has no unit"):
        Level(CURRENT, 5) < 5  # type: ignore[operator]  # noqa: B015
    assert Level(CURRENT, 5) != 5


def test_a_level_survives_a_copy() -> None:
    level = Level(PERCENT, 40)
    assert copy.deepcopy(level) == level
    assert pickle.loads(pickle.dumps(level)) == level


def test_a_row_names_its_scale_by_the_unit() -> None:
    assert scale_of_unit("uA") is CURRENT
    assert scale_of_unit("%") is PERCENT
    with pytest.raises(QuantityError, match="uA, %"):
        scale_of_unit("mA")


def test_what_the_package_offers_is_loaded_when_it_is_asked_for_and_nothing_else_is_there() -> None:
    assert stimulus.Pulse is Pulse
    for name in stimulus.__all__:
        assert getattr(stimulus, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Impulse'"):
        stimulus.Impulse  # noqa: B018
    assert not hasattr(stimulus, "level_of")
