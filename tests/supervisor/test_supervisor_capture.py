"""A session is captured whole, without its person, and never disturbed by it."""

from __future__ import annotations

import errno
import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

import stimctl
from stimctl.devices.family import family_row
from stimctl.errors import CaptureError, LinkError, StimctlError
from stimctl.records.captures import CaptureRow, Kind, read_capture
from stimctl.records.storage import LocalFileSystem
from stimctl.supervisor import link_capture
from stimctl.supervisor.inbox import BadLine, Inbox
from stimctl.supervisor.link_capture import (
    CapturedPort,
    LinkCapture,
    capture_place,
    link_capture_of,
)

P24 = family_row("p24")


class FakePort:
    """Takes at most three bytes a write, and gives what it was given to say."""

    is_hardware, far_end, identity, keys = False, ("x",), "1:2", ("key",)

    def __init__(self, *said: bytes) -> None:
        self.said, self.heard, self.calls = list(said), b"", list[str]()

    def read(self, timeout_s: float) -> bytes:
        if not self.said:
            raise LinkError("gone")
        return self.said.pop(0)

    def write(self, data: bytes) -> int:
        self.heard += data[:3]
        return min(len(data), 3)

    def discard_output(self) -> None:
        self.calls.append("discard")

    def pulse_dtr(self) -> None:
        self.calls.append("dtr")

    def listens_at(self, socket: str, row: str = "") -> None:
        self.calls.append(f"listens {socket}{row}")

    def name_has_moved(self) -> bool:
        return True

    def check(self) -> None:
        self.calls.append("check")

    def abort(self) -> None:
        self.calls.append("abort")

    def describe(self) -> Mapping[str, object]:
        return {"address": "/home/somebody/tty", "baud": 9600, "parity": "E", "stop_bits": 1}


class Disk(LocalFileSystem):
    """Fails to write from the `bad`-th time on, or stands still until it is let go."""

    def __init__(self, bad: int = 1_000, still: threading.Event | None = None) -> None:
        self._left, self._still = bad, still

    def write(self, descriptor: int, data: bytes) -> int:
        if self._still is not None:
            self._still.wait()
        self._left -= 1
        if self._left < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(descriptor, data[:100])  # in pieces


def captured(path: Path, use: Callable[[CapturedPort], object], *said: bytes) -> list[CaptureRow]:
    capture = LinkCapture(path, P24, origin="session")
    use(capture.opener(lambda: FakePort(*said))())  # type: ignore[arg-type]
    capture.close()
    return list(read_capture(path).rows)


def test_a_captured_port_behaves_as_the_port_itself(tmp_path: Path) -> None:
    port = FakePort(b"ab", b"")
    capture = LinkCapture(tmp_path / "a", P24, origin="session")
    tapped = capture.opener(lambda: port)()
    plain = (port.is_hardware, port.far_end, port.identity, port.keys)
    assert (tapped.is_hardware, tapped.far_end, tapped.identity, tapped.keys) == plain
    assert (tapped.read(1), tapped.read(1), tapped.write(b"hello")) == (b"ab", b"", 3)
    with pytest.raises(LinkError):
        tapped.read(1)
    tapped.discard_output()
    tapped.pulse_dtr()
    tapped.listens_at("here", "row")
    tapped.check()
    tapped.abort()
    tapped.abort()
    assert port.calls == ["discard", "dtr", "listens hererow", "check", "abort", "abort"]
    assert tapped.name_has_moved()
    assert tapped.describe() == port.describe()
    capture.close()


def test_both_directions_are_captured_as_they_passed(tmp_path: Path) -> None:
    def use(port: CapturedPort) -> None:
        port.write(b"hello")  # of which the port takes three
        port.read(0)
        port.read(0)
        port.pulse_dtr()
        port.discard_output()
        port.abort()
        port.abort()

    rows = captured(tmp_path / "a", use, b"yes", b"")
    assert [(row.kind, row.data) for row in rows] == [
        (Kind.OPENED, b""),
        (Kind.SENT, b"hel"),
        (Kind.RECEIVED, b"yes"),
        (Kind.RESET, b""),
        (Kind.DISCARDED, b""),
        (Kind.CLOSED, b""),
    ]


def test_the_header_says_how_the_port_was_set_and_not_where_it_is(tmp_path: Path) -> None:
    captured(tmp_path / "a", lambda port: port.write(b"x"))
    header = read_capture(tmp_path / "a").header
    assert (header.family, header.line.baud, header.line.parity) == ("p24", 9600, "E")
    assert "somebody" not in (tmp_path / "a").read_text()


@pytest.mark.parametrize("bad", [0, 1, 3])
def test_a_full_disk_is_told_once_and_the_port_goes_on(tmp_path: Path, bad: int) -> None:
    told: list[StimctlError] = []
    capture = LinkCapture(
        tmp_path / "a", P24, origin="session", failed=told.append, files=Disk(bad)
    )
    port = FakePort(*[b"y" * 100] * 5)
    tapped = capture.opener(lambda: port)()
    for _ in range(5):
        tapped.write(b"abc")
        tapped.read(0)
    capture.close()
    for _ in range(5):
        assert tapped.write(b"abc") == 3
    assert port.heard == b"abc" * 10
    assert [error.why for error in told] == ["No space left on device"]
    assert "goes on without it" in told[0].what_to_do


@pytest.mark.clock
def test_a_disk_that_stands_still_holds_up_nobody_and_the_gap_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(link_capture, "_MOST_WAITING", 10)
    monkeypatch.setattr(link_capture, "_END_WITHIN_S", 0.01)
    go_on = threading.Event()
    path = tmp_path / "a"
    capture = LinkCapture(path, P24, origin="session", files=Disk(still=go_on))
    tapped = capture.opener(FakePort)()
    for _ in range(50):
        assert tapped.write(b"abc") == 3
    capture.close()  # gives up waiting
    go_on.set()
    give_up = time.monotonic() + 10
    while b'"kind":"end"' not in path.read_bytes():
        assert time.monotonic() < give_up
        time.sleep(0.005)
    rows = read_capture(path).rows
    missing = sum(row.rows for row in rows)
    assert len([row for row in rows if row.kind is Kind.SENT]) + missing == 50
    assert missing > 0


def test_a_file_that_is_there_or_cannot_be_made_is_refused_before_anything(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    with pytest.raises(CaptureError, match="exists already"):
        LinkCapture(tmp_path / "a", P24, origin="session")
    with pytest.raises(CaptureError, match="cannot be written"):
        LinkCapture(tmp_path / "none" / "a", P24, origin="session")
    assert (tmp_path / "a").read_bytes() == b"x"


def test_where_no_port_was_opened_no_file_is_left(tmp_path: Path) -> None:
    capture = LinkCapture(tmp_path / "a", P24, origin="session")
    capture.close()
    assert list(tmp_path.iterdir()) == []


def test_in_a_folder_each_session_gets_a_file_of_its_own(tmp_path: Path) -> None:
    names = set()
    for _ in range(3):
        path = capture_place(str(tmp_path), "p24")
        path.touch()
        names.add(path.name)
    assert len(names) == 3
    assert capture_place(str(tmp_path / "one"), "p24") == tmp_path / "one"


def test_a_session_hears_of_a_failed_capture_as_an_error_event(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("STIMCTL_CAPTURE", raising=False)
    inbox = Inbox()
    assert link_capture_of("", P24, inbox) is None
    monkeypatch.setenv("STIMCTL_CAPTURE", str(tmp_path / "b"))
    capture = link_capture_of("", P24, inbox)
    assert capture is not None
    capture._failed(CaptureError("the capture ends here"))
    item = inbox.get(0)
    assert isinstance(item, BadLine)
    assert item.command_id is None
    capture.close()


@pytest.mark.pty
def test_the_capture_of_a_session_with_a_person_holds_neither_person_nor_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "a.capture.jsonl"
    with stimctl.connect("sim:p24", person="QX-7193", operator="OP-9274", capture=path) as device:
        device.load("tens-conventional", amplitudes={1: "2 mA"}, areas={1: "25 cm2"})
        device.arm()
        device.start()
        device.raise_to(1, "0.5 mA")
    (journal,) = (tmp_path / "state").rglob("*-n000001-*.jsonl")
    header = json.loads(journal.read_text().splitlines()[0])["data"]
    text = path.read_text()
    for secret in ("QX-7193", "OP-9274", journal.stem, header["person"], str(tmp_path)):
        assert secret
        assert secret not in text
    capture = read_capture(path)
    assert capture.device == ("SIM0000000", "1.0.0")
    assert capture.header.line.baud == 3_000_000
    assert {row.kind for row in capture.rows} >= {
        Kind.OPENED,
        Kind.SENT,
        Kind.RECEIVED,
        Kind.CLOSED,
    }
