"""Every control that can be removed still can be: `make removals` does it, this keeps it able to.

Quick by design: nothing is removed here, but no entry of the table may have come to fit nothing,
and every hazard that software controls has one.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tools import make_hazards as hazards
from tools import remove_controls as tool

REMOVALS = tool.removals()


@pytest.mark.parametrize("one", REMOVALS, ids=lambda one: one.name)
def test_a_removal_still_fits_the_source_and_its_test_is_there(one: tool.Removal) -> None:
    assert tool.problems(one) == []


@pytest.mark.hazard("H53")
def test_every_hazard_that_software_controls_has_a_removal(
    record_property: Callable[[str, object], None],
) -> None:
    removed = {id for one in REMOVALS for id in one.hazards}
    without = [one.id for one in hazards.hazards() if one.control == "software"]
    assert [id for id in without if id not in removed] == []
    record_property("H53", f"{len(REMOVALS)} controls, each of which a test misses when it is gone")


def test_the_test_of_a_removal_says_which_hazard_it_is_about() -> None:
    marked = {(id, test) for id, tests in hazards.marked_tests().items() for test in tests}
    unmarked = [
        f"{one.name}: {one.hazards[0]} on {one.test}"
        for one in REMOVALS
        if (one.hazards[0], one.test.partition("[")[0]) not in marked
    ]
    assert unmarked == []


def test_a_removal_in_a_copy_changes_that_copy_only_and_what_does_not_fit_is_an_error(
    tmp_path: Path,
) -> None:
    (tmp_path / "x.py").write_text("LIMIT = 5\n")
    one = tool.Removal("x", ("H01",), "there is no limit", "x.py", "LIMIT = 5", "LIMIT = 9", "t")
    assert one.disable(tmp_path) == "LIMIT = 5\n"
    assert (tmp_path / "x.py").read_text() == "LIMIT = 9\n"
    with pytest.raises(ValueError, match="0 times"):
        one.disable(tmp_path)


def test_a_table_that_is_not_whole_is_an_error(tmp_path: Path) -> None:
    table = tmp_path / "removals.toml"
    table.write_text('[a]\nhazards = ["H01"]\nold = "x"\n')
    with pytest.raises(ValueError, match="'a' is not whole"):
        tool.removals(table)
