"""What goes is told before, what has gone is told after, and one page lists both."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest

from stimctl import deprecation
from stimctl.deprecation import Deprecation
from stimctl.errors import UsageError

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "versions.md"
GOING = Deprecation("`Device.old()`", "use `Device.new()`", since="0.3.0", gone="0.5.0")


def test_the_page_lists_the_table() -> None:
    rows = re.findall(
        r"^\| (.*?) \| (\d[\d.]*) \| (\d[\d.]*) \| (.*?) \|$", PAGE.read_text("utf-8"), re.M
    )
    assert rows == [(one.name, one.since, one.gone, one.instead) for one in deprecation.TABLE]


def test_a_program_is_warned_at_its_own_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "TABLE", (GOING,))

    def old() -> None:
        deprecation.warn(GOING.name)

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        old()
    (one,) = caught
    assert one.category is DeprecationWarning
    assert Path(one.filename) == Path(__file__)
    assert str(one.message) == (
        "`Device.old()` is deprecated since 0.3.0 and goes in 0.5.0: use `Device.new()`"
    )


def test_what_has_gone_names_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deprecation, "TABLE", (GOING,))
    with pytest.raises(UsageError, match=r"has gone: use `Device\.new\(\)`"):
        deprecation.refuse(GOING.name)
