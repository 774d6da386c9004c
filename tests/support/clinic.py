"""A clinic for tests: a prepared database, and stations that record and sync."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from stimctl.records.catalogue import Catalogue
from stimctl.records.journal import Clocks, Header, JournalWriter
from stimctl.records.places import journal_folder
from stimctl.records.rows import FIRST_PREVIOUS, utc_text
from stimctl.records.signing import sign_at_end
from stimctl.sync.check import Checked, check_sessions
from stimctl.sync.send import Here, Sent, send_sessions
from stimctl.sync.server import Connection, Server, connect
from tests.support.postgres import PostgresServer

NOW_NS = 1_795_000_000_000_000_000
READER = "reader-of-tests"
_COLUMNS = (
    "station, session, number, journal, sound_bytes, row_count, last_hash, additions, simulated,"
    " person, device, protocol, started, ended, outcome, pulses, charge_nc, on_ms, channels"
)


@dataclass
class Clinic:
    """One database of a server, prepared for stimctl."""

    server: PostgresServer
    database: str
    folder: Path
    _numbers: Any = field(default_factory=lambda: count(1))

    @classmethod
    def prepared(cls, server: PostgresServer, folder: Path) -> Clinic:
        clinic = cls(server, server.new_database(), folder)
        with closing(connect(clinic.url())) as connection:
            assert Server(connection).prepare()
        clinic.role(READER)
        clinic.sql(f'GRANT stimctl_reader TO "{READER}"')
        return clinic

    def url(self, role: str = "") -> str:
        """Where a role, or the administrator, finds the database."""
        return self.server.url(self.database, role) if role else self.server.url(self.database)

    def sql(self, statement: str) -> list[tuple[Any, ...]]:
        """What the administrator gets as an answer."""
        return self.server.run(self.database, statement)

    def role(self, name: str) -> None:
        """A role that may log in; roles belong to all databases of a server."""
        self.sql(
            f'DO $$ BEGIN CREATE ROLE "{name}" LOGIN; '
            "EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )

    def new_station(self, name: str = "", *, key: bytes | None = None) -> Station:
        """A station that is registered, by default without a key."""
        name = name or f"station-{next(self._numbers)}"
        station = Station(self, name, self.folder / name)
        self.role(name)
        with closing(connect(self.url())) as connection:
            Server(connection).allow(name)
            Server(connection).register(name, name, key)
        return station

    def faults(self, station: Station) -> list[str]:
        """What is wrong with the sessions of one station, as the server holds them."""
        return [fault for one in self.check(station.name) for fault in one.faults]

    def forget(self, station: Station) -> None:
        """The server has never seen anything of this station."""
        tables = ("addition", "session", "absence", "station_key")
        self.sql(
            "; ".join(
                f"DELETE FROM stimctl.{table} WHERE station = '{station.name}'" for table in tables
            )
        )

    def check(self, station: str = "", role: str = READER) -> list[Checked]:
        """What `stimctl sync verify` finds."""
        with closing(connect(self.url(role))) as connection:
            return list(check_sessions(Server(connection), station))


@dataclass
class Station:
    """One station: its state folder, its sessions, its syncs."""

    clinic: Clinic
    name: str
    state: Path
    recorded: list[str] = field(default_factory=list)

    @property
    def journals(self) -> Path:
        return journal_folder(self.state)

    @property
    def url(self) -> str:
        return self.clinic.url(self.name)

    def path(self, session: str) -> Path:
        """The file of a session."""
        return self.journals / f"{session}.jsonl"

    def record(
        self,
        how_many: int = 1,
        *,
        end: bool = True,
        sign: bool = True,
        rows: int = 2,
        anchored: bool = True,
    ) -> str:
        """Sessions as the supervisor records them; the id of the last."""
        for _ in range(how_many):
            self.recorded.append(self._record(end, sign, rows, anchored))
        return self.recorded[-1]

    def _record(self, end: bool, sign: bool, rows: int, anchored: bool) -> str:
        header = Header("sim:p24", True, "0.1.0", "3.11", protocol="tens-burst", person="K-17")
        times = count(NOW_NS + len(self.recorded) * 10**12, 10**9)
        clocks = Clocks(lambda: next(times), lambda: 0)
        writer = JournalWriter.open_session(self.journals, header, clocks=clocks)
        catalogue = Catalogue(self.journals)
        began = utc_text(NOW_NS)
        catalogue.begin(writer.session, header.as_dict(writer.session), began, writer.anchor)
        for number in range(1, rows + 1):
            writer.append("telemetry", {"at_ns": number * 10**9, "acknowledged": given(number)})
        if not end:
            if anchored:
                catalogue.anchor(writer.session, writer.anchor)
            writer.abandon()
            return writer.session
        anchor = writer.end({"outcome": "zero verified"})
        catalogue.finish(writer.session, began, "zero verified", anchor)
        if sign:
            assert sign_at_end(self.state, writer.path, anchor, NOW_NS) == ""
        return writer.session

    def here(self, running: Sequence[object] = ()) -> Here:
        return Here(self.state, self.journals, lambda: NOW_NS, lambda: running)

    def sync(self, connection: Connection | None = None, running: Sequence[object] = ()) -> Sent:
        """One run, over this connection or one of its own."""
        here = self.here(running)
        with closing(connection or connect(self.url)) as opened:
            return send_sessions(Server(opened), here, here.list_own())

    def process(self) -> tuple[list[str], dict[str, str]]:
        """The command and the environment of a sync in a process of its own."""
        command = [sys.executable, "-m", "stimctl", "sync", self.url]
        return command, {**os.environ, "STIMCTL_STATE_HOME": str(self.state)}

    def insert(
        self, session: str, journal: bytes, added: bytes, *, tail: int = 0, role: str = ""
    ) -> None:
        """What a program could send that does not look at what it sends."""
        import psycopg

        sound = journal[: len(journal) - tail]
        rows = sound.splitlines(keepends=True)
        values = (
            self.name, session, 1, journal, len(sound), len(rows),
            hashlib.sha256(rows[-1]).hexdigest(), added, True, "K-17", "", "", "2026-11-30", None,
            "", 0, 0, 0, "{}",
        )  # fmt: skip
        marks = ", ".join(["%s"] * len(values))
        statement = f"INSERT INTO stimctl.session ({_COLUMNS}) VALUES ({marks})"
        with psycopg.connect(self.clinic.url(role or self.name)) as connection:
            connection.execute(statement.encode(), values)

    def arrived(self) -> list[str]:
        """The sessions of this station at the server, in order."""
        rows = self.clinic.sql(
            f"SELECT session FROM stimctl.session WHERE station = '{self.name}' "
            "ORDER BY number, session"
        )
        return [row[0] for row in rows]


def given(number: int) -> dict[str, Any]:
    """What two channels have acknowledged so far; the second lost its link, so it has no most."""
    one = {"peak_ua": 12_000, "on_ms": 1_000 * number, "pulses": 80 * number}
    one["charge_nc"] = 2_400 * one["pulses"]
    names = ("peak_ua", "on_ms", "pulses", "charge_nc")
    return {
        "1": {**one, "bounds": {name: [one[name], one[name] + 1] for name in names}},
        "2": {**one, "bounds": {name: [one[name] - 1, None] for name in names}},
    }


def rewritten(journal: bytes, previous: str = FIRST_PREVIOUS) -> bytes:
    """Changed rows with a sound chain again, as somebody with the file could make them."""
    lines = []
    for line in journal.replace(b'"on_ms":1000', b'"on_ms":9000', 1).splitlines():
        row = json.loads(line)
        row["prev"] = previous
        lines.append(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        previous = hashlib.sha256(lines[-1]).hexdigest()
    return b"".join(lines)
