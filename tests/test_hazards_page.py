"""docs/reference/hazards.md: a row for every hazard, a test for every control in software."""

from __future__ import annotations

import json
import platform
import socket
from pathlib import Path

import pytest

from stimctl.compliance.results import Result, Run, results_from
from stimctl.version import code_digest
from tools import make_hazards as tool
from tools import result_file


def test_every_hazard_has_exactly_one_row_in_order() -> None:
    assert tuple(one.id for one in tool.hazards()) == tool.IDS


@pytest.mark.hazard("H53")
def test_every_control_in_software_is_proved_by_a_test() -> None:
    tests = tool.marked_tests()
    unproved = [
        one.id for one in tool.hazards() if one.control == "software" and one.id not in tests
    ]
    assert unproved == []


def test_every_mark_and_every_figure_names_a_hazard() -> None:
    assert set(tool.marked_tests()) <= set(tool.IDS)
    assert set(tool.figures()) <= set(tool.IDS)


def test_the_page_is_what_the_tool_makes() -> None:
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run python -m tools.make_hazards"


def test_what_tests_record_becomes_the_last_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = tmp_path / "results.xml"
    results.write_text(
        '<testsuites><testsuite><testcase><properties><property name="H03" value="3 ms"/>'
        '<property name="other" value="1"/></properties></testcase></testsuite></testsuites>'
    )
    monkeypatch.setattr(tool, "FIGURES", tmp_path / "figures.toml")
    tool.take_figures(results)
    assert tool.figures() == {"H03": "3 ms"}


JUNIT = """<testsuites><testsuite>
<testcase classname="tests.a.test_x" name="test_all[1]" file="tests/a/test_x.py"/>
<testcase classname="tests.a.test_x" name="test_all[2]" file="tests/a/test_x.py"/>
<testcase classname="tests.a.test_x" name="test_one_fails[1]" file="tests/a/test_x.py"/>
<testcase classname="tests.a.test_x" name="test_one_fails[2]" file="tests/a/test_x.py">
  <failure/></testcase>
<testcase classname="tests.a.test_x" name="test_part[1]" file="tests/a/test_x.py"/>
<testcase classname="tests.a.test_x" name="test_part[2]" file="tests/a/test_x.py">
  <skipped/></testcase>
<testcase classname="tests.a.test_x.TestB" name="test_left_out" file="tests/a/test_x.py">
  <skipped/></testcase>
<testcase classname="tests.a.test_x" name="test_breaks" file="tests/a/test_x.py"><error/></testcase>
</testsuite></testsuites>"""


def test_how_a_test_ended_is_how_all_its_parameters_did(tmp_path: Path) -> None:
    results = tmp_path / "results.xml"
    results.write_text(JUNIT)
    assert tool.outcomes(results) == {
        "tests/a/test_x.py::test_all": ("passed", ""),
        "tests/a/test_x.py::test_one_fails": ("failed", "1 of 2"),
        "tests/a/test_x.py::test_part": ("passed", "1 of 2"),
        "tests/a/test_x.py::TestB::test_left_out": ("skipped", ""),
        "tests/a/test_x.py::test_breaks": ("failed", ""),
    }


def test_a_new_result_replaces_an_old_one_and_what_is_gone_is_left_out(tmp_path: Path) -> None:
    first, run = tmp_path / "results.json", result_file.this_run()
    assert run.code_sha256 == code_digest()
    old = Run("2026-01-01T00:00Z", "abc", False, "0", "Linux", "3.11")
    known = {"a", "b"}
    result_file.keep(first, {name: Result("passed", old) for name in ("a", "b", "gone")}, known)
    result_file.keep(first, {"b": Result("failed", run)}, known)
    kept = results_from(json.loads(first.read_text()))
    assert kept == {"a": Result("passed", old), "b": Result("failed", run)}


def test_a_record_names_no_computer(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in ((platform, "node"), (socket, "gethostname")):
        monkeypatch.setattr(module, name, lambda: "a-name-of-a-computer")
    assert "a-name-of-a-computer" not in str(result_file.this_run())


def test_marks_are_found_on_functions_classes_and_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    (tmp_path / "test_x.py").write_text(
        "import pytest\npytestmark = [pytest.mark.hazard('H01'), pytest.mark.pty]\n"
        "@pytest.mark.hazard('H02', 'H03')\ndef test_a(): ...\n"
        "@pytest.mark.hazard('H04')\nclass TestB:\n    def test_c(self): ...\n"
    )
    assert tool.marked_tests(tmp_path) == {
        "H01": ["test_x.py::test_a", "test_x.py::TestB::test_c"],
        "H02": ["test_x.py::test_a"],
        "H03": ["test_x.py::test_a"],
        "H04": ["test_x.py::TestB::test_c"],
    }
