"""One commissioning from its answers to its signed record."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stimctl.commission.instruments import Folder, Question, Recordings, Typed
from stimctl.commission.procedure import Procedure
from stimctl.commission.results import Result, failed, has_passed
from stimctl.commission.rig import Found, Instrument
from stimctl.commission.session_rig import Bench, SessionRig
from stimctl.errors import NoDeviceError, NotReadyError, UsageError
from stimctl.records.approvals import STATEMENT, use_is_accepted
from stimctl.records.commissioning import (
    FOLDER,
    CommissioningRecord,
    Evidence,
    driver_digest,
    session_end,
    stem_of,
    write_commissioning,
)
from stimctl.records.places import journal_folder, state_folder
from stimctl.records.rows import utc_text
from stimctl.records.station_keys import open_key
from stimctl.session.commissioning import LEAST_OHM, MOST_OHM, NOBODY
from stimctl.session.needs import Need
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.families import family_named
from stimctl.supervisor.link_capture import CAPTURE_VARIABLE
from stimctl.version import __version__, code_digest

STOP_WORD: Final = "stop"


@dataclass(frozen=True, slots=True)
class Answers:
    """What people have said before. `label`: the serial number on the device, "" where it has
    none. `readings`: a folder of files in place of a person who types. `only`: these steps."""

    device: str
    ohm: int | None
    nobody: str
    label: str = ""
    operator: str = ""
    readings: Path | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Done:
    """A commissioning that has ended: its record, and whether it was passed."""

    path: Path
    passed: bool
    results: tuple[Result, ...]


def check_answers(answers: Answers, state: Path) -> None:
    """Refuse before a port is opened what the supervisor would refuse later, by the same codes."""
    device = parse_device(answers.device)
    if device.address.startswith("/") and not Path(device.address).exists():
        raise NoDeviceError(
            f"there is no device at {device.address}",
            why="nothing has that name",
            what_to_do="Plug it in and switch it on, then see: stimctl ports",
        )
    if not device.is_twin and not use_is_accepted(state):
        raise NotReadyError(
            "the statement of use has not been accepted on this computer yet",
            why=STATEMENT,
            what_to_do="If you accept it, add --accept-research-use once; that is recorded",
            needs=(Need.STATEMENT.value,),
        )
    if answers.ohm is None or not LEAST_OHM <= answers.ohm <= MOST_OHM:
        raise NotReadyError(
            "the value of the load is not known",
            why="currents are computed from the voltage at a known resistor",
            what_to_do=f"Add --load OHM, measured with a meter: {LEAST_OHM} to {MOST_OHM}",
            needs=(Need.LOAD_VALUE.value,),
        )
    if answers.nobody != NOBODY:
        raise NotReadyError(
            "it is not confirmed that nobody is connected",
            why="a session on the bench asks for nothing that protects a person",
            what_to_do=f'Take every electrode off every person, then add --nobody "{NOBODY}"',
            needs=(Need.NOBODY_CONNECTED.value,),
        )


def commission(
    answers: Answers,
    *,
    question: Question,
    say: Callable[[str], None],
    tell: Callable[[Result], None],
) -> Done:
    """Do it, and write the signed record, also of one that was not passed.

    Raises StimctlError for what keeps it from beginning, or from being recorded.
    """
    state = state_folder()
    check_answers(answers, state)
    assert answers.ohm is not None
    sheet = family_named(parse_device(answers.device).family).sheet
    key = open_key(state, utc_text(time.time_ns()))  # a record that cannot be signed is not begun
    started = utc_text(time.time_ns())
    stem = stem_of(started, sheet.family)
    folder = state / FOLDER / stem
    captures = folder / "captures"
    captures.mkdir(mode=0o700, parents=True)
    bench = Bench(answers.device, answers.ohm, answers.nobody, folder, operator=answers.operator)
    recordings = Recordings(folder / "recordings", answers.ohm)
    instrument: Instrument = (
        Folder(answers.readings, recordings)
        if answers.readings is not None
        else Typed(question, recordings, say)
    )
    by_hand = answers.readings is None
    rig = SessionRig(bench, sheet, lambda: _ask_stop(question, say) if by_hand else None)
    procedure = Procedure(sheet, rig, instrument, label=answers.label, tell=tell)
    _check_only(answers.only, procedure)
    try:
        with _captured(captures):
            results = procedure.run(answers.only)
    finally:
        rig.close()  # Ctrl-C too: nothing is left on
    found = procedure.found or Found(sheet.family)
    passed = has_passed(results) and not answers.only
    record = CommissioningRecord(
        family=sheet.family,
        model=sheet.model,
        name=next(iter(found.names), ""),
        names=found.names,
        serial=found.serial,
        label=answers.label,
        firmware=found.firmware,
        protocol=found.protocol,
        driver_sha256=driver_digest(sheet.package),
        address=rig.address,
        line=found.line,
        simulation=rig.simulation is not False,
        load_ohm=answers.ohm,
        nobody=answers.nobody,
        operator=answers.operator,
        started=started,
        ended=utc_text(time.time_ns()),
        stimctl=__version__,
        code_sha256=code_digest(),
        passed=passed,
        findings=tuple(one.value for one in failed(results)),
        results=tuple(one.as_dict() for one in results),
        sessions=tuple(session_end(journal_folder(state), one) for one in rig.sessions),
        evidence=tuple(_evidence(captures, recordings)),
    )
    return Done(write_commissioning(state / FOLDER, record, key), passed, results)


def _check_only(only: Sequence[str], procedure: Procedure) -> None:
    wrong = [one for one in only if one not in procedure.steps]
    if wrong:
        raise UsageError(
            f"there is no step {wrong[0]!r}", what_to_do=f"Known: {', '.join(procedure.steps)}"
        )


def _ask_stop(question: Question, say: Callable[[str], None]) -> None:
    while question(f"Try the stop: type {STOP_WORD}, then Enter").strip() != STOP_WORD:
        say(f"the word is {STOP_WORD}; nothing goes out before the stop was tried")


def _evidence(captures: Path, recordings: Recordings) -> Iterator[Evidence]:
    for path in sorted(captures.iterdir()):
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        yield Evidence("capture", f"captures/{path.name}", digest)
    for one in recordings.evidence:
        yield Evidence(one.kind, f"recordings/{one.name}", one.sha256)


@contextmanager
def _captured(folder: Path) -> Iterator[None]:
    """Every session meanwhile is captured, those of other processes that begin here too."""
    before = os.environ.get(CAPTURE_VARIABLE)
    os.environ[CAPTURE_VARIABLE] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CAPTURE_VARIABLE]
        else:
            os.environ[CAPTURE_VARIABLE] = before
