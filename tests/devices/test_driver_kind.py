"""A driver is of the kind that its sheet says, whatever stands around it."""

from typing import Any

import pytest

from stimctl.devices.registry import FAMILIES, family
from stimctl.safety import IntensityPoint, SetPoint
from stimctl.stimulus.level import CURRENT, PERCENT


class PassesOn:
    """A wrapper that has no method of its own, as tests and watchers use them."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_driver_takes_points_of_its_scale_only_also_behind_a_wrapper(name: str) -> None:
    driver = family(name).new_driver()
    for one in (driver, PassesOn(driver), PassesOn(PassesOn(driver))):
        in_current = one.sheet.current is not None
        assert one.sheet.scale is (CURRENT if in_current else PERCENT)
        assert one.sheet.point is (SetPoint if in_current else IntensityPoint)
