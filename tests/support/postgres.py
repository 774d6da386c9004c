"""A PostgreSQL of the tests' own: as an ordinary user, in a folder of its own, on a Unix socket.

PostgreSQL refuses to run as root, so that root starts it as the user of the system's package or as
`nobody`. Nothing of a server that the package itself may have started is used.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

INSTALL = "sudo apt-get install -y postgresql"
ADMIN = "administrator"
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "max_connections": "30",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
}
_READY = "ready to accept connections"
# A password is asked for where a role is in the group `with_password`.
_HBA = "local all +with_password scram-sha-256\nlocal all all trust\n"


def programs() -> Path | None:
    """The folder of `initdb` and `postgres`; None where PostgreSQL is not installed."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: one.parent.name)
    on_path = shutil.which("initdb")
    for folder in (*reversed(debian), *([Path(on_path).resolve().parent] if on_path else [])):
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    return None


def missing() -> str:
    """ "" where a server can be started here; else what to install, in one line."""
    if programs() is None:
        return f"PostgreSQL is not installed, so `stimctl sync` is not tested: {INSTALL}"
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        return f"{error}, so `stimctl sync` is not tested: pip install 'stimctl[sync]'"
    return ""


def _user() -> dict[str, Any]:
    """Whom to run it as: this user, or an ordinary one where this is root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise RuntimeError("there is no ordinary user here")


class PostgresServer:
    """One server. `kill` is SIGKILL to its first process, as a power cut would be."""

    def __init__(self, folder: Path) -> None:
        found = programs()
        assert found is not None
        self._programs = found
        self.folder = folder
        self.data = folder / "data"
        self._as = _user()
        self._process: subprocess.Popen[str] | None = None
        self._databases = 0

    def initialise(self) -> None:
        """Make the data folder."""
        if self._as:
            os.chown(self.folder, self._as["user"], self._as["group"])
        command = [
            str(self._programs / "initdb"), "--pgdata", str(self.data), "--username", ADMIN,
            "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "--no-instructions",
        ]  # fmt: skip
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, **self._as
        )
        assert done.returncode == 0, done.stderr
        (self.data / "pg_hba.conf").write_text(_HBA, "ascii")

    def start(self) -> None:
        """Start it if it is not running; returns when it accepts connections. After a kill the
        processes that are left may still hold its memory: then it is tried again."""
        if self._process is not None:
            return
        settings = {**_SETTINGS, "unix_socket_directories": str(self.folder)}
        command = [str(self._programs / "postgres"), "-D", str(self.data)]
        command += [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        for _ in range(200):
            process = subprocess.Popen(
                command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                cwd=self.folder, **self._as,
            )  # fmt: skip
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if _READY in line:
                    self._process = process
                    return
            process.wait()
            process.stderr.close()
        raise AssertionError("".join(said))

    def kill(self) -> None:
        """End it as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it at once, in order."""
        self._end(signal.SIGQUIT)

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(number)
            process.wait()
            if process.stderr is not None:
                process.stderr.close()

    def url(self, database: str, role: str = ADMIN) -> str:
        """Where a role finds a database."""
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def new_database(self) -> str:
        """An empty database; its name."""
        self._databases += 1
        name = f"clinic_{self._databases}"
        self.run("postgres", f"CREATE DATABASE {name}")
        return name

    def copy(self, database: str) -> str | None:
        """Back a database up and restore it under a new name; None without `pg_dump`."""
        found = [shutil.which(name) for name in ("pg_dump", "pg_restore")]
        if None in found:
            return None
        dump, restore = found
        to = self.new_database()
        whole = subprocess.run(
            [str(dump), "--format=custom", self.url(database)], capture_output=True, check=True
        ).stdout
        subprocess.run(
            [str(restore), "--exit-on-error", f"--dbname={self.url(to)}"], input=whole, check=True
        )
        return to

    def run(self, database: str, statement: str) -> list[tuple[Any, ...]]:
        """What the administrator gets as an answer."""
        import psycopg

        with psycopg.connect(self.url(database), autocommit=True) as connection:
            answer = connection.execute(statement.encode())
            return answer.fetchall() if answer.description else []


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server of its own until the end of the block."""
    # Short, because it holds a Unix socket; and where an ordinary user may go.
    folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp" if _user() else None))
    folder.chmod(0o755)
    server = PostgresServer(folder)
    try:
        server.initialise()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
