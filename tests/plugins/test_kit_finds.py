"""The kit finds what it is for: the toy with one thing wrong, and the words that it fails with."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stimctl.testing.conformance import Conformance
from tests.support.toy_faults import WRONG


@pytest.mark.hazard("H53")
@pytest.mark.no_invariant("the device is made to break the rules")
@pytest.mark.parametrize("wrong", WRONG)
def test_the_kit_finds(site: object, reinstall: Callable[..., None], wrong: str) -> None:
    file, old, new, check, words = WRONG[wrong]
    reinstall(file, old, new)
    kit = type("Kit", (Conformance,), {"family": "toy"})()
    with pytest.raises(Exception) as caught:
        getattr(kit, f"test_{check}")()
    assert words in str(caught.value)
