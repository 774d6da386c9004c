"""Death at any point, of connection, station or server: every session once, and verified."""

from __future__ import annotations

import contextlib
import selectors
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg
import pytest

from stimctl.errors import ServerError
from stimctl.records.signing import amend
from stimctl.sync.server import connect
from tests.support.clinic import NOW_NS, Clinic, Station
from tests.support.postgres import PostgresServer


class DyingConnection:
    """A connection that ends at its n-th statement, before or after the server has done it."""

    def __init__(self, url: str, at: int, *, after: bool) -> None:
        self._real: Any = connect(url)
        self._left = at
        self._after = after
        self.died = False

    def execute(self, query: Any, params: Any = None) -> Any:
        self._left -= 1
        if self._left:
            return self._real.execute(query, params)
        self.died = True
        if self._after:
            self._real.execute(query, params)
        self._real.close()
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    def close(self) -> None:
        self._real.close()


@pytest.fixture(scope="module")
def recorded(clinic: Clinic) -> Station:
    """A station with two sessions."""
    station = clinic.new_station()
    station.record(2)
    return station


@pytest.mark.parametrize("after", [False, True], ids=["before-it", "after-it"])
def test_a_connection_that_dies_at_any_statement_costs_nothing(
    clinic: Clinic, recorded: Station, after: bool
) -> None:
    statements = 0
    while True:
        clinic.forget(recorded)
        statements += 1
        with closing(DyingConnection(recorded.url, statements, after=after)) as dying:
            with contextlib.suppress(ServerError):
                recorded.sync(dying)
            if not dying.died:
                break
        first = recorded.arrived()
        assert first == recorded.recorded[: len(first)]
        sent = recorded.sync()
        assert [*first, *sent.sessions] == recorded.recorded == recorded.arrived()
        assert sent.troubles == []
    assert statements > 3 + len(recorded.recorded)
    assert [one.faults for one in clinic.check(recorded.name)] == [(), ()]


@pytest.mark.parametrize("after", [False, True], ids=["before-it", "after-it"])
def test_an_addition_whose_connection_dies_arrives_once(clinic: Clinic, after: bool) -> None:
    station = clinic.new_station()
    path = station.path(station.record())
    station.sync()
    counted = DyingConnection(station.url, 0, after=after)
    station.sync(counted)
    held_at = -counted._left
    for _ in range(2):
        amend(station.state, path, NOW_NS, "the electrode had come off")
    # Its last statement before the additions asks what is there.
    for at in (held_at - 2, held_at - 1, held_at):
        with pytest.raises(ServerError):
            station.sync(DyingConnection(station.url, at, after=after))
    station.sync()
    assert [one.faults for one in clinic.check(station.name)] == [()]


def test_two_syncs_of_one_station_at_once_send_each_session_once(clinic: Clinic) -> None:
    station = clinic.new_station()
    station.record(4)

    class Interrupted(DyingConnection):
        """Another sync of the same station runs between what is there and the first session."""

        def execute(self, query: Any, params: Any = None) -> Any:
            if b"INSERT INTO stimctl.session" in query and not self.died:
                self.died = True
                assert station.sync().sessions == station.recorded
            return self._real.execute(query, params)

    sent = station.sync(Interrupted(station.url, 0, after=False))
    assert sent.troubles == []
    assert station.arrived() == station.recorded


# -- processes: the server and the stations are killed


class Round:
    """Syncs of several stations at once, each a process; who is due is killed on the way."""

    def __init__(self, server: PostgresServer, stations: list[Station]) -> None:
        self.server = server
        self.stations = stations
        self.codes: list[int] = []

    def run(self, *, kill_server_after: int = 0, kill_stations_after: int = 0) -> int:
        """Until all have ended; how many sessions were sent. After so many the server is killed;
        after so many of its own each station."""
        running = {}
        for station in self.stations:
            command, environment = station.process()
            running[station.name] = subprocess.Popen(
                command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                text=True,
            )  # fmt: skip
        sent: dict[str, int] = dict.fromkeys(running, 0)
        for name, line in lines_of(running):
            if not line.startswith("sent "):
                continue
            sent[name] += 1
            if kill_stations_after and sent[name] == kill_stations_after:
                running[name].kill()
            if kill_server_after and sum(sent.values()) == kill_server_after:
                self.server.kill()
        self.codes += [process.wait() for process in running.values()]
        return sum(sent.values())


def lines_of(running: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What the processes say on stderr, as it comes."""
    with selectors.DefaultSelector() as selector:
        for name, process in running.items():
            selector.register(process.stderr, selectors.EVENT_READ, name)
        while selector.get_map():
            for key, _ in selector.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if line:
                    yield key.data, line
                else:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]


def every_session_once_and_verified(clinic: Clinic, stations: list[Station]) -> None:
    for station in stations:
        assert station.arrived() == station.recorded
        checked = clinic.check(station.name)
        assert [one.session for one in checked if not one.faults] == station.recorded
        assert len(checked) == len(station.recorded)


def until_all_is_there(clinic: Clinic, stations: list[Station]) -> None:
    """Further rounds: another session of this user may be running now and then."""
    while any(station.arrived() != station.recorded for station in stations):
        Round(clinic.server, stations).run()


@pytest.fixture
def killable(clinic: Clinic) -> Iterator[Clinic]:
    """The clinic, whose server a test may kill."""
    yield clinic
    clinic.server.start()


_WAIT = """
CREATE OR REPLACE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    -- A station sees its own rows only.
    IF (SELECT count(*) FROM stimctl.session) = {number} THEN
        PERFORM pg_advisory_xact_lock(1);
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER wait_here AFTER INSERT ON stimctl.session
    FOR EACH ROW EXECUTE FUNCTION wait_here()
"""


@contextlib.contextmanager
def all_in_their_nth_session(
    clinic: Clinic, stations: list[Station], number: int
) -> Iterator[list[Any]]:
    """The processes of these stations, each held while the server takes its n-th session."""
    clinic.sql(_WAIT.format(number=number))
    with psycopg.connect(clinic.url(), autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(1)")
        running = [started(station) for station in stations]
        waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        while holder.execute(waiting).fetchone() != (len(stations),):
            for place, process in enumerate(running):
                if process.poll() is not None:  # another session of this user was running
                    running[place] = started(stations[place])
            time.sleep(0.01)
        yield running
    for process in running:
        process.wait()


def started(station: Station) -> subprocess.Popen[bytes]:
    command, environment = station.process()
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, env=environment, stdout=nowhere, stderr=nowhere)


@pytest.mark.broad
def test_server_and_stations_are_killed_once_each_and_every_session_arrives_once(
    killable: Clinic,
) -> None:
    stations = [killable.new_station() for _ in range(3)]
    for station in stations:
        station.record(10)
    with (
        contextlib.suppress(psycopg.OperationalError),  # the lock's own connection dies as well
        all_in_their_nth_session(killable, stations, 4) as running,
    ):
        killable.server.kill()
        assert [process.wait() for process in running] == [1, 1, 1]  # told, and no more
        killable.server.start()
    assert [len(station.arrived()) for station in stations] == [3, 3, 3]
    with all_in_their_nth_session(killable, stations, 7) as running:
        for process in running:
            process.kill()
        assert [process.wait() for process in running] == [-9, -9, -9]
    killable.sql("DROP TRIGGER wait_here ON stimctl.session")
    for station in stations:
        assert len(station.arrived()) in (6, 7)  # the server may have finished the seventh
        station.sync()
    every_session_once_and_verified(killable, stations)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_thousand_sessions_of_three_stations_with_two_kills_of_the_server(
    killable: Clinic,
) -> None:
    stations = [killable.new_station() for _ in range(3)]
    for station, how_many in zip(stations, (334, 333, 333), strict=True):
        station.record(how_many, rows=40)
    everything = Round(killable.server, stations)
    everything.run(kill_server_after=150)
    killable.server.start()
    everything.run(kill_stations_after=60)
    everything.run(kill_server_after=200)
    killable.server.start()
    until_all_is_there(killable, stations)
    every_session_once_and_verified(killable, stations)
    arrived = sum(len(station.arrived()) for station in stations)
    print(f"\n{arrived} sessions of {len(stations)} stations, exit codes {everything.codes}")
