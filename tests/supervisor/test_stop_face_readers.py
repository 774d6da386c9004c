"""The real calls of the stop faces. No pedal and no button is here: their errors are real, what
they would send is handed in by a pipe and by made-up answers of `ioctl`."""

from __future__ import annotations

import errno
import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import LinkError, NoDeviceError, PortBusyError
from stimctl.supervisor import stop_face_readers
from stimctl.supervisor.stop_face_events import Sign
from stimctl.supervisor.stop_face_names import StopFaceName, parse_stop_face
from stimctl.supervisor.stop_face_readers import LineReader, PedalReader, open_reader

pytestmark = pytest.mark.clock

linux = pytest.mark.skipif(sys.platform != "linux", reason="input devices are Linux's")


def pedal(path: object) -> StopFaceName:
    return StopFaceName("pedal", str(path))


def line(path: object, signal: str = "dsr") -> StopFaceName:
    return StopFaceName("line", str(path), signal)


def open_files() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


@pytest.fixture
def slave() -> Iterator[str]:
    master, other = pty.openpty()
    yield os.ttyname(other)
    os.close(master)
    os.close(other)


# -- real errors


@linux
@pytest.mark.parametrize("name", [pedal("/dev/input/by-id/none"), line("/dev/ttyUSB99")])
def test_what_is_not_there_is_named_so(name: StopFaceName) -> None:
    with pytest.raises(NoDeviceError, match=r"is not there: .*stop-face list") as refused:
        open_reader(name)
    assert str(name) in str(refused.value)


@linux
@pytest.mark.parametrize("make", [pedal, line])
@pytest.mark.parametrize("what", ["file", "folder", "null", "pipe", "pty"])
def test_what_is_no_input_device_and_no_port_is_refused(
    tmp_path: Path, slave: str, make: Callable[[object], StopFaceName], what: str
) -> None:
    (tmp_path / "file").write_bytes(b"\0" * 480)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    # A pseudo terminal has no control lines, and is no input device either.
    path = {"null": "/dev/null", "pty": slave}.get(what, str(tmp_path / what))
    before = open_files()
    with pytest.raises(NoDeviceError, match="is not a readable stop face") as refused:
        open_reader(make(path))
    assert refused.value.what_to_do
    assert open_files() <= before, "nothing stays open"  # what tests before left may be closed


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@linux
@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become somebody else")
@pytest.mark.parametrize(("make", "group"), [(pedal, "input"), (line, "dialout")])
def test_without_permission_the_command_that_mends_it_is_told(
    tmp_path: Path, make: Callable[[object], StopFaceName], group: str
) -> None:
    node = Path("/tmp", f"stimctl-test-node-{os.getpid()}-{group}")
    node.write_bytes(b"")
    node.chmod(0o600)
    try:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                os.setgid(65534)
                os.setuid(65534)
                open_reader(make(node))
            except NoDeviceError as error:
                told = str(error)
                good = "you may not open" in told and f"usermod -aG {group} $USER" in told
                code = 0 if good else 2
            finally:
                os._exit(code)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    finally:
        node.unlink()


def test_the_port_of_the_stimulator_is_no_stop_face_under_any_name(
    tmp_path: Path, slave: str
) -> None:
    (tmp_path / "link").symlink_to(slave)
    for face, device in (
        (slave, slave),
        (str(tmp_path / "link"), slave),
        (slave, f"{tmp_path}/link"),
    ):
        with pytest.raises(PortBusyError, match="is the stimulator's own port"):
            open_reader(line(face), device)


_HOLDER = """
import sys
from stimctl.supervisor.locks import PortLock
PortLock(sys.argv[1], "supervisor").acquire()
print("held", flush=True)
sys.stdin.read()
"""


def test_a_port_that_another_session_holds_is_refused_before_it_is_opened(
    slave: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = [sys.executable, "-c", _HOLDER, slave]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        monkeypatch.setattr(stop_face_readers, "_opened", lambda *_: pytest.fail("opened"))
        with pytest.raises(PortBusyError, match="already used by"):
            open_reader(line(slave))
        other.communicate()


# -- made-up answers


class Kernel:
    """Stands for `ioctl` on input devices and serial lines."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.keys = False
        self.down = 0
        self.grabbed_by_other = False
        self.lines = termios.TIOCM_DSR | termios.TIOCM_CTS
        self.gone = 0

    def ioctl(self, _fd: int, request: int, value: Any = 0) -> Any:
        self.asked.append(request)
        if self.gone:
            raise OSError(self.gone, os.strerror(self.gone))
        match request:
            case 0x80084502:  # EVIOCGID
                return struct.pack("4H", 3, 0x05F3, 0x00FF, 1)
            case 0x81004506:  # EVIOCGNAME(256)
                return b"VEC USB Footpedal".ljust(256, b"\0")
            case 0x80604521:  # EVIOCGBIT(EV_KEY, 96)
                return bytes([self.keys] * 96)
            case 0x80604518:  # EVIOCGKEY(96)
                return self.down.to_bytes(96, sys.byteorder)
            case 0x40044590:  # EVIOCGRAB
                assert value == 1
                if self.grabbed_by_other:
                    raise OSError(errno.EBUSY, "Device or resource busy")
                return 0
            case termios.TIOCMGET:
                return struct.pack("i", self.lines)
        return 0


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    made = Kernel()
    made.keys = True
    monkeypatch.setattr(fcntl, "ioctl", made.ioctl)
    return made


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A pipe in place of an input device, and its writing end."""
    path = tmp_path / "event7"
    os.mkfifo(path)
    writer = os.open(path, os.O_RDWR)
    yield path, writer
    os.close(writer)


def press(value: int, code: int = 57) -> bytes:
    return struct.pack("@llHHi", 0, 0, 1, code, value)


@linux
def test_a_pedal_is_grabbed_and_each_key_of_it_is_read(
    kernel: Kernel, node: tuple[Path, int]
) -> None:
    path, writer = node
    reader = PedalReader(pedal(path))
    assert reader.what == "VEC USB Footpedal 05f3:00ff"
    assert 0x40044590 in kernel.asked, "its keys type nowhere else"
    assert list(reader.read(0.0)) == []
    os.write(writer, press(1) + press(2) + press(0) + press(1, 30))
    assert list(reader.read(1.0)) == [Sign.DOWN, Sign.UP, Sign.DOWN]
    reader.close()


@linux
def test_a_pedal_that_is_down_when_it_is_opened_says_so(
    kernel: Kernel, node: tuple[Path, int]
) -> None:
    kernel.down = 1 << 57
    reader = PedalReader(pedal(node[0]))
    assert list(reader.read(0.0)) == [Sign.HELD]
    assert list(reader.read(0.0)) == []
    os.write(node[1], press(2) + press(0))
    assert list(reader.read(1.0)) == [Sign.UP], "and when it is let go"
    reader.close()


@linux
def test_a_pedal_that_another_program_has_grabbed_is_refused(
    kernel: Kernel, node: tuple[Path, int]
) -> None:
    kernel.grabbed_by_other = True
    with pytest.raises(PortBusyError, match=r"taken by another program.*fuser"):
        PedalReader(pedal(node[0]))


@linux
def test_an_input_device_without_keys_is_refused(kernel: Kernel, node: tuple[Path, int]) -> None:
    kernel.keys = False
    with pytest.raises(NoDeviceError, match="no keys or buttons"):
        PedalReader(pedal(node[0]))


@linux
@pytest.mark.hazard("H72")
@pytest.mark.parametrize("number", [errno.ENODEV, errno.EIO, 0])
def test_a_pedal_that_is_unplugged_fails_or_ends_is_lost(
    kernel: Kernel, node: tuple[Path, int], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    path, writer = node
    reader = PedalReader(pedal(path))
    os.write(writer, b"x")

    def read(_fd: int, _count: int) -> bytes:
        if number:
            raise OSError(number, os.strerror(number))
        return b""

    monkeypatch.setattr(os, "read", read)
    with pytest.raises(LinkError, match="is lost"):
        reader.read(1.0)
    reader.close()


@pytest.mark.parametrize("signal", ["dsr", "cts"])
def test_a_line_rests_raised_and_a_press_lowers_it(kernel: Kernel, slave: str, signal: str) -> None:
    bit = {"dsr": termios.TIOCM_DSR, "cts": termios.TIOCM_CTS}[signal]
    reader = LineReader(line(slave, signal), "")
    assert termios.TIOCMBIS in kernel.asked, "DTR and RTS feed the button"
    assert list(reader.read(0.0)) == []
    kernel.lines &= ~bit
    assert list(reader.read(0.0)) == [Sign.DOWN]
    assert list(reader.read(0.0)) == []
    kernel.lines |= bit
    assert list(reader.read(0.0)) == [Sign.UP]
    kernel.lines = bit
    assert list(reader.read(0.0)) == [], "other lines of the port mean nothing"
    reader.close()


def test_a_line_that_is_normally_open_rests_lowered(kernel: Kernel, slave: str) -> None:
    kernel.lines = 0
    reader = LineReader(parse_stop_face(f"line:{slave}:dsr:normally-open"), "")
    assert list(reader.read(0.0)) == []
    kernel.lines = termios.TIOCM_DSR
    assert list(reader.read(0.0)) == [Sign.DOWN]
    reader.close()


def test_a_line_that_is_down_at_opening_is_held(kernel: Kernel, slave: str) -> None:
    kernel.lines = 0
    reader = LineReader(line(slave), "")
    assert list(reader.read(0.0)) == [Sign.HELD]
    reader.close()


@pytest.mark.hazard("H72")
@pytest.mark.parametrize("number", [errno.EIO, errno.ENODEV, errno.ENOTTY])
def test_a_line_whose_port_is_gone_is_lost(kernel: Kernel, slave: str, number: int) -> None:
    reader = LineReader(line(slave), "")
    reader.read(0.0)
    kernel.gone = number
    with pytest.raises(LinkError, match="is lost"):
        reader.read(0.0)
    reader.close()


def test_a_line_is_kept_for_this_program(kernel: Kernel, slave: str) -> None:
    reader = LineReader(line(slave), "")
    with pytest.raises(PortBusyError, match="another program"):
        LineReader(line(slave, "cts"), "")
    reader.close()
    LineReader(line(slave, "cts"), "").close()
