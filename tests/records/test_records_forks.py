"""Forks keep their parent: its id, its version, its hash; what differs is told value by value."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.errors import ProtocolFileError, UsageError
from stimctl.records.forks import ancestry, fork
from stimctl.records.protocol_files import (
    list_information,
    list_percent_protocols,
    list_protocols,
    read_protocol,
)
from stimctl.treatment.information import load_information
from stimctl.treatment.load import load_any

NAMES = [one.name for one in (*list_protocols(), *list_percent_protocols())]


@pytest.mark.parametrize("name", NAMES)
def test_a_fork_says_what_it_was_made_from_and_differs_in_nothing(
    name: str, tmp_path: Path
) -> None:
    parent = read_protocol(name)
    path = fork(parent, "mine", tmp_path, NAMES)
    made = load_any(path.read_text(), path.name)
    assert made.parent is not None
    assert (made.parent.id, made.parent.sha256) == (name, parent.sha256)
    found = ancestry(made, [tmp_path])
    assert found is not None
    assert (found.found, found.same, found.differences) == ("shipped", True, ())
    assert "# Marks:" in path.read_text()  # comments stay


def test_what_was_changed_is_told_by_its_place(tmp_path: Path) -> None:
    path = fork(read_protocol("nmes-tka"), "mine", tmp_path, ())
    path.write_text(path.read_text().replace('"50 Hz"', '"45 Hz"').replace("weeks = 6\n", ""))
    found = ancestry(load_any(path.read_text(), path.name), [tmp_path])
    assert found is not None
    assert found.same
    told = [(one.field, one.here, one.parent) for one in found.differences]
    assert told == [
        ("session.weeks", None, 6),
        ("channels[0].waveform.frequency_mhz", 45_000, 50_000),
    ]


def test_a_parent_that_has_changed_or_is_gone_is_told(tmp_path: Path) -> None:
    own = fork(read_protocol("nmes-tka"), "mine", tmp_path, ())
    path = fork(read_protocol(str(own)), "mine-too", tmp_path, ())
    assert path.read_text().count("[parent]") == 1
    grandchild = load_any(path.read_text(), path.name)
    assert grandchild.parent is not None
    assert grandchild.parent.id == "mine"

    def became() -> tuple[str, bool]:
        found = ancestry(grandchild, [tmp_path])
        assert found is not None
        return found.found, found.same

    assert became() == ("own", True)
    with own.open("a") as file:
        file.write("# changed\n")
    assert became() == ("own", False)
    own.unlink()
    assert became() == ("", False)
    assert ancestry(load_any(read_protocol("nmes-tka").text, "nmes-tka.toml"), ()) is None


@pytest.mark.parametrize("name", ["nmes-tka", "../mine", "Mine", "", "mine.toml", "a b"])
def test_a_name_that_is_taken_or_is_none_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises((UsageError, ProtocolFileError)):
        fork(read_protocol("nmes-tka"), name, tmp_path / "own", NAMES)
    assert not (tmp_path / "own").exists()


def test_every_information_page_is_valid_and_named_where_a_protocol_is_asked_for() -> None:
    pages = list_information()
    assert {"tens-low-back", "frems", "nmes-dysphagia", "hvpc-pressure-ulcer"} <= {
        page.name for page in pages
    }
    for page in pages:
        told = load_information(page.path.read_text(), page.path.name)
        with pytest.raises(UsageError) as refused:
            read_protocol(page.name)
        assert refused.value.why == told.why_not
        assert told.instead in refused.value.what_to_do
