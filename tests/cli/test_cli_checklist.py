"""The checklist before hardware: nothing is sent before every item is there; each has its words."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import ExitCode
from stimctl.records.catalogue import Catalogue
from stimctl.records.journal import Anchor
from stimctl.records.pads import Pads, count_use
from stimctl.records.places import journal_folder
from stimctl.safety.screening import QUESTIONS
from stimctl.supervisor.ports import may_be_software

# A file that is no port: not software, so the checklist is asked; behind it there is no device.
_PORT = Path(__file__)
# Short: a rehearsal plays the whole of it.
_AREA = ("--area", "1=25cm2", "--duration", "2min")
SESSION = ("tens-conventional", "-d", f"p24:{_PORT}", "-a", "1=12mA", *_AREA)
SITE = ("--site", "1=left-knee")
SIDE = ("--side", "1=left")
KNOWN = (
    *("--accept-research-use", "--person", "K-17", "--acknowledge", "H25", "--acknowledge", "E6"),
    *(*SIDE, "--acknowledge", "N3"),
)
TODAY = datetime.now().astimezone().date()


def form(person: str = "K-17", answered: object = TODAY, more: str = "") -> str:
    """The form of `stimctl screening`, filled in: no to everything."""
    rows = [f'person = "{person}"'] if person else []
    rows += [f"answered = {answered}"] if answered else []
    return "\n".join([*rows, more, *(f'{question.id} = "no"' for question in QUESTIONS)]) + "\n"


@pytest.fixture
def answers(tmp_path: Path) -> Path:
    path = tmp_path / "screening.toml"
    path.write_text(form())
    return path


def confirmed(cli: Any, *options: str) -> str:
    result = cli("rehearse", *SESSION, *options, "--json")
    assert result.code == 0
    confirmation: str = result.data["confirmation"]
    return confirmation


@pytest.mark.hazard("H25", "H30", "H33", "H45", "H54")
def test_each_gap_is_named_in_turn_and_the_last_step_is_the_device(cli: Any, answers: Path) -> None:
    given: list[str] = []
    for option, gap, code in (
        (["--accept-research-use"], "statement of use", ExitCode.REFUSED),
        (["--person", "K-17"], "needs --person", ExitCode.USAGE),
        (["--acknowledge", "H25"], "no session of K-17 on record", ExitCode.USAGE),
        (list(SITE), "has no --site", ExitCode.USAGE),
        (["--acknowledge", "E6"], "electrode spacing is not confirmed", ExitCode.USAGE),
        (["--screening", str(answers)], "screening questions are not answered", ExitCode.USAGE),
        (list(SIDE), "the side of channel 1 is not confirmed", ExitCode.USAGE),
        (["--acknowledge", "N3"], "knows how to stop", ExitCode.USAGE),
    ):
        result = cli("run", *SESSION, *given)
        assert result.code == code
        assert gap in result.err
        assert "REAL CURRENT" not in result.err
        given += option
    result = cli("run", *SESSION, *given)
    assert result.code == ExitCode.REFUSED
    assert "has not been rehearsed" in result.err
    confirmation = confirmed(cli, *SITE)
    result = cli("run", *SESSION, *given)
    assert "no --confirm does not confirm" in result.err
    result = cli("run", *SESSION, *given, "--confirm", "zzzz")
    assert result.code == ExitCode.REFUSED
    assert "--confirm zzzz does not confirm" in result.err
    result = cli("run", *SESSION, *given, "--confirm", confirmation.upper())
    assert result.code == ExitCode.NO_DEVICE
    assert "REAL CURRENT" in result.err


def test_the_acceptance_is_needed_once(cli: Any) -> None:
    assert "statement of use" in cli("run", *SESSION).err
    assert "needs --person" in cli("run", *SESSION, "--accept-research-use").err
    assert "needs --person" in cli("run", *SESSION).err


@pytest.mark.hazard("H39")
def test_a_rehearsal_with_other_options_does_not_count(cli: Any, answers: Path) -> None:
    preconditions = (*KNOWN, "--screening", str(answers))
    confirmation = confirmed(cli)  # without the site
    result = cli("run", *SESSION, *SITE, *preconditions, "--confirm", confirmation)
    assert "has not been rehearsed" in result.err


@pytest.mark.hazard("H39")
def test_four_characters_that_collide_confirm_only_what_was_rehearsed(
    cli: Any, answers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What selects the rehearsal is the whole digest; the characters are what a person copies."""
    for module in ("session.confirmation", "bench.rehearsal"):
        monkeypatch.setattr(f"stimctl.{module}.confirmation_of", lambda *_plan: "0f61")
    preconditions = (*KNOWN, "--screening", str(answers), "--confirm", "0f61")
    assert confirmed(cli, *SITE) == "0f61"
    other = ("tens-conventional", "-d", f"p24:{_PORT}", "-a", "1=13mA", *_AREA)
    assert "has not been rehearsed" in cli("run", *other, *SITE, *preconditions).err
    assert cli("run", *SESSION, *SITE, *preconditions).code == ExitCode.NO_DEVICE


@pytest.mark.hazard("H52")
def test_a_person_is_a_code_and_never_a_name(cli: Any) -> None:
    result = cli("run", *SESSION, "--person", "Rose")
    assert result.code == ExitCode.USAGE
    assert "pseudonym" in result.err


@pytest.mark.hazard("H45", "H47")
@pytest.mark.parametrize(
    ("more", "says", "code"),
    [
        (["--answer", "C02=yes"], "screening blocks this session: C02", ExitCode.LIMIT),
        (["--answer", "C01=yes"], "needs a specialist's approval", ExitCode.LIMIT),
        (["--answer", "C01=yes", "--specialist-approval", "C01"], "rehearsed", ExitCode.REFUSED),
        (["--answer", "C13=yes"], "C13 epilepsy needs an acknowledgement", ExitCode.LIMIT),
        (["--answer", "C13=yes", "--acknowledge", "C13"], "rehearsed", ExitCode.REFUSED),
        (["--answer", "C20=yes"], "watch blood pressure", ExitCode.LIMIT),
        (["--answer", "C13"], "is not ID=yes or ID=no", ExitCode.USAGE),
        (["--answer", "C13=maybe"], "is not ID=yes or ID=no", ExitCode.USAGE),
        (["--answer", "C99=no"], "C99", ExitCode.USAGE),
    ],
)
def test_answers_are_judged(
    cli: Any, answers: Path, more: list[str], says: str, code: ExitCode
) -> None:
    preconditions = (*KNOWN, "--screening", str(answers))
    result = cli("run", *SESSION, *SITE, *preconditions, *more)
    assert result.code == code
    assert says in " ".join(result.err.split())


@pytest.mark.hazard("H25")
def test_a_person_with_a_session_on_record_needs_no_word_about_the_code(
    cli: Any, state: Path
) -> None:
    folder = journal_folder(state)
    Catalogue(folder).begin("s1", {"person": "K-17"}, "2026-01-01T00:00:00Z", Anchor(1, "0" * 64))
    known = ("--accept-research-use", "--person", "K-17")
    assert "has no --site" in cli("run", *SESSION, *known).err
    other = ("--accept-research-use", "--person", "K-71")
    assert "no session of K-71 on record" in cli("run", *SESSION, *other).err


@pytest.mark.broad
@pytest.mark.hazard("H33")
def test_worn_electrodes_are_named_and_new_ones_are_not(
    cli: Any, state: Path, answers: Path
) -> None:
    preconditions = (*KNOWN, "--screening", str(answers), "--confirm", confirmed(cli, *SITE))
    pads, now_s = [Pads("left-knee", 2_500)], int(time.time())
    for used in range(30):
        if used in (0, 15, 29):
            assert "E1" not in cli("run", *SESSION, *SITE, *preconditions).err
        count_use(state, "K-17", pads, now_s, new=False)
    said = cli("run", *SESSION, *SITE, *preconditions).err
    assert "E1 the electrodes of 25 cm2 at left-knee have been used in 30 sessions" in said
    assert "E1" not in cli("run", *SESSION, *SITE, *preconditions, "--new-pads").err
    count_use(state, "K-17", pads, now_s, new=True)
    assert "E1" not in cli("run", *SESSION, *SITE, *preconditions).err


@pytest.mark.hazard("H41")
def test_the_side_of_every_channel_is_said_in_capitals_before_the_start(
    cli: Any, answers: Path
) -> None:
    preconditions = (*KNOWN, "--screening", str(answers), "--confirm", confirmed(cli, *SITE))
    said = cli("run", *SESSION, *SITE, *preconditions).err
    assert "at LEFT-knee" in said
    assert "person K-17" in said


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('C01 = ""\n', "C01"),
        ("C01 = false\n", "C01"),
        ("C01 = = 1\n", "not TOML"),
        ("", "empty"),
    ],
)
def test_a_wrong_screening_file_is_refused(cli: Any, tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "screening.toml"
    path.write_text(text)
    preconditions = (*KNOWN, "--screening", str(path))
    result = cli("run", *SESSION, *SITE, *preconditions)
    assert result.code == ExitCode.USAGE
    assert says in result.err


@pytest.mark.hazard("H68", "H45")
@pytest.mark.parametrize(
    ("text", "says"),
    [
        (form(person=""), "of nobody that is named"),
        (form(person="K-71"), "are of K-71"),
        (form(answered=""), "do not say when they were given"),
        (form(answered=TODAY - timedelta(days=91)), "have expired"),
        (form(answered=TODAY - timedelta(days=365)), "have expired"),
        (form(answered=TODAY + timedelta(days=1)), "still to come"),
        (form(answered=TODAY - timedelta(days=9), more=f"expires = {TODAY - timedelta(days=1)}"),
         "have expired"),
        (form(answered=TODAY - timedelta(days=91), more=f"expires = {TODAY + timedelta(days=9)}"),
         "have expired"),
        (form(answered=f'"{TODAY - timedelta(days=90)}"'), "rehearsed"),
        (form(answered=f"{TODAY}T10:00:00"), "rehearsed"),
        (form(answered='"last year"'), "is not a date"),
        (form(person="Rose"), "not a code"),
    ],
)  # fmt: skip
def test_answers_are_of_this_person_and_not_old(
    cli: Any, tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "screening.toml"
    path.write_text(text)
    result = cli("run", *SESSION, *SITE, *KNOWN, "--screening", str(path))
    assert result.code != ExitCode.DONE
    assert says in " ".join(result.err.split())
    assert "REAL CURRENT" not in result.err


@pytest.mark.hazard("H68")
def test_answers_on_the_command_line_need_their_day_too(cli: Any, answers: Path) -> None:
    given = [word for one in QUESTIONS for word in ("--answer", f"{one.id}=no")]
    preconditions = (*KNOWN, *given)
    assert "when they were given" in cli("run", *SESSION, *SITE, *preconditions).err
    assert (
        "have expired"
        in cli("run", *SESSION, *SITE, *preconditions, "--answered", "2020-01-01").err
    )
    assert "rehearsed" in cli("run", *SESSION, *SITE, *preconditions, "--answered", str(TODAY)).err
    file = ("--screening", str(answers))
    assert "leave --answered out" in " ".join(
        cli("run", *SESSION, *SITE, *KNOWN, *file, "--answered", str(TODAY)).err.lower().split()
    )


@pytest.mark.hazard("H41")
@pytest.mark.parametrize("side", ["1=right", "2=left"])
def test_a_side_that_is_not_that_of_the_site_is_refused(cli: Any, answers: Path, side: str) -> None:
    known = [word for word in KNOWN if word not in SIDE]
    result = cli("run", *SESSION, *SITE, *known, "--screening", str(answers), "--side", side)
    assert result.code == ExitCode.USAGE
    assert "the side of channel 1 is not" in result.err


def test_the_form_holds_every_question_and_reads_back(cli: Any, tmp_path: Path) -> None:
    form = cli("screening").out
    assert all(f'{question.id} = ""' in form for question in QUESTIONS)
    filled = tmp_path / "filled.toml"
    assert 'person = ""' in form
    form = form.replace('person = ""', 'person = "K-17"').replace(
        'answered = ""', f"answered = {TODAY}"
    )
    filled.write_text(form.replace('""', '"no"'))
    preconditions = (*KNOWN, "--screening", str(filled))
    assert "has not been rehearsed" in cli("run", *SESSION, *SITE, *preconditions).err


@pytest.mark.hazard("H48")
def test_a_blocked_site_is_refused_before_anything_else(cli: Any) -> None:
    result = cli("run", *SESSION, "--site", "1=chest")
    assert result.code == ExitCode.LIMIT
    assert "C06" in result.err


def test_records_that_were_changed_by_hand_do_not_open_the_gate(
    cli: Any, state: Path, answers: Path
) -> None:
    preconditions = (*KNOWN, "--screening", str(answers))
    confirmation = confirmed(cli, *SITE)
    (record,) = (state / "rehearsals").iterdir()
    for text in ("", "[]", "{}", record.read_text().replace(confirmation, "0000")):
        record.write_text(text)
        result = cli("run", *SESSION, *SITE, *preconditions, "--confirm", confirmation)
        assert "has not been rehearsed" in result.err


def test_a_state_folder_that_cannot_be_written_is_said(cli: Any, state: Path) -> None:
    state.parent.mkdir(exist_ok=True)
    state.write_text("in the way")
    result = cli("rehearse", *SESSION)
    assert result.code == ExitCode.INTEGRITY
    assert "cannot be written" in result.err


def test_a_port_that_is_not_there_is_no_device_whatever_is_missing(cli: Any) -> None:
    nowhere = ("-d", "p24:/dev/stimctl-test-no-such-port")
    result = cli("run", "tens-conventional", *nowhere, "-a", "1=12mA", "--area", "1=25cm2")
    assert result.code == ExitCode.NO_DEVICE
    assert "stimctl ports" in result.err


@pytest.mark.hazard("H54")
@pytest.mark.parametrize(
    ("address", "software"),
    [
        ("/dev/pts/7", True),
        ("/dev/ttyACM0", False),
        ("/dev/pts-of-mine", False),
        ("socket://127.0.0.1:4000", True),
        ("socket://localhost:4000", True),
        ("socket://[::1]:4000", True),
        ("socket://10.0.0.7:4000", False),
        ("socket://localhost.example.org:4000", False),
        ("socket://127.evil.example:4000", False),
        ("socket://127.0.0.1.evil.example:4000", False),
        ("socket://[::ffff:127.0.0.1]:4000", True),
        ("socket://[::ffff:10.0.0.7]:4000", False),
        ("socket://0.0.0.0:4000", False),
        ("", False),
    ],
)
def test_only_what_can_be_nothing_but_software_passes_without_papers(
    address: str, software: bool
) -> None:
    assert may_be_software(address) is software


@pytest.mark.hazard("H56")
def test_where_no_maker_states_isolation_somebody_has_to(cli: Any) -> None:
    words = (
        "run",
        "--manual",
        "gate-tens",
        "-d",
        "openemsstim:/dev/null",
        "-i",
        "1=5%",
        "--area",
        "1=25cm2",
    )
    given = (*words, *SITE, "--acknowledge", "L-ATT", *KNOWN)
    refused = cli(*given)
    assert refused.code == ExitCode.USAGE
    assert "mains isolation" in refused.err
    assert "--acknowledge H56" in refused.err
    assert "screening questions" in cli(*given, "--acknowledge", "H56").err
    assert "screening questions" in cli("run", *SESSION, *SITE, *KNOWN).err, "a P24 is isolated"


@pytest.mark.hazard("H63")
def test_a_rehearsal_names_the_device_it_is_for(cli: Any, state: Path) -> None:
    confirmed(cli, *SITE, "--serial", "2103-17")
    (record,) = (state / "rehearsals").iterdir()
    assert '"device": "serial 2103-17"' in record.read_text()
