"""Readings that a person types, and answers in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware_sim.scope import Shot, csv_of
from stimctl.commission.instruments import Folder, Recordings, Typed
from stimctl.commission.rig import Ask
from stimctl.errors import UsageError

ALL = ("amplitude", "width", "frequency", "balance")


def typed(folder: Path, *answers: str) -> tuple[Typed, list[str]]:
    """A person with these answers, and what was said to them."""
    said: list[str] = []
    left: Iterator[str] = iter(answers)
    return Typed(lambda _text: next(left), Recordings(folder / "kept", 500), said.append), said


def test_typed_numbers_become_current_width_rate_and_balance(tmp_path: Path) -> None:
    person, _ = typed(tmp_path, "5.0", "200", "25", "4.5", "200")
    found = person.read(Ask("amplitude-10mA", 1, "amplitude", ALL))
    assert (found.amplitude_ua, found.width_us, found.frequency_mhz) == (10_000, 200, 25_000)
    assert found.imbalance_permille == pytest.approx(100)


def test_what_is_no_number_is_told_and_asked_again(tmp_path: Path) -> None:
    person, said = typed(tmp_path, "ten", "-3", "5,0", "gone.csv", "5")
    assert person.read(Ask("amplitude-10mA", 1, "amplitude")).amplitude_ua == 10_000
    assert len(said) == 4


def test_zero_is_no_output(tmp_path: Path) -> None:
    person, _ = typed(tmp_path, "0")
    assert person.read(Ask("channel-2", 2, "channel 2")).pulses == 0
    person, _ = typed(tmp_path, "0")
    assert person.train(Ask("stop", 1, "a train")) is None


def test_a_typed_path_is_read_and_kept_with_its_digest(tmp_path: Path) -> None:
    rows = [{"kind": "train", "id": 1, "channel": 1, "period_us": 20_000, "start_us": 0,
             "count": 12, "points": [[200, 10_000], [200, -10_000]]}]  # fmt: skip
    shot = tmp_path / "shot.csv"
    shot.write_text(csv_of(rows, Shot(1, 0, 250_000, 500)))
    person, _ = typed(tmp_path, str(shot))
    found = person.read(Ask("amplitude-10mA", 1, "amplitude"))
    assert found.amplitude_ua == pytest.approx(10_000)
    assert found.file == "amplitude-10mA.csv"
    assert (tmp_path / "kept" / found.file).read_text() == shot.read_text()
    assert len(found.sha256) == 64


def test_a_request_in_a_folder_that_nobody_answers_ends_the_step(tmp_path: Path) -> None:
    folder = Folder(tmp_path, Recordings(tmp_path / "kept", 500), within_s=0.0)
    with pytest.raises(UsageError, match="amplitude-10mA"):
        folder.read(Ask("amplitude-10mA", 1, "amplitude at 10 mA"))
    asked = json.loads((tmp_path / "amplitude-10mA.request").read_text())
    assert asked == {"what": "read", "file": "amplitude-10mA", "channel": 1,
                     "text": "amplitude at 10 mA"}  # fmt: skip
