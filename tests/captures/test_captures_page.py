"""The page that documents captures names every field, kind and sort that there is, and no other."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from stimctl.bench.capture_compare import compare
from stimctl.bench.capture_differences import Difference, Sort
from stimctl.bench.captured_frames import dissector_of
from stimctl.devices.family import NAMES
from stimctl.records.captures import CaptureHeader, Kind, Line, pack_capture, unpack_capture
from tests.support.captures import until, usual_session

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "captures.md").read_text("utf-8")
HOW_TO = (ROOT / "docs" / "how-to" / "compare-a-device-with-its-twin.md").read_text("utf-8")


def section(heading: str) -> str:
    return PAGE.split(f"\n## {heading}\n")[1].split("\n## ")[0]


def first_cells(text: str) -> list[str]:
    """What stands in backticks in the first column of the tables."""
    rows = re.findall(r"^\| ([^|]+) \|", text, re.M)
    return [name for cell in rows for name in re.findall(r"`([a-z0-9_]+)`", cell)]


def test_the_header_is_documented_field_by_field() -> None:
    documented = first_cells(section("The header"))
    assert set(documented) == {"kind", "schema", *(field.name for field in fields(CaptureHeader))}
    for field in fields(Line):
        assert f"`{field.name}`" in section("The header")


def test_every_kind_of_row_is_documented_and_no_other() -> None:
    assert set(first_cells(section("The rows"))) == {kind.value for kind in Kind}


def test_the_end_is_documented_as_it_is_written() -> None:
    capture = until(usual_session("p24"), 1_000_000_000)
    end = pack_capture(capture.header, capture.rows).splitlines()[-1].decode()
    assert set(first_cells(section("The end"))) == set(re.findall(r'"([a-z0-9_]+)":', end))


def test_the_example_is_a_capture() -> None:
    lines = PAGE.split("```json\n")[1].split("```")[0]
    rows = "".join(line + "\n" for line in lines.splitlines()[:-1])
    capture = unpack_capture(rows.encode(), cut_ok=True)
    assert capture.device == ("SIM0000000", "1.0.0")
    end = pack_capture(capture.header, capture.rows).splitlines()[-1].decode()
    assert lines.splitlines()[-1].split('"sha256"')[0] == end.split('"sha256"')[0]


def test_a_comparison_is_documented_field_by_field() -> None:
    text = section("The comparison as JSON")
    told = compare(until(usual_session("p24"), 1_000_000_000)).as_dict()
    assert set(first_cells(text)) == {*told, *(sort.value for sort in Sort)}
    for field in fields(Difference):
        assert f"`{field.name}`" in text or field.name in ("twin", "capture")


@pytest.mark.parametrize("family", NAMES)
def test_what_is_not_compared_is_documented_with_its_reason(family: str) -> None:
    rows = [line for line in section("What is not compared").splitlines() if family in line]
    documented = {
        (name, line.split("|")[3].strip())
        for line in rows
        for name in re.findall(r"`([a-z_.]+)`", line)
    }
    assert documented == {
        (f"{row.message}.{row.field}", row.reason) for row in dissector_of(family).not_compared
    }


def test_the_lines_in_the_how_to_are_as_the_comparison_writes_them() -> None:
    first = Difference(
        Sort.FIELD, 2_439_000_000, 129, "ml_get_current_data_ack", "active[0]", True, False
    )
    second = Difference(Sort.LATE, 2_480_400_000, 155, "ll_stop_ack", twin=2381.4, capture=2480.4)
    assert str(first) in HOW_TO
    assert str(second) in HOW_TO
