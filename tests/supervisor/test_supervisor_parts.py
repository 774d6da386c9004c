"""The parts around the main loop: inbox, commands, outputs, clocks, lines, and told errors."""

from __future__ import annotations

import json
import os
import socket
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from stimctl.codes import Code
from stimctl.devices.family import family_row
from stimctl.errors import (
    LimitRefusedError,
    LinkError,
    PortBusyError,
    ProtocolFileError,
    StateError,
    StimctlError,
    UsageError,
)
from stimctl.session import intents
from stimctl.session.facts import ClockStep, FaceAlive, SuspendGap
from stimctl.stimulus.level import CURRENT, Level
from stimctl.supervisor import clocks as clocks_module
from stimctl.supervisor.clocks import ClockWatch
from stimctl.supervisor.commands import Command, intent_of, parse_command
from stimctl.supervisor.control_socket import ControlSocket
from stimctl.supervisor.face_input import item_of
from stimctl.supervisor.inbox import Arrived, Inbox, Leave, LineLost, StopAsked
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.locks import sub_folder
from stimctl.supervisor.output import FaceOutput, row_of
from stimctl.supervisor.port import SerialPort, open_port
from stimctl.supervisor.process import Supervisor
from stimctl.supervisor.serve import _arguments, _serve
from stimctl.supervisor.stop import stop_port
from stimctl.supervisor.twin import announce_twin, running_twins, twin_place
from stimctl.supervisor.wire_errors import decode_error
from tests.support.scripted_device import ScriptedDevice

pytestmark = pytest.mark.clock


def wait_for(condition: Callable[[], object]) -> None:
    give_up = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.002)


@pytest.mark.hazard("H29", "H55")
def test_a_stop_jumps_the_queue_and_cancels_waiting_raises() -> None:
    inbox = Inbox()
    raising = Command("raise", {"channel": 1, "level": Level(CURRENT, 500)}, 1)
    inbox.put(FaceAlive())
    inbox.put(raising)
    inbox.put(Command("lower", {"channel": 1, "level": Level(CURRENT, 0)}, 2))
    inbox.put(StopAsked("operator"))
    assert inbox.get(0) == StopAsked("operator")
    assert inbox.discard_raises() == [raising]
    taken = [inbox.get(0) for _ in range(4)]
    assert [item for item in taken if item is not None] == [
        FaceAlive(),
        Command("lower", {"channel": 1, "level": Level(CURRENT, 0)}, 2),
    ]


def test_whatever_can_lead_to_more_output_is_cancelled_by_a_stop() -> None:
    words = {"arm", "start", "raise", "pulse", "resume", "hold"}
    assert {word for word in words if Command(word).may_raise} == words
    assert not any(Command(word).may_raise for word in ("lower", "pause", "close", "beat"))


def test_commands_become_intents_in_integers() -> None:
    line = b'{"do":"raise","channel":2,"level":"12.5 mA","since":7,"id":3}'
    assert intent_of(parse_command(line)) == intents.Raise(2, Level(CURRENT, 12_500), 7)
    assert intent_of(parse_command(b'{"do":"hold","for":"2 s"}')) == intents.Hold(2_000_000)
    assert intent_of(parse_command(b'{"do":"arm"}')) == intents.Arm()
    link = b'{"do":"link","channels":[1,2]}'
    assert intent_of(parse_command(link)) == intents.Link((1, 2))
    assert intent_of(parse_command(b'{"do":"unlink"}')) == intents.Unlink()
    assert intent_of(parse_command(b'{"do":"compile"}')) is None
    assert item_of(b'{"do":"beat"}') == FaceAlive()
    assert item_of(b'{"do":"stop","id":9}') == StopAsked("operator", 9)
    assert item_of(b'{"do":"close"}') == Leave("the program was closed", 0)


def test_a_command_line_has_at_most_512_bytes() -> None:
    line = json.dumps({"do": "stop", "reason": "x" * 600}).encode()
    with pytest.raises(UsageError, match="too long"):
        parse_command(line)


def test_telemetry_is_dropped_for_a_face_that_does_not_read_and_state_changes_are_not() -> None:
    reader, writer = os.pipe()
    output = FaceOutput(writer)
    blocker = row_of("state", 0, 0, {"n": "x" * 200_000})  # more than a pipe holds
    output.put(blocker, droppable=False)
    begun = time.monotonic()
    for number in range(1000):
        output.put(row_of("telemetry", 0, 0, {"n": number}), droppable=True)
        output.put(row_of("state", 0, 0, {"n": number}), droppable=False)
    assert time.monotonic() - begun < 10, "the face did not hold it up"
    assert output.dropped >= 700
    heard = b""
    while heard.count(b'"kind":"state"') < 1001 or not heard.endswith(b"\n"):
        heard += os.read(reader, 65536)
    numbers = [json.loads(line)["n"] for line in heard.splitlines() if b'"state"' in line]
    assert numbers[1:] == list(range(1000))
    output.finish(1.0)
    os.close(reader)
    os.close(writer)


def test_a_face_that_has_closed_its_end_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    output = FaceOutput(writer)
    output.put(row_of("state", 0, 0, {}), droppable=False)
    output.finish(5.0)
    os.close(writer)


@pytest.fixture
def control(runtime: Path) -> tuple[ControlSocket, Inbox, Path]:
    path = runtime / "control.sock"
    inbox = Inbox()
    return ControlSocket(path, inbox), inbox, path


def dial(path: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(10)
    line.connect(str(path))
    return line


def test_the_control_socket_takes_stop_and_watch_only(
    control: tuple[ControlSocket, Inbox, Path],
) -> None:
    server, inbox, path = control
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with dial(path) as line:
        line.sendall(b'{"do":"raise","channel":1,"level":"5 mA"}\nnonsense\n')
        assert b"only stop and watch" in line.recv(4096)
        assert inbox.get(0.05) is None
        line.sendall(b'{"do":"sto')
        line.sendall(b'p"}\n')
        assert inbox.get(10) == StopAsked("control socket", code=Code.STOP_PATH)
        server.publish("telemetry", b"{}\n")
        server.publish("zero_verified", b'{"kind":"zero_verified"}\n')
        heard = b""
        while b"zero_verified" not in heard:
            heard += line.recv(4096)
        assert b"{}\n" not in heard.replace(b'{"kind":"zero_verified"}\n', b"")
    server.close()
    assert not path.exists()


def test_a_watcher_that_does_not_read_is_dropped_and_holds_up_nobody(
    control: tuple[ControlSocket, Inbox, Path],
) -> None:
    server, _, path = control
    with dial(path) as line:
        line.sendall(b'{"do":"watch"}\n')
        wait_for(lambda: any(client.wants_all for client in server._clients.values()))
        row = b'{"kind":"telemetry","x":"' + b"y" * 10_000 + b'"}\n'
        for _ in range(200):
            server.publish("telemetry", row)
        assert not server._clients
    server.close()


def test_too_many_and_too_talkative_clients_are_sent_away(
    control: tuple[ControlSocket, Inbox, Path],
) -> None:
    server, inbox, path = control
    lines = [dial(path) for _ in range(16)]
    wait_for(lambda: len(server._clients) == 16)
    with dial(path) as extra:
        assert extra.recv(1) == b""
    lines[0].sendall(b"z" * 2000)
    wait_for(lambda: len(server._clients) == 15)
    lines[1].sendall(b'{"do":"stop"}\n')
    assert inbox.get(10) == StopAsked("control socket", code=Code.STOP_PATH)
    for line in lines:
        line.close()
    server.close()


def test_a_name_that_was_left_can_be_taken_by_another_session(
    control: tuple[ControlSocket, Inbox, Path],
) -> None:
    server, _, path = control
    names = [f"\0stimctl-test/{path}/{name}" for name in ("kept", "lent")]
    server.listen_at(names)
    server.leave([names[1], "never listened there"])
    other = ControlSocket(path.with_name("other.sock"), Inbox(), names)
    assert set(other._addresses) == {str(path.with_name("other.sock")), names[1]}
    other.close()
    server.listen_at(names)  # after a replugging it is free again
    assert names[1] in server._addresses
    server.close()


@pytest.mark.hazard("H04", "H17")
def test_sleep_and_a_moved_wall_clock_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    offsets = [(0, 0), (0, 0), (3_000_000_000, 3_000_000_000), (3_000_000_000, 0)]
    told = iter([*offsets, (3_500_000_000, 500_000_000)])
    monkeypatch.setattr(ClockWatch, "_offsets", staticmethod(lambda: next(told)))
    watch = ClockWatch()
    assert watch.facts() == []
    assert watch.facts() == [SuspendGap(3_000_000)]
    assert watch.facts() == [ClockStep(-3_000_000)]
    assert watch.facts() == [], "half a second is neither"


def test_the_real_clocks_report_nothing_by_themselves() -> None:
    assert ClockWatch().facts() == []
    assert clocks_module._with_sleep_ns() > 0


@dataclass
class Out:
    data: bytes
    urgent: bool = False
    expires_ns: int | None = None
    resets: bool = False


@pytest.mark.hazard("H09", "H55")
def test_a_stop_discards_what_has_not_left_and_stale_raises_never_leave(
    device: ScriptedDevice,
) -> None:
    inbox = Inbox()
    opener = partial(open_port, device.address, family_row("p24").lines)
    line = DeviceLine(opener(), opener, inbox)
    now = time.monotonic_ns()
    line.send([Out(b"x" * 60_000), Out(b"RAISE", expires_ns=now - 1)])  # type: ignore[list-item]
    assert line.has_unsent
    line.send([Out(b"STOP", urgent=True)])  # type: ignore[list-item]
    assert not line.has_unsent
    device.start()
    wait_for(lambda: device.heard.endswith(b"STOP"))
    assert b"RAISE" not in device.heard
    line.drop()
    assert not line.is_up


@pytest.mark.hazard("H09")
def test_a_raise_that_waited_too_long_for_the_line_is_not_written_when_it_is_free_again(
    device: ScriptedDevice,
) -> None:
    opener = partial(open_port, device.address, family_row("p24").lines)
    line = DeviceLine(opener(), opener, Inbox())
    now = time.monotonic_ns()
    line.send([Out(b"x" * 60_000), Out(b"RAISE", expires_ns=now - 1), Out(b"LOWER")])  # type: ignore[list-item]
    assert line.has_unsent
    device.start()

    def written() -> bool:
        line.flush()
        return device.heard.endswith(b"LOWER")

    wait_for(written)
    assert b"RAISE" not in device.heard
    line.drop()


@pytest.mark.hazard("H01", "H07")
def test_a_lost_line_is_reported_once_and_comes_back_as_the_same_device_only(
    device: ScriptedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    plugged = ["0483:5740:A"]
    monkeypatch.setattr("stimctl.supervisor.port.usb_identity", lambda _device: plugged[0])
    inbox = Inbox()
    opener = partial(open_port, device.address, family_row("p24").lines)
    line = DeviceLine(opener(), opener, inbox)
    device.start().say(b"hello")
    assert inbox.get(10) == Arrived(1, b"hello")
    line.drop()
    lost = inbox.get(10)
    assert isinstance(lost, LineLost)
    assert not line.is_current(lost.link)
    plugged[0] = "0483:5740:B"
    now = time.monotonic_ns()
    assert not line.reopen(now), "another device under the same name"
    plugged[0] = "0483:5740:A"
    assert not line.reopen(now), "at most twice a second"
    assert line.reopen(now + 1_000_000_000)
    assert line.is_current(2)
    device.say(b"again")
    assert inbox.get(10) == Arrived(2, b"again")
    line.drop()


@pytest.mark.hazard("H06")
def test_a_lost_lock_is_noticed_every_5_s_and_means_a_lost_line(device: ScriptedDevice) -> None:
    inbox = Inbox()
    opener = partial(open_port, device.address, family_row("p24").lines)
    line = DeviceLine(opener(), opener, inbox)
    line.check(1)
    for lock in sub_folder("locks").iterdir():
        lock.unlink()
    line.check(2_000_000_000)
    assert inbox.get(0) is None
    line.check(5_000_000_001)
    lost = inbox.get(0)
    assert isinstance(lost, LineLost)
    assert "lock file" in lost.reason
    line.drop()


def test_a_bug_in_the_main_loop_stops_the_device_without_it(
    device: ScriptedDevice, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def broken(_supervisor: Supervisor) -> int:
        raise ZeroDivisionError

    monkeypatch.setattr(Supervisor, "run", broken)
    device.start()
    reader, writer = os.pipe()
    arguments = _arguments([f"p24:{device.address}", "--journal", str(tmp_path)])
    with pytest.raises(ZeroDivisionError):
        _serve(arguments, FaceOutput(writer), Inbox())
    assert device.status == 0
    os.close(reader)
    os.close(writer)


def test_a_lost_pty_is_never_opened_again(device: ScriptedDevice) -> None:
    opener = partial(open_port, device.address, family_row("p24").lines)
    line = DeviceLine(opener(), opener, Inbox())
    line.drop()
    assert not line.reopen(time.monotonic_ns()), "its number may be somebody else's by now"


def test_the_place_of_a_dead_twin_is_not_stopped_in_its_name(device: ScriptedDevice) -> None:
    place = twin_place("p24")
    place.symlink_to(device.start().address)
    announce_twin("p24", str(place))
    assert stop_port(str(place), "p24").verdict == "verified"
    note = place.with_suffix(".json")
    note.write_text(note.read_text().replace(str(os.getpid()), "4194305"))
    assert running_twins("p24") == []
    assert stop_port(str(place), "p24").verdict == "no-device"


@pytest.mark.parametrize(
    "error",
    [
        StateError("what", code="not-open", why="why", what_to_do="do"),
        PortBusyError("busy", holder="stimctl pid 1"),
        ProtocolFileError("bad", file="x.toml", line=3, field="pulse"),
        LinkError("lost"),
        StimctlError("plain"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_survives_the_pipe(error: StimctlError) -> None:
    again = decode_error(json.loads(json.dumps(error.as_dict())))
    assert type(again) is type(error)
    assert again.as_dict() == error.as_dict()


def test_a_refusal_survives_the_pipe() -> None:
    told = {"error": "LimitRefusedError", "what": "no", "refusal": {"limit_id": "L-J"}}
    again = decode_error(told)
    assert isinstance(again, LimitRefusedError)
    assert again.refusal.limit_id == "L-J"
    assert again.as_dict()["refusal"] == {"limit_id": "L-J"}
    with pytest.raises(AttributeError):
        _ = again.refusal.unknown


@pytest.mark.parametrize("told", [{}, {"error": "ExitCode"}, {"error": 3}, {"error": "os"}])
def test_an_error_of_no_known_kind_is_still_an_error(told: dict[str, object]) -> None:
    assert type(decode_error(told)) is StimctlError


def test_a_line_that_floods_waits_outside_and_does_not_grow_this_process(
    device: ScriptedDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Flood(SerialPort):
        def read(self, timeout_s: float) -> bytes:
            return b"x"

    opener = partial(open_port, device.address, family_row("p24").lines)
    port = opener()
    port.__class__ = Flood
    inbox = Inbox()
    line = DeviceLine(port, opener, inbox)
    wait_for(lambda: inbox.crowded)
    taken = 0
    while inbox.get(0.1) is not None and taken < 5_000:
        taken += 1
        assert len(inbox._normal) < 1_000
    assert taken == 5_000, "the rest comes as soon as there is room"
    line.drop()
    wait_for(lambda: LineLost(1, "the port was let go") in inbox._normal)
