"""How long electrodes have been in use: counted by person, place and size; worn ones are named."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.errors import JournalError, UsageError
from stimctl.records.pads import Pads, count_use, used

KNEE, BACK = Pads("left-knee", 2_500), Pads("low-back", 5_000)
DAY_S = 86_400


@pytest.mark.hazard("H33")
@pytest.mark.parametrize(
    ("sessions", "days", "worn"), [(29, 89, False), (30, 0, True), (1, 90, True)]
)
def test_electrodes_are_worn_after_30_sessions_or_three_months(
    tmp_path: Path, sessions: int, days: int, worn: bool
) -> None:
    for _ in range(sessions):
        count_use(tmp_path, "K-17", [KNEE], 1_000, new=False)
    (use,) = used(tmp_path, "K-17", [KNEE, BACK])
    assert use.sessions == sessions
    assert use.is_worn(1_000 + days * DAY_S) is worn


def test_another_person_place_or_size_is_another_set(tmp_path: Path) -> None:
    count_use(tmp_path, "K-17", [KNEE, BACK], 0, new=False)
    assert len(used(tmp_path, "K-17", [KNEE, BACK])) == 2
    assert used(tmp_path, "K-18", [KNEE, BACK]) == ()
    assert used(tmp_path, "K-17", [Pads("left-knee", 2_600), Pads("right-knee", 2_500)]) == ()


def test_new_ones_are_counted_from_one(tmp_path: Path) -> None:
    for _ in range(40):
        count_use(tmp_path, "K-17", [KNEE], 0, new=False)
    count_use(tmp_path, "K-17", [KNEE], 5, new=True)
    (use,) = used(tmp_path, "K-17", [KNEE])
    assert (use.sessions, use.since_s) == (1, 5)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"left-knee 2500 mm2": [1]}', "null", "\xff"])
def test_a_damaged_file_is_no_record_and_no_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "pads").mkdir()
    (tmp_path / "pads" / "K-17.json").write_text(text, "latin-1")
    assert used(tmp_path, "K-17", [KNEE]) == ()


@pytest.mark.hazard("H52")
def test_a_name_is_no_file_name(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        count_use(tmp_path, "../Rose", [KNEE], 0, new=False)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "pads").write_text("in the way")
    with pytest.raises(JournalError):
        count_use(tmp_path, "K-17", [KNEE], 0, new=False)
