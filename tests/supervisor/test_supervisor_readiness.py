"""A program over the Python API that leaves out one line of the readiness list, and only that one:
each time it is refused, by the code of that line, by the real supervisor with a device that looks
like a real one. Nothing that a program hands in stands for the person at the machine, which is why
that line is always open here, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from stimctl.api import Device
from stimctl.codes import Code
from stimctl.errors import NotReadyError, StateError
from stimctl.records.approvals import accept_use
from stimctl.records.devices import remember_device
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.library_station import lock_station, unlock_station
from stimctl.records.people.electrodes import add_electrodes, claim_electrodes
from stimctl.records.people.kept import keep_answers, set_maximum
from stimctl.records.people.keys import new_key
from stimctl.safety.screening import QUESTIONS
from stimctl.session.needs import Need, Preparation
from stimctl.stimulus.level import Level
from stimctl.supervisor.person_lock import PersonLock
from tests.support.broad import broad
from tests.support.commissioned_device import commissioned
from tests.support.functional_world import ON_WHILE, functional_text
from tests.support.hardware_session import DAY, SERIAL, rehearsed
from tests.support.real_device import RealDevice

PERSON = "K-17"
ACKNOWLEDGED = ("H25", "E6", "N3")


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("readiness") / "state"
        patch.setenv("STIMCTL_STATE_HOME", str(folder))
        for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"):
            patch.delenv(name, raising=False)
        yield folder


class Program:
    """A session whose every line but one is handed in."""

    def __init__(self, session: Device, state: Path, folder: Path) -> None:
        self.session, self.state, self.folder = session, state, folder
        self.runtime = os.environ["XDG_RUNTIME_DIR"]
        self.confirm = rehearsed(state)
        self.second = state / "persons" / f"{PERSON}.json"
        accept_use(state, "2026-01-01T00:00:00Z", "0")
        commissioned(state, SERIAL)

    def screening(self, person: str = PERSON, day: object = DAY, **answers: str) -> Path:
        """A file of answers, all of them no but for these."""
        given = {question.id: "no" for question in QUESTIONS} | answers
        path = self.folder / "screening.toml"
        rows = "".join(f'{id_} = "{answer}"\n' for id_, answer in given.items() if answer)
        path.write_text(f'person = "{person}"\nanswered = {day}\n{rows}')
        return path

    def hand_in(
        self,
        *,
        sites: dict[int, str] | None = None,
        screening: Path | None = None,
        acknowledge: Sequence[str] = ACKNOWLEDGED,
        sides: dict[int, str] | None = None,
        confirm: str | None = None,
        second: str = "",
        protocol: str = "tens-conventional",
        electrodes: dict[int, str] | None = None,
    ) -> None:
        """Everything, but for what is given otherwise."""
        self.session.load(
            protocol, amplitudes={1: "3 mA"}, areas={1: "25 cm2"},
            sites={1: "left-knee"} if sites is None else sites,
            confirm=self.confirm if confirm is None else confirm,
        )  # fmt: skip
        self.session.prepare(
            screening=screening or self.screening(), acknowledge=acknowledge,
            sides={1: "left"} if sides is None else sides, second_identifier=second,
            electrodes=electrodes or {},
        )  # fmt: skip

    def missing(self) -> list[str]:
        """What `arm` and `start` say of it; nothing is armed by either."""
        with pytest.raises(NotReadyError) as refused:
            self.session.arm()
        with pytest.raises(StateError):
            self.session.start()
        assert self.session.state in ("checked", "stopped")
        assert refused.value.code == "not-ready"
        return [one for one in refused.value.needs if one != Need.PRESENCE]


@pytest.fixture(scope="module")
def program(state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    folder = tmp_path_factory.mktemp("program")
    record = folder / "electrodes.jsonl"
    with (
        RealDevice(SERIAL, record=record) as device,
        stimctl.connect(f"p24:{device.url}", person=PERSON) as session,
    ):
        yield Program(session, state, folder)
    assert not Ledger.from_file(record).channels, "something was put out"


def without(folder: Path, name: str) -> Callable[[Program], Any]:
    """A file of the state folder is not there; it is put back afterwards."""

    def leave_out(program: Program) -> Any:
        found = list((program.state / folder).glob(name))
        assert found, f"no {name} in {program.state / folder}"
        kept = {path: path.read_bytes() for path in found}
        for path in found:
            path.unlink()
        program.hand_in()
        return lambda: [path.write_bytes(text) for path, text in kept.items()]

    return leave_out


def second_identifier(given: str) -> Callable[[Program], Any]:
    def leave_out(program: Program) -> Any:
        program.second.parent.mkdir(exist_ok=True)
        program.second.write_text(json.dumps({"second": "1961"}))
        program.hand_in(second=given)
        return program.second.unlink

    return leave_out


def another_device(program: Program) -> Any:
    remember_device(program.state, PERSON, "tens-conventional", "serial 2103-99")
    program.hand_in()
    return lambda: remember_device(program.state, PERSON, "tens-conventional", f"serial {SERIAL}")


def a_second_device(program: Program) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", program.runtime)
        lock = PersonLock(PERSON, "p24:/dev/ttyACM9", "/dev/ttyACM9")
    lock.take()
    program.hand_in()
    return lock.release


def a_day_of(hours: float) -> Callable[[Program], Any]:
    """The record says that the knee has had so many hours on this person since this morning."""

    def leave_out(program: Program) -> Any:
        (folder,) = {path.parent for path in program.state.rglob("*.jsonl")}
        header = Header(device="p24:/dev/x", sim=False, stimctl="0", python="3", person=PERSON)
        writer = JournalWriter.open_session(folder, header)
        electrode = {"area_mm2": 2_500, "site": "left-knee"}
        channel = {"channel": 1, "electrode": electrode, "stimulus": {"motor": False}}
        writer.append("setup", {"channels": [channel]}, durable=True)
        on = {"on_ms": int(hours * 3_600_000), "charge_nc": 1}
        writer.append("telemetry", {"acknowledged": {"1": on}}, durable=True)
        writer.end({"outcome": "zero verified"})
        program.hand_in()
        return lambda: [path.unlink() for path in folder.glob(f"{writer.session}*")]

    return leave_out


def a_low_maximum(program: Program) -> Any:
    day = date.fromisoformat(DAY)
    set_maximum(program.state, PERSON, "left-knee", 2_500, Level.parse("2mA"), day, "")
    program.hand_in()
    return program.second.unlink


def answers_that_changed(program: Program) -> Any:
    newer = Preparation(answers={"C28": True}, answered=date.fromisoformat(DAY))
    keep_answers(program.state, PERSON, newer)
    older = program.screening(day=date.fromisoformat(DAY) - timedelta(1))
    program.hand_in(screening=older)
    return program.second.unlink


def electrodes_of_another(program: Program) -> Any:
    add_electrodes(program.state, "E-12", 2_500, "self-adhesive")
    claim_electrodes(program.state, ["E-12"], new_key(b"12345678"), 1)
    program.hand_in(electrodes={1: "E-12"})
    return None


LINES: list[tuple[str, Need, Callable[[Program], Any]]] = [
    ("the statement", Need.STATEMENT, without(Path(), "acceptance.json")),
    ("a commissioning", Need.COMMISSIONING, without(Path("commissioning"), "*.json")),
    ("a code that is known", Need.KNOWN_PERSON, lambda p: p.hand_in(acknowledge=("E6", "N3"))),
    ("the second identifier", Need.SECOND_IDENTIFIER, second_identifier("")),
    ("the right second identifier", Need.SECOND_IDENTIFIER, second_identifier("1962")),
    ("the pads", Need.PADS_APART, lambda p: p.hand_in(acknowledge=("H25", "N3"))),
    (
        "whose answers",
        Need.ANSWERS_PERSON,
        lambda p: p.hand_in(screening=p.screening(person="K-71")),
    ),
    (
        "answers that count",
        Need.ANSWERS_DATE,
        lambda p: p.hand_in(screening=p.screening(day=date.fromisoformat(DAY) - timedelta(91))),
    ),
    (
        "answers of today",
        Need.ANSWERS_DATE,
        lambda p: p.hand_in(screening=p.screening(day=date.fromisoformat(DAY) + timedelta(1))),
    ),
    ("no contraindication", Need.BLOCKED, lambda p: p.hand_in(screening=p.screening(C02="yes"))),
    ("an approval", Need.SPECIALIST, lambda p: p.hand_in(screening=p.screening(C03="yes"))),
    ("a caution", Need.CAUTION, lambda p: p.hand_in(screening=p.screening(C13="yes"))),
    ("the side", Need.SIDE, lambda p: p.hand_in(sides={})),
    ("the other side", Need.SIDE, lambda p: p.hand_in(sides={1: "right"})),
    ("how to stop", Need.KNOWS_STOP, lambda p: p.hand_in(acknowledge=("H25", "E6"))),
    ("a rehearsal", Need.REHEARSAL, without(Path("rehearsals"), "*.json")),
    ("the characters", Need.CONFIRMATION, lambda p: p.hand_in(confirm="")),
    ("the right characters", Need.CONFIRMATION, lambda p: p.hand_in(confirm="0000")),
    ("the device of last time", Need.DEVICE, another_device),
    ("one device on a person", Need.ONE_DEVICE, a_second_device),
    ("what a day may add up to", Need.DAY_BUDGET, a_day_of(20)),
    ("the person's maximum", Need.PERSON_MAXIMUM, a_low_maximum),
    ("answers as they are now", Need.ANSWERS_CHANGED, answers_that_changed),
    ("electrodes of one's own", Need.ELECTRODES_OTHER, electrodes_of_another),
    ("known electrodes", Need.ELECTRODES, lambda p: p.hand_in(electrodes={1: "E-99"})),
]


@pytest.mark.pty
@pytest.mark.hazard("H62", "H25", "H33", "H39", "H41", "H45", "H47", "H54", "H63", "H65", "H68")
@pytest.mark.parametrize(
    ("need", "leave_out"),
    [pytest.param(need, leave_out, id=name) for name, need, leave_out in LINES],
)
def test_a_program_that_leaves_out_one_line_is_refused_by_its_code(
    program: Program, need: Need, leave_out: Callable[[Program], Any]
) -> None:
    mend = leave_out(program)
    try:
        assert program.missing() == [need.value]
    finally:
        if mend is not None:
            mend()
    program.hand_in()
    assert program.missing() == []


@pytest.mark.pty
def test_a_program_needs_the_approval_of_a_locked_protocol(program: Program) -> None:
    program.hand_in(protocol="tens-dpn", sites={1: "left-calf"})
    assert program.missing() == [Need.PROTOCOL_LOCKED, Need.REHEARSAL]
    program.session.prepare(approvals=["TENS-DPN"])
    assert program.missing() == [Need.REHEARSAL]
    program.hand_in()
    assert program.missing() == []


@pytest.mark.pty
def test_a_program_runs_no_shipped_protocol_where_only_signed_ones_may_run(
    program: Program,
) -> None:
    lock_station(program.state, with_shipped=False)
    try:
        program.hand_in()
        assert program.missing() == [Need.PROTOCOL_LIBRARY, Code.LIBRARY_ONLY]
    finally:
        unlock_station(program.state)
    assert program.missing() == []


@pytest.mark.pty
@pytest.mark.hazard("H67", "H62")
def test_a_program_that_acknowledges_the_day_is_refused_beyond_the_most_all_the_same(
    program: Program,
) -> None:
    mend = a_day_of(23.9)(program)
    try:
        program.hand_in(acknowledge=(*ACKNOWLEDGED, "H67"))
        assert program.missing() == [Need.DAY_BUDGET]
    finally:
        mend()


FROM_AFAR = """
import sys
import stimctl
with stimctl.connect(sys.argv[1], person="K-17") as session:
    session.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"},
                 sites={1: "left-knee"})
    try:
        session.arm()
    except stimctl.errors.NotReadyError as refused:
        print(*refused.needs)
"""


@pytest.mark.pty
@pytest.mark.hazard("H72", "H62")
@pytest.mark.parametrize("variable", broad(["SSH_CONNECTION", "SSH_TTY", ""]))
def test_a_program_that_came_over_the_net_needs_a_stop_face(state: Path, variable: str) -> None:
    over_net = {variable: "192.0.2.7 5 192.0.2.8 22"} if variable else {}
    with RealDevice(SERIAL) as device:
        done = subprocess.run(
            [sys.executable, "-c", FROM_AFAR, f"p24:{device.url}"],
            env=os.environ | over_net, capture_output=True, text=True, timeout=60, check=True,
        )  # fmt: skip
    needs = done.stdout.split()
    assert Need.PRESENCE in needs
    assert (Need.STOP_FACE in needs) is bool(variable)


@pytest.mark.pty
@pytest.mark.hazard("H33", "H62")
def test_a_program_that_names_no_site_is_refused_by_its_code(program: Program) -> None:
    program.hand_in(sites={})
    assert Need.SITE in program.missing()


@pytest.mark.pty
@pytest.mark.hazard("H82", "H62")
def test_a_program_whose_inputs_switch_output_is_refused_on_every_device(program: Program) -> None:
    path = program.folder / "sample.toml"
    path.write_text(functional_text({"one": ON_WHILE}), encoding="utf-8")
    program.hand_in(protocol=str(path))
    assert Need.FUNCTIONAL in program.missing()


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H45", "H62", "H54", "H39")
def test_a_program_that_hands_in_nothing_is_told_all_of_it(tmp_path: Path, state: Path) -> None:
    with (
        RealDevice(SERIAL, record=tmp_path / "electrodes.jsonl") as device,
        stimctl.connect(f"p24:{device.url}", journal=tmp_path / "j") as session,
    ):
        session.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        with pytest.raises(NotReadyError) as refused:
            session.arm()
        # one answer is not all of them
        session._ask("prepare", answers="C01=no", answered=DAY)
        with pytest.raises(NotReadyError) as again:
            session.arm()
    people = (Need.PERSON, Need.SITE, Need.PADS_APART, Need.ANSWERS, Need.KNOWS_STOP)
    assert {*people, Need.REHEARSAL, Need.PRESENCE} <= set(refused.value.needs)
    assert Need.ANSWERS in again.value.needs
    assert not Ledger.from_file(tmp_path / "electrodes.jsonl").channels
