"""The server, statement by statement: the one door to `psycopg`, which comes with stimctl[sync].

Each statement is a transaction of its own. Whatever goes wrong is told without the URL's values:
libpq names host and role in its words, and never a password.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final, Protocol

from stimctl.errors import IntegrityError, ServerError, StimctlError, UsageError
from stimctl.records.journal import Anchor
from stimctl.sync.own_sessions import Span
from stimctl.sync.parcel import COLUMNS, Parcel

VERSION: Final = 1
ROLES: Final = ("stimctl_station", "stimctl_reader")
_SCHEMA_FILES: Final = ("ed25519.sql", "schema_1.sql")
_CONNECT_WITHIN_S: Final = 10
#: A server that is gone is noticed within about half a minute; libpq waits two hours by itself.
_KEEPALIVES: Final = {
    "keepalives_idle": "10", "keepalives_interval": "5", "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}  # fmt: skip
_AGAIN: Final = "Nothing is lost: run the same command again, it goes on where it was"


class Answer(Protocol):
    """What a statement has brought."""

    def fetchall(self) -> list[Any]:
        """All rows."""


class Connection(Protocol):
    """What is used of a psycopg connection; a test puts a faulty one in its place."""

    def execute(self, query: Any, params: Any = None) -> Answer:
        """Run one statement."""

    def close(self) -> None:
        """End it."""


def connect(url: str) -> Connection:
    """Open a connection. Raises UsageError, ServerError."""
    psycopg = _psycopg()
    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
    except psycopg.Error:  # its words repeat the address, and that may hold a password
        raise UsageError(
            "this is not the address of a PostgreSQL server",
            what_to_do="write it as postgresql://ROLE@HOST/DATABASE?sslmode=verify-full",
        ) from None
    if "password" in given:
        raise UsageError(
            "the address holds a password",
            why="it stays in the shell's history, and every user of this computer can read it in "
            "the list of processes",
            what_to_do="put it into ~/.pgpass (mode 0600) or a file that PGPASSFILE names, leave "
            "it out here, and change it on the server",
        )
    defaults = {"connect_timeout": str(_CONNECT_WITHIN_S), "application_name": "stimctl sync"}
    missing = {name: value for name, value in (defaults | _KEEPALIVES).items() if name not in given}
    try:
        opened: Connection = psycopg.connect(url, autocommit=True, **missing)
    except psycopg.Error as error:
        raise ServerError(
            "the server cannot be reached, or lets this role not in",
            why=_first_line(error),
            what_to_do="Check the address, the network and ~/.pgpass. Sessions need no server; "
            "they are sent later",
        ) from None
    return opened


def is_open_to_readers(connection: Any) -> bool:
    """Whether what is sent can be read on its way: over a network, and not encrypted."""
    info = connection.info
    return not (info.host.startswith("/") or connection.pgconn.ssl_in_use) and info.host not in (
        "localhost", "127.0.0.1", "::1",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """A session that is at the server: how far it goes, and how many bytes were added to it."""

    end: Anchor
    added_bytes: int


class Server:
    """What is asked of it. Every method may raise ServerError, and IntegrityError where the server
    refuses a record."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    # -- anybody

    def check_version(self) -> None:
        """UsageError where the schema is missing, older or newer than this program's."""
        found = self.version()
        if found == VERSION:
            return
        prepare = "have its administrator run: stimctl sync prepare URL"
        if found is None:
            raise UsageError("the server is not prepared for stimctl", what_to_do=prepare)
        newer = found > VERSION
        raise UsageError(
            f"the server was prepared by {'a newer' if newer else 'an older'} stimctl",
            why=f"its schema has the version {found}, this program knows {VERSION}",
            what_to_do="use the newer stimctl here" if newer else prepare,
        )

    def version(self) -> int | None:
        """The version of the schema; None where there is none."""
        # Without the right to the schema its table looks as if it were not there.
        there = self._ask("SELECT to_regnamespace('stimctl') IS NOT NULL")
        if not there[0][0]:
            return None
        (found,) = self._ask("SELECT version FROM stimctl.version")
        return int(found[0])

    # -- a station

    def own_station(self) -> str:
        """The station that this role is; "" where it is none."""
        (found,) = self._ask("SELECT stimctl.own_station()")
        return str(found[0] or "")

    def keys(self, station: str) -> Mapping[bytes, bool]:
        """The public keys of a station, and whether each is still accepted."""
        rows = self._ask(
            "SELECT public_key, ended IS NULL FROM stimctl.station_key WHERE station = %s",
            (station,),
        )
        return {bytes(key): accepted for key, accepted in rows}

    def register_first_key(self, public_key: bytes) -> bool:
        """Give the station's first key; False where it has one already."""
        return bool(self._ask("SELECT stimctl.register_first_key(%s)", (public_key,))[0][0])

    def complete_to(self, station: str) -> int:
        """Up to which number nothing is missing without a reason."""
        return int(self._ask("SELECT stimctl.complete_to(%s)", (station,))[0][0])

    def absences(self, station: str) -> tuple[Span, ...]:
        """The numbers whose absence was explained."""
        rows = self._ask("SELECT first, last FROM stimctl.absence WHERE station = %s", (station,))
        return tuple(Span(first, last) for first, last in rows)

    def held(self, station: str) -> Mapping[str, Held]:
        """The sessions that are there."""
        found = self._ask(
            "SELECT session, row_count, last_hash, octet_length(additions) + coalesce((SELECT"
            " sum(octet_length(line)) FROM stimctl.addition a WHERE a.station = s.station"
            " AND a.session = s.session), 0) FROM stimctl.session s WHERE station = %s",
            (station,),
        )
        return {
            session: Held(Anchor(rows, last), int(added)) for session, rows, last, added in found
        }

    def send(self, station: str, parcel: Parcel) -> bool:
        """Put one whole session there; False where it was there already, the same."""
        columns = {name: getattr(parcel.columns, name) for name in COLUMNS}
        columns["channels"] = json.dumps(columns["channels"])
        columns |= {"station": station, "session": parcel.session}
        columns |= {"journal": parcel.journal, "additions": parcel.additions}
        names = ", ".join(columns)
        values = ", ".join(f"%({name})s" for name in columns)
        statement = f"INSERT INTO stimctl.session ({names}) VALUES ({values}) RETURNING session"
        return bool(self._ask(statement, columns))

    def add(self, station: str, session: str, seq: int, line: bytes) -> None:
        """Put one more addition to a session that is there."""
        self._ask(
            "INSERT INTO stimctl.addition (station, session, seq, line) VALUES (%s, %s, %s, %s)"
            " RETURNING seq",
            (station, session, seq, line),
        )

    def explain(self, station: str, span: Span, reason: str) -> None:
        """Say why these sessions are missing."""
        self._ask(
            "INSERT INTO stimctl.absence (station, first, last, reason) VALUES (%s, %s, %s, %s)"
            " RETURNING first",
            (station, span.first, span.last, reason),
        )

    # -- a reader

    def stations(self) -> Sequence[tuple[str, str]]:
        """Every station, and its role."""
        found = self._ask("SELECT station, role::text FROM stimctl.station ORDER BY station")
        return [(station, role) for station, role in found]

    def sessions_of(self, station: str) -> Sequence[str]:
        """The sessions of one station, in order."""
        rows = self._ask(
            "SELECT session FROM stimctl.session WHERE station = %s ORDER BY number, session",
            (station,),
        )
        return [row[0] for row in rows]

    def stored(self, station: str, session: str) -> tuple[bytes, bytes, bytes, Mapping[str, Any]]:
        """Journal, all additions, the key that was accepted, and the columns for reports."""
        names = ", ".join(
            f"to_char({name} AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US') AS {name}"
            if name in ("started", "ended")
            else name
            for name in COLUMNS
        )
        (row,) = self._ask(
            "SELECT journal, additions || coalesce((SELECT string_agg(line, ''::bytea ORDER BY seq)"
            " FROM stimctl.addition a WHERE a.station = s.station AND a.session = s.session),"
            f" ''::bytea), public_key, {names}"
            " FROM stimctl.session s WHERE station = %s AND session = %s",
            (station, session),
        )
        columns = dict(zip(COLUMNS, row[3:], strict=True))
        return bytes(row[0]), bytes(row[1]), bytes(row[2]), columns

    # -- the administrator

    def prepare(self) -> bool:
        """Make schema and group roles, all or nothing; False where they are there."""
        if self.version() is not None:
            self.check_version()
            return False
        statements = [
            f"DO $$ BEGIN CREATE ROLE {role} NOLOGIN;"
            " EXCEPTION WHEN duplicate_object THEN NULL; END $$;"
            for role in ROLES
        ]
        statements += [
            files("stimctl.sync").joinpath(name).read_text("utf-8") for name in _SCHEMA_FILES
        ]
        self._ask("BEGIN;" + "\n".join(statements) + "COMMIT")
        return True

    def register(self, station: str, role: str, public_key: bytes | None) -> None:
        """Enter a station, or one more key of it. The role exists already."""
        self._ask(
            "INSERT INTO stimctl.station (station, role) VALUES (%s, %s)"
            " ON CONFLICT (station) DO NOTHING RETURNING station",
            (station, role),
        )
        known = dict(self.stations())[station]
        if known != role:
            raise UsageError(
                f"the station {station} has the role {known}",
                what_to_do="a station that was set up again needs a name and a role of its own",
            )
        if public_key is not None:
            self._ask(
                "INSERT INTO stimctl.station_key (public_key, station, trust)"
                " VALUES (%s, %s, 'administrator') RETURNING station",
                (public_key, station),
            )

    def allow(self, role: str) -> None:
        """Let a role send sessions."""
        (quoted,) = self._ask("SELECT quote_ident(%s)", (role,))
        self._ask(f"GRANT stimctl_station TO {quoted[0]}")

    def end_key(self, station: str, public_key: bytes) -> bool:
        """Accept a key no longer; False where it is not one of this station's."""
        found = self._ask(
            "UPDATE stimctl.station_key SET ended = now()"
            " WHERE station = %s AND public_key = %s AND ended IS NULL RETURNING station",
            (station, public_key),
        )
        return bool(found)

    def _ask(self, statement: str, values: Any = None) -> list[Any]:
        psycopg = _psycopg()
        try:
            answer = self._connection.execute(statement.encode(), values)
            return answer.fetchall() if getattr(answer, "description", None) else []
        except psycopg.Error as error:
            raise _told(error) from None


_REFUSED: Final = {
    "ST001": "a session is missing",
    "ST002": "the server found a broken record",
    "ST003": "the server found no valid signature",
    "ST004": "the server has another record in this place",
}
_WHAT_TO_DO: Final = {
    "ST001": "find its file, or say why it is missing: "
    "stimctl sync explain URL NUMBERS --reason TEXT",
    "ST002": "look at it with: stimctl sessions verify",
    "ST003": "the administrator registers this station's key: stimctl sync register URL STATION "
    "--key ...",
    "ST004": "do not change either of them; compare them first. A station that was set up again "
    "needs a name of its own",
}


def _told(error: Any) -> StimctlError:
    state = error.sqlstate or ""
    if state in _REFUSED:
        return IntegrityError(
            _REFUSED[state], why=_first_line(error), what_to_do=_WHAT_TO_DO[state]
        )
    if state == "42501":  # insufficient_privilege
        return ServerError(
            "the role may not do this on the server",
            why=_first_line(error),
            what_to_do="log in with the role for it: a station's, a reader's or the "
            "administrator's",
        )
    if state == "ST005" or state[:2] in ("22", "23", "42"):
        return ServerError(
            "the server does not take this",
            why=_first_line(error),
            what_to_do="have its administrator look at the station's name, role and key",
        )
    return ServerError("the server has gone", why=_first_line(error), what_to_do=_AGAIN)


def _first_line(error: Any) -> str:
    told = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
    return " ".join(str(told).split())


def _psycopg() -> Any:
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError as error:
        raise UsageError(
            "stimctl sync needs a package that is not installed",
            why=str(error),
            what_to_do="install it: pip install 'stimctl[sync]'",
        ) from error
    return psycopg
