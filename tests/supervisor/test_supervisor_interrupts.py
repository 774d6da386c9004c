"""Ctrl-C, SystemExit, a failing listener, a cancelled thread: no supervisor and no held port."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import stimctl
from firmware_sim.process import TwinProcess
from stimctl import api
from stimctl.codes import Code
from stimctl.errors import LinkError, StateError, StimctlError
from stimctl.supervisor import child_process, client
from stimctl.supervisor.client import Row, SupervisorClient
from stimctl.supervisor.face_input import FACE_GONE, FaceInput, FaceProcess
from stimctl.supervisor.inbox import Inbox, Leave
from stimctl.supervisor.stop import stop_port
from tests.support.broad import broad

pytestmark = pytest.mark.pty
PATIENCE_S = 20.0


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[str]:
    """A port that keeps its name, so that whoever still holds it is found out."""
    with TwinProcess(record=tmp_path / "electrodes.jsonl", device="p24") as process:
        yield f"p24:{process.url}"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[bytes]]:
    """Every supervisor that this test starts."""
    processes: list[subprocess.Popen[bytes]] = []
    start = child_process._start

    def remember(*arguments: Any) -> subprocess.Popen[bytes]:
        processes.append(start(*arguments))
        return processes[-1]

    monkeypatch.setattr(child_process, "_start", remember)
    return processes


def nothing_is_left(twin: str, started: list[subprocess.Popen[bytes]], tmp_path: Path) -> None:
    for process in started:
        process.wait(PATIENCE_S)
    with stimctl.connect(twin, journal=tmp_path / "next") as device:
        assert device.state == "identified"


class _Raises:
    """Stands for one function: raises at its nth call, and does its work at every other."""

    def __init__(self, error: BaseException, original: Callable[..., Any], nth: int) -> None:
        self.error, self.original, self.left = error, original, nth

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        return lambda *given, **named: self(instance, *given, **named)

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.left -= 1
        if self.left == 0:
            raise self.error
        return self.original(*given, **named)


POINTS: dict[str, Callable[[pytest.MonkeyPatch, BaseException], None]] = {
    "while the process is made": lambda patch, error: patch.setattr(
        os, "set_blocking", _Raises(error, os.set_blocking, 1)
    ),
    "before the options are sent": lambda patch, error: patch.setattr(
        child_process._started, "add", _Raises(error, child_process._started.add, 1)
    ),
    "while it starts": lambda patch, error: patch.setattr(
        SupervisorClient, "_wait_for_hello", _Raises(error, SupervisorClient._wait_for_hello, 1)
    ),
    "at the first beat": lambda patch, error: patch.setattr(
        SupervisorClient, "beat", _Raises(error, SupervisorClient.beat, 1)
    ),
    "while connect is answered": lambda patch, error: patch.setattr(
        SupervisorClient, "ask", _Raises(error, SupervisorClient.ask, 1)
    ),
    "while it is identified": lambda patch, error: patch.setattr(
        api.Device, "_until", _Raises(error, api.Device._until, 1)
    ),
}


@pytest.mark.hazard("H03")
@pytest.mark.parametrize(
    ("point", "error"),
    [
        # Each point by one of them; the soak has each by all.
        pytest.param(point, error, marks=[] if (at - one) % 3 == 0 else [pytest.mark.soak])
        for at, point in enumerate(POINTS)
        for one, error in enumerate((KeyboardInterrupt(), SystemExit(3), asyncio.CancelledError()))
    ],
    ids=repr,
)
def test_whatever_ends_connecting_early_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, twin: str,
    started: list[subprocess.Popen[bytes]], point: str, error: BaseException,
) -> None:  # fmt: skip
    device = stimctl.connect(twin, journal=tmp_path / "journal")
    with monkeypatch.context() as patch:
        POINTS[point](patch, error)
        with pytest.raises(type(error)):
            device.__enter__()
    assert len(started) == 1
    nothing_is_left(twin, started, tmp_path)


def test_a_second_interrupt_while_the_first_is_handled_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, twin: str,
    started: list[subprocess.Popen[bytes]],
) -> None:  # fmt: skip
    device = stimctl.connect(twin, journal=tmp_path / "journal")
    with monkeypatch.context() as patch:
        POINTS["while it is identified"](patch, KeyboardInterrupt())
        send = _Raises(KeyboardInterrupt(), SupervisorClient.send, 1)
        patch.setattr(SupervisorClient, "send", lambda *a, **k: _close_fails(send, *a, **k))
        with pytest.raises(KeyboardInterrupt):
            device.__enter__()
    nothing_is_left(twin, started, tmp_path)


@pytest.mark.broad
@pytest.mark.hazard("H03")
def test_an_interrupt_while_a_session_is_closed_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, twin: str,
    started: list[subprocess.Popen[bytes]],
) -> None:  # fmt: skip
    device = stimctl.connect(twin, journal=tmp_path / "journal").__enter__()
    with monkeypatch.context() as patch:
        error = KeyboardInterrupt()
        patch.setattr(SupervisorClient, "close", _Raises(error, SupervisorClient.close, 1))
        with pytest.raises(KeyboardInterrupt):
            device.__exit__(None, None, None)
    nothing_is_left(twin, started, tmp_path)


def _close_fails(send: _Raises, self: SupervisorClient, do: str, **fields: object) -> Any:
    return send(self, do, **fields) if do == "close" else send.original(self, do, **fields)


_NOTEBOOK = """
import sys, time
import stimctl
while True:
    try:
        print("begins", flush=True)
        with stimctl.connect(sys.argv[1]) as device:
            print("connected", flush=True)
            time.sleep(60)
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        if sys.stdin.readline() == "":
            break
"""


@pytest.mark.broad
@pytest.mark.parametrize("after_s", broad([0.0, 0.02, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.2]))
def test_a_notebook_that_is_interrupted_has_no_supervisor(twin: str, after_s: float) -> None:
    notebook = subprocess.Popen(
        [sys.executable, "-c", _NOTEBOOK, twin],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert notebook.stdout is not None
        assert notebook.stdout.readline() == "begins\n"
        time.sleep(after_s)
        notebook.send_signal(signal.SIGINT)
        while notebook.stdout.readline() != "interrupted\n":
            assert notebook.poll() is None
        give_up = time.monotonic() + PATIENCE_S
        while _supervisors_of(notebook.pid):
            assert time.monotonic() < give_up, _supervisors_of(notebook.pid)
            time.sleep(0.02)
    finally:
        notebook.communicate("", timeout=PATIENCE_S)


@pytest.mark.hazard("H03")
@pytest.mark.parametrize("descriptor", [True, False], ids=["pidfd", "polled"])
def test_a_face_that_is_not_our_parent_any_more_is_gone(
    monkeypatch: pytest.MonkeyPatch, *, descriptor: bool
) -> None:
    def none(_pid: int) -> int:
        raise OSError

    if not descriptor:
        monkeypatch.setattr(os, "pidfd_open", none)
    reader, writer = os.pipe()
    inbox = Inbox()
    ended = subprocess.Popen([sys.executable, "-c", "pass"])
    face = FaceProcess(ended.pid)  # once it has ended; it never was our parent
    FaceInput(reader, inbox, face).start()
    ended.wait()
    assert inbox.get(PATIENCE_S) == Leave(FACE_GONE, 0, Code.FACE_GONE), "its pipe is open still"
    os.close(writer)
    os.close(reader)


def _supervisors_of(pid: int) -> list[str]:
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[-3:-1] == [b"--face", str(pid).encode()]:
            found.append(place.parent.name)
    return found


def failing_at(kind: str) -> Callable[[Row], None]:
    def listener(row: Row) -> None:
        if row["kind"] == kind:
            raise SystemExit("a listener that fails")

    return listener


def _use(one: SupervisorClient) -> None:
    one.start()
    one.ask("connect")
    while True:
        one.ask("options")


@pytest.mark.broad
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("kind", broad(["hello", "journal", "identity", "state"]))
def test_a_listener_that_fails_ends_the_session_and_frees_the_port(
    twin: str, tmp_path: Path, started: list[subprocess.Popen[bytes]], kind: str
) -> None:
    failed = SupervisorClient(twin, ["--journal", str(tmp_path)], on_row=failing_at(kind))
    with pytest.raises(StimctlError):
        _use(failed)
    nothing_is_left(twin, started, tmp_path)
    with pytest.raises(LinkError):
        failed.ask("arm")


@pytest.mark.hazard("H02")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_listener_that_fails_at_every_row_does_not_keep_the_stop_path_from_stopping(
    monkeypatch: pytest.MonkeyPatch, twin: str, tmp_path: Path
) -> None:
    stopped: list[str] = []
    stop = stop_port

    def remember(address: str, *rest: Any, **options: Any) -> Any:
        stopped.append(address)
        return stop(address, *rest, **options)

    monkeypatch.setattr(client, "stop_port", remember)
    failed = SupervisorClient(twin, ["--journal", str(tmp_path)])
    failed.start()
    failed.ask("connect")
    failed._on_row = failing_at("unknown")
    os.kill(failed.pid, signal.SIGKILL)
    failed.close()
    assert stopped


def test_a_cancelled_thread_leaves_no_session_behind(
    twin: str, tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    async def cancelled() -> None:
        device = stimctl.connect(twin, journal=tmp_path / "journal")
        entering = asyncio.create_task(asyncio.to_thread(device.__enter__))
        while not started:
            await asyncio.sleep(0.01)
        entering.cancel()
        with pytest.raises(asyncio.CancelledError):
            await entering

    asyncio.run(cancelled())  # waits for the thread, which has entered the session by now
    gc.collect()
    nothing_is_left(twin, started, tmp_path)


def test_a_device_can_neither_be_copied_nor_sent_to_another_process() -> None:
    import copy
    import pickle

    device = stimctl.connect("sim:p24")
    for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
        for what in (device, device._client):
            with pytest.raises(StateError, match="cannot be copied"):
                attempt(what)


@pytest.mark.hazard("H52")
def test_a_persons_code_is_not_on_the_command_line_of_the_supervisor(
    tmp_path: Path, started: list[subprocess.Popen[bytes]]
) -> None:
    journal = tmp_path / "K-17"
    with stimctl.connect("sim:p24", person="K-17", journal=journal):
        for process in started:
            line = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            assert b"K-17" not in line
            assert b"sim:p24" in line
    record = next(journal.glob("*.jsonl")).read_text()
    assert '"person":"person-' in record
    assert "K-17" not in record
