"""The page in the documentation is what the program makes today."""

from __future__ import annotations

from tools import make_session_report as tool


def test_the_example_is_what_the_tool_makes() -> None:
    assert tool.PAGE.read_text("utf-8") == tool.page(), "run tools/make_session_report.py"
