"""The stop path to an openEMSstim, sessions of programs, and what is left when the host dies."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import stimctl
from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from firmware_sim.process import TwinProcess
from stimctl.devices.driver import Frame
from stimctl.devices.family import NAMES
from stimctl.devices.openemsstim.sheet import OPENEMSSTIM_SHEET
from stimctl.devices.openemsstim.stop import BANNER, DISCONNECTED, RECEIVED, OpenEmsStimStopSequence
from stimctl.errors import LimitRefusedError, QuantityError, UsageError
from stimctl.supervisor.families import family_named
from stimctl.supervisor.inbox import Inbox
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.serve import _arguments, _config
from stimctl.supervisor.stop import stop_port
from stimctl.wire.openemsstim.codec import encode
from stimctl.wire.openemsstim.commands import Action
from stimctl.wire.openemsstim.replies import Reply, ReplyKind
from tests.support.broad import broad

MS = 1_000_000
PATIENCE_S = 30.0


def driven(*, strict: bool = True) -> OpenEmsStimTwin:
    """A board that another host has left with both channels open for 5 s, at 2 s of its time."""
    twin = OpenEmsStimTwin(boot_us=100_000, strict=strict)
    twin.advance(1_000 * MS)
    twin.transmit()
    for at_ms, channel in ((1_000, 0), (1_500, 1)):
        twin.receive(at_ms * MS, encode(Action(channel, 60, 5_000)))
        twin.advance((at_ms + 400) * MS)
    twin.advance(2_000 * MS)
    twin.transmit()
    assert all(channel.on for channel in twin.channels)
    return twin


def bursts_until_verified(twin: OpenEmsStimTwin, begin_ms: int = 2_000, most: int = 20) -> int:
    sequence = OpenEmsStimStopSequence()
    for count in range(most):
        at_ms = begin_ms + count * 50
        twin.receive(at_ms * MS, sequence.next_bytes())
        for step_ms in range(0, 50, 5):
            twin.advance((at_ms + step_ms) * MS)
            if sequence.receive(twin.transmit()):
                return count + 1
    raise AssertionError("never verified")


def test_the_words_of_the_stop_path_are_those_of_the_wire() -> None:
    assert Reply(ReplyKind.RECEIVED).pack() == RECEIVED
    assert Reply(ReplyKind.DISCONNECTED).pack() == DISCONNECTED
    assert Reply(ReplyKind.SETUP_BEGIN).pack() == BANNER


def test_a_board_that_starts_when_its_port_is_opened_is_one_that_dtr_resets() -> None:
    for name in NAMES:
        family = family_named(name)
        assert family.row.resets_by_dtr == (family.sheet.boot_us is not None)


@pytest.mark.hazard("H11")
def test_a_board_that_was_not_restarted_is_stopped_and_answers_only_when_it_is_zero() -> None:
    twin = driven()
    assert bursts_until_verified(twin) <= 9  # 400 ms: it listens for another program that long
    assert not twin.stimulating
    assert twin.defects == ()


@pytest.mark.parametrize("cut", [1, 8, 9, 20, 31])
def test_half_a_message_of_the_one_before_cannot_swallow_the_stop(cut: int) -> None:
    twin = driven(strict=False)
    twin.receive(2_000 * MS, encode(Action(0, 90, 5_000))[:cut])
    assert bursts_until_verified(twin, 2_020) <= 9
    assert not twin.stimulating


def test_a_restart_is_zero() -> None:
    sequence = OpenEmsStimStopSequence()
    sequence.next_bytes()
    assert not sequence.receive(b"\n\tEMS: STARTED\r\n")
    assert sequence.receive(b"\nSETUP:\r\n")


def test_a_board_that_is_not_heard_is_never_flooded_and_reset_once() -> None:
    twin = driven()
    sequence = OpenEmsStimStopSequence()
    resets = []
    for count in range(60):
        at_ms = 2_000 + count * 50
        twin.receive(at_ms * MS, sequence.next_bytes())
        twin.advance((at_ms + 49) * MS)
        twin.transmit()
        if sequence.reset_due(count * 0.05):
            resets.append(count * 50)
    assert twin.defects == ()
    assert not twin.stimulating
    assert resets == [0, 1_900]  # opening the port may not have done it; and it must be up by then


class _Port:
    is_hardware, identity = False, ""

    def __init__(self) -> None:
        self.did: list[str] = []

    def write(self, data: bytes) -> int:
        self.did.append(data.decode())
        return len(data)

    def discard_output(self) -> None:
        self.did.append("discard")

    def pulse_dtr(self) -> None:
        self.did.append("dtr")

    def read(self, timeout_s: float) -> bytes:
        time.sleep(timeout_s)
        return b""


def test_a_frame_that_resets_pulses_the_line_and_discards_what_waits() -> None:
    port: Any = _Port()
    line = DeviceLine(port, lambda: port, Inbox())
    line.send([Frame(b"a"), Frame(b"", urgent=True, resets=True), Frame(b"b")])
    assert port.did == ["discard", "dtr", "b"]


def test_a_device_without_a_watchdog_is_always_asked_about_attendance() -> None:
    arguments = _arguments(["sim:openemsstim", "--no-attendance-prompt"])
    assert _config(arguments, True, OPENEMSSTIM_SHEET).attended_by_prompt
    assert not _config(arguments, True, family_named("p24").sheet).attended_by_prompt


# -- over a real pseudo terminal ----------------------------------------------------------------


def rows_of(record: Path) -> list[dict[str, Any]]:
    """What the twin has written; its last line may be half there while it lives."""
    text = record.read_text()
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


def relays(record: Path) -> list[dict[str, Any]]:
    rows = rows_of(record)
    assert not [row for row in rows if row["kind"] == "defect"]
    return [row for row in rows if row["kind"] == "relay"]


def off_at_ns(record: Path) -> int:
    """CLOCK_MONOTONIC of the last relay that opened; waits until all are open."""
    give_up = time.monotonic() + PATIENCE_S
    while True:
        rows = rows_of(record)
        found = [row for row in rows if row["kind"] == "relay"]
        on = {row["channel"]: row["on"] for row in found}
        if found and not any(on.values()):
            (clock,) = (row["monotonic_ns"] for row in rows if row["kind"] == "clock")
            return int(clock + found[-1]["at_us"] * 1_000)
        assert time.monotonic() < give_up, "a relay is still closed"
        time.sleep(0.02)


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The record of the twin that is started; strict, and with a short start."""
    place = tmp_path / "openemsstim-relays.jsonl"
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(place))
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--strict --boot 100000 --wiretap")
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    return place


@pytest.fixture
def program(
    record: Path, runtime: Path, tmp_path: Path
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """A program with both channels open, and the pid of its supervisor."""
    path = Path(__file__).with_name("ems_program.py")
    process = subprocess.Popen(
        [sys.executable, str(path), str(tmp_path / "journal")], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said, "the program has failed"
    yield process, int(said)
    pids = {process.pid, int(said)}
    pids |= {
        int(json.loads(note.read_text())["pid"])
        for note in (runtime / "stimctl" / "twins").glob("*.json")
    }
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()
    process.stdout.close()


@pytest.mark.pty
def test_opening_the_port_to_stop_it_restarts_the_board_which_is_zero(tmp_path: Path) -> None:
    record = tmp_path / "r.jsonl"
    with TwinProcess("--boot", "300000", device="openemsstim", record=record) as twin:
        fd = os.open(twin.url, os.O_RDWR | os.O_NOCTTY)
        data = b""
        while b"SETUP DONE" not in data:
            data += os.read(fd, 4096)
        os.write(fd, encode(Action(0, 60, 5_000)))
        twin.wait_for(lambda rows: any(row["kind"] == "relay" for row in rows))
        os.close(fd)
        outcome = stop_port(twin.url, "openemsstim")
        assert outcome.verdict == "verified"
        assert outcome.elapsed_ms < 1_000
        assert [row["on"] for row in relays(record)] == [True, False]


@pytest.mark.pty
@pytest.mark.hazard("H03", "H05")
@pytest.mark.parametrize("wait_s", broad([0.19, 0.0]))
def test_every_process_killed_means_both_relays_open_within_a_second(
    program: tuple[subprocess.Popen[str], int], record: Path, wait_s: float
) -> None:
    process, supervisor = program
    assert process.stdout is not None
    process.stdout.readline()
    time.sleep(wait_s)  # another phase of the bursts; not a wait for anything
    on = {row["channel"]: row["on"] for row in relays(record)}
    assert on == {1: True, 2: True}
    killed_ns = time.monotonic_ns()
    os.kill(process.pid, signal.SIGKILL)
    os.kill(supervisor, signal.SIGKILL)
    assert (off_at_ns(record) - killed_ns) / 1e6 <= 1_000
    assert relays(record)


@pytest.mark.pty
@pytest.mark.hazard("H03")
def test_a_killed_supervisor_means_zero_within_half_a_second_while_the_face_lives(
    program: tuple[subprocess.Popen[str], int], record: Path
) -> None:
    _, supervisor = program
    killed_ns = time.monotonic_ns()
    os.kill(supervisor, signal.SIGKILL)
    assert (off_at_ns(record) - killed_ns) / 1e6 <= 500


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.usefixtures("program")
def test_stimctl_stop_ends_a_session_of_another_program(record: Path) -> None:
    begun_ns = time.monotonic_ns()
    stopped = subprocess.run(
        [sys.executable, "-m", "stimctl", "stop", "sim:openemsstim"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert stopped.returncode == 0, stopped.stderr
    assert "zero verified" in stopped.stdout
    assert (off_at_ns(record) - begun_ns) / 1e6 <= 1_500  # with the start of a process


@pytest.mark.broad
@pytest.mark.pty
def test_a_program_raises_lowers_pauses_and_stops_in_percent(record: Path, tmp_path: Path) -> None:
    areas = {1: "25 cm2"}
    with stimctl.connect("sim:openemsstim", journal=tmp_path / "j") as device:
        with pytest.raises(LimitRefusedError, match="L-ATT"):
            device.load("gate-tens", intensities={1: "10 %"}, areas=areas)
        with pytest.raises(LimitRefusedError, match="no current control"):
            device.load(
                "tens-conventional", amplitudes={1: "10 mA"}, areas=areas, acknowledge=["L-ATT"]
            )
        with pytest.raises(UsageError):
            device.load("gate-tens", amplitudes={1: "1 mA"}, intensities={1: "1 %"}, areas=areas)
        told = device.load("gate-tens", intensities={1: "3 %"}, areas=areas)
        assert (told["ceilings"], told["unit"]) == ({"1": 3}, "%")
        device.arm()
        device.start("20 s")
        device.raise_to(1, "3 %")
        with pytest.raises(LimitRefusedError, match="cleared for 3 %"):
            device.raise_to(1, "4 %")
        with pytest.raises(QuantityError):
            device.raise_to(1, "4 mA")
        assert device.readings[1].commanded.value == 3
        device.lower_to(1, "1 %")
        device.wait(0.3)
        device.pause()
        device.resume()
        assert device.readings[1].commanded.value == 1
        device.stop()
        assert device.state == "stopped"
    (journal,) = (tmp_path / "j").glob("*.jsonl")
    rows = [json.loads(line) for line in journal.read_text().splitlines()]
    raised = [row["data"] for row in rows if row["kind"] == "raise"]
    assert [row["level"] for row in raised] == [1, 2, 3]
    assert not [key for row in rows for key in row["data"] if key.endswith("_ua")]
    assert relays(record)[-1]["on"] is False
