"""What of a long row of cases `make test` runs; `make test-all` has all, the CI a part of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet


def broad(cases: Iterable[Any], every: int = 4) -> list[ParameterSet]:
    """Cases of one argument, for `parametrize`: every fourth in `make test`, the others not."""
    return broad_rows(([case] for case in cases), every)


def broad_rows(cases: Iterable[Any], every: int = 4) -> list[ParameterSet]:
    """The same for cases of several arguments each; a case may have marks of its own."""
    found = []
    for number, case in enumerate(cases):
        told = case if isinstance(case, ParameterSet) else pytest.param(*case)
        marks = [*told.marks, pytest.mark.broad] if number % every else told.marks
        found.append(pytest.param(*told.values, marks=marks, id=told.id))
    return found
