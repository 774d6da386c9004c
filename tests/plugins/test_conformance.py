"""The kit that others get runs over every family that is built in."""

from __future__ import annotations

import pytest

from stimctl.devices.family import NAMES
from stimctl.testing.conformance import Conformance, checks_of

CHANCE = [one for one in checks_of(Conformance) if "frames" in one or "bits" in one or "any" in one]


@pytest.mark.soak
@pytest.mark.parametrize("check", CHANCE)
@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_family_conforms_for_many_seeds(name: str, check: str) -> None:
    told = {"family": name, "checksum": name != "openemsstim", "rounds": 80}
    getattr(type("Kit", (Conformance,), told)(), check)()


@pytest.mark.parametrize("check", checks_of(Conformance))
@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_family_conforms(name: str, check: str) -> None:
    kit = type("Kit", (Conformance,), {"family": name, "checksum": name != "openemsstim"})()
    getattr(kit, check)()


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(7, id="both-channels-raised-by-one-call"),
        pytest.param(9, id="one-channel-lowered-while-the-other-is-raised"),
        pytest.param(11, id="connect-again-while-connecting"),
        pytest.param(15, id="connect-during-a-stop"),
        pytest.param(17, id="connect-while-bursts-are-on"),
        pytest.param(115, id="a-second-call-before-the-first-has-left"),
    ],
)
def test_calls_that_once_broke_a_rule_on_a_board_that_takes_one_message_at_a_time(
    seed: int,
) -> None:
    type("Kit", (Conformance,), {"family": "openemsstim", "checksum": False})().any_calls(seed)
