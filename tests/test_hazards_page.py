"""docs/reference/hazards.md: a row for every hazard, a test for every control in software."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import make_hazards as tool


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
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run tools/make_hazards.py"


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
