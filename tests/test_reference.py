"""docs/reference: made from the tables, and every id that a reader meets is explained there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools import make_reference as tool

ROOT = Path(__file__).resolve().parents[1]
PAGES = list((ROOT / "docs" / "reference").glob("*.md"))
_ID = re.compile(
    r"(?<![\w-])(?:[AEKMN]\d{1,2}|W\d{1,2}|[CH]\d{2}|L-[A-Z]+(?:-[A-Z0-9]+)*)(?![\w-])"
)
# Names that look like ids: placeholders of a family of limits, a spinal level, a chip, a region.
_OTHERS = {"A50", "L-RMS", "L-XXX"}


def ids_in(path: Path) -> set[str]:
    return set(_ID.findall(path.read_text(encoding="utf-8"))) - _OTHERS


def defined() -> set[str]:
    rows = (line for page in PAGES for line in page.read_text(encoding="utf-8").splitlines())
    return {line.split("|")[1].strip() for line in rows if line.startswith("| ")}


def test_the_pages_are_what_the_tool_makes() -> None:
    for path, text in tool.pages().items():
        assert path.read_text(encoding="utf-8") == text, "run tools/make_reference.py"


def test_every_id_in_code_pages_and_protocols_is_explained() -> None:
    places = [
        *(ROOT / "src").rglob("*.py"),
        *(ROOT / "firmware_sim").rglob("*.py"),
        *(ROOT / "examples").rglob("*.py"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "protocols").rglob("*.*"),
        *ROOT.glob("*.md"),
    ]
    known = defined()
    unknown = {
        path.relative_to(ROOT).as_posix(): missing
        for path in places
        if (missing := ids_in(path) - known)
    }
    assert unknown == {}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("rule K10 and A4", {"K10", "A4"}),
        ("L-PD-RS2: 0.1 W/cm2", {"L-PD-RS2"}),
        ("0xC02 or XA4 or A4b", set()),
    ],
)
def test_an_id_is_found_and_what_looks_like_one_is_not(
    text: str, ids: set[str], tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    assert ids_in(page) == ids
