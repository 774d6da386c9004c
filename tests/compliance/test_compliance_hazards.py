"""What `stimctl compliance` says of hazards: from a file or a recorded run, and nothing made up."""

from __future__ import annotations

import pytest

from stimctl.compliance.hazards import hazard_rows, join
from stimctl.compliance.results import SCHEMA, Result, Run, content_of, results_from
from tools import make_hazards, remove_controls

RUN = Run("2026-11-30T10:00Z", "abc123", False, "d" * 64, "Linux x86_64, 2 cores", "3.11.2")
CONTENT = {
    "hazards": [
        {
            "id": "H01", "hazard": "output goes on", "situation": "a cable is pulled",
            "cause": "a foot", "control": "software", "measure": "a watchdog", "left_open": "",
            "figure": "", "tests": ["tests/a.py::test_a", "tests/a.py::test_b"],
        },
        {
            "id": "H02", "hazard": "output goes on", "situation": "mains", "cause": "a computer",
            "control": "hardware", "measure": "isolation", "left_open": "all", "figure": "",
            "tests": [],
        },
    ],
    "removals": [
        {"name": "dog", "hazards": ["H01"], "without": "nothing stops it", "file": "src/x.py",
         "test": "tests/a.py::test_a[one]"},
        {"name": "cat", "hazards": ["H01"], "without": "it is lost", "file": "src/x.py",
         "test": "tests/c.py::test_c"},
    ],
}  # fmt: skip


def test_what_was_not_run_says_so_and_nothing_else() -> None:
    first, second = join(CONTENT, {}, {})
    assert [proof.outcome for proof in first.proofs] == ["not run here"] * 3
    assert [one.outcome for proof in first.proofs for one in proof.removals] == ["not run here"] * 2
    assert second.proofs == ()
    assert second.no_test == "not in software's power"


def test_a_result_stands_beside_its_test_and_a_removal_beside_the_test_that_has_to_fail() -> None:
    tests = {"tests/a.py::test_a": Result("failed", RUN, "1 of 2")}
    removals = {"dog": Result("not noticed", RUN, "SURVIVES")}
    (row, _) = join(CONTENT, tests, removals)
    told = {proof.test: proof for proof in row.proofs}
    assert list(told) == ["tests/a.py::test_a", "tests/a.py::test_b", "tests/c.py::test_c"]
    assert told["tests/a.py::test_a"].outcome == "failed (1 of 2)"
    assert [one.outcome for one in told["tests/a.py::test_a"].removals] == ["not noticed"]
    assert told["tests/a.py::test_b"].removals == ()
    assert [one.name for one in told["tests/c.py::test_c"].removals] == ["cat"]


def test_a_result_of_other_code_is_never_shown_as_one_of_this_code() -> None:
    assert RUN.words("d" * 64).endswith("Python 3.11.2, this code")
    assert RUN.words("e" * 64).endswith("Python 3.11.2, code dddddddddddd")
    changed = Run(RUN.utc, "", True, RUN.code_sha256, RUN.system, RUN.python)
    assert "commit unknown with changes" in changed.words("d" * 64)


def test_recorded_results_come_back_as_they_were_and_another_form_is_an_error() -> None:
    later = Run("2026-12-01T10:00Z", "abd", True, "e" * 64, "Linux", "3.12")
    results = {"a": Result("passed", RUN), "b": Result("failed", later, "1 of 3")}
    assert results_from(content_of(results)) == results
    assert results_from(None) == {}
    with pytest.raises(ValueError, match=SCHEMA):
        results_from({"schema": "stimctl.results/2"})


def test_the_packaged_list_is_what_the_sources_say() -> None:
    """An installed wheel has neither docs nor tests nor tools."""
    assert make_hazards.DATA.read_text("utf-8") == make_hazards.data(), (
        "run python -m tools.make_hazards"
    )


def test_every_hazard_and_every_removal_is_in_the_rows() -> None:
    rows = hazard_rows()
    assert tuple(row.id for row in rows) == make_hazards.IDS
    named = {one.name for row in rows for proof in row.proofs for one in proof.removals}
    assert named == {one.name for one in remove_controls.removals()}
    unproved = [row.id for row in rows if row.control == "software" and not row.proofs]
    assert unproved == []
