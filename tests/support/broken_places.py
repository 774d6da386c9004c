"""Worlds in which something is missing that a program takes for granted, for an ordinary user.

Used by the fault tests and by `benchmarks/bench_start.py`.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware_sim.firmware.p24_commands import Command
from firmware_sim.firmware.sciencemode4_frames import encode
from firmware_sim.ledger import Ledger
from stimctl.supervisor.locks import start_time_of
from stimctl.supervisor.port_names import port_keys
from tests.support.paths import ROOT

NO_TRIP = "--no-watchdog-test"
"""Where the watchdog test is not the promise, a session is quicker without it."""
PATIENCE_S = 30.0
CANNOT = 99  # see ordinary_user.py
IS_ROOT = os.getuid() == 0
# Where the code is, when it is not where it was installed from.
_CODE = ("PYTHONPATH", "PYTHONDONTWRITEBYTECODE")


class World:
    """One user, one folder, one twin with its output on, and what is wrong."""

    def __init__(self) -> None:
        # No real user has it, so there is no entry in the list of users either.
        self.uid = 60_000 + secrets.randbelow(5_000) if IS_ROOT else os.getuid()
        self.folder = Path(tempfile.mkdtemp(prefix="sw"))
        self.folder.chmod(0o755)
        self.own("home", 0o700)
        self.runtime = self.own("run", 0o700)
        self.port = self.folder / "port"
        self.good = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self.folder / "home"),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "STIMCTL_STATE_HOME": str(self.own("state")),
        }
        self.code = {name: os.environ[name] for name in _CODE if name in os.environ}
        self.environment = dict(self.good)
        self.changes: list[list[Any]] = []
        self.limits: dict[str, int] = {}
        self.closed: list[int] = []
        self.umask = 0o022
        self.cwd, self.cwd_removed = "/", False
        self._sockets: list[socket.socket] = []
        self._processes: list[subprocess.Popen[str]] = []
        self._faces: list[subprocess.Popen[str]] = []
        self._supervisors: list[int] = []
        os.chown(self.folder, self.uid, -1)

    # -- what can be made --------------------------------------------------------------------

    def own(self, name: str, mode: int = 0o700) -> Path:
        """A folder of this user's."""
        return self.give(self._folder(self.folder / name, mode))

    def foreign(self, name: str, mode: int = 0o755) -> Path:
        """A folder of somebody else's."""
        return self._folder(self.folder / name, mode)

    def _folder(self, path: Path, mode: int) -> Path:
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        return path

    def give(self, path: Path) -> Path:
        """Make it this user's."""
        os.chown(path, self.uid, -1, follow_symlinks=False)
        return path

    def lock_files(self) -> list[Path]:
        """Where the locks of the port would be."""
        locks = self.give(self._folder(self.runtime / "stimctl" / "locks", 0o700))
        self.give(self._folder(locks.parent, 0o700))
        return [locks / f"{key}.lock" for key in port_keys(str(self.port))]

    def socket_files(self) -> list[Path]:
        """Where the session of the port would listen."""
        folder = self.give(self._folder(self.runtime / "stimctl", 0o700))
        return [folder / f"{key}.sock" for key in port_keys(str(self.port))]

    def listen(self, path: Path) -> None:
        """A server at `path` that never answers."""
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        server.bind(os.fspath(path))
        path.chmod(0o777)
        server.listen(4)
        self._sockets.append(server)

    # -- what runs ---------------------------------------------------------------------------

    def start(self, *arguments: str, broken: bool, stamp: str = "") -> subprocess.Popen[str]:
        """`python ARGUMENTS` as that user; in the broken world or in a good one."""
        spec = {
            "uid": self.uid,
            "reach": list(dict.fromkeys((sys.base_prefix, sys.prefix, str(ROOT)))),
            "scratch": str(self._folder(self.folder / "reach", 0o755)),
            "changes": self.changes if broken else [],
            "limits": self.limits if broken else {},
            "closed": self.closed if broken else [],
            "umask": self.umask if broken else 0o022,
            "cwd": self.cwd if broken else "/",
            "cwd_removed": self.cwd_removed and broken,
            "stamp": stamp,
            "environment": self.code | (self.environment if broken else self.good),
            "command": [sys.executable, *arguments],
        }
        launcher = str(Path(__file__).with_name("ordinary_user.py"))
        process = subprocess.Popen(
            [sys.executable, launcher, json.dumps(spec)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        return process

    def start_twin(self, *options: str) -> Path:
        """A P24 twin of that user behind `self.port`; returns its record."""
        record = self.folder / f"record-{len(self._processes)}.jsonl"
        twin = self.start(
            "-m", "firmware_sim", "p24", "--link", str(self.port), "--record", str(record),
            *options, broken=False,
        )  # fmt: skip
        assert twin.stdout is not None
        first = twin.stdout.readline()
        if not first.startswith("ready "):
            raise CannotError(twin.communicate()[1])
        return record

    def switch_on(self, record: Path) -> None:
        """Start a train, as a program that has died since would have left it."""
        fd = os.open(self.port, os.O_RDWR | os.O_NOCTTY)
        os.write(fd, encode(1, Command.ML_INIT, b"\0") + encode(2, Command.ML_UPDATE, TRAIN))
        until(lambda: record.exists() and Ledger.from_file(record).running)
        os.close(fd)

    def start_session(self, *, broken: bool) -> int:
        """A face of that user with its output on; returns the supervisor's process."""
        program = str(Path(__file__).with_name("face_program.py"))
        face = self.start(
            program, f"p24:{self.port}", str(self.own("journal")), "1000", NO_TRIP,
            broken=broken,
        )  # fmt: skip
        self._faces.append(face)
        assert face.stdout is not None
        pid = 0
        for line in face.stdout:
            row = json.loads(line)
            if row["kind"] == "hello":
                pid = int(row["pid"])
                self._supervisors.append(pid)
            if row["kind"] == "failed":
                raise AssertionError(row["error"])
            if row["kind"] == "raised":
                return pid
        raise CannotError(face.communicate()[1])

    def wait_for_face(self, *kinds: str) -> None:
        """Until the face that was started last has shown a row of one of these kinds from its
        supervisor."""
        face = self._faces[-1]
        assert face.stdout is not None
        for line in face.stdout:
            row = json.loads(line)
            if row.get("source") == "face":
                raise AssertionError(row)
            if row["kind"] in kinds:
                return
        raise AssertionError("the face has ended")

    def start_stop(self, *, broken: bool = True, stamp: str = "") -> subprocess.Popen[str]:
        """Begin `stimctl stop`; `stamp`: a file for the time at which the program began."""
        return self.start("-m", "stimctl", "stop", f"p24:{self.port}", broken=broken, stamp=stamp)

    def stop(self, *, broken: bool = True) -> tuple[int, str, str]:
        """`stimctl stop` in the broken world: exit code, stdout, stderr."""
        process = self.start_stop(broken=broken)
        out, err = process.communicate(timeout=PATIENCE_S)
        if process.returncode == CANNOT:
            raise CannotError(err)
        return process.returncode, out, err

    def end(self) -> None:
        """End all that was started here, and clean up."""
        for process in self._processes:
            process.kill()
            process.communicate()
        for pid in self._supervisors:  # or it would still write its journal's end
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            until(lambda pid=pid: start_time_of(pid) is None)  # type: ignore[misc]
        for server in self._sockets:
            server.close()
        for path in (self.runtime, self.folder / "run"):
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(self.folder, ignore_errors=True)
        fallen_back = Path(f"/tmp/stimctl-{self.uid}")
        if IS_ROOT:
            if fallen_back.is_symlink():
                fallen_back.unlink()
            shutil.rmtree(fallen_back, ignore_errors=True)


class CannotError(Exception):
    """This system does not let us make that world."""


def until(condition: Callable[[], object]) -> None:
    """Wait for it."""
    give_up = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < give_up, "not in time"
        time.sleep(0.01)


def _point(time_us: int, current_ma: float) -> bytes:
    return (time_us << 20 | int(300 + 2 * current_ma) << 10).to_bytes(4, "big")


TRAIN = (
    b"\x01\x20"  # channel 1; three points
    + (40 << 1).to_bytes(2, "big")  # every 20 ms, in steps of 500 us
    + _point(200, 20)
    + _point(100, 0)
    + _point(200, -20)
)


def _points_to(variable: str, value: str) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.environment[variable] = value

    return change


def _foreign_folder(world: World) -> None:
    world.environment["XDG_RUNTIME_DIR"] = str(world.foreign("theirs"))


def _shut_foreign_folder(world: World) -> None:
    world.environment["XDG_RUNTIME_DIR"] = str(world.foreign("theirs", 0o700))


def _absent(world: World) -> None:
    world.environment["XDG_RUNTIME_DIR"] = str(world.folder / "there-is-none")


def _a_file(world: World) -> None:
    path = world.folder / "file"
    path.touch()
    world.environment["XDG_RUNTIME_DIR"] = str(path)


def _dangling_link(world: World) -> None:
    path = world.folder / "link"
    path.symlink_to(world.folder / "nowhere")
    world.environment["XDG_RUNTIME_DIR"] = str(path)


def _link_in_a_circle(world: World) -> None:
    path = world.folder / "circle"
    path.symlink_to(path)
    world.environment["XDG_RUNTIME_DIR"] = str(path)


def _link_to_foreign(world: World) -> None:
    path = world.folder / "link"
    path.symlink_to(world.foreign("theirs"))
    world.environment["XDG_RUNTIME_DIR"] = str(path)


def _no_right_to_write(world: World) -> None:
    world.runtime.chmod(0o500)


def _no_right_at_all(world: World) -> None:
    world.runtime.chmod(0)


def _open_to_others(world: World) -> None:
    world.give(world._folder(world.runtime / "stimctl", 0o755))


def _file_for_the_folder(world: World) -> None:
    world.give(world.runtime).joinpath("stimctl").touch()


def _link_for_the_folder(world: World) -> None:
    (world.runtime / "stimctl").symlink_to(world.own("elsewhere"))


def _leftovers_folder(world: World) -> None:
    world._folder(world.runtime / "stimctl", 0o700)


def _leftover_locks(world: World) -> None:
    for path in world.lock_files():
        path.write_text("pid=1\n")
        path.chmod(0o600)


def _garbage_locks(world: World) -> None:
    for path in world.lock_files():
        path.write_bytes(bytes(range(256)) * 300)
        world.give(path)


def _pipes_for_locks(world: World) -> None:
    for path in world.lock_files():
        os.mkfifo(path)
        world.give(path)


def _folders_for_locks(world: World) -> None:
    for path in world.lock_files():
        world.give(world._folder(path, 0o700))


def _deaf_foreign_sockets(world: World) -> None:
    for path in world.socket_files():
        world.listen(path)


def _files_for_sockets(world: World) -> None:
    for path in world.socket_files():
        path.touch()
        world.give(path)


def _full(world: World) -> None:
    world.changes.append(["full", str(world.runtime), world.uid])


def _read_only(world: World) -> None:
    world.changes.append(["read-only", str(world.runtime)])


def _everything_read_only(world: World) -> None:
    for folder in (str(world.runtime), "/tmp", "/var/tmp", "/dev/shm"):
        world.changes.append(["read-only", folder])


def _tmp_taken(world: World) -> None:
    _absent(world)
    if not IS_ROOT:
        raise CannotError("only root can leave something in another's name")
    world._folder(Path(f"/tmp/stimctl-{world.uid}"), 0o777)


def _tmp_a_link(world: World) -> None:
    _absent(world)
    Path(f"/tmp/stimctl-{world.uid}").symlink_to(world.foreign("theirs"))


def _nothing_set(world: World) -> None:
    world.environment.clear()


def _no_home(world: World) -> None:
    world.environment.pop("HOME")
    world.environment["XDG_RUNTIME_DIR"] = "/proc"


def _no_temporary_folder(world: World) -> None:
    _absent(world)
    world.environment["TMPDIR"] = str(world.folder / "no-tmp")
    for folder in ("/var/tmp", "/dev/shm"):
        world.changes.append(["read-only", folder])


def _no_proc(world: World) -> None:
    world.changes.append(["empty", "/proc"])


def _descriptors(most: int) -> Callable[[World], None]:
    def change(world: World) -> None:
        world.limits["NOFILE"] = most

    return change


def _no_file_may_grow(world: World) -> None:
    world.limits["FSIZE"] = 0


def _no_more_threads(world: World) -> None:
    world.limits["NPROC"] = 1


def _closed_streams(world: World) -> None:
    world.closed += [0, 1, 2]


def _removed_cwd(world: World) -> None:
    world.cwd, world.cwd_removed = str(world.own("cwd")), True


def _long_path(world: World) -> None:
    deep = world.folder
    for _ in range(3):
        deep = world.give(world._folder(deep / ("x" * 80), 0o700))
    world.environment["XDG_RUNTIME_DIR"] = str(deep)


def _strange_mask(world: World) -> None:
    world.umask = 0o777


PLACES: dict[str, Callable[[World], None]] = {
    "XDG_RUNTIME_DIR is /proc": _points_to("XDG_RUNTIME_DIR", "/proc"),
    "XDG_RUNTIME_DIR is empty": _points_to("XDG_RUNTIME_DIR", ""),
    "XDG_RUNTIME_DIR is relative": _points_to("XDG_RUNTIME_DIR", "run/user"),
    "XDG_RUNTIME_DIR is a device": _points_to("XDG_RUNTIME_DIR", "/dev/null"),
    "somebody else's folder": _foreign_folder,
    "somebody else's folder, shut": _shut_foreign_folder,
    "no such folder": _absent,
    "a file for a folder": _a_file,
    "a dangling link": _dangling_link,
    "a link in a circle": _link_in_a_circle,
    "a link to somebody else's folder": _link_to_foreign,
    "a folder that may not be written": _no_right_to_write,
    "a folder that may not be entered": _no_right_at_all,
    "our folder open to others": _open_to_others,
    "a file in place of our folder": _file_for_the_folder,
    "a link in place of our folder": _link_for_the_folder,
    "another user's leftover folder": _leftovers_folder,
    "another user's leftover locks": _leftover_locks,
    "garbage in the locks": _garbage_locks,
    "pipes in place of the locks": _pipes_for_locks,
    "folders in place of the locks": _folders_for_locks,
    "another user's deaf sockets": _deaf_foreign_sockets,
    "files in place of the sockets": _files_for_sockets,
    "a full disk": _full,
    "a read-only disk": _read_only,
    "every disk read-only": _everything_read_only,
    "our place in /tmp taken": _tmp_taken,
    "our place in /tmp a link": _tmp_a_link,
    "no variables at all": _nothing_set,
    "no home": _no_home,
    "no temporary folder": _no_temporary_folder,
    "no /proc": _no_proc,
    "six descriptors left": _descriptors(9),
    "three descriptors left": _descriptors(6),
    "five descriptors left": _descriptors(8),
    "four descriptors left": _descriptors(7),
    "two descriptors left": _descriptors(5),
    "no file may grow": _no_file_may_grow,
    "no more threads": _no_more_threads,
    "streams closed": _closed_streams,
    "the working folder removed": _removed_cwd,
    "a path too long for a socket": _long_path,
    "a umask that takes every right": _strange_mask,
}
