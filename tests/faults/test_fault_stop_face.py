"""A pedal in whole programs, on a real line: the command line, the API. The pedal is a pipe; the
system's answers about it are made up (`pedal_site`), and all else is the real thing."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import stimctl
from stimctl.errors import NoDeviceError, StateError, StimctlError
from tests.support.fault_rig import Rig

pytestmark = [
    pytest.mark.pty,
    pytest.mark.skipif(sys.platform != "linux", reason="input devices are Linux's"),
]
SITE = Path(__file__).parent / "pedal_site"


class Pedal:
    """Presses by bytes, as the system would hand them out."""

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.name = f"pedal:{path}"
        self._fd = os.open(path, os.O_RDWR)

    def key(self, value: int) -> int:
        at_ns = time.monotonic_ns()
        os.write(self._fd, struct.pack("@llHHi", 0, 0, 1, 57, value) + bytes(24))
        return at_ns

    def tap(self) -> int:
        at_ns = self.key(1)
        time.sleep(0.06)
        self.key(0)
        return at_ns

    def end(self) -> None:
        os.close(self._fd)


@pytest.fixture
def pedal(rig: Rig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pedal]:
    rig.environment["PYTHONPATH"] = str(SITE)
    for name in ("PYTHONPATH", "XDG_RUNTIME_DIR", "STIMCTL_STATE_HOME", "STIMCTL_TWIN_RECORD"):
        monkeypatch.setenv(name, rig.environment[name])
    made = Pedal(tmp_path / "event7")
    yield made
    made.end()


def until_there_is_current(rig: Rig, run: subprocess.Popen[str]) -> None:
    give_up = time.monotonic() + 30
    while not rig.record.exists() or not rig.ledger().running:
        assert time.monotonic() < give_up, "no current at any electrode"
        assert run.poll() is None, f"it ended with {run.returncode}"
        time.sleep(0.02)


@pytest.mark.hazard("H72")
def test_a_run_waits_for_the_pedal_and_a_press_ends_it(rig: Rig, pedal: Pedal) -> None:
    command = [sys.executable, "-m", "stimctl", "run", "tens-conventional", "-d", "sim:p24"]
    command += ["--amplitude", "1=2mA", "--area", "1=25cm2", "--stop-face", pedal.name]
    with subprocess.Popen(
        command, env=rig.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        said = []
        for row in run.stdout:
            said.append(row)
            if "press it once and let go" in row:
                break
        assert not rig.record.exists() or rig.ledger().last_output_us is None
        pedal.tap()
        until_there_is_current(rig, run)
        pressed_ns = pedal.key(1)
        assert rig.zero_after_ms(pressed_ns) <= 300
        said.append(run.communicate(timeout=30)[0])
    text = "".join(said)
    assert f"stop face {pedal.name} is tested" in text
    assert f"stop face {pedal.name} was pressed" in text
    assert run.returncode == 1


@pytest.mark.broad
@pytest.mark.hazard("H72")
def test_a_run_that_is_stopped_while_it_waits_for_the_pedal_is_not_armed(
    rig: Rig, pedal: Pedal
) -> None:
    command = [sys.executable, "-m", "stimctl", "run", "tens-conventional", "-d", "sim:p24"]
    command += ["--amplitude", "1=2mA", "--area", "1=25cm2", "--stop-face", pedal.name]
    with subprocess.Popen(
        command, env=rig.environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    ) as run:  # fmt: skip
        assert run.stdout is not None
        assert any("press it once and let go" in row for row in run.stdout)
        assert rig.stimctl("stop", "sim:p24").returncode == 0
        pedal.tap()
        run.communicate(timeout=30)
    assert run.returncode == 1
    assert rig.ledger().last_output_us is None


@pytest.mark.hazard("H72", "H57")
def test_a_program_waits_for_the_pedal_and_does_not_go_on_after_a_press(
    pedal: Pedal, rig: Rig
) -> None:
    with stimctl.connect("sim:p24", stop_face=pedal.name, journal=rig.journal) as device:
        device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        tap = threading.Timer(0.6, pedal.tap)
        tap.start()
        device.arm()
        tap.join()
        device.start()
        device.raise_to(1, "1 mA")
        pressed_ns = pedal.tap()
        assert rig.zero_after_ms(pressed_ns) <= 300
        for call in (device.arm, device.start, lambda: device.raise_to(1, "1 mA"), device.resume):
            with pytest.raises(StimctlError):
                call()
        assert device.state == "fault"


@pytest.mark.hazard("H72")
def test_a_program_that_is_stopped_while_it_waits_for_the_pedal_is_not_armed(
    pedal: Pedal, rig: Rig
) -> None:
    with stimctl.connect("sim:p24", stop_face=pedal.name, journal=rig.journal) as device:
        device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        stop = threading.Timer(0.6, rig.stimctl, ["stop", "sim:p24"])
        stop.start()
        with pytest.raises(StateError, match="was stopped"):
            device.arm()
        stop.join()
        assert device.state == "stopped"


@pytest.mark.broad
@pytest.mark.hazard("H72")
def test_a_pedal_that_is_not_there_is_told_by_every_face_and_nothing_begins(rig: Rig) -> None:
    missing = "pedal:/dev/input/by-id/none"
    with (
        pytest.raises(NoDeviceError, match="is not there"),
        stimctl.connect("sim:p24", stop_face=[missing]),
    ):
        pass
    chosen = ["-d", "sim:p24", "--amplitude", "1=2mA", "--area", "1=25cm2"]
    run = rig.stimctl("run", "tens-conventional", *chosen, "--stop-face", missing)
    gated = ["-d", "sim:openemsstim", "-i", "1=40%", "--area", "1=25cm2"]
    gated += ["--acknowledge", "L-ATT", "--stop-face", missing]
    gate = rig.stimctl("run", "--manual", "gate-tens", *gated)
    for told in (run, gate):
        assert told.returncode == 3
        assert "is not there" in told.stderr
        assert "stop-face list" in told.stderr


@pytest.mark.parametrize("arguments", [["stop-face", "test", "pedal:x"], ["--stop-face", "pedal"]])
def test_what_names_no_stop_face_is_a_usage_error(rig: Rig, arguments: list[str]) -> None:
    told = rig.stimctl(*arguments)
    assert told.returncode == 2
    assert "does not name a stop face" in told.stderr


def test_a_pedal_can_be_tried_without_a_device(rig: Rig, pedal: Pedal) -> None:
    command = [sys.executable, "-m", "stimctl", "stop-face", "test", pedal.name]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, env=rig.environment, stdout=pipe, text=True) as trial:
        assert trial.stdout is not None
        assert "VEC USB Footpedal 05f3:00ff" in trial.stdout.readline()
        pedal.tap()
        said = trial.communicate(timeout=30)[0]
    assert trial.returncode == 0
    assert "STOP: pressed" in said
    assert "released after" in said


def test_ctrl_c_ends_a_trial(rig: Rig, pedal: Pedal) -> None:
    command = [sys.executable, "-m", "stimctl", "stop-face", "test", pedal.name]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, env=rig.environment, stdout=pipe, stderr=pipe, text=True
    ) as trial:
        assert trial.stdout is not None
        assert "VEC USB Footpedal 05f3:00ff" in trial.stdout.readline()
        trial.send_signal(2)
        trial.communicate(timeout=30)
    assert trial.returncode == 130
