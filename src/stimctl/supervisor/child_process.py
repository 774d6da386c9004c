"""The supervisor's process as its face has it: two pipes, a log, and exactly one owner.

Only the process that has started it may use it. A fork of that process inherits the descriptors,
so it closes its copies at once: it can neither command the supervisor nor keep its pipe open.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
import threading
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from stimctl.codes import Code
from stimctl.errors import StateError, StimctlError, UsageError
from stimctl.supervisor.locks import sub_folder

MODULE = "stimctl.supervisor"
#: The first line holds paths; more than a path can have is no path.
LONGEST_OPTIONS_BYTES = 32_768
_CLOSE = b'{"do":"close"}\n'


class SupervisorProcess:
    """Starts `python -m stimctl.supervisor DEVICE`.

    The options go through the pipe as its first line: a command line can be read by every user of
    the computer, and options name a person.
    """

    def __init__(self, device: str, options: Sequence[str]) -> None:
        first = json.dumps(list(options)).encode() + b"\n"
        if len(first) > LONGEST_OPTIONS_BYTES:
            raise UsageError("the options are too long", why=f"over {LONGEST_OPTIONS_BYTES} bytes")
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._hung_up = False
        self._log = _new_log()
        command = [sys.executable, "-P", "-m", MODULE, device, "--face", str(self.owner)]
        try:
            self.process = _start(command, self._log)
            _started.add(self)
            stdin = self._stdin()
            with contextlib.suppress(BrokenPipeError):  # what it died of is in its log
                os.write(stdin, first)
            os.set_blocking(stdin, False)
        except BaseException:
            if hasattr(self, "process"):
                self.end(0.0)
            raise

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def is_mine(self) -> bool:
        """False in a fork of the process that has started it."""
        return self.owner == os.getpid()

    def _stdin(self) -> int:
        assert self.process.stdin is not None
        return self.process.stdin.fileno()

    def write(self, line: bytes) -> bool:
        """Write one line without waiting; False where the pipe takes it not, or not whole."""
        with self._lock:
            if self._hung_up or not self.is_mine:
                return False
            try:
                return os.write(self._stdin(), line) == len(line)
            except OSError:
                return False

    def hang_up(self) -> None:
        """Say `close` and close the pipe: the supervisor stops, verifies zero, and ends."""
        if not self.is_mine:
            return
        self.write(_CLOSE)  # not the end of the pipe alone: a copy of it might be open elsewhere
        with self._lock, contextlib.suppress(OSError):
            self._hung_up = True
            assert self.process.stdin is not None
            self.process.stdin.close()

    def end(self, within_s: float) -> None:
        """Hang up, and kill it where it has not ended in time. Only where no device was told
        anything: nobody verifies zero after this."""
        try:
            self.hang_up()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(within_s)
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
        self.forget_empty_log()

    def forget_empty_log(self) -> None:
        """Remove the log of a supervisor that has said nothing."""
        with contextlib.suppress(OSError):
            if self._log is not None and not self._log.stat().st_size:
                self._log.unlink()

    def said(self) -> str:
        """The end of its log, for an error message."""
        said = ""
        with contextlib.suppress(OSError):
            said = "" if self._log is None else self._log.read_text("utf-8", "replace")
        return said.strip()[-400:] or "it said nothing"

    def disown(self) -> None:
        """In a fork: let go of everything that belongs to the process that has started it."""
        for stream in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()
        self.process.returncode = 0  # not a child of this process: there is nothing to wait for


def _new_log() -> Path | None:
    """A file for what the supervisor prints; where there is no room for one, it does without."""
    try:
        path = sub_folder("logs") / f"{os.getpid()}-{secrets.token_hex(4)}.log"
        path.touch()
    except (OSError, StimctlError):
        return None
    return path


def _start(command: Sequence[str], log_file: Path | None) -> subprocess.Popen[bytes]:
    with (log_file or Path(os.devnull)).open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C at the face must not kill it
            bufsize=0,
        )


def refuse_other_process(owner: int) -> NoReturn:
    """Raise what a fork is told that uses its parent's session."""
    raise StateError(
        "this session belongs to another process",
        code=Code.OTHER_PROCESS,
        why=f"process {owner} has begun it, and this is process {os.getpid()}, a copy of it",
        what_to_do="command it from the process that has begun it",
    )


def refuse_copy(what: str) -> NoReturn:
    """Raise what somebody is told who copies or pickles a session (as multiprocessing does)."""
    raise StateError(
        f"a {what} cannot be copied or sent to another process",
        code=Code.NOT_COPYABLE,
        why="one device takes commands from one program only",
        what_to_do="command it from the process that has begun it",
    )


_started: weakref.WeakSet[SupervisorProcess] = weakref.WeakSet()


def _disown_all(*_unused: Any) -> None:
    for one in list(_started):
        one.disown()


if hasattr(os, "register_at_fork"):  # where processes are copied
    os.register_at_fork(after_in_child=_disown_all)
