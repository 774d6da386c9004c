"""A driver is of the kind that its sheet says, whatever stands around it."""

from typing import Any

import pytest

from stimctl.devices.driver import is_current_source, is_gate
from stimctl.devices.registry import FAMILIES, family


class PassesOn:
    """A wrapper that has no method of its own, as tests and watchers use them."""

    def __init__(self, driver: Any) -> None:
        self._driver = driver

    def __getattr__(self, name: str) -> Any:
        return getattr(self._driver, name)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_driver_is_of_exactly_one_kind_also_behind_a_wrapper(name: str) -> None:
    driver = family(name).new_driver()
    for one in (driver, PassesOn(driver), PassesOn(PassesOn(driver))):
        assert is_current_source(one) == (driver.sheet.current is not None)
        assert is_gate(one) == (not is_current_source(one))
