"""`stimctl sync URL`: this station's sessions to a clinic's PostgreSQL server, and its upkeep."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, put_table, say, styled
from stimctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from stimctl.sync.outcome import Sent
    from stimctl.sync.send import Here
    from stimctl.sync.server import Server

_SEND = "send"
Url = Annotated[
    str,
    typer.Argument(
        metavar="URL",
        help="postgresql://ROLE@HOST/DATABASE?sslmode=verify-full, or service=NAME. The password "
        "is read from ~/.pgpass, never from here.",
    ),
]
StationName = Annotated[
    str, typer.Argument(metavar="STATION", help="The station's name, such as room-2.")
]


class _SendByDefault(TyperGroup):
    """`sync URL` is `sync send URL`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in {*self.commands, "-h", "--help"}:
            args = [_SEND, *args]
        return super().parse_args(ctx, args)


group = typer.Typer(
    help="Send recorded sessions to the server of a clinic.",
    cls=_SendByDefault,
    no_args_is_help=True,
)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="sync", rich_help_panel=None)


@group.command(_SEND)
def send(url: Url, as_json: Json = False) -> None:
    """Send every session that the server lacks, in order, each whole and verified there.

    Leaves the rest for the next time while a session is running here. Exit code 7 where a session
    is missing, damaged or another one at the server.
    """
    from stimctl.sync.quiet import step_back
    from stimctl.sync.send import send_sessions

    here = _here()
    # Before this process steps back: who waits for the catalogue's lock must not wait for us.
    own = here.list_own()
    step_back()
    with _server(url) as server:
        sent = send_sessions(server, here, own, lambda session: say(f"sent {session}"))
    if as_json:
        put_json("stimctl.sync/1", sent.as_dict())
    else:
        _put_sent(sent)
    if sent.troubles:
        raise typer.Exit(int(ExitCode.INTEGRITY))


@group.command("explain")
def explain(
    url: Url,
    numbers: Annotated[str, typer.Argument(metavar="NUMBERS", help="Such as 7 or 7-9.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why they are missing.")],
) -> None:
    """Put on record why sessions are missing, so that those after them are sent."""
    from stimctl.sync.send import explain_absence

    own = _here().list_own()
    with _server(url) as server:
        span = explain_absence(server, own, numbers, reason)
    put(f"{span} explained: {reason}")


@group.command("verify")
def verify(
    url: Url,
    station: Annotated[
        str, typer.Option("--station", metavar="STATION", help="Only this station.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Check all that the server holds, from its bytes. Exit code 7 when anything is wrong."""
    from stimctl.sync.check import check_sessions
    from stimctl.sync.quiet import step_back

    checked: list[dict[str, Any]] = []
    wrong = 0
    step_back()
    with _server(url) as server:
        for one in check_sessions(server, station):
            wrong += bool(one.faults)
            checked.append(one.as_dict())
            if as_json:
                continue
            word = styled("WRONG", "red") if one.faults else styled("ok", "green")
            put(
                f"{word:<6} {one.station}  {one.session or one.number}  {one.rows} rows, {one.made}"
            )
            for fault in one.faults:
                put(f"        {fault}")
    if as_json:
        put_json("stimctl.sync-verification/1", {"ok": not wrong, "sessions": checked})
    else:
        say(f"{len(checked)} sessions, {wrong} wrong")
    if wrong:
        raise typer.Exit(int(ExitCode.INTEGRITY))


@group.command("prepare")
def prepare(url: Url) -> None:
    """Make the schema on a new server. Needs the role that will own it."""
    with _server(url) as server:
        made = server.prepare()
    put("The server is prepared." if made else "The server was prepared before; nothing changed.")


@group.command("register")
def register_station(
    url: Url,
    station: StationName,
    role: Annotated[
        str,
        typer.Option(
            "--role", metavar="ROLE", help="Its role at the server; its name if left out."
        ),
    ] = "",
    key: Annotated[
        str,
        typer.Option("--key", metavar="PUBLIC_KEY", help="64 hex digits, from station-key list."),
    ] = "",
    end_key: Annotated[
        str,
        typer.Option("--end-key", metavar="PUBLIC_KEY", help="Accept this key of it no longer."),
    ] = "",
) -> None:
    """Enter a station, or one more key of it. Without a key its first sync brings one."""
    role = role or station
    new, old = (_public(text) if text else None for text in (key, end_key))
    with _server(url) as server:
        server.check_version()
        server.allow(role)
        server.register(station, role, new)
        if old is not None and not server.end_key(station, old):
            raise UsageError(f"station {station} has no such key that is accepted")
        known = bool(server.keys(station))
    put(f"Station {station} is registered, with the role {role}.")
    if not known:
        say(
            "It has no key yet: the first sync with this role brings one, and that one is trusted "
            "from then on. Compare its fingerprint with the station's: stimctl station-key list"
        )


@group.command("stations")
def stations(url: Url, as_json: Json = False) -> None:
    """List the stations of a server, with their keys and what has arrived."""
    from stimctl.records.station_keys import fingerprint_of

    with _server(url) as server:
        server.check_version()
        found: list[dict[str, Any]] = [
            {
                "station": station,
                "role": role,
                "keys": [
                    {"fingerprint": fingerprint_of(public), "accepted": accepted}
                    for public, accepted in server.keys(station).items()
                ],
                "complete_to": server.complete_to(station),
                "sessions": len(server.sessions_of(station)),
            }
            for station, role in server.stations()
        ]
    if as_json:
        put_json("stimctl.stations/1", {"stations": found})
        return
    rows = [
        (
            str(one["station"]), str(one["role"]), str(one["sessions"]), str(one["complete_to"]),
            ", ".join(_key_words(key) for key in one["keys"]) or "none yet",
        )
        for one in found
    ]  # fmt: skip
    put_table(("STATION", "ROLE", "SESSIONS", "COMPLETE TO", "KEYS"), rows)


def _key_words(key: Any) -> str:
    return str(key["fingerprint"]) + ("" if key["accepted"] else " (ended)")


def _public(text: str) -> bytes:
    try:
        public = bytes.fromhex(text)
    except ValueError:
        public = b""
    if len(public) != 32:
        raise UsageError(
            "this is not a public key",
            why="one has 64 digits of 0-9 and a-f",
            what_to_do="take it from the station with: stimctl station-key list --json",
        )
    return public


def _here() -> Here:
    from stimctl.records.places import journal_folder, state_folder
    from stimctl.sync.quiet import running_sessions
    from stimctl.sync.send import Here

    state: Path = state_folder()
    return Here(state, journal_folder(state), time.time_ns, running_sessions)


@contextmanager
def _server(url: str) -> Iterator[Server]:
    from stimctl.sync.server import Server, connect, is_open_to_readers

    with closing(connect(url)) as connection:
        if is_open_to_readers(connection):
            say(
                "warning: the connection is not encrypted; what is sent can be read on its way. "
                "Add sslmode=verify-full to the address"
            )
        yield Server(connection)


def _put_sent(sent: Sent) -> None:
    if sent.new_key:
        say(
            f"The server knows station {sent.station} by the key {sent.new_key} from now on "
            "(trust on first use). Compare it with the list of the administrator: stimctl sync "
            "stations URL"
        )
    put(
        f"{sent.station}: {len(sent.sessions)} sent, {sent.additions} additions, "
        f"{sent.there_before} there before, {sent.left} left"
    )
    if sent.waits_for:
        say(f"A session is running here ({sent.waits_for}). The rest is left for the next time.")
    for one in sent.troubles:
        name = one.session or f"number {one.numbers}"
        say(f"{styled('not sent:', 'red')} {name}: {one.what}: {one.why}")
        say(f"  what to do: {one.what_to_do}")
