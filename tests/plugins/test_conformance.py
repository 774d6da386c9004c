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
