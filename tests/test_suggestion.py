"""What a mistyped name may have meant: the nearest, and never its opposite."""

import pytest

from stimctl.stimulus import PulseShape
from stimctl.suggestion import meant_by

SHAPES = [shape.value for shape in PulseShape]


@pytest.mark.parametrize(
    ("name", "names", "meant"),
    [
        ("biphasic-asymmetric", SHAPES, ["biphasic-asymmetric-balanced"]),
        ("biphasic-symetric", SHAPES, ["biphasic-symmetric"]),
        ("Monophasic", SHAPES, ["monophasic"]),
        ("asymmetric", SHAPES, []),
        ("left-quadricep", ["right-quadriceps", "left-quadriceps"], ["left-quadriceps"]),
        ("left-quadricep", ["right-quadriceps"], []),
        (
            "left-forearm-flexors",
            ["left-forearm-extensor", "left-forearm-flexor"],
            ["left-forearm-flexor"],
        ),
        ("ramp_upp", ["ramp_down", "ramp_up"], ["ramp_up"]),
        ("ramp_up", ["ramp_down"], []),
        ("P24", ["p24", "rehastim2"], ["p24"]),
        ("xyz", SHAPES, []),
        ("", SHAPES, []),
    ],
)
def test_the_nearest_name_is_suggested_and_never_the_opposite(
    name: str, names: list[str], meant: list[str]
) -> None:
    assert meant_by(name, names) == meant


def test_several_are_given_the_nearest_first() -> None:
    assert meant_by("tens", ["tens-modulated", "tens-acu", "nmes-tka"], most=3)[:2] == [
        "tens-acu",
        "tens-modulated",
    ]
