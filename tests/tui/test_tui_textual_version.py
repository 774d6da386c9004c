"""The screens open on the Textual that they were made for, and say so where it is another."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from stimctl.cli import doctor_checks
from stimctl.errors import UsageError
from stimctl.tui import program, textual_version
from stimctl.tui.model.opening import Wishes

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


@pytest.mark.parametrize("name", ["8.0.0", "8.2.8", "8.10.1", "8.3.0rc1"])
def test_the_versions_that_were_tried_and_later_ones_of_the_same_kind_fit(name: str) -> None:
    assert textual_version.fits(name)


@pytest.mark.parametrize("name", ["", "6.1.0", "7.5.0", "9.0.0", "10.0.0", "strange"])
def test_others_do_not_fit(name: str) -> None:
    assert not textual_version.fits(name)


def test_the_folder_of_the_metadata_tells_what_the_metadata_tells(tmp_path: Path) -> None:
    (tmp_path / "textual_plot-0.10.1.dist-info").mkdir()
    (tmp_path / "textual-6.1.0.dist-info").mkdir()
    folders = [str(tmp_path / "missing"), str(tmp_path)]
    assert textual_version.installed_version(folders) == "6.1.0"
    assert textual_version.installed_version([]) == importlib.metadata.version("textual")


def test_the_terminal_ui_does_not_open_on_another_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(textual_version, "installed_version", lambda _folders: "7.5.0")
    monkeypatch.setattr(program, "is_interactive", lambda: True)
    monkeypatch.setattr(program, "need_keyboard", lambda _what: None)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(UsageError, match=r"Textual 7\.5\.0.*8\.0 or newer"):
        program.open_tui(Wishes())


def test_the_doctor_warns_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "6.1.0")
    found = {one.name: one for one in doctor_checks.run_checks()}
    assert found["textual"].verdict == "warn"
    assert "all else works" in found["textual"].detail
    assert found["typer"].verdict == "ok"


def test_what_may_be_installed_holds_what_fits_and_ends_where_it_ends() -> None:
    needed = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["dependencies"]
    (asked,) = [one for one in map(Requirement, needed) if one.name == "textual"]
    least, below = (f"{a}.{b}.0" for a, b in (textual_version.LEAST, textual_version.BELOW))
    assert asked.specifier.contains(least)
    assert not asked.specifier.contains(below)
