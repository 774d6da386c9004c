"""The examples in the documentation are what the program makes today."""

from __future__ import annotations

import re
import zlib

import pytest

from stimctl.report.pdf import page_identifier
from tools import make_session_report as tool

WHAT_TO_DO = "run tools/make_session_report.py"


@pytest.mark.broad
def test_the_examples_are_what_the_tool_makes_and_the_pdfs_are_of_these_pages() -> None:
    for name, text in tool.texts().items():
        assert (tool.FOLDER / name).read_text("utf-8") == text, f"{name}: {WHAT_TO_DO}"
    for stem in tool.PAGES_AS_PDF:
        page = (tool.FOLDER / f"{stem}.html").read_text("utf-8")
        identifier = page_identifier(page).encode()
        assert identifier in (tool.FOLDER / f"{stem}.pdf").read_bytes(), f"{stem}: {WHAT_TO_DO}"


@pytest.mark.parametrize(
    ("stem", "most"), [("patient-sheet", 1), ("course", 1), ("session-report", 2)]
)
def test_a_pdf_takes_no_more_sheets_than_it_should(stem: str, most: int) -> None:
    data = (tool.FOLDER / f"{stem}.pdf").read_bytes()
    streams = re.findall(rb"stream\r?\n(x.*?)\r?\nendstream", data, re.DOTALL)
    inside = b"".join(map(zlib.decompress, streams))
    assert 1 <= len(re.findall(rb"/Type ?/Page\b", inside)) <= most
