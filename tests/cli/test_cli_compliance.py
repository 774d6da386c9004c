"""`stimctl compliance`: one CSV and one page that say the same, and what they are not."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from stimctl.__main__ import main
from stimctl.compliance.csv_file import COLUMNS
from stimctl.devices.family import NAMES
from tools.make_hazards import IDS
from tools.remove_controls import removals

Cli = Callable[..., Any]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("compliance")
    assert main(["compliance", "--output", str(made)]) == 0
    return made


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "stimctl-compliance.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def page(folder: Path) -> str:
    return (folder / "stimctl-compliance.html").read_text("utf-8")


def test_the_file_has_every_part_and_every_hazard(rows: list[dict[str, str]]) -> None:
    assert list(rows[0]) == list(COLUMNS)
    parts = Counter(row["part"] for row in rows)
    assert set(parts) == {
        "not", "program", "requirement", "need", "anomaly", "hazard", "dependency", "brought",
        "output",
    }  # fmt: skip
    hazards = [row for row in rows if row["part"] == "hazard"]
    assert tuple(dict.fromkeys(row["id"] for row in hazards)) == IDS
    for column in ("name", "hazard", "cause", "control", "measure", "test"):
        assert [row["id"] for row in hazards if not row[column]] == []
    assert {row["removal"] for row in hazards} - {""} == {one.name for one in removals()}


def test_a_result_has_a_run_and_what_has_none_was_not_run(rows: list[dict[str, str]]) -> None:
    for result, run, asked in (
        ("last_result", "last_run", "last_result"),
        ("removal_result", "removal_run", "removal"),
    ):
        for row in rows:
            ran = row[result] not in ("", "not run here")
            assert ran == bool(row[run]), row
            assert not row[asked] or row[result], row


def test_every_device_has_its_outputs_with_source_and_certainty(rows: list[dict[str, str]]) -> None:
    outputs = [row for row in rows if row["part"] == "output"]
    assert set(NAMES) <= {row["id"] for row in outputs}
    told = {(row["id"], row["name"]): row for row in outputs}
    assert told["p24", "amplitude_max"]["certainty"] == "R"
    assert "130 mA" in told["p24", "amplitude"]["value"]
    assert "r.m.s." in told["rehastim2", "most into 500 ohm"]["value"]
    assert ("openemsstim", "most into 500 ohm") not in told


def test_file_and_page_say_what_they_are_not(rows: list[dict[str, str]], page: str) -> None:
    said = [row["value"] for row in rows if row["part"] == "not"]
    for words in ("No certificate", "declaration of conformity", "No medical device"):
        assert any(words in one for one in said)
        assert words in page


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.loaded += [name for name, _ in attrs if name in ("src", "srcset", "onload")]


def test_the_page_loads_nothing_and_has_a_row_for_each_hazard(page: str) -> None:
    read = _Page()
    read.feed(page)
    assert read.loaded == []
    assert read.tags["script"] == 0
    for id in IDS:
        assert f'<th scope="row" rowspan="2">{id}</th>' in page


def test_a_file_that_is_there_is_not_replaced_unless_that_is_meant(
    folder: Path, page: str, cli: Cli
) -> None:
    refused = cli("compliance", "-o", str(folder))
    assert refused.code == 2
    assert "--force" in refused.err
    replaced = cli("compliance", "-o", str(folder), "--force")
    assert replaced.code == 0
    assert replaced.out.split() == [
        str(folder / "stimctl-compliance.csv"), str(folder / "stimctl-compliance.html"),
    ]  # fmt: skip
