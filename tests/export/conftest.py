"""Sessions that all tests of exports share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.exported import Recorded, recorded

Sessions = Callable[[str], Recorded]


@pytest.fixture(scope="session")
def session(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    """One of `SESSIONS`, run once."""
    made: dict[str, Recorded] = {}

    def one(name: str) -> Recorded:
        if name not in made:
            made[name] = recorded(name, Path(tmp_path_factory.mktemp("journal")))
        return made[name]

    return one
