"""One turn of the supervisor's loop: all that has come is heard before anybody is judged."""

from __future__ import annotations

import os
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from stimctl.devices.family import family_row
from stimctl.session.config import EngineConfig
from stimctl.session.facts import FaceAlive
from stimctl.session.states import State
from stimctl.supervisor.control_socket import ControlSocket
from stimctl.supervisor.families import family_named
from stimctl.supervisor.inbox import Arrived, Inbox, Leave
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.options import Options
from stimctl.supervisor.output import FaceOutput
from stimctl.supervisor.port import open_port
from stimctl.supervisor.process import Supervisor
from tests.support.scripted_device import ScriptedDevice

pytestmark = pytest.mark.clock


class _Overheard:
    """Stands for the engine: what it is told, in order."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.state = State.DISCONNECTED
        self.stopping = False

    def receive(self, now_ns: int, data: bytes) -> None:
        self.told.append("bytes")

    def notify(self, now_ns: int, fact: object) -> None:
        if isinstance(fact, FaceAlive):
            self.told.append("beat")

    def advance(self, now_ns: int) -> None:
        self.told.append("judged")

    def transmit(self) -> list[object]:
        return []

    def events(self) -> list[object]:
        return []

    def deadline(self) -> int:
        return 0


def _listening(device: ScriptedDevice, inbox: Inbox, folder: Path) -> tuple[Supervisor, _Overheard]:
    opener = partial(open_port, device.address, family_row("p24").lines)
    options = Options(
        device=f"p24:{device.address}", address=device.address, sim=False, state_folder=folder,
        journal_folder=folder / "journal", person="", config=EngineConfig(),
    )  # fmt: skip
    control = ControlSocket(folder / "c.sock", inbox)
    line = DeviceLine(opener(), opener, inbox)
    writer = os.open(os.devnull, os.O_WRONLY)
    supervisor = Supervisor(options, family_named("p24"), line, inbox, FaceOutput(writer), control)
    engine = _Overheard()
    supervisor._engine = engine  # type: ignore[assignment]
    return supervisor, engine


@pytest.mark.hazard("H02")
def test_nobody_is_judged_silent_while_what_he_said_waits_in_the_inbox(
    device: ScriptedDevice, runtime: Path
) -> None:
    inbox = Inbox()
    supervisor, engine = _listening(device, inbox, runtime)
    for item in (Arrived(1, b"x"), FaceAlive(), Leave("enough", 0)):
        inbox.put(item)
    supervisor.run()
    assert engine.told == ["beat", "bytes", "judged"]


def test_a_flood_does_not_keep_the_engine_from_its_deadlines(
    device: ScriptedDevice, runtime: Path
) -> None:
    inbox = Inbox()
    supervisor, engine = _listening(device, inbox, runtime)
    for _ in range(201):
        inbox.put(Arrived(1, b"x"))
    threading.Timer(0.2, inbox.put, [Leave("enough", 0)]).start()
    supervisor.run()
    assert engine.told.index("judged") <= 64
    assert engine.told.count("bytes") == 201


def test_of_beats_that_wait_together_one_is_heard_and_before_all_else(
    device: ScriptedDevice, runtime: Path
) -> None:
    inbox = Inbox()
    supervisor, engine = _listening(device, inbox, runtime)
    for _ in range(70):
        inbox.put(Arrived(1, b"x"))
        inbox.put(FaceAlive())
    threading.Timer(0.2, inbox.put, [Leave("enough", 0)]).start()
    supervisor.run()
    assert engine.told[0] == "beat"
    assert engine.told.count("beat") == 1
    assert engine.told.count("bytes") == 70


def _silent_for_long(supervisor: Supervisor) -> None:
    supervisor._face_ns = time.monotonic_ns() - 600_000_000


@pytest.mark.hazard("H02")
def test_a_beat_that_waits_in_the_pipe_is_heard_before_its_face_is_judged(
    device: ScriptedDevice, runtime: Path
) -> None:
    inbox = Inbox()
    supervisor, engine = _listening(device, inbox, runtime)
    looks = 0

    def reader_is_late() -> bool:
        nonlocal looks
        looks += 1
        if looks == 3:
            inbox.put(FaceAlive())
        return True

    supervisor._face_speaks = reader_is_late
    _silent_for_long(supervisor)
    inbox.put(Leave("enough", 0))
    supervisor.run()
    assert engine.told == ["beat", "judged"]


def test_a_face_that_stood_still_together_with_its_supervisor_gets_the_time_of_one_beat(
    device: ScriptedDevice, runtime: Path
) -> None:
    inbox = Inbox()
    supervisor, engine = _listening(device, inbox, runtime)
    _silent_for_long(supervisor)
    supervisor._overslept = True
    threading.Timer(0.01, inbox.put, [FaceAlive()]).start()
    supervisor._hear_late_beat()
    assert engine.told == ["beat"]


@pytest.mark.hazard("H02")
@pytest.mark.parametrize(("speaks", "overslept"), [(False, False), (True, False), (False, True)])
def test_a_face_that_says_no_beat_is_judged_all_the_same(
    device: ScriptedDevice, runtime: Path, monkeypatch: pytest.MonkeyPatch, *, speaks: bool,
    overslept: bool,
) -> None:  # fmt: skip
    inbox = Inbox()
    supervisor, engine = _listening(device, inbox, runtime)
    waits: list[float] = []

    def nothing_comes(timeout_s: float) -> None:
        waits.append(timeout_s)

    inbox.get = nothing_comes  # type: ignore[method-assign]
    supervisor._face_speaks = lambda: speaks
    supervisor._overslept = overslept
    _silent_for_long(supervisor)
    began_ns = time.monotonic_ns()
    monkeypatch.setattr(
        "stimctl.supervisor.process.time.monotonic_ns",
        lambda: began_ns + sum(round(one * 1e9) for one in waits),
    )
    supervisor._hear_late_beat()
    assert engine.told == []
    assert round(sum(waits), 3) == (0.12 if speaks or overslept else 0)


def test_what_takes_long_to_read_does_not_keep_the_engine_from_its_deadlines_either(
    device: ScriptedDevice, runtime: Path
) -> None:
    inbox = Inbox()
    supervisor, engine = _listening(device, inbox, runtime)

    def slow(now_ns: int, data: bytes) -> None:
        engine.told.append("bytes")
        until = time.monotonic() + 0.03
        while time.monotonic() < until:
            pass

    engine.receive = slow  # type: ignore[method-assign]
    for _ in range(3):
        inbox.put(Arrived(1, b"x"))
    threading.Timer(0.3, inbox.put, [Leave("enough", 0)]).start()
    supervisor.run()
    assert engine.told[:4] == ["bytes", "judged", "bytes", "judged"]


def test_after_oversleeping_what_the_readers_bring_is_heard_before_anybody_is_judged(
    device: ScriptedDevice, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late(Inbox):
        """Nothing at first, for far too long; then what the readers bring."""

        def __init__(self) -> None:
            super().__init__()
            self.waits: list[float] = []

        def get(self, timeout_s: float) -> Any:
            self.waits.append(timeout_s)
            if len(self.waits) == 1:
                clock.ns += 400_000_000
                return None
            if len(self.waits) == 2:
                return FaceAlive()
            return super().get(0) or (Leave("enough", 0) if timeout_s else None)

    class Clock:
        ns = time.monotonic_ns()

    clock = Clock()
    monkeypatch.setattr("stimctl.supervisor.process.time.monotonic_ns", lambda: clock.ns)
    inbox = Late()
    supervisor, engine = _listening(device, inbox, runtime)
    supervisor.run()
    assert engine.told[:2] == ["beat", "judged"]
