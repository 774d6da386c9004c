"""Erasing: no link from a journal to the person is left, every chain is whole, no half unseen."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.errors import StateError, StimctlError, UsageError
from stimctl.records.catalogue import Catalogue
from stimctl.records.history import knows_person
from stimctl.records.people.change import PersonInUse, enrol
from stimctl.records.people.electrodes import claim_electrodes, list_electrodes
from stimctl.records.people.erase import begin_erasing, erase_person, plan_erasure
from stimctl.records.people.export import gather
from stimctl.records.people.keys import ERASED, key_of
from stimctl.records.people.listing import list_people
from stimctl.records.people.remembered import remember, remembered
from stimctl.records.sessions import list_sessions, rebuild, show_session, verify_all
from tests.support.people_world import NOW, people, session

JOURNALS = "journal"


def outside_journals(state: Path) -> bytes:
    """Every name and every byte of the state folder but the journals."""
    files = [path for path in state.rglob("*") if path.is_file() and path.suffix != ".jsonl"]
    return b"\n".join(str(path.relative_to(state)).encode() + path.read_bytes() for path in files)


def codes(state: Path) -> dict[str, int]:
    return {one.code: one.sessions for one in list_people(state)}


def test_an_erased_person_is_nowhere_and_every_chain_is_whole(tmp_path: Path) -> None:
    keys = people(tmp_path)
    journals = {path: path.read_bytes() for path in (tmp_path / JOURNALS).glob("*.jsonl")}
    assert codes(tmp_path) == {"K-18": 1, "K-17": 1}
    for path in (tmp_path / "pages").glob("*n000001*"):
        path.with_suffix(".csv").write_text("the same in another form")
    elsewhere: list[str] = []
    done = erase_person(tmp_path, "K-17", NOW, elsewhere.append)
    assert len(done.all_sessions) == 1
    assert elsewhere == ["K-17"]
    left = outside_journals(tmp_path)
    assert b"K-17" not in left
    assert keys["K-17"].encode() not in left
    assert b"2103-17" not in left
    assert {path: path.read_bytes() for path in journals} == journals
    assert all(one.ok for one in verify_all(tmp_path / JOURNALS))
    assert codes(tmp_path) == {"K-18": 1}
    assert [one.person for one in list_sessions(tmp_path / JOURNALS)] == [ERASED, "K-18"]
    assert len(list((tmp_path / "pages").iterdir())) == 1, "the page of K-18 stays"
    assert enrol(tmp_path, "K-18") == keys["K-18"]


@pytest.mark.hazard("H75")
def test_electrodes_of_an_erased_person_stay_nobody_elses(tmp_path: Path) -> None:
    keys = people(tmp_path)
    erase_person(tmp_path, "K-17", NOW)
    (pair,) = list_electrodes(tmp_path)
    assert pair.person == ERASED
    with pytest.raises(StimctlError):
        claim_electrodes(tmp_path, [pair.name], keys["K-18"], 5)


@pytest.mark.hazard("H52")
@pytest.mark.parametrize("steps", range(7))
def test_erasing_that_was_cut_short_is_seen_and_a_second_run_finishes_it(
    tmp_path: Path, steps: int
) -> None:
    people(tmp_path)
    old = session(tmp_path / JOURNALS, "K-17")
    _, made = begin_erasing(tmp_path, "K-17", NOW, lambda _code: None)
    for _ in range(steps):
        next(made)
    made.close()  # type: ignore[attr-defined]
    assert all(one.ok for one in verify_all(tmp_path / JOURNALS))
    if 0 < steps < 7:
        assert [one.code for one in list_people(tmp_path) if one.erasing] == ["K-17"]
        for use in (
            lambda: enrol(tmp_path, "K-17"),
            lambda: remember(tmp_path, "K-17", {"answered_s": 1}),
            lambda: gather(tmp_path, "K-17"),
        ):
            with pytest.raises(StateError) as refused:
                use()
            assert refused.value.code == "person-erasing"
            assert "stimctl people erase K-17" in refused.value.what_to_do
        assert plan_erasure(tmp_path, "K-17").begun
    done = erase_person(tmp_path, "K-17", NOW)
    assert done.readable == (old,)
    assert len(done.sessions) == 1
    assert b"K-17" not in outside_journals(tmp_path)
    assert codes(tmp_path) == {"K-18": 1}
    with pytest.raises(UsageError, match="nobody"):
        erase_person(tmp_path, "K-17", NOW)


@pytest.mark.hazard("H25")
def test_the_code_of_an_erased_person_begins_anew(tmp_path: Path) -> None:
    keys = people(tmp_path)
    session(tmp_path / JOURNALS, "K-17")  # of a program that knew no keys
    folder = tmp_path / JOURNALS
    assert knows_person(folder, "K-17", key=keys["K-17"])
    erase_person(tmp_path, "K-17", NOW)
    rebuild(folder)  # the journals of older programs still hold the code
    key = enrol(tmp_path, "K-17")
    assert key != keys["K-17"]
    assert not knows_person(folder, "K-17", key=key)
    assert gather(tmp_path, "K-17")["sessions"] == []
    assert remembered(tmp_path, "K-17").marks == ()


@pytest.mark.hazard("H25")
def test_a_program_that_still_has_the_person_open_brings_nothing_back(tmp_path: Path) -> None:
    keys = people(tmp_path)
    erase_person(tmp_path, "K-17", NOW)
    with pytest.raises(StateError) as refused:
        remember(tmp_path, "K-17", {"second": "1961"}, key=keys["K-17"])
    assert refused.value.code == "person-erased"
    assert key_of(tmp_path, "K-17") == ""


def test_nobody_is_erased_while_a_session_is_open(tmp_path: Path) -> None:
    people(tmp_path)
    open_session = PersonInUse(tmp_path, "K-17")
    with pytest.raises(StateError) as refused:
        erase_person(tmp_path, "K-17", NOW)
    assert refused.value.code == "person-in-use"
    open_session.close()
    assert remembered(tmp_path, "K-17").marks, "nothing was begun"


def test_what_a_killed_program_left_in_the_middle_of_a_write_goes_too(tmp_path: Path) -> None:
    people(tmp_path)
    for name in ("persons/.K-17.json.0a1b2c3d", "pads/.K-17.json.0a1b2c3d", "persons/K-17.new"):
        (tmp_path / name).write_text('{"second": "1961"}')
    erase_person(tmp_path, "K-17", NOW)
    assert b"1961" not in outside_journals(tmp_path)


def test_old_journals_with_the_code_are_read_named_and_stay_whole(tmp_path: Path) -> None:
    folder = tmp_path / JOURNALS
    old = session(folder, "K-17")
    assert codes(tmp_path) == {"K-17": 1}
    assert knows_person(folder, "K-17")
    key = enrol(tmp_path, "K-17")
    assert knows_person(folder, "K-17", key=key)
    planned = plan_erasure(tmp_path, "K-17")
    assert (planned.sessions, planned.readable) == ((), (old,))
    erase_person(tmp_path, "K-17", NOW)
    assert show_session(folder, old).entry.person == ERASED
    assert show_session(folder, old).header["person"] == "K-17", "the record is what it was"
    assert [one.person for one in Catalogue(folder).entries()] == [""]


def test_a_person_whose_file_is_damaged_can_be_erased(tmp_path: Path) -> None:
    people(tmp_path)
    (tmp_path / "persons" / "K-17.json").write_text("{")
    assert [one.code for one in list_people(tmp_path) if one.is_damaged] == ["K-17"]
    erase_person(tmp_path, "K-17", NOW)
    assert b"K-17" not in outside_journals(tmp_path)
    assert all(one.ok for one in verify_all(tmp_path / JOURNALS))
