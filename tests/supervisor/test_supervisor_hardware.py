"""Hardware is armed by the supervisor's own list, whichever program asks, and by a person there.

The device is a P24 twin with the serial number of a real one: to the supervisor it is hardware.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from firmware_sim.process import TwinProcess
from stimctl.errors import ExitCode, NotReadyError, StateError
from stimctl.records.approvals import accept_use
from stimctl.records.catalogue import Catalogue
from stimctl.records.devices import last_device, names_of, remember_device, shown_as
from stimctl.records.history import knows_person
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.people.kept import kept_for
from stimctl.records.people.keys import key_of
from stimctl.records.protocol_files import read_protocol
from stimctl.records.sessions import show_session
from stimctl.safety.screening import QUESTIONS
from stimctl.session.config import EngineConfig
from stimctl.session.readiness import Need
from stimctl.supervisor.client import SupervisorClient
from stimctl.supervisor.face_process import FaceProcess, face_process, is_own_ui, why_remote
from stimctl.supervisor.families import family_named
from stimctl.supervisor.hardware import HardwareCheck
from stimctl.supervisor.options import Options
from stimctl.supervisor.person_lock import PersonLock
from stimctl.supervisor.port_facts import is_loopback
from stimctl.supervisor.presence import Presence, ask_at
from stimctl.supervisor.twin_lines import is_twin_command, kind_of_line
from stimctl.testing.terminal import Terminal
from tests.support.broad import broad
from tests.support.commissioned_device import commissioned
from tests.support.hardware_session import DAY, SERIAL, rehearsed
from tests.support.real_device import Link, RealDevice

GIVEN = ("statement", "commissioning", "rehearsal")
ANSWERS = " ".join(f"{question.id}=no" for question in QUESTIONS)
CHARACTERS = re.compile(r"type  (\w{4})  and Enter")


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    for name in ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "state"


@pytest.fixture
def device(tmp_path: Path) -> Iterator[RealDevice]:
    with RealDevice(SERIAL, record=tmp_path / "electrodes.jsonl") as made:
        yield made


def set_up(client: SupervisorClient) -> None:
    """A plan is compiled, and the device identified."""
    set_plan(client)
    client.ask("connect")
    give_up = time.monotonic() + 30
    while client.state != "checked":
        assert time.monotonic() < give_up, client.state
        time.sleep(0.02)


def set_plan(client: SupervisorClient) -> None:
    text = read_protocol("tens-conventional")
    client.ask("load", path=str(text.path.resolve()), sha256=text.sha256)
    client.ask("channel", channel=1, level="3 mA", area="25 cm2", site="left-knee")
    client.ask("compile")


def needs(client: SupervisorClient, do: str = "arm") -> list[str]:
    give_up = time.monotonic() + 30
    while client.state == "identified":  # another plan is being checked on the device
        assert time.monotonic() < give_up, client.state
        time.sleep(0.02)
    with pytest.raises(NotReadyError) as refused:
        client.ask(do)
    assert client.state in ("checked", "stopped")
    return list(refused.value.needs)


@pytest.mark.pty
@pytest.mark.hazard("H62", "H39", "H45", "H54", "H69", "H30")
def test_json_lines_alone_arm_no_hardware_however_much_they_hand_in(
    device: RealDevice, state: Path
) -> None:
    """One thing after the other is handed in, and `arm` is asked each time."""
    client = SupervisorClient(f"p24:{device.url}", ["--person", "K-17"])
    client.start()
    try:
        set_up(client)
        left = needs(client)
        confirmation = rehearsed(state)
        accept_use(state, "2026-01-01T00:00:00Z", "0")
        commissioned(state, SERIAL)
        left = [need for need in left if need not in GIVEN]
        left.insert(left.index("presence"), "confirmation")
        assert needs(client) == left
        answers = {"answers": ANSWERS, "person": "K-17", "answered": DAY}
        for fields, need in (
            ({"acknowledge": "H25"}, "known-person"),
            ({"acknowledge": "E6"}, "pads-apart"),
            (answers, "answers"),
            ({"sides": "1=left"}, "side"),
            ({"acknowledge": "N3"}, "knows-stop"),
            ({"confirm": confirmation}, "confirmation"),
        ):
            assert need in left
            client.ask("prepare", **dict[str, Any](fields))
            left.remove(need)
            assert needs(client) == left
        assert left == ["presence"]
        with pytest.raises(StateError, match="does not answer for a person"):
            client.ask("attend")
        with pytest.raises(NotReadyError, match="nobody at the machine can be asked"):
            client.ask("present")
        with pytest.raises(StateError):
            client.ask("start")
        client.ask("prepare", answers="C02=yes")
        assert "blocked" in needs(client)
        set_plan(client)  # of another plan nothing was said yet, not even the same one again
        again = ("pads-apart", "side", "knows-stop", "confirmation")
        assert set(again) <= set(needs(client))
    finally:
        assert client.close() == 0
    assert not Ledger.from_file(device.record).channels


@pytest.mark.pty
@pytest.mark.hazard("H62", "H69")
def test_what_is_for_twins_only_keeps_hardware_from_being_armed(
    device: RealDevice, state: Path
) -> None:
    options = ["--no-watchdog-test", "--no-attendance-prompt", "--keys", "--person", "K-17"]
    client = SupervisorClient(f"p24:{device.url}", options)
    client.start()
    try:
        set_up(client)
        found = needs(client)
        assert Need.WATCHDOG in found
        assert Need.PRESENCE in found, "--keys is believed without a person's terminal"
    finally:
        client.close()


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H62", "H30")
def test_the_api_asks_the_same_and_a_caught_error_leads_nowhere(
    device: RealDevice, state: Path, tmp_path: Path
) -> None:
    with stimctl.connect(f"p24:{device.url}", person="K-17", journal=tmp_path / "j") as session:
        session.load(
            "tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"},
            sites={1: "left-knee"}, confirm="0000",
        )  # fmt: skip
        for _ in range(3):
            with pytest.raises(NotReadyError) as refused:
                session.arm()
            with pytest.raises(StateError):
                session.start()
        assert {"statement", "answers", "pads-apart", "rehearsal"} <= set(refused.value.needs)
        with pytest.raises(StateError):
            session.attend()
        assert session.state == "checked"
    assert not Ledger.from_file(device.record).channels


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H62")
def test_one_rule_for_the_characters_a_twin_needs_none_in_the_api_either(
    state: Path, tmp_path: Path
) -> None:
    with (
        TwinProcess(record=tmp_path / "twin.jsonl", device="p24") as twin,
        stimctl.connect(f"p24:{twin.url}", journal=tmp_path / "j") as session,
    ):
        session.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        session.arm()
        assert session.state == "armed"


PROGRAM = """
import sys, time, stimctl
from pathlib import Path
device, screening, confirm = sys.argv[1:]
with stimctl.connect(device, person="K-17", operator="T-1") as session:
    session.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"},
                 sites={1: "left-knee"}, confirm=confirm)
    session.prepare(screening=Path(screening), acknowledge=["H25", "E6", "N3"], sides={1: "left"})
    session.arm()
    session.start("20 s")
    session.raise_to(1, "0.5 mA")
    session.hand_over("T-2")
    session.raise_to(1, "1 mA")
    session.stop()
print("DONE")
"""


@pytest.fixture
def screening(tmp_path: Path) -> Path:
    path = tmp_path / "screening.toml"
    rows = "".join(f'{question.id} = "no"\n' for question in QUESTIONS)
    path.write_text(f'person = "K-17"\nanswered = {DAY}\n{rows}')
    return path


def type_what_is_shown(terminal: Terminal) -> None:
    terminal.wait_for("To say that you are here", within_s=60)
    terminal.wait_for("and Enter", within_s=10)
    shown = CHARACTERS.findall(terminal.text())
    terminal.key(f"{shown[-1].lower()}\n".encode())


@pytest.mark.pty
@pytest.mark.hazard("H69", "H70", "H63", "H74")
def test_a_person_at_the_terminal_of_a_program_lets_it_and_the_record_says_who(
    device: RealDevice, state: Path, tmp_path: Path, screening: Path
) -> None:
    accept_use(state, "2026-01-01T00:00:00Z", "0")
    commissioned(state, SERIAL)
    command = [sys.executable, "-c", PROGRAM, f"p24:{device.url}", str(screening), rehearsed(state)]
    terminal = Terminal(command, dict(os.environ), columns=200)
    try:
        terminal.wait_for("To say that you are here", within_s=60)
        assert shown_as(f"serial {SERIAL}").endswith("ends in 0017")
        assert shown_as(f"serial {SERIAL}") in terminal.text()
        terminal.key(b"yyyy\n")  # a guess is none
        terminal.settle(0.3)
        type_what_is_shown(terminal)
        terminal.wait_for("DONE", within_s=60)
        assert terminal.end() == 0
    finally:
        terminal.close()
    record = show_session(state / "journal", "last")
    rows = {row.kind: row.data for row in record.timeline}
    ready = rows["ready"]
    assert ready["device"] == f"serial {SERIAL}"
    assert ready["shown_as"] == shown_as(f"serial {SERIAL}")
    assert ready["present"].startswith("terminal /dev/pts/")
    assert (ready["answers"], ready["answered"]) == (ANSWERS.replace("  ", " "), DAY)
    assert ready["person"] == record.header["person"] == key_of(state, "K-17")
    assert "K-17" not in record.entry.file.read_text()
    assert record.entry.person == "K-17"
    assert kept_for(state, "K-17")["kept_answered"] == date.fromisoformat(DAY)
    assert ready["code"] == record.header["notes"]["code"]
    assert rows["line_kind"]["simulation"] is False
    who = [row.data["who"] for row in record.timeline if row.kind == "raise"]
    assert who == ["T-1", "T-2"]
    assert last_device(state, "K-17", "tens-conventional") == f"serial {SERIAL}"


RUN = ["run", "tens-conventional", "-a", "1=3mA", "--area", "1=25cm2", "--site", "1=left-knee"]
RUN += ["--side", "1=left", "--person", "K-17"]
RUN += [word for id_ in ("H25", "E6", "N3") for word in ("--acknowledge", id_)]


def run_command(device: RealDevice, screening: Path, confirmation: str) -> list[str]:
    more = ["-d", f"p24:{device.url}", "--screening", str(screening), "--confirm", confirmation]
    return [sys.executable, "-P", "-m", "stimctl", *RUN, *more]


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H69")
def test_run_on_hardware_waits_for_who_sits_there(
    device: RealDevice, state: Path, screening: Path
) -> None:
    accept_use(state, "2026-01-01T00:00:00Z", "0")
    commissioned(state, SERIAL)
    command = run_command(device, screening, rehearsed(state))
    terminal = Terminal(command, dict(os.environ), columns=200, rows=80)
    try:
        type_what_is_shown(terminal)
        terminal.wait_for("STIM", within_s=30)
        assert "REAL CURRENT: the device says that it is 160550017" in terminal.text()
        terminal.key(b"\x03")
        assert terminal.end() == ExitCode.INTERRUPTED
    finally:
        terminal.close()


@pytest.mark.pty
@pytest.mark.hazard("H69", "H71")
@pytest.mark.parametrize("how", broad(["closed", "pipe", "file", "ssh", "background"]))
def test_run_on_hardware_without_a_person_at_the_machine_puts_nothing_out(
    device: RealDevice, state: Path, screening: Path, tmp_path: Path, how: str
) -> None:
    accept_use(state, "2026-01-01T00:00:00Z", "0")
    commissioned(state, SERIAL)
    command = run_command(device, screening, rehearsed(state))
    if how == "ssh":
        far = {**os.environ, "SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}
        terminal = Terminal(command, far, columns=200, rows=80)
        try:
            assert terminal.end(60) == ExitCode.REFUSED
            assert "over SSH" in terminal.text()
        finally:
            terminal.close()
    elif how == "background":
        script = f"set -m; trap '' TTOU; {shlex.join(command)} & wait $!; echo exit $?"
        terminal = Terminal(["/bin/bash", "-c", script], dict(os.environ), 200, 80)
        try:
            terminal.wait_for("exit 2", within_s=60)  # refused before anything is opened
            assert "background" in terminal.text()
        finally:
            terminal.close()
    else:
        place = {"closed": "/dev/null", "pipe": "", "file": str(screening)}[how]
        line = (
            f"yes | {shlex.join(command)}" if how == "pipe" else f"{shlex.join(command)} < {place}"
        )
        done = subprocess.run(
            ["/bin/bash", "-o", "pipefail", "-c", line],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert done.returncode == ExitCode.REFUSED, done.stderr
        assert "no terminal on its standard input" in " ".join(done.stderr.split())
    assert not Ledger.from_file(device.record).channels


@pytest.mark.pty
@pytest.mark.hazard("H63")
def test_another_device_than_the_last_time_is_asked_about(device: RealDevice, state: Path) -> None:
    remember_device(state, "K-17", "tens-conventional", "serial 160550018")
    confirmation = rehearsed(state, "serial 160550018")
    client = SupervisorClient(f"p24:{device.url}", ["--person", "K-17"])
    client.start()
    try:
        set_up(client)
        client.ask("prepare", confirm=confirmation)
        found = needs(client)
        assert {"device", "rehearsal"} <= set(found)
        rehearsed(state, f"serial {SERIAL}")
        client.ask("prepare", acknowledge="H63")
        assert not {"device", "rehearsal"} & set(needs(client))
    finally:
        client.close()


def test_a_device_has_names_and_a_nickname_that_differs_from_its_twin_s() -> None:
    assert names_of("17", "0403:6001:A50") == ("serial 17", "usb 0403:6001:A50")
    assert names_of("", "0403:6001:") == ()
    assert names_of("", "0403:6001") == ()
    assert shown_as("") == ""
    nicknames = {shown_as(f"serial 1605500{number:02}").partition(",")[0] for number in range(50)}
    assert len(nicknames) > 45


# -- what is on the line ---------------------------------------------------------------------------


@pytest.mark.hazard("H54")
@pytest.mark.parametrize(
    ("started", "maybe", "serial", "held", "simulation"),
    [
        (True, True, "", False, True),
        (False, True, "SIM0000007", False, True),
        (False, True, "SIM0000007X", True, False),
        (False, True, "SIMULATOR", True, False),
        (False, True, "160550017", True, False),
        (False, True, "", False, False),
        (False, True, "", True, True),
        (False, False, "SIM0000007", True, False),
        (False, False, "", True, False),
    ],
)
def test_a_twin_is_known_by_line_and_identity_together(
    started: bool, maybe: bool, serial: str, held: bool, simulation: bool
) -> None:
    kind = kind_of_line(
        started_here=started, maybe_software=maybe, serial=serial, is_held_by_twin=lambda: held
    )
    assert kind.simulation is simulation
    assert kind.why


@pytest.mark.hazard("H54")
@pytest.mark.parametrize(
    ("host", "here"),
    [
        ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("::ffff:127.0.0.1", True),
        ("10.0.0.7", False), ("::ffff:10.0.0.7", False), ("fe80::1%eth0", False), ("::", False),
        ("0.0.0.0", False), ("127.evil.example", False), ("localhost", False), ("", False),
    ],
)  # fmt: skip
def test_only_numbers_of_this_machine_are_loopback(host: str, here: bool) -> None:
    assert is_loopback(host) is here


@pytest.mark.parametrize(
    ("words", "twin"),
    [
        (["python", "-m", "firmware_sim", "rehastim2"], True),
        (["/usr/bin/python3", "-P", "-m", "firmware_sim", "rehastim2", "--tcp", "0"], True),
        (["python", "-m", "firmware_sim", "p24"], False),
        (["python", "relay.py", "-m", "firmware_sim", "rehastim2"], False),
        (["python", "-c", "evil", "-m", "firmware_sim", "rehastim2"], False),
        (["socat", "pty", "/dev/ttyUSB0"], False),
        ([], False),
    ],
)
def test_a_twin_s_process_is_known_by_what_it_runs(words: list[str], twin: bool) -> None:
    assert is_twin_command(words, "rehastim2") is twin


def kind_told(device: str) -> dict[str, Any]:
    client = SupervisorClient(device)
    client.start()
    try:
        client.ask("connect")
        for row in client.rows(30):
            if row["kind"] in ("line_kind", "connect_failed"):
                return dict(row)
    finally:
        client.close()
    raise AssertionError("nothing was told")


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H54")
@pytest.mark.parametrize("family", ["rehastim2", "openemsstim"])
def test_a_family_without_a_serial_is_software_only_where_the_twin_itself_holds_the_line(
    family: str, state: Path
) -> None:
    arguments = ["--boot", "100000"] if family == "openemsstim" else []
    with TwinProcess(*arguments, device=family) as twin:
        assert kind_told(f"{family}:{twin.url}")["simulation"] is True
    with TwinProcess(*arguments, device=family) as twin:
        link = Link(twin.url)
        try:
            told = kind_told(f"{family}:{link.url}")
        finally:
            link.close()
        # A board behind such a link hears no DTR, and may not be found at all.
        assert told.get("simulation") is (None if told["kind"] == "connect_failed" else False)


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H54")
def test_a_p24_is_judged_by_what_it_says_whatever_leads_to_it(
    device: RealDevice, state: Path
) -> None:
    link = Link(device.url)
    try:
        assert kind_told(f"p24:{link.url}")["simulation"] is False
    finally:
        link.close()
    with TwinProcess("--tcp", "0", device="p24") as twin:
        assert kind_told(f"p24:{twin.url}")["simulation"] is True


# -- who is at the face, and for whom --------------------------------------------------------------


@pytest.mark.hazard("H69")
@pytest.mark.parametrize(
    ("words", "own"),
    [
        (["python", "-P", "-m", "stimctl", "--plain"], True),
        (["/usr/bin/python3", "/home/a/.venv/bin/stimctl"], True),
        (["python", "loop.py", "-m", "stimctl"], False),
        (["python", "-c", "evil", "-m", "stimctl"], False),
        (["python", "-m", "stimctl.supervisor"], False),
        (["python"], False),
    ],
)
def test_only_stimctl_itself_has_keys_that_a_person_presses(words: list[str], own: bool) -> None:
    assert is_own_ui(words) is own


@pytest.mark.hazard("H71")
@pytest.mark.parametrize(
    ("environ", "programs", "remote"),
    [
        ({}, ["python", "bash", "xterm"], False),
        ({"SSH_CONNECTION": "a"}, ["bash"], True),
        ({"SSH_TTY": "/dev/pts/1"}, [], True),
        ({}, ["python", "bash", "sshd"], True),
        ({}, ["python", "bash", "mosh-server"], True),
    ],
)
def test_a_terminal_that_came_over_the_net_is_known(
    environ: dict[str, str], programs: list[str], remote: bool
) -> None:
    assert bool(why_remote(environ, iter(programs))) is remote


@pytest.mark.hazard("H25")
def test_a_session_that_was_never_armed_makes_no_code_known(tmp_path: Path) -> None:
    def session(person: str, *states: str) -> str:
        writer = JournalWriter.open_session(
            tmp_path, Header(device="p24:x", sim=False, stimctl="0", python="3", person=person)
        )
        header = {"person": person, "device": "p24:x"}
        Catalogue(tmp_path).begin(writer.session, header, "2026-01-01T00:00:00Z", writer.anchor)
        for state in states:
            writer.append("state", {"state": state})
        writer.abandon()
        return writer.session

    session("K-71", "identified", "checked")
    assert not knows_person(tmp_path, "K-71")
    now = session("K-17", "identified", "checked", "armed")
    assert knows_person(tmp_path, "K-17")
    assert not knows_person(tmp_path, "K-17", but=now), "the session itself is none before it"


HOLDER = """
import sys, time
from stimctl.supervisor.person_lock import PersonLock
lock = PersonLock("K-17", "p24:/dev/one", "/dev/one")
lock.take()
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.mark.hazard("H65")
def test_a_second_program_for_a_person_is_seen_until_it_ends(runtime: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdin is not None
    try:
        assert other.stdout.readline() == "held\n"
        lock = PersonLock("K-17", "p24:/dev/two", "/dev/two")
        lock.take()
        (told,) = lock.others()
        assert told == f"p24:/dev/one, pid {other.pid}"
        assert PersonLock("K-18", "p24:/dev/two", "/dev/two").others() == ()
    finally:
        other.kill()
        other.wait()
        other.stdin.close()
        other.stdout.close()
    assert lock.others() == ()
    lock.release()
    names = [path.name for path in (runtime / "stimctl" / "persons").iterdir()]
    assert all("K-17" not in name for name in names)


@pytest.mark.pty
@pytest.mark.hazard("H65")
def test_two_programs_on_one_person_are_refused_unless_that_is_meant(
    device: RealDevice, state: Path
) -> None:
    other = PersonLock("K-17", "p24:/dev/one", "/dev/one")
    other.take()
    client = SupervisorClient(f"p24:{device.url}", ["--person", "K-17"])
    client.start()
    try:
        set_up(client)
        assert "one-device" in needs(client)
        client.ask("prepare", acknowledge="H65")
        assert "one-device" not in needs(client)
    finally:
        client.close()
        other.release()


@pytest.mark.pty
@pytest.mark.hazard("H70")
def test_every_raise_names_who_is_in_charge(state: Path, tmp_path: Path) -> None:
    with stimctl.connect("sim:p24", journal=tmp_path / "j", operator="T-1") as session:
        session.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        session.arm()
        session.start()
        session.raise_to(1, "0.5 mA")
        session.hand_over("T-2")
        session.raise_to(1, "1 mA")
        with pytest.raises(stimctl.errors.UsageError):
            session.hand_over("Rose")
    (journal,) = (tmp_path / "j").glob("*.jsonl")
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    raises = [row["data"]["who"] for row in rows if row["kind"] == "raise"]
    assert raises == ["T-1", "T-2"]
    assert [row["data"]["code"] for row in rows if row["kind"] == "operator"] == ["T-2"]


@pytest.mark.pty
@pytest.mark.hazard("H69")
def test_a_job_in_the_background_of_a_terminal_is_nobody_at_the_keyboard() -> None:
    """By the supervisor's own look: the command line's refusal comes before, a program has none."""
    shell = "set -m; sleep 60 & echo job=$! shell=$$.; wait"
    terminal = Terminal(["/bin/bash", "-c", shell], dict(os.environ), 80, 24)
    try:
        terminal.wait_for("shell=")
        terminal.wait_for(".")
        found = re.search(r"job=(\d+) shell=(\d+)\.", terminal.text())
        assert found is not None
        job, foreground = (face_process(int(pid)) for pid in found.groups())
        assert "in the background" in job.why_not
        assert foreground.why_not == ""
        assert job.terminal == foreground.terminal != ""
        os.kill(int(found[1]), signal.SIGKILL)
    finally:
        terminal.close()


# -- the attendance prompt while output is on ------------------------------------------------------


class _Line:
    is_hardware, far_end, identity = True, (), ""


@pytest.mark.hazard("H69")
@pytest.mark.parametrize(
    ("face", "asked"),
    [
        (FaceProcess("/dev/pts/9", "", "", False), True),
        (FaceProcess("/dev/pts/9", "", "over SSH", False), False),
        (FaceProcess("/dev/pts/9", "it runs in the background", "", False), False),
        (FaceProcess("", "it has no terminal", "", False), False),
        (FaceProcess("/dev/pts/9", "", "", True), False),  # its own keys answer
    ],
)
def test_the_prompt_is_put_to_the_terminal_where_only_a_person_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, face: FaceProcess, asked: bool
) -> None:
    put: list[str] = []
    monkeypatch.setattr("stimctl.supervisor.hardware.face_process", lambda _pid: face)
    monkeypatch.setattr(Presence, "ask", lambda _self, terminal, *_: put.append(terminal))
    options = Options("p24:x", "x", False, tmp_path, tmp_path, "K-17", EngineConfig(), keys=True)
    gate = HardwareCheck(options, family_named("p24"), _Line(), lambda _: None)  # type: ignore[arg-type]
    gate.identified("160550017")
    gate.prompt()
    assert bool(put) is asked
    assert gate.needs_person is not (face.is_own_ui and not face.why_not)


@pytest.mark.hazard("H69")
@pytest.mark.parametrize("typed", [None, b"\n", b"yes\n", b"attend\n", b"\x04"])
def test_whatever_is_not_what_was_shown_is_no_answer(typed: bytes | None) -> None:
    master, slave = os.openpty()
    try:
        if typed is not None:
            tcflush = termios.tcflush

            def flush_then_type(fd: int, queue: int) -> None:
                tcflush(fd, queue)
                os.write(master, typed)

            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(termios, "tcflush", flush_then_type)
                found = ask_at(os.ttyname(slave), "here", 0.3)
        else:
            found = ask_at(os.ttyname(slave), "here", 0.1)
    finally:
        os.close(master)
        os.close(slave)
    assert found.by == ""
    assert found.why
