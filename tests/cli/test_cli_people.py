"""`stimctl people`: everything is said before it is done, and a script erases nobody."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stimctl.records.people.listing import list_people
from tests.support.people_world import people, session

Cli = Callable[..., Any]


class Typed(io.StringIO):
    """The keyboard."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def types(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    return lambda text: monkeypatch.setattr("sys.stdin", Typed(text))


def codes(folder: Path) -> set[str]:
    return {one.code for one in list_people(folder)}


def test_people_are_listed_and_shown(cli: Cli, state: Path) -> None:
    assert "Nothing is kept of anybody" in cli("people", "list").err
    people(state)
    told = cli("people", "list", "--json").data["people"]
    assert [(one["code"], one["sessions"]) for one in told] == [("K-18", 1), ("K-17", 1)]
    assert "K-17" in cli("people", "list").out
    shown = cli("people", "show", "K-17").out
    for words in ("PIN kept", "sensory", "left-knee", "E-12", "25 cm2", "5.0 mA"):
        assert words in shown
    unknown = cli("people", "show", "K-99")
    assert unknown.code == 2
    assert "stimctl people list" in unknown.err


def test_an_export_has_everything_but_pin_and_key(cli: Cli, state: Path, tmp_path: Path) -> None:
    keys = people(state)
    out = tmp_path / "k17.json"
    assert cli("people", "export", "K-17", "--out", str(out), "--rows").code == 0
    assert out.stat().st_mode & 0o077 == 0
    told: dict[str, Any] = json.loads(out.read_text())
    assert told["screening"]["answers"] == {"C01": "no"}
    assert told["devices"] == {"tens": "serial 2103-17"}
    (one,) = told["sessions"]
    assert [row["kind"] for row in one["rows_of_file"]] == ["header", "state", "end"]
    without_rows = cli("people", "export", "K-17").out
    assert keys["K-17"] not in without_rows
    assert "pbkdf2" not in without_rows
    again = cli("people", "export", "K-17", "--out", str(out))
    assert again.code == 2
    assert json.loads(out.read_text()) == told


@pytest.mark.hazard("H52")
def test_a_script_erases_nobody(cli: Cli, state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people(state)
    monkeypatch.setattr("sys.stdin", io.StringIO("K-17\n"))
    refused = cli("people", "erase", "K-17")
    assert refused.code == 2
    assert "not a terminal" in refused.err
    assert cli("people", "erase", "K-17", "--yes").code == 2
    assert codes(state) == {"K-17", "K-18"}


@pytest.mark.parametrize("typed", ["", "\n", "yes\n", "K-18\n", "k-17\n"])
def test_something_else_typed_erases_nobody(
    cli: Cli, state: Path, types: Callable[[str], None], typed: str
) -> None:
    people(state)
    types(typed)
    refused = cli("people", "erase", "K-17")
    assert refused.code == 2
    assert "nothing was erased" in refused.err
    assert codes(state) == {"K-17", "K-18"}


def test_what_goes_and_what_stays_is_said_before_it_is_erased(
    cli: Cli, state: Path, types: Callable[[str], None]
) -> None:
    people(state)
    old = session(state / "journal", "K-17")
    types("K-17\n")
    done = cli("people", "erase", "K-17")
    assert done.code == 0
    before, _, after = done.err.partition("Type K-17")
    for words in ("PIN", str(state / "persons" / "K-17.json"), "What stays", old, "notes"):
        assert words in before
    assert "erased" in after
    assert codes(state) == {"K-18"}
    assert cli("sessions", "verify").code == 0
    assert cli("sessions", "list").out.count("erased") == 2


def test_entries_by_hand_are_kept(cli: Cli, state: Path) -> None:
    for words in (
        "add-electrodes E-12 --area 25cm2 --kind rubber",
        "maximum K-17 --site left-knee --electrodes E-12 --level 20mA",
        "threshold K-17 tolerance --site left-knee --area 25cm2 --level 18mA",
    ):
        assert cli("people", *words.split()).code == 0, words
    told = cli("people", "show", "K-17", "--json").data
    assert told["maxima"][0]["maximum"] == "20 mA"
    assert told["maxima"][0]["electrodes"] == "E-12"
    assert told["thresholds"][0]["level"] == "18.0 mA"
    assert "E-12" in cli("people", "electrodes").out
    assert cli("people", "retire-electrodes", "E-12").code == 0
    assert cli("people", "electrodes", "--json").data["electrodes"][0]["retired"]
    both = cli("people", "maximum", "K-17", "--site", "left-knee", "--level", "1mA")
    assert both.code == 2
    assert "--area" in both.err
    assert cli("people", "show", "Rose").code == 2, "a name is no code"
