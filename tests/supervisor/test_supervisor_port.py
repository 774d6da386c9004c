"""The port: held alone, never waited for, and its loss noticed."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import socket
import subprocess
import sys
import termios
import threading
import time
import tty
from pathlib import Path

import pytest
import serial

from stimctl.devices.family import LineSettings, family_row
from stimctl.errors import LinkError, NoDeviceError, PortBusyError
from stimctl.supervisor.port import Port, SerialPort, lines_to_try, open_port
from tests.support.scripted_device import ScriptedDevice

pytestmark = pytest.mark.clock


def fill(port: Port) -> None:
    while port.write(b"x" * 4096) or port.write(b"x"):
        pass


class _Connection:
    """A socket whose other end is where the test says."""

    def __init__(self, real: socket.socket, peer: tuple[str, int]) -> None:
        self._real, self._peer = real, peer

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)

    def getpeername(self) -> tuple[str, int]:
        return self._peer


@pytest.mark.hazard("H54")
@pytest.mark.parametrize(
    ("peer", "hardware"), [("127.0.0.1", False), ("10.0.0.7", True), ("::ffff:10.0.0.7", True)]
)
def test_a_peer_elsewhere_is_hardware(
    monkeypatch: pytest.MonkeyPatch, peer: str, hardware: bool
) -> None:
    """What counts is where the connection has arrived, not the name that was given."""
    connect = socket.create_connection
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()[1]
        monkeypatch.setattr(
            socket,
            "create_connection",
            lambda *_: _Connection(connect(("127.0.0.1", address)), (peer, 4000)),
        )
        port = open_port(f"socket://localhost:{address}", family_row("p24").lines)
        assert port.is_hardware is hardware
        assert bool(port.far_end) is not hardware
        port.abort()


def test_bytes_go_both_ways(device: ScriptedDevice) -> None:
    device.start()
    port = open_port(device.address, family_row("p24").lines)
    device.say(b"hello")
    assert port.read(5.0) == b"hello"
    assert port.read(0.0) == b""
    assert port.write(b"\x0f\x0f") == 2
    port.abort()


@pytest.mark.hazard("H09")
def test_what_waited_before_the_port_was_opened_is_not_read(device: ScriptedDevice) -> None:
    device.say(b"an answer to somebody else")
    port = open_port(device.address, family_row("p24").lines)
    assert port.read(0.1) == b""
    device.say(b"now")
    assert port.read(5.0) == b"now"
    port.abort()


def test_a_device_that_does_not_read_never_holds_up_a_write(device: ScriptedDevice) -> None:
    port = open_port(device.address, family_row("p24").lines)
    begun = time.monotonic()
    fill(port)
    port.discard_output()
    assert port.write(b"stop") == 4, "discarding makes room for a stop"
    fill(port)
    port.abort()
    # Far below the 45 s for which a plain write or flush hangs here; no figure of ours.
    assert time.monotonic() - begun < 20


def test_the_line_settings_are_those_of_the_p24(device: ScriptedDevice) -> None:
    port = open_port(device.address, family_row("p24").lines)
    fd = os.open(device.address, os.O_RDWR | os.O_NOCTTY)
    _, _, cflag, _, _, speed, _ = termios.tcgetattr(fd)
    os.close(fd)
    assert speed == termios.B3000000
    assert cflag & termios.CSTOPB
    assert cflag & termios.CRTSCTS
    assert port.describe()["baud"] == 3_000_000
    assert port.describe()["low_latency"] is False, "a pty has no such mode, and that is said"
    port.abort()


def test_a_baud_rate_the_system_refuses_falls_back_to_the_next(device: ScriptedDevice) -> None:
    port = open_port(
        device.address,
        (LineSettings(-1, rtscts=True), LineSettings(230_400), LineSettings(115_200)),
    )
    assert isinstance(port, SerialPort)
    assert port.line == LineSettings(230_400)
    port.abort()


def test_a_port_that_takes_no_setting_is_an_error_with_the_reasons(device: ScriptedDevice) -> None:
    with pytest.raises(LinkError, match="takes none of the line settings"):
        open_port(device.address, (LineSettings(-1), LineSettings(-2)))
    open_port(device.address, family_row("p24").lines).abort()


class _TerminalOfMacos(serial.Serial):
    """Answers as a pseudo terminal there is told to: ENOTTY to a rate above those of `termios`."""

    def open(self) -> None:
        if self.baudrate > 230_400:
            raise OSError(errno.ENOTTY, "Inappropriate ioctl for device")
        super().open()


@pytest.mark.parametrize(
    ("family", "taken"), [("p24", 230_400), ("rehamove3", 115_200), ("rehastim2", 115_200)]
)
def test_a_pseudo_terminal_of_macos_is_opened_at_a_rate_that_it_takes(
    device: ScriptedDevice, monkeypatch: pytest.MonkeyPatch, family: str, taken: int
) -> None:
    monkeypatch.setattr(serial, "Serial", _TerminalOfMacos)
    port = open_port(
        device.address, lines_to_try(device.address, family_row(family).lines, "darwin")
    )
    assert port.describe()["baud"] == taken
    port.abort()


def test_a_serial_port_is_set_as_its_family_says_and_not_otherwise(device: ScriptedDevice) -> None:
    lines = family_row("rehamove3").lines
    assert lines_to_try("/dev/cu.usbserial-A1", lines, "darwin") == lines
    assert lines_to_try(device.address, lines, "linux") == lines


def test_what_is_no_serial_port_is_told_so_once(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    for place, why in ((tmp_path, "a folder"), (file, "no line settings")):
        with pytest.raises(NoDeviceError, match="is no serial port") as told:
            open_port(str(place), family_row("p24").lines)
        assert why in told.value.why


def test_tiocexcl_is_never_set_on_a_pty(device: ScriptedDevice) -> None:
    port = open_port(device.address, family_row("p24").lines)
    os.close(os.open(device.address, os.O_RDWR | os.O_NOCTTY))
    tiocgexcl = 0x80045440
    if sys.platform == "linux":
        fd = os.open(device.address, os.O_RDWR | os.O_NOCTTY)
        answer = bytearray(4)
        fcntl.ioctl(fd, tiocgexcl, answer)
        os.close(fd)
        assert int.from_bytes(answer, sys.byteorder) == 0
    assert port.describe()["exclusive"] == "flock"
    port.abort()


@pytest.mark.hazard("H06")
def test_a_second_open_is_refused_and_works_again_after_close(device: ScriptedDevice) -> None:
    first = open_port(device.address, family_row("p24").lines)
    with pytest.raises(PortBusyError, match=f"stimctl pid {os.getpid()}"):
        open_port(device.address, family_row("p24").lines)
    first.abort()
    open_port(device.address, family_row("p24").lines).abort()


@pytest.mark.hazard("H06")
def test_another_program_that_holds_the_port_is_reported_as_such(device: ScriptedDevice) -> None:
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
        assert other.stdout.readline() == b"held\n"
        with pytest.raises(PortBusyError, match="another program"):
            open_port(device.address, family_row("p24").lines)
    finally:
        other.kill()
        other.communicate()


@pytest.mark.parametrize("address", ["/dev/there-is-none", "socket://127.0.0.1:1", "socket://x"])
def test_where_there_is_no_device_that_is_said(address: str) -> None:
    with pytest.raises(NoDeviceError):
        open_port(address, family_row("p24").lines)


def test_an_unplugged_device_is_noticed_by_reader_and_writer() -> None:
    master, slave = pty.openpty()
    tty.setraw(slave)
    address = os.ttyname(slave)
    port = open_port(address, family_row("p24").lines)
    os.close(slave)
    os.close(master)
    with pytest.raises(LinkError, match="lost"):
        port.read(5.0)
    with pytest.raises(LinkError):
        port.write(b"x")
    with pytest.raises(LinkError):
        port.check()
    port.abort()


def test_abort_wakes_a_reader_and_may_be_repeated(device: ScriptedDevice) -> None:
    port = open_port(device.address, family_row("p24").lines)
    ends: list[str] = []

    def read() -> None:
        try:
            while True:
                port.read(60.0)
        except LinkError as error:
            ends.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    port.abort()
    port.abort()
    reader.join(10.0)
    assert not reader.is_alive()
    assert len(ends) == 1
    with pytest.raises(LinkError):
        port.write(b"x")


def test_a_lock_that_is_gone_is_noticed(device: ScriptedDevice) -> None:
    port = open_port(device.address, family_row("p24").lines)
    port.check()
    assert isinstance(port, SerialPort)
    port._lock.path.unlink()
    with pytest.raises(LinkError, match="lock file"):
        port.check()
    port.abort()


def test_a_tcp_twin_is_a_port_like_any_other() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"socket://127.0.0.1:{server.getsockname()[1]}"
        port = open_port(address, family_row("p24").lines)
        peer, _ = server.accept()
        with peer:
            peer.sendall(b"abc")
            assert port.read(5.0) == b"abc"
            assert port.write(b"xyz") == 3
            assert peer.recv(10) == b"xyz"
            with pytest.raises(PortBusyError):
                open_port(address, family_row("p24").lines)
        with pytest.raises(LinkError):
            port.read(5.0)
        port.abort()
