"""Pages that are made from the program: they are what their tools make, and leave nothing out."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest
import typer

from stimctl.__main__ import main
from tools import make_json, make_pages, record_json
from tools.json_shape import differing, shape

ROOT = Path(__file__).resolve().parents[1]
SOURCES = sorted((ROOT / "src").rglob("*.py"))


@pytest.mark.parametrize("path", make_pages.pages(), ids=lambda path: path.stem)
def test_a_page_is_what_its_tool_makes(path: Path) -> None:
    if path.stem == "cli" and tuple(map(int, typer.__version__.split(".")[:2])) < (0, 29):
        pytest.skip("an older typer does not say what an argument is")
    assert path.read_text(encoding="utf-8") == make_pages.pages()[path], "run make pages"


def test_every_schema_of_the_program_is_on_the_page() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    named = set(re.findall(r'"(stimctl\.[a-z-]+/\d+)"', text)) | {
        # `cli.disturbance_options` puts these together.
        "stimctl.faults/1",
        "stimctl.scenarios/1",
    }
    assert named == {*make_json.recorded(), *make_json.ELSEWHERE}


def test_every_environment_variable_is_on_its_page() -> None:
    page = (ROOT / "docs" / "reference" / "places.md").read_text(encoding="utf-8")
    read = {
        name
        for path in SOURCES
        for name in re.findall(r'"(STIMCTL_[A-Z_]+[A-Z])"', path.read_text(encoding="utf-8"))
    }
    assert {name for name in read if name not in page} == set()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("STIMCTL_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("STIMCTL_PROTOCOLS", str(tmp_path / "protocols"))
    monkeypatch.chdir(tmp_path)
    (tmp_path / record_json.FRAME[0]).write_text(record_json.FRAME[1], encoding="utf-8")
    return tmp_path


def test_what_is_printed_has_the_fields_that_the_page_says(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, set[str]] = {}
    known = make_json.recorded()
    for schema, commands in record_json.QUICK.items():
        assert known[schema]["commands"] == list(commands)
        for command in commands:
            main([*command.split(), "--json"])
            printed: list[dict[str, Any]] = [
                one
                for one in record_json.json_lines(capsys.readouterr().out)
                if one["schema"] == schema
            ]
            assert printed, command
            for one in printed:
                found[command] = differing(known[schema]["fields"], shape(one))
    wrong = {command: paths for command, paths in found.items() if paths}
    assert wrong == {}, "python -m tools.record_json, then make pages"
