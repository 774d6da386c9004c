"""The stop path: repeated until verified, UNKNOWN in time, and never misled by an answer."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from stimctl.devices.family import family_row
from stimctl.devices.p24.stop import P24StopSequence
from stimctl.errors import ExitCode, UsageError
from stimctl.supervisor import locks, stop_sessions
from stimctl.supervisor import stop as stop_module
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.holders import end_holder
from stimctl.supervisor.locks import PortLock, read_holder
from stimctl.supervisor.port import open_port
from stimctl.supervisor.port_names import device_key
from stimctl.supervisor.stop import stop_main, stop_port
from stimctl.supervisor.stop_direct import _name_of
from stimctl.wire.sciencemode4.framing import (
    GET_STIM_STATUS,
    LL_STOP,
    ML_STOP,
    STOP_BYTES,
    FrameDecoder,
    RawFrame,
    encode_frame,
)
from tests.support.holding_process import finish, holding_process
from tests.support.scripted_device import ScriptedDevice

pytestmark = pytest.mark.clock


def frames_of(burst: bytes) -> list[RawFrame]:
    assert burst.startswith(STOP_BYTES)
    frames = FrameDecoder().feed(burst[len(STOP_BYTES) :])
    assert all(isinstance(frame, RawFrame) for frame in frames)
    return [frame for frame in frames if isinstance(frame, RawFrame)]


def answers(burst: bytes, *, stop: int = 0, status: int = 0, result: int = 0) -> bytes:
    ml, ll, ask = frames_of(burst)
    return (
        encode_frame(ml.packet_number, ML_STOP + 1, bytes((stop,)))
        + encode_frame(ll.packet_number, LL_STOP + 1, b"\x07")
        + encode_frame(ask.packet_number, GET_STIM_STATUS + 1, bytes((result, status, 1)))
    )


def test_a_burst_is_two_stop_bytes_both_stops_and_the_question() -> None:
    commands = [frame.command for frame in frames_of(P24StopSequence().next_bytes())]
    assert commands == [ML_STOP, LL_STOP, GET_STIM_STATUS]


def test_zero_is_verified_by_stop_acknowledged_and_nothing_initialised() -> None:
    sequence = P24StopSequence()
    assert sequence.receive(answers(sequence.next_bytes()))


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_chunks_of_any_size_verify_the_same(size: int) -> None:
    sequence = P24StopSequence()
    data = answers(sequence.next_bytes())
    found = [sequence.receive(data[at : at + size]) for at in range(0, len(data), size)]
    assert found[-1]
    assert not any(found[:-1])


@pytest.mark.parametrize("status", [1, 2, 3])
def test_a_level_that_is_still_initialised_is_no_zero(status: int) -> None:
    sequence = P24StopSequence()
    assert not sequence.receive(answers(sequence.next_bytes(), status=status))


def test_a_refused_question_is_no_zero() -> None:
    sequence = P24StopSequence()
    assert not sequence.receive(answers(sequence.next_bytes(), result=1))


def test_a_status_without_an_acknowledged_stop_is_no_zero() -> None:
    sequence = P24StopSequence()
    _, _, ask = frames_of(sequence.next_bytes())
    assert not sequence.receive(encode_frame(ask.packet_number, GET_STIM_STATUS + 1, b"\0\0\1"))


def test_an_answer_to_an_earlier_burst_does_not_verify_a_later_one() -> None:
    sequence = P24StopSequence()
    _, _, first = frames_of(sequence.next_bytes())
    ml, _, _ = frames_of(sequence.next_bytes())
    sequence.receive(encode_frame(ml.packet_number, ML_STOP + 1, b"\0"))
    assert not sequence.receive(encode_frame(first.packet_number, GET_STIM_STATUS + 1, b"\0\0\1"))


def test_a_device_that_answers_while_it_switches_off_is_believed_on_the_next_question() -> None:
    sequence = P24StopSequence()
    ml, _, ask = frames_of(sequence.next_bytes())
    early = encode_frame(ask.packet_number, GET_STIM_STATUS + 1, b"\0\0\1")
    assert not sequence.receive(early + encode_frame(ml.packet_number, ML_STOP + 1, b"\0"))
    _, _, again = frames_of(sequence.next_bytes())
    assert sequence.receive(encode_frame(again.packet_number, GET_STIM_STATUS + 1, b"\0\0\1"))


def test_packet_numbers_wrap_and_a_stale_acknowledgement_is_forgotten() -> None:
    sequence = P24StopSequence()
    first = sequence.next_bytes()
    ml, _, ask = frames_of(first)
    sequence.receive(encode_frame(ml.packet_number, ML_STOP + 1, b"\0"))
    for _ in range(20):
        assert frames_of(sequence.next_bytes())
    assert sequence.next_bytes() == first, "the numbers came round"
    assert not sequence.receive(encode_frame(ask.packet_number, GET_STIM_STATUS + 1, b"\0\0\1"))


def test_a_running_device_is_stopped_and_verified(device: ScriptedDevice) -> None:
    outcome = stop_port(device.start().address, "p24")
    assert (outcome.verdict, outcome.by, outcome.exit_code) == ("verified", "port", 0)
    assert device.status == 0


@pytest.mark.parametrize("fault", ["mute", "stuck"])
def test_a_device_that_does_not_confirm_is_unknown_after_500_ms(
    device: ScriptedDevice, fault: str
) -> None:
    setattr(device, fault, True)
    told: list[tuple[str, float]] = []
    begun = time.monotonic()
    outcome = stop_port(
        device.start().address,
        "p24",
        give_up_after_s=1.0,
        report=lambda state: told.append((state, time.monotonic() - begun)),
    )
    assert outcome.verdict == "unconfirmed"
    assert outcome.exit_code is ExitCode.NOT_CONFIRMED_ZERO
    (unknown,) = told
    assert unknown[0] == "unknown"
    assert unknown[1] >= 0.5
    assert device.commands.count(ML_STOP) >= 10, "repeated every 50 ms"


def test_a_deaf_device_does_not_hang_it(device: ScriptedDevice) -> None:
    assert stop_port(device.address, "p24", give_up_after_s=0.3).verdict == "unconfirmed"


@pytest.mark.hazard("H11")
def test_half_a_frame_before_it_does_not_swallow_the_stop(device: ScriptedDevice) -> None:
    port = open_port(device.start().address, family_row("p24").lines, program="stop")
    half = encode_frame(5, 32, b"\x01" * 20)[:17] + b"\x81"
    port.write(half)
    give_up = time.monotonic() + 10
    while device.heard != half:  # letting the port go would discard what was not read yet
        assert time.monotonic() < give_up, device.heard
        time.sleep(0.002)
    port.abort()
    assert stop_port(device.address, "p24").verdict == "verified"
    assert device.commands[:2] == [ML_STOP, LL_STOP], "the first burst was not heard whole"


def test_a_stop_shares_the_port_with_a_foreign_program_and_leaves_it_alive(
    device: ScriptedDevice,
) -> None:
    device.start()
    code = (
        "import fcntl, os, sys\n"
        f"fd = os.open({device.address!r}, os.O_RDWR | os.O_NOCTTY)\n"
        "fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    other = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout is not None
        other.stdout.readline()
        outcome = stop_port(device.address, "p24")
        assert outcome.verdict == "verified"
        assert other.poll() is None, "a process that is not ours is left alone"
    finally:
        other.kill()
        other.communicate()


def test_it_never_ends_its_own_process(device: ScriptedDevice) -> None:
    lock = PortLock(device.address, "supervisor")
    lock.acquire()
    holder = read_holder(device.address)
    assert holder is not None
    assert not end_holder(holder)
    lock.release()


@pytest.mark.hazard("H61")
def test_zero_of_a_device_without_a_session_is_said_with_its_serial_number(
    device: ScriptedDevice, tmp_path: Path
) -> None:
    device.serial = "P24-000042"
    name = tmp_path / "port"
    name.symlink_to(device.start().address)
    outcome = stop_port(str(name), "p24")
    assert outcome.verdict == "verified"
    assert (outcome.session, outcome.node, outcome.serial) == (0, device.address, "P24-000042")
    said = f"No session held it, device node {device.address}, serial number P24-000042."
    assert said in str(outcome)


class LosingLine:
    """A line of its own time that loses the first questions; afterwards it answers within 1 ms."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lost: int) -> None:
        self.now_s = 0.0
        self.asked_s: list[float] = []
        self._lost = lost
        self._answer = b""
        clock = SimpleNamespace(monotonic=lambda: self.now_s)
        monkeypatch.setattr("stimctl.supervisor.stop_direct.time", clock)

    def write(self, data: bytes) -> int:
        (question,) = (one for one in FrameDecoder().feed(data) if isinstance(one, RawFrame))
        self.asked_s.append(round(self.now_s, 3))
        if len(self.asked_s) > self._lost:
            number = b"\0" + b"P24-000042"
            self._answer = encode_frame(question.packet_number, question.command + 1, number)
        return len(data)

    def read(self, timeout_s: float) -> bytes:
        assert timeout_s > 0
        answer, self._answer = self._answer, b""
        self.now_s += 0.001 if answer else timeout_s
        return answer


@pytest.mark.parametrize(
    ("lost", "asked_s"),
    [(0, [0.0]), (1, [0.0, 0.05]), (3, [0.0, 0.05, 0.1, 0.15]), (9, [0.0, 0.05, 0.1, 0.15])],
)
def test_the_number_is_asked_for_again_every_50_ms_until_it_is_told(
    monkeypatch: pytest.MonkeyPatch, lost: int, asked_s: list[float]
) -> None:
    line = LosingLine(monkeypatch, lost)
    name = _name_of(line, P24StopSequence(1), deadline=5.0)  # type: ignore[arg-type]
    assert line.asked_s == asked_s
    assert name == ("P24-000042" if lost < 4 else "")
    assert line.now_s <= 0.2 + 1e-9, "no longer than when it was asked once"


def test_the_number_is_not_asked_for_beyond_the_time_of_the_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = LosingLine(monkeypatch, 9)
    assert _name_of(line, P24StopSequence(1), deadline=0.07) == ""  # type: ignore[arg-type]
    assert line.asked_s == [0.0, 0.05]
    assert line.now_s == pytest.approx(0.07)


def test_zero_of_a_device_that_does_not_tell_its_number_is_said_with_its_node(
    device: ScriptedDevice, tmp_path: Path
) -> None:
    name = tmp_path / "port"
    name.symlink_to(device.start().address)
    outcome = stop_port(str(name), "p24")
    assert f"No session held it, device node {device.address}." in str(outcome)


@pytest.mark.hazard("H01")
@pytest.mark.parametrize(
    "broken",
    ["port_keys", "find", "device_key", "stop_directly", "end_holder"],
)
def test_whatever_fails_inside_is_unconfirmed_and_never_raised(
    device: ScriptedDevice, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_arguments: object, **_options: object) -> None:
        raise ZeroDivisionError

    holder = holding_process(device.start().address)
    try:
        monkeypatch.setattr(stop_module, broken, fail)
        outcome = stop_port(device.address, "p24")
    finally:
        finish(holder)
    assert outcome.exit_code == ExitCode.NOT_CONFIRMED_ZERO
    assert "ZeroDivisionError" in outcome.detail


@pytest.mark.parametrize("name", ["/dev/null", "/", "/etc/hostname", "/dev/\0", "/" + "x" * 5000])
def test_strange_names_raise_nothing(name: str) -> None:
    assert stop_port(name, "p24", give_up_after_s=0.1).verdict != "verified"


@pytest.mark.hazard("H61")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who holds a lock")
def test_a_session_that_can_be_found_in_no_folder_is_ended(device: ScriptedDevice) -> None:
    code = (
        "import fcntl, os, sys\n"
        f"fd = os.open({device.start().address!r}, os.O_RDWR | os.O_NOCTTY)\n"
        "fcntl.flock(fd, fcntl.LOCK_EX)\n"
        "print('held', flush=True)\n"
        "sys.stdin.read()\n"
    )
    hidden = subprocess.Popen(
        [sys.executable, "-c", code, "stimctl.supervisor"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert hidden.stdout is not None
        hidden.stdout.readline()
        outcome = stop_port(device.address, "p24")
        assert (outcome.verdict, outcome.session) == ("verified", hidden.pid)
        assert hidden.wait(10) == -signal.SIGKILL
    finally:
        hidden.kill()
        hidden.communicate()


@pytest.mark.hazard("H61")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who is at a socket")
def test_a_server_of_another_user_is_not_believed(
    device: ScriptedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody may listen at a name without a folder, and say that the device is theirs and off."""
    key = device_key(device.start().address)
    (name,) = locks.abstract_sockets([key])
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(name)
    server.listen()
    monkeypatch.setattr(stop_sessions, "peer_of", lambda _line: (1, os.getuid() + 1))

    def lie() -> None:
        line, _ = server.accept()
        with line, contextlib.suppress(OSError):
            # Were it said and hung up before it is asked, who asks would only find it gone.
            if line.recv(64):
                theirs = {"kind": "session", "node": device.address, "keys": [key]}
                line.sendall(json.dumps(theirs).encode() + b'\n{"kind":"zero_verified"}\n')
                line.recv(64)

    liar = threading.Thread(target=lie)
    liar.start()
    outcome = stop_port(device.address, "p24")
    liar.join()
    server.close()
    assert (outcome.verdict, outcome.by) == ("verified", "port")
    assert device.status == 0


def test_two_stops_in_one_process_both_verify(device: ScriptedDevice) -> None:
    device.start()
    outcomes = []
    threads = [
        threading.Thread(target=lambda: outcomes.append(stop_port(device.address, "p24")))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.verdict for outcome in outcomes] == ["verified"] * 2


def test_the_command_prints_json_and_returns_the_exit_code(
    device: ScriptedDevice, capsys: pytest.CaptureFixture[str]
) -> None:
    assert stop_main([f"p24:{device.start().address}", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["schema"] == "stimctl.stop/1"
    assert told["verdict"] == "verified"
    assert stop_main(["p24:/dev/there-is-none"]) == 3
    assert stop_main(["sim:p24"]) == 3
    assert stop_main([]) == 2
    assert stop_main(["a", "b"]) == 2
    assert stop_main(["--help"]) == 0
    assert "usage: stimctl stop DEVICE" in capsys.readouterr().out


def test_device_names_are_taken_apart() -> None:
    assert str(parse_device("sim:p24")) == "sim:p24"
    assert parse_device("sim:p24").is_twin
    assert parse_device("p24:/dev/ttyACM0") == ("p24", "/dev/ttyACM0")
    assert parse_device("p24:socket://localhost:7000").address == "socket://localhost:7000"
    for wrong in ("", "p24", "p24:", "sim:", "sim:x", "x:/dev/y", "p24:ttyACM0", "p24:sim"):
        with pytest.raises(UsageError, match="p24"):
            parse_device(wrong)
