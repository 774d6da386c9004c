"""The kit that others get runs over every family that is built in."""

from __future__ import annotations

import pytest

from stimctl.devices.family import NAMES
from stimctl.testing.conformance import Conformance, checks_of


@pytest.mark.parametrize("check", checks_of(Conformance))
@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_family_conforms(name: str, check: str) -> None:
    kit = type("Kit", (Conformance,), {"family": name, "checksum": name != "openemsstim"})()
    getattr(kit, check)()
