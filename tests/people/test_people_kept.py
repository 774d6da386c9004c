"""What is kept of people: whole files, nobody's entry lost, a key for a code, limits that hold."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import JournalError, NotReadyError, StateError, UsageError
from stimctl.records.pads import Pads, count_use, used
from stimctl.records.people import change, electrodes
from stimctl.records.people.change import PersonInUse, change_person, enrol, nobody_uses
from stimctl.records.people.electrodes import (
    add_electrodes,
    claim_electrodes,
    count_electrodes,
    list_electrodes,
    retire_electrodes,
)
from stimctl.records.people.export import gather
from stimctl.records.people.kept import add_threshold, keep_answers, kept_for, set_maximum
from stimctl.records.people.keys import is_key, key_of, person_file
from stimctl.records.people.remembered import Mark, remember, remembered
from stimctl.records.person import is_person_code
from stimctl.safety.electrodes import Electrode
from stimctl.session.needs import KeptElectrodes, Maximum, Need, Preparation
from stimctl.session.pin import pin_fits
from stimctl.stimulus.level import Level
from tests.session.test_session_readiness import KNOWN, PLAN, SAID, TODAY, needs

FIRST = PLAN.channels[0]
AREA = FIRST.setup.electrode.area_mm2
MARK = Mark("motor", 1, "left-knee", 2_500, 1_764_500_000, amplitude_ua=9_000)


def keep(state: Path, number: int) -> None:
    level = Level.parse(f"{number}mA")
    add_threshold(state, "K-17", "motor", "left-knee", 2_500, level, 1_764_500_000 + number, "")


@pytest.mark.hazard("H52")
def test_a_key_is_random_stays_and_is_no_code(tmp_path: Path) -> None:
    keys = {code: enrol(tmp_path, code) for code in ("K-17", "K-18")}
    assert len(set(keys.values())) == 2
    for code, key in keys.items():
        assert is_key(key)
        assert not is_person_code(key)
        assert enrol(tmp_path, code) == key_of(tmp_path, code) == key


def test_programs_at_once_do_not_lose_each_others_entries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy computer the disk takes its time; who waits for how long is another test.
    monkeypatch.setattr(change.one_program.__wrapped__, "__kwdefaults__", {"wait_s": 60.0})  # type: ignore[attr-defined]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda number: keep(tmp_path, number), range(1, 17)))
        uses = [Pads("left-knee", 2_500)]
        list(pool.map(lambda _: count_use(tmp_path, "K-17", uses, 0, new=False), range(8)))
    levels = {one["level"] for one in gather(tmp_path, "K-17")["thresholds"]}
    assert levels == {f"{number}.0 mA" for number in range(1, 17)}
    assert used(tmp_path, "K-17", uses)[0].sessions == 8


def test_a_write_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, 3)
    before = person_file(tmp_path, "K-17").read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full)
        with pytest.raises(JournalError, match="cannot be written"):
            keep(tmp_path, 4)
    assert person_file(tmp_path, "K-17").read_bytes() == before


@pytest.mark.hazard("H25")
@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_a_damaged_file_is_never_taken_for_a_new_person(tmp_path: Path, text: str) -> None:
    path = person_file(tmp_path, "K-17")
    path.parent.mkdir()
    path.write_text(text, "latin-1")
    with pytest.raises(JournalError, match="cannot be read"):
        enrol(tmp_path, "K-17")
    assert path.read_text("latin-1") == text


@pytest.mark.hazard("H25")
def test_a_pin_is_kept_as_a_verifier_and_old_digits_become_one(tmp_path: Path) -> None:
    path = person_file(tmp_path, "K-17")
    path.parent.mkdir()
    path.write_text(json.dumps({"second": "1961", "marks": [], "answers": {}, "answered_s": 0}))
    assert pin_fits("1961", remembered(tmp_path, "K-17").second)
    enrol(tmp_path, "K-17")
    kept = remembered(tmp_path, "K-17").second
    assert "1961" not in path.read_text()
    assert pin_fits("1961", kept)
    assert not pin_fits("1962", kept)
    assert not pin_fits("", kept)
    remember(tmp_path, "K-17", {"second": "2001"})
    assert remembered(tmp_path, "K-17").second == kept, "the one that is kept counts"
    assert needs(known=replace(KNOWN, second=kept)) == [Need.SECOND_IDENTIFIER]
    assert needs(known=replace(KNOWN, second=kept), said=replace(SAID, second="1961")) == []


def test_a_mark_that_was_taken_back_goes_and_those_of_other_sessions_stay(tmp_path: Path) -> None:
    keep(tmp_path, 3)
    later = replace(MARK, at_s=MARK.at_s + 60)
    remember(tmp_path, "K-17", {"marks": (MARK, later)})
    remember(tmp_path, "K-17", {"marks": (MARK,)}, before=(MARK, later))
    assert remembered(tmp_path, "K-17").marks == (MARK,)
    levels = [one["level"] for one in gather(tmp_path, "K-17")["thresholds"]]
    assert levels == ["3.0 mA", "9.0 mA"]


def test_what_is_kept_by_protocol_is_added_to(tmp_path: Path) -> None:
    remember(tmp_path, "K-17", {"places": {"one": ((1, "left-knee", 2_500),)}})
    remember(tmp_path, "K-17", {"places": {"two": ((1, "low-back", 5_000),)}})
    remember(tmp_path, "K-17", {"places": {"one": ((2, "left-knee", 2_500),)}})
    places = remembered(tmp_path, "K-17").places
    assert list(places) == ["two", "one"]
    assert places["one"] == ((2, "left-knee", 2_500),)


def test_another_program_in_the_middle_is_waited_for_and_then_named(tmp_path: Path) -> None:
    with (
        change.one_program(tmp_path),
        pytest.raises(StateError) as refused,
        change.one_program(tmp_path, wait_s=0),
    ):
        pass
    assert refused.value.code == "people-busy"
    assert refused.value.what_to_do


def test_nobody_begins_a_session_of_a_person_who_is_being_erased(tmp_path: Path) -> None:
    enrol(tmp_path, "K-17")
    two = [PersonInUse(tmp_path, "K-17"), PersonInUse(tmp_path, "K-17")]
    with pytest.raises(StateError, match="in use"), nobody_uses(tmp_path, "K-17"):
        pass
    for one in two:
        one.close()
    with nobody_uses(tmp_path, "K-17"), pytest.raises(StateError) as refused:
        PersonInUse(tmp_path, "K-17")
    assert refused.value.code == "person-in-use"
    PersonInUse(tmp_path, "K-17").close()


# -- maxima, electrodes, answers: gaps of the one list ---------------------------------------------


def maximum(level: str, area_mm2: int = AREA, site: str = "left-quadriceps") -> Maximum:
    return Maximum(site, area_mm2, Level.parse(level), TODAY)


@pytest.mark.hazard("H24")
@pytest.mark.parametrize(
    ("maxima", "is_refused"),
    [
        ((), False),
        ((maximum("1mA"),), True),
        ((maximum("120mA"),), False),
        ((maximum("1mA"), maximum("120mA")), False),  # the newest counts
        ((maximum("120mA"), maximum("1mA")), True),
        ((maximum("1mA", AREA * 2),), True),  # no maximum of this size: the lowest one
        ((maximum("1mA", AREA * 2), maximum("120mA")), False),
        ((maximum("1mA", site="left-knee"),), False),
        ((maximum("1%"),), False),  # a percent says nothing of a current
    ],
)
def test_nothing_may_go_higher_than_what_was_set_for_the_person(
    maxima: tuple[Maximum, ...], is_refused: bool
) -> None:
    found = needs(known=replace(KNOWN, maxima=maxima))
    assert set(found) == ({Need.PERSON_MAXIMUM} if is_refused else set())


OWN = KeptElectrodes(AREA)


@pytest.mark.hazard("H75")
@pytest.mark.parametrize(
    ("kept", "need"),
    [
        ({"E-1": OWN}, None),
        ({}, Need.ELECTRODES),
        ({"E-1": replace(OWN, of_other=True)}, Need.ELECTRODES_OTHER),
        ({"E-1": replace(OWN, retired=True)}, Need.ELECTRODES),
        ({"E-1": replace(OWN, area_mm2=AREA * 2)}, Need.ELECTRODES),
    ],
)
def test_electrodes_are_for_one_patient_and_of_the_size_that_was_planned(
    kept: dict[str, KeptElectrodes], need: Need | None
) -> None:
    said = replace(SAID, electrodes={FIRST.channel: "E-1"})
    assert needs(said=said, known=replace(KNOWN, electrodes=kept)) == ([need] if need else [])


@pytest.mark.hazard("H75")
def test_electrodes_belong_to_the_first_person_and_are_counted(tmp_path: Path) -> None:
    keys = {code: enrol(tmp_path, code) for code in ("K-17", "K-18")}
    add_electrodes(tmp_path, "E-12", 2_500, "rubber")
    for _ in range(2):
        claim_electrodes(tmp_path, ["E-12"], keys["K-17"], 100)
        count_electrodes(tmp_path, ["E-12"])
    (one,) = list_electrodes(tmp_path)
    assert (one.person, one.sessions, one.since_s) == (keys["K-17"], 2, 100)
    assert kept_for(tmp_path, "K-18")["electrodes"]["E-12"].of_other
    assert not kept_for(tmp_path, "K-17")["electrodes"]["E-12"].of_other
    with pytest.raises(NotReadyError) as refused:
        claim_electrodes(tmp_path, ["E-12"], keys["K-18"], 100)
    assert refused.value.needs == (Need.ELECTRODES_OTHER,)
    assert one.is_worn(100 + 90 * 86_400)
    assert not one.is_worn(100)
    assert retire_electrodes(tmp_path, "E-12").retired


@pytest.mark.parametrize(
    "wrong",
    [
        lambda state: add_electrodes(state, "E-1", 2_500, "gold"),
        lambda state: add_electrodes(state, "Rose", 2_500, "rubber"),
        lambda state: [add_electrodes(state, "E-1", 2_500, "rubber") for _ in range(2)],
        lambda state: retire_electrodes(state, "E-9"),
        lambda state: set_maximum(state, "K-17", "left-wing", 2_500, Level.parse("1mA"), TODAY, ""),
        lambda state: add_threshold(
            state, "K-17", "joy", "left-knee", 2_500, Level.parse("1mA"), 0, ""
        ),
    ],
)
def test_a_wrong_entry_is_refused_with_what_to_do(tmp_path: Path, wrong: Any) -> None:
    with pytest.raises(UsageError) as refused:
        wrong(tmp_path)
    assert refused.value.what_to_do


@pytest.mark.parametrize("text", ["{", '{"electrodes": {"E-1": {"name": 5}}}', "[]"])
def test_a_damaged_list_of_electrodes_is_never_taken_for_an_empty_one(
    tmp_path: Path, text: str
) -> None:
    electrodes._path(tmp_path).write_text(text)
    with pytest.raises(JournalError, match="electrodes"):
        kept_for(tmp_path, "K-17")


def test_a_damaged_maximum_is_never_guessed(tmp_path: Path) -> None:
    change_person(tmp_path, "K-17", lambda found: {**found, "maxima": [{"site": "left-knee"}]})
    with pytest.raises(JournalError, match="maxima"):
        kept_for(tmp_path, "K-17")


def test_a_maximum_and_a_threshold_are_kept_with_day_site_and_electrodes(tmp_path: Path) -> None:
    set_maximum(tmp_path, "K-17", "left-knee", 2_500, Level.parse("20mA"), TODAY, "E-12")
    keep(tmp_path, 7)
    told = gather(tmp_path, "K-17")
    assert told["maxima"] == [
        {"day": str(TODAY), "site": "left-knee", "size": "25 cm2", "electrodes": "E-12",
         "maximum": "20 mA"}
    ]  # fmt: skip
    (one,) = told["thresholds"]
    assert (one["site"], one["size"], one["level"], one["what"]) == (
        "left-knee", "25 cm2", "7.0 mA", "motor",
    )  # fmt: skip
    (kept,) = kept_for(tmp_path, "K-17")["maxima"]
    assert kept == Maximum("left-knee", 2_500, Level.parse("20mA"), TODAY)


@pytest.mark.hazard("H68", "H45")
@pytest.mark.parametrize(
    ("kept", "day", "found"),
    [
        ({"C28": True}, TODAY, [Need.ANSWERS_CHANGED]),
        ({"C28": False}, TODAY, []),
        ({"C28": True}, TODAY - timedelta(days=5), []),  # these are the newer ones
    ],
)
def test_older_answers_do_not_hide_what_changed_since(
    kept: dict[str, bool], day: date, found: list[Need]
) -> None:
    said = replace(SAID, answered=TODAY - timedelta(days=2))
    known = replace(KNOWN, kept_answers=kept, kept_answered=day)
    assert needs(said=said, known=known) == found


@pytest.mark.hazard("H68")
def test_answers_with_which_output_was_allowed_are_kept_and_newer_ones_stay(tmp_path: Path) -> None:
    enrol(tmp_path, "K-17")
    older, newer = TODAY - timedelta(days=9), TODAY - timedelta(days=2)
    for day, yes in ((newer, True), (older, False)):
        keep_answers(tmp_path, "K-17", Preparation(answers={"C28": yes}, answered=day))
    told = kept_for(tmp_path, "K-17")
    assert (told["kept_answers"], told["kept_answered"]) == ({"C28": True}, newer)
    screening = gather(tmp_path, "K-17", today=newer + timedelta(days=90))["screening"]
    assert screening["until"] == str(newer + timedelta(days=90))
    assert not screening["expired"]
    late = gather(tmp_path, "K-17", today=newer + timedelta(days=91))["screening"]
    assert late["expired"]
    short = Preparation(answers={"C28": True}, answered=TODAY, expires=TODAY + timedelta(days=7))
    keep_answers(tmp_path, "K-17", short)
    until = gather(tmp_path, "K-17", today=TODAY)["screening"]["until"]
    assert until == str(TODAY + timedelta(days=7)), "the file of answers said so"


def test_the_electrode_of_a_plan_has_the_size_that_these_tests_mean() -> None:
    assert FIRST.setup.electrode == Electrode(AREA, 1000, "left-quadriceps")
