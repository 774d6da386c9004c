"""What of a long row of cases `make test` runs, and what `make test-all` and the CI run besides."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from _pytest.mark.structures import ParameterSet


def broad(cases: Iterable[Any], every: int = 4) -> list[ParameterSet]:
    """Cases of one argument, for `parametrize`: every fourth in `make test`, the others not."""
    return [
        pytest.param(case, marks=[pytest.mark.broad] if number % every else [])
        for number, case in enumerate(cases)
    ]
