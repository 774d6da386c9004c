"""The screens open on the packages that they were made for, and say so where those are others."""

from __future__ import annotations

import importlib.metadata
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from stimctl.cli import doctor_checks
from stimctl.errors import UsageError
from stimctl.tui import program, ui_packages
from stimctl.tui.model.opening import Wishes

PYPROJECT = Path(__file__).resolve().parents[2] / "pyproject.toml"


@pytest.mark.parametrize(
    ("name", "version"),
    [("textual", one) for one in ("8.2.7", "8.2.8", "8.10.1", "8.3.0rc1")],
)
def test_the_versions_that_were_tried_and_later_ones_of_the_same_kind_fit(
    name: str, version: str
) -> None:
    assert ui_packages.fits(name, version)


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("textual", one)
        for one in ("", "6.1.0", "8.2.6", "8.2.7rc1", "9.0", "9.0.0", "10.0.0", "strange", "8")
    ],
)
def test_others_do_not_fit(name: str, version: str) -> None:
    assert not ui_packages.fits(name, version)


def test_the_folders_of_the_metadata_tell_what_the_metadata_tells(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    (first / "textual_plot-0.8.0.dist-info").mkdir(parents=True)
    (first / "textual-6.1.0.dist-info").mkdir()
    (second / "textual-8.2.8.dist-info").mkdir(parents=True)
    folders = [str(tmp_path / "missing"), str(first), str(second)]
    found = ui_packages.installed_versions(folders)
    assert found == {"textual": "6.1.0"}
    by_metadata = ui_packages.installed_versions([])
    assert ui_packages.installed_versions() == by_metadata
    assert by_metadata["textual"] == importlib.metadata.version("textual")


@pytest.mark.hazard("H53")
def test_the_terminal_ui_does_not_open_on_another_version(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    there = {"textual": "7.5.0"}
    monkeypatch.setattr(ui_packages, "installed_versions", lambda: there)
    monkeypatch.setattr(program, "_run", lambda _wishes: 0)
    monkeypatch.setattr(program, "is_interactive", lambda: True)
    monkeypatch.setattr(program, "need_keyboard", lambda _what: None)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(UsageError, match=r"textual 7\.5\.0.*8\.2\.7 or newer") as refused:
        program.open_tui(Wishes())
    assert "plain" in str(refused.value)


def test_the_doctor_warns_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _name: "6.1.0")
    found = {one.name: one for one in doctor_checks.run_checks()}
    assert found["textual"].verdict == "warn"
    assert "all else works" in found["textual"].detail
    assert found["typer"].verdict == "ok"


@pytest.mark.parametrize("name", ui_packages.WANTED)
def test_what_may_be_installed_holds_what_fits_and_ends_where_it_ends(name: str) -> None:
    needed = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["dependencies"]
    (asked,) = [one for one in map(Requirement, needed) if one.name == name]
    least, below = (".".join(map(str, one)) for one in ui_packages.WANTED[name])
    assert asked.specifier.contains(least)
    assert not asked.specifier.contains(below)
