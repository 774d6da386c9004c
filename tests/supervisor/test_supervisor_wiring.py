"""What the parts around the main loop notice reaches the session, and what it says reaches them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from stimctl.devices.family import family_row
from stimctl.errors import StateError
from stimctl.records.catalogue import Catalogue
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.rows import Row
from stimctl.records.verify import read_rows
from stimctl.session import intents
from stimctl.session.config import EngineConfig
from stimctl.session.events import SessionEvent
from stimctl.session.facts import ClockStep, DiskSpace, Fact, HostPower, LinkDown, SuspendGap
from stimctl.session.reasons import Reason
from stimctl.session.rows import StateEntered
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT
from stimctl.supervisor import clocks
from stimctl.supervisor.commands import Command
from stimctl.supervisor.control_socket import ControlSocket
from stimctl.supervisor.families import family_named
from stimctl.supervisor.host_monitor import HostMonitor, host_monitor_of
from stimctl.supervisor.inbox import Inbox, Leave
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.options import Options
from stimctl.supervisor.output import FaceOutput
from stimctl.supervisor.port import open_port
from stimctl.supervisor.process import Supervisor
from stimctl.supervisor.setup import SessionSetup
from stimctl.supervisor.sleep_lock import SleepLock
from tests.support.scripted_device import ScriptedDevice

pytestmark = pytest.mark.clock


class _Session:
    """Stands for the engine: the facts it is told, and events for it to tell."""

    def __init__(self, enough: Callable[[], bool], inbox: Inbox) -> None:
        self.facts: list[Fact] = []
        self.intents: list[object] = []
        self.state = State.DISCONNECTED
        self.stopping = False
        self.to_tell: list[SessionEvent] = []
        self._enough = enough
        self._give_up = time.monotonic() + 10
        self._inbox = inbox

    def notify(self, now_ns: int, fact: Fact) -> None:
        self.facts.append(fact)

    def command(self, now_ns: int, intent: object) -> None:
        self.intents.append(intent)

    def advance(self, now_ns: int) -> None:
        if self._enough() or time.monotonic() > self._give_up:
            self._inbox.put(Leave("enough", 0))

    def transmit(self) -> list[object]:
        return []

    def events(self) -> list[SessionEvent]:
        told, self.to_tell = self.to_tell, []
        return told

    def deadline(self) -> int:
        return 0


def options_for(device: ScriptedDevice, folder: Path, *, sim: bool = False) -> Options:
    return Options(
        device=f"p24:{device.address}", address=device.address, sim=sim, state_folder=folder,
        journal_folder=folder / "journal", person="K-17", config=EngineConfig(),
    )  # fmt: skip


def a_supervisor(
    device: ScriptedDevice, folder: Path, enough: Callable[[_Session], bool]
) -> tuple[Supervisor, _Session]:
    """One that leaves when it is enough."""
    inbox = Inbox()
    opener = partial(open_port, device.address, family_row("p24").lines)
    line = DeviceLine(opener(), opener, inbox)
    output = FaceOutput(os.open(os.devnull, os.O_WRONLY))
    control = ControlSocket(folder / "c.sock", inbox)
    options = options_for(device, folder)
    supervisor = Supervisor(options, family_named("p24"), line, inbox, output, control)
    session = _Session(lambda: enough(session), inbox)
    supervisor._engine = session  # type: ignore[assignment]
    return supervisor, session


def recorded(device: ScriptedDevice, folder: Path, reached_ua: int) -> None:
    """A session of this person with this protocol that was never ended."""
    header = Header(
        device=f"p24:{device.address}", sim=False, stimctl="0", python="3", person="K-17",
        protocol="tens",
    )  # fmt: skip
    writer = JournalWriter.open_session(folder / "journal", header)
    Catalogue(folder / "journal").begin(
        writer.session, header.as_dict(writer.session), "2026-01-01T00:00:00Z", writer.anchor
    )
    writer.append("set", {"channel": 1, "level": reached_ua, "by": "hand"})
    writer.abandon()


class _Plan:
    """What arming reads of a plan."""

    def __init__(self, amplitude_ua: int) -> None:
        self.scale = CURRENT
        self.channels = (self,)
        self.channel = 1
        self.most = amplitude_ua


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(("asked_ua", "armed"), [(14_500, True), (15_000, False)])
def test_arming_is_refused_at_ten_times_the_last_session(
    device: ScriptedDevice,
    runtime: Path,
    monkeypatch: pytest.MonkeyPatch,
    asked_ua: int,
    armed: bool,
) -> None:
    recorded(device, runtime, 1_500)
    supervisor, session = a_supervisor(device, runtime, lambda _: True)
    supervisor._plan = _Plan(asked_ua)  # type: ignore[assignment]
    monkeypatch.setattr(SessionSetup, "protocol_name", "tens")
    supervisor._inbox.put(Command("arm", {}, 1))
    supervisor.run()
    assert (intents.Arm() in session.intents) is armed


_PREPARES = (State.DISCONNECTED, State.IDENTIFIED, State.CHECKED, State.STOPPED)


@pytest.mark.hazard("H55")
@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize(
    "command",
    [
        Command("load", {"path": "/x.toml", "sha256": "0"}, 1),
        Command("limits", {"layer": "person", "path": "/x.toml", "sha256": "0"}, 1),
        Command("options", {}, 1),
        Command("channel", {"channel": 1}, 1),
        Command("compile", {}, 1),
    ],
    ids=lambda command: command.do,
)
def test_no_file_is_read_and_no_plan_made_while_a_device_may_need_the_time(
    device: ScriptedDevice,
    runtime: Path,
    monkeypatch: pytest.MonkeyPatch,
    state: State,
    command: Command,
) -> None:
    asked: list[str] = []
    for name in ("load", "limits", "options", "channel", "compile"):

        def noted(*_: object, name: str = name) -> None:
            asked.append(name)
            raise StateError("heard", code="x")

        monkeypatch.setattr(SessionSetup, name, noted)
    supervisor, session = a_supervisor(device, runtime, lambda _: True)
    session.state = state
    supervisor._inbox.put(command)
    supervisor.run()
    assert asked == ([command.do] if state in _PREPARES else [])


@pytest.mark.hazard("H03", "H24")
def test_a_session_without_an_end_is_told_at_the_next_connection_and_on_its_record(
    device: ScriptedDevice, runtime: Path
) -> None:
    recorded(device, runtime, 1_500)
    supervisor, _ = a_supervisor(device, runtime, lambda _: True)
    supervisor._inbox.put(Command("connect", {}, 1))
    supervisor.run()
    assert supervisor._journal is not None
    rows = [one for one in read_rows(supervisor._journal.writer.path) if isinstance(one, Row)]
    (told,) = [one.data for one in rows if one.kind == "unclean_end"]
    assert "no end on record" in str(told["what"])


@pytest.mark.hazard("H05", "H36")
def test_battery_and_disk_reach_the_session(device: ScriptedDevice, runtime: Path) -> None:
    supervisor, session = a_supervisor(device, runtime, lambda told: len(told.facts) == 2)
    read = (HostPower(5, on_battery=True), DiskSpace(7))
    supervisor._around = HostMonitor(runtime, power=lambda: read[0], disk=lambda _: read[1])
    supervisor.run()
    assert session.facts == list(read)


@pytest.mark.hazard("H04", "H17")
def test_a_sleep_and_a_moved_clock_reach_the_session(
    device: ScriptedDevice, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    supervisor, session = a_supervisor(device, runtime, lambda told: len(told.facts) == 2)
    supervisor._around = HostMonitor(runtime, power=lambda: None, disk=lambda _: None)
    with_sleep_ns, wall_ns = clocks._with_sleep_ns, time.time_ns
    monkeypatch.setattr(clocks, "_with_sleep_ns", lambda: with_sleep_ns() + 60_000_000_000)
    monkeypatch.setattr(time, "time_ns", lambda: wall_ns() + 3_660_000_000_000)
    supervisor.run()
    slept, stepped = session.facts
    assert isinstance(slept, SuspendGap)
    # The offset between two clocks is read in two calls: it can come out microseconds short.
    assert round(slept.gap_us / 1e6) == 60
    assert isinstance(stepped, ClockStep)
    assert round(stepped.step_us / 1e6) == 3_600, "an hour besides the sleep"


@pytest.mark.hazard("H06")
def test_a_lock_that_somebody_took_away_reaches_the_session(
    device: ScriptedDevice, runtime: Path
) -> None:
    supervisor, session = a_supervisor(device, runtime, lambda told: bool(lost(told)))
    for lock in runtime.rglob("*.lock"):
        lock.unlink()
    supervisor.run()
    assert ["lock file" in one.reason for one in lost(session)] == [True]


def lost(session: _Session) -> list[LinkDown]:
    return [one for one in session.facts if isinstance(one, LinkDown)]


@pytest.mark.hazard("H04", "H26")
def test_what_the_session_does_keeps_the_computer_awake(
    device: ScriptedDevice, runtime: Path
) -> None:
    supervisor, session = a_supervisor(device, runtime, lambda told: not told.to_tell)
    lock = SleepLock(command=("cat",))
    supervisor._around = HostMonitor(
        runtime, power=lambda: None, disk=lambda _: None, sleep_lock=lock
    )
    session.state = State.RUNNING
    entered = StateEntered("running", "armed", Reason("", "started"))
    session.to_tell = [SessionEvent(1, 0, entered, durable=True)]
    supervisor.run()
    assert lock.held
    lock.let_go()


@pytest.mark.hazard("H04")
def test_a_computer_is_kept_awake_for_a_device_and_not_for_a_twin(
    device: ScriptedDevice, runtime: Path
) -> None:
    assert host_monitor_of(options_for(device, runtime))._sleep_lock is not None
    assert host_monitor_of(options_for(device, runtime, sim=True))._sleep_lock is None
