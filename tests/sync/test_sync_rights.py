"""Keys and roles: who may send what, and that nobody changes what is there."""

from __future__ import annotations

import psycopg
import pytest

from stimctl.errors import IntegrityError, ServerError, UsageError
from stimctl.records.station_keys import new_key, open_key
from stimctl.sync.server import Server, connect
from tests.support.clinic import READER, Clinic, Station


@pytest.fixture(scope="module")
def anybody(clinic: Clinic) -> Station:
    return clinic.new_station()


def test_the_first_key_is_trusted_and_told_and_another_is_refused(
    clinic: Clinic, station: Station
) -> None:
    station.record()
    sent = station.sync()
    assert sent.new_key == open_key(station.state, "").public.fingerprint
    assert station.sync().new_key == ""
    new_key(station.state, "2026-12-01T00:00:00.000000000Z")
    station.record()
    with pytest.raises(IntegrityError, match="another key"):
        station.sync()
    assert station.arrived() == station.recorded[:1]


def test_the_key_that_the_administrator_gave_is_the_only_one(clinic: Clinic) -> None:
    station = clinic.new_station(key=bytes(32))
    station.record()
    with pytest.raises(IntegrityError, match="another key"):
        station.sync()
    assert station.arrived() == []


def test_a_key_is_replaced_by_the_administrator(clinic: Clinic, station: Station) -> None:
    station.record()
    station.sync()
    old = bytes.fromhex(open_key(station.state, "").public.public_key)
    new = new_key(station.state, "2026-12-01T00:00:00.000000000Z").public.public_key
    connection = connect(clinic.url())
    Server(connection).register(station.name, station.name, bytes.fromhex(new))
    assert Server(connection).end_key(station.name, old)
    connection.close()
    session = station.record(sign=False)
    assert station.sync().sessions == [session]
    assert clinic.faults(station) == []


def test_a_session_signed_with_an_ended_key_is_refused(clinic: Clinic, station: Station) -> None:
    station.record()
    station.sync()
    station.record()
    old = bytes.fromhex(open_key(station.state, "").public.public_key)
    new = new_key(station.state, "2026-12-01T00:00:00.000000000Z").public.public_key
    connection = connect(clinic.url())
    Server(connection).register(station.name, station.name, bytes.fromhex(new))
    Server(connection).end_key(station.name, old)
    connection.close()
    (trouble,) = station.sync().troubles
    assert "not signed with a key of station" in trouble.why


# -- rights


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE stimctl.session SET person = 'K-1'",
        "DELETE FROM stimctl.session",
        "DELETE FROM stimctl.addition",
        "UPDATE stimctl.absence SET reason = 'x'",
        "TRUNCATE stimctl.session",
        "INSERT INTO stimctl.station (station, role) VALUES ('other', 'other')",
        "UPDATE stimctl.station_key SET ended = now()",
        "ALTER TABLE stimctl.session DISABLE TRIGGER ALL",
        "INSERT INTO stimctl.session (arrived) VALUES (now())",
        "SELECT * FROM stimctl.session_report",
        "DROP SCHEMA stimctl CASCADE",
    ],
)
def test_a_station_adds_and_changes_nothing(anybody: Station, statement: str) -> None:
    with (
        psycopg.connect(anybody.url) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(statement.encode())


def test_a_station_reads_and_writes_its_own_sessions_only(clinic: Clinic, station: Station) -> None:
    session = station.record()
    station.sync()
    other = clinic.new_station()
    other.record()
    other.sync()
    with psycopg.connect(other.url) as connection:
        seen = connection.execute("SELECT DISTINCT station FROM stimctl.session").fetchall()
    assert seen == [(other.name,)]
    explained = "INSERT INTO stimctl.absence (station, first, last, reason) VALUES (%s, 2, 2, 'x')"
    with psycopg.connect(other.url) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(explained, (station.name,))
    assert refused.value.sqlstate == "ST005"
    with pytest.raises(psycopg.Error) as refused:
        station.insert(session, station.path(session).read_bytes(), b"", role=other.name)
    assert refused.value.sqlstate == "ST005"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM stimctl.session",
        "INSERT INTO stimctl.absence (station, first, last, reason) VALUES ('room-1', 1, 1, 'x')",
    ],
)
def test_a_reader_only_reads(clinic: Clinic, statement: str) -> None:
    with psycopg.connect(clinic.url(READER)) as connection:
        assert connection.execute("SELECT count(*) FROM stimctl.session_report").fetchone()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement.encode())


def test_a_role_that_is_no_station_is_told_so(clinic: Clinic) -> None:
    clinic.role("somebody")
    clinic.sql("GRANT stimctl_station TO somebody")
    nobody = Station(clinic, "somebody", clinic.folder / "somebody")
    nobody.record()
    with pytest.raises(UsageError, match="no station"):
        nobody.sync()


def test_a_role_without_rights_is_told_so(clinic: Clinic) -> None:
    clinic.role("stranger")
    with pytest.raises(ServerError, match="may not do this"):
        Station(clinic, "stranger", clinic.folder / "stranger").sync()
