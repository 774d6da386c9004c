"""What was changed is refused by the server, and found in what it holds."""

from __future__ import annotations

import hashlib
from contextlib import closing

import psycopg
import pytest

from stimctl.records.additions import additions_path
from stimctl.records.sessions import rebuild
from stimctl.records.station_keys import open_key
from stimctl.sync.server import Server, connect
from tests.support.clinic import Clinic, Station, rewritten


def test_a_changed_row_is_found_here_and_nothing_of_it_is_sent(station: Station) -> None:
    station.record(2)
    path = station.path(station.recorded[0])
    path.write_bytes(path.read_bytes().replace(b'"on_ms":1000', b'"on_ms":9000', 1))
    sent = station.sync()
    assert (sent.sessions, sent.left) == ([], 2)
    assert "altered" in sent.troubles[0].why


@pytest.fixture(scope="module")
def sender(clinic: Clinic) -> Station:
    """A station with a key at the server, and two sessions that are not there yet."""
    station = clinic.new_station()
    station.record(2)
    with closing(connect(station.url)) as connection:
        key = open_key(station.state, "").public.public_key
        assert Server(connection).register_first_key(bytes.fromhex(key))
    return station


@pytest.mark.parametrize(
    ("case", "state"),
    [
        ("row changed", "ST002"),
        ("row left out", "ST002"),
        ("blank line", "ST002"),
        ("not UTF-8", "ST002"),
        ("no journal", "ST002"),
        ("other session", "ST002"),
        ("additions of another", "ST002"),
        ("chain made again", "ST002"),
        ("not signed", "ST003"),
        ("signature changed", "ST003"),
        ("tail added", "ST002"),
        ("tail added and told", "ST003"),
        ("all made again", "ST003"),
    ],
)
def test_the_server_refuses_what_a_station_does_not_check(
    sender: Station, case: str, state: str
) -> None:
    session, other = sender.recorded
    path = sender.path(session)
    journal, added = path.read_bytes(), additions_path(path).read_bytes()
    match case:
        case "row changed":
            journal = journal.replace(b'"on_ms":1000', b'"on_ms":9000', 1)
        case "row left out":
            journal = (
                b"".join(journal.splitlines(keepends=True)[:-2])
                + journal.splitlines(keepends=True)[-1]
            )
        case "blank line":
            journal = journal.replace(b"\n", b"\n\n", 1)
        case "not UTF-8":
            journal = journal.replace(b"K-17", b"K-\xff\xfe", 1)
        case "no journal":
            journal = b"no row\n"
        case "other session":
            journal = sender.path(other).read_bytes()
            added = additions_path(sender.path(other)).read_bytes()
        case "additions of another":
            added = additions_path(sender.path(other)).read_bytes()
        case "chain made again":
            journal = rewritten(journal)
        case "not signed":
            added = b""
        case "signature changed":
            at = added.index(b'"signature":"') + 20
            added = added[:at] + (b"0" if added[at : at + 1] != b"0" else b"1") + added[at + 1 :]
        case "tail added" | "tail added and told":
            journal += b"torn"
        case "all made again":
            journal = rewritten(journal)
            last = journal.splitlines(keepends=True)[-1]
            added = rewritten(added, hashlib.sha256(last).hexdigest())
    with pytest.raises(psycopg.Error) as refused:
        sender.insert(session, journal, added, tail=4 * (case == "tail added and told"))
    assert refused.value.sqlstate == state
    assert sender.arrived() == []


def test_what_a_station_has_recorded_is_taken(clinic: Clinic, station: Station) -> None:
    """That the refusals above are not refusals of everything."""
    path = station.path(station.record())
    with closing(connect(station.url)) as connection:
        key = open_key(station.state, "").public.public_key
        Server(connection).register_first_key(bytes.fromhex(key))
    station.insert(path.stem, path.read_bytes(), additions_path(path).read_bytes())
    assert station.arrived() == [path.stem]


def test_a_rewritten_session_with_the_same_name_is_refused(
    clinic: Clinic, station: Station
) -> None:
    session = station.record()
    station.sync()
    path = station.path(session)
    with pytest.raises(psycopg.Error) as refused:
        station.insert(session, rewritten(path.read_bytes()), b"")
    assert refused.value.sqlstate == "ST004"
    path.write_bytes(rewritten(path.read_bytes()))
    additions_path(path).unlink()
    rebuild(station.journals)  # chain and catalogue agree here; the server knows better
    (trouble,) = station.sync().troubles
    assert trouble.session == session
    assert "another one" in trouble.what


def another_digit(column: str, place: str) -> str:
    """SQL that puts a "0" there, or a "1" where a "0" is already."""
    digit = f"CASE get_byte({column}, {place}) WHEN 48 THEN 49 ELSE 48 END"
    return f"{column} = set_byte({column}, {place}, {digit})"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (another_digit("journal", "900"), "row"),
        ("pulses = pulses - 1", "pulses is 319 in the column, 320 in the record"),
        ("person = 'K-18'", "person"),
        ("started = started + interval '1 s'", "started"),
        ("additions = ''", "no valid signature"),
        (another_digit("additions", "octet_length(additions) - 10"), "key has signed"),
    ],
)
def test_a_row_that_was_changed_at_the_server_is_found_there(
    clinic: Clinic, station: Station, change: str, found: str
) -> None:
    station.record()
    station.sync()
    clinic.sql(f"UPDATE stimctl.session SET {change} WHERE station = '{station.name}'")
    told = clinic.faults(station)
    assert any(found in one for one in told), told


def test_a_session_that_was_deleted_at_the_server_is_found_there(
    clinic: Clinic, station: Station
) -> None:
    station.record(3)
    station.sync()
    clinic.sql(f"DELETE FROM stimctl.session WHERE session = '{station.recorded[1]}'")
    assert clinic.faults(station) == ["2 missing at the server, and no reason is on record"]
