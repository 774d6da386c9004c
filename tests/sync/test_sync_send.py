"""Sessions arrive whole, in order, once; what is missing, damaged or another one is refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import psycopg
import pytest

from stimctl.errors import IntegrityError, ServerError, UsageError
from stimctl.records.additions import additions_path
from stimctl.records.rows import FIRST_PREVIOUS
from stimctl.records.sessions import rebuild
from stimctl.records.signing import amend
from stimctl.records.station_keys import new_key, open_key
from stimctl.sync.own_sessions import Span, parse_span
from stimctl.sync.quiet import running_sessions
from stimctl.sync.send import explain_absence
from stimctl.sync.server import Server, connect
from tests.support.clinic import NOW_NS, READER, Clinic, Station


def faults(clinic: Clinic, station: Station) -> list[str]:
    return [fault for one in clinic.check(station.name) for fault in one.faults]


def explain(station: Station, numbers: str, reason: str = "the disk was replaced") -> Span:
    connection = connect(station.url)
    try:
        return explain_absence(Server(connection), station.here().list_own(), numbers, reason)
    finally:
        connection.close()


def test_whole_sessions_arrive_in_order_and_are_verified_there(
    clinic: Clinic, station: Station
) -> None:
    station.record(3)
    sent = station.sync()
    assert sent.sessions == station.recorded == station.arrived()
    assert (sent.left, sent.troubles, sent.there_before) == (0, [], 0)
    checked = clinic.check(station.name)
    assert [(one.session, one.faults, one.made) for one in checked] == [
        (session, (), "at-end") for session in station.recorded
    ]


def test_the_bytes_at_the_server_are_those_of_the_files(clinic: Clinic, station: Station) -> None:
    path = station.path(station.record())
    station.sync()
    ((journal, additions),) = clinic.sql(
        f"SELECT journal, additions FROM stimctl.session WHERE station = '{station.name}'"
    )
    assert journal == path.read_bytes()
    assert additions == additions_path(path).read_bytes()


def test_a_report_reads_what_was_given_with_its_bounds(clinic: Clinic, station: Station) -> None:
    station.record(rows=3)
    station.sync()
    (row,) = clinic.sql(
        "SELECT person, device, protocol, simulated, outcome, pulses, pulses_least, pulses_most,"
        " charge_mc, minutes, minutes_least, minutes_most, ended > started, has_closing_row"
        f" FROM stimctl.session_report WHERE station = '{station.name}'"
    )
    # Two channels of 240 pulses of 2400 nC; how much the second gave at most is not known.
    assert row[:5] == ("K-17", "sim:p24", "tens-burst", True, "zero verified")
    assert row[5:8] == (480, 479, None)
    assert [float(one) for one in row[8:11]] == [1.152, 0.05, 0.05]
    assert row[11:] == (None, True, True)
    channels = clinic.sql(
        "SELECT channel, pulses, minutes_most FROM stimctl.channel_report"
        f" WHERE station = '{station.name}' ORDER BY channel"
    )
    assert [(one[0], one[1], one[2] is None) for one in channels] == [
        ("1", 240, False), ("2", 240, True),
    ]  # fmt: skip


def test_a_second_sync_changes_nothing(clinic: Clinic, station: Station) -> None:
    station.record(2)
    station.sync()
    before = clinic.sql("SELECT * FROM stimctl.session ORDER BY station, session")
    sent = station.sync()
    assert (sent.sessions, sent.there_before, sent.troubles) == ([], 2, [])
    assert clinic.sql("SELECT * FROM stimctl.session ORDER BY station, session") == before


def test_a_sync_goes_on_after_what_is_there(station: Station) -> None:
    station.record(2)
    station.sync()
    session = station.record()
    assert station.sync().sessions == [session]


def test_while_a_session_runs_here_nothing_is_sent(station: Station) -> None:
    station.record(2)
    sent = station.sync(running=("stimctl pid 4711, started 10:31",))
    assert (sent.sessions, sent.left) == ([], 2)
    assert "4711" in sent.waits_for
    assert station.sync().sessions == station.recorded


def test_a_session_that_begins_in_the_middle_stops_the_rest(station: Station) -> None:
    station.record(3)
    here = station.here()
    asked = iter([(), ("a session",), (), ()])
    running = type(here)(here.state, here.journals, here.now_ns, lambda: next(asked))
    from stimctl.sync.send import send_sessions

    connection = connect(station.url)
    sent = send_sessions(Server(connection), running, here.list_own())
    connection.close()
    assert (sent.sessions, sent.left) == (station.recorded[:1], 2)


def test_nobody_runs_a_session_where_no_lock_is_held(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from stimctl.supervisor.locks import PortLock

    monkeypatch.setattr("stimctl.sync.quiet.candidate_names", lambda: [str(tmp_path / "none")])
    assert running_sessions() == ()
    monkeypatch.undo()
    lock = PortLock(str(tmp_path / "port"), "supervisor")
    lock.acquire()
    try:
        assert any(holder.program == "supervisor" for holder in running_sessions())
    finally:
        lock.release()


def test_a_session_whose_program_died_is_signed_and_sent_as_it_was_found(
    clinic: Clinic, station: Station
) -> None:
    station.record()
    session = station.record(end=False)
    with station.path(session).open("ab") as file:
        file.write(b'{"seq":3,"prev":"\0\0')  # a power cut has torn the last row
    station.record()
    assert station.sync().sessions == station.recorded
    (one,) = [one for one in clinic.check(station.name) if one.session == session]
    assert (one.has_closing_row, one.made, one.faults) == (False, "at-recovery", ())


def test_a_session_that_was_not_signed_is_signed_before_it_is_sent(
    clinic: Clinic, station: Station
) -> None:
    station.record(sign=False)
    station.sync()
    assert [(one.made, one.faults) for one in clinic.check(station.name)] == [("later", ())]


def test_what_was_added_later_follows(clinic: Clinic, station: Station) -> None:
    path = station.path(station.record())
    station.sync()
    amend(station.state, path, NOW_NS, "the electrode had come off", by="T-1")
    amend(station.state, path, NOW_NS, "at minute four", by="T-1")
    assert station.sync().additions == 2
    assert station.sync().additions == 0
    assert faults(clinic, station) == []
    ((lines,),) = clinic.sql(
        "SELECT string_agg(line, ''::bytea ORDER BY seq) FROM stimctl.addition"
        f" WHERE station = '{station.name}'"
    )
    assert additions_path(path).read_bytes().endswith(lines)


# -- gaps


def test_a_missing_file_is_told_and_nothing_after_it_is_sent(station: Station) -> None:
    station.record(3)
    station.path(station.recorded[1]).unlink()
    sent = station.sync()
    assert (sent.sessions, sent.left) == (station.recorded[:1], 2)
    (trouble,) = sent.troubles
    assert (trouble.session, trouble.numbers) == (station.recorded[1], "2")
    assert "explain URL 2" in trouble.what_to_do


def test_a_number_that_nobody_knows_is_a_gap(station: Station) -> None:
    station.record(4)
    for session in station.recorded[1:3]:
        station.path(session).unlink()
    rebuild(station.journals)  # now the catalogue does not know them either
    (trouble,) = station.sync().troubles
    assert (trouble.session, trouble.numbers) == ("", "2-3")


def test_a_removed_newest_session_is_a_gap(station: Station) -> None:
    station.record(2)
    station.path(station.recorded[1]).unlink()
    rebuild(station.journals)
    sent = station.sync()
    assert sent.sessions == station.recorded[:1]
    assert [one.numbers for one in sent.troubles] == ["2"]


def test_a_gap_that_is_explained_lets_the_rest_through_and_stays_on_record(
    clinic: Clinic, station: Station
) -> None:
    station.record(3)
    gone = station.path(station.recorded[1])
    kept = gone.read_bytes()
    gone.unlink()
    station.sync()
    assert explain(station, "2") == Span(2, 2)
    assert station.sync().sessions == [station.recorded[2]]
    assert faults(clinic, station) == []
    assert clinic.sql(
        f"SELECT first, last, reason, role FROM stimctl.absence WHERE station = '{station.name}'"
    ) == [(2, 2, "the disk was replaced", station.name)]
    gone.write_bytes(kept)  # it is found again
    assert station.sync().sessions == [station.recorded[1]]
    assert faults(clinic, station) == []


@pytest.mark.parametrize("numbers", ["3", "9", "x", "0", "2-1"])
def test_only_what_is_missing_can_be_explained(station: Station, numbers: str) -> None:
    station.record(3)
    station.path(station.recorded[1]).unlink()
    station.sync()
    with pytest.raises((UsageError, IntegrityError)):
        explain(station, numbers)


def test_the_server_itself_refuses_a_gap(station: Station) -> None:
    station.record(3)
    own = station.here().list_own()
    whole = type(own)(own.sessions[:1] + own.sessions[2:], 0)
    from stimctl.sync import send

    connection = connect(station.url)
    with pytest.MonkeyPatch.context() as patch:  # a station whose program does not look
        patch.setattr(send, "gap_before", lambda number, complete: None)
        sent = send.send_sessions(Server(connection), station.here(), whole)
    connection.close()
    assert sent.sessions == station.recorded[:1]
    assert "sessions 2 to 2" in sent.troubles[0].why


def test_a_station_that_counts_from_the_beginning_again_is_refused(
    clinic: Clinic, station: Station
) -> None:
    station.record(3)
    station.sync()
    again = Station(clinic, station.name, station.state.with_name("again"))
    again.state.mkdir()
    (again.state / "keys").symlink_to(station.state / "keys")
    again.record()
    (trouble,) = again.sync().troubles
    assert trouble.why == f"number 1 of station {station.name} was another session"


@pytest.mark.parametrize(
    ("text", "span"),
    [("7", Span(7, 7)), ("7-9", Span(7, 9)), ("9-7", None), ("-3", None), ("7-", Span(7, 7))],
)
def test_numbers_are_read_as_they_are_typed(text: str, span: Span | None) -> None:
    assert parse_span(text) == (None if text == "7-" else span)


# -- damage


def test_a_changed_row_is_found_here_and_nothing_of_it_is_sent(station: Station) -> None:
    station.record(2)
    path = station.path(station.recorded[0])
    path.write_bytes(path.read_bytes().replace(b'"on_ms":1000', b'"on_ms":9000', 1))
    sent = station.sync()
    assert (sent.sessions, sent.left) == ([], 2)
    assert "altered" in sent.troubles[0].why


def rewritten(journal: bytes) -> bytes:
    """A changed journal with a sound chain, as somebody with the file could make it."""
    lines, previous = [], FIRST_PREVIOUS
    for line in journal.replace(b'"on_ms":1000', b'"on_ms":9000', 1).splitlines():
        row = json.loads(line)
        row["prev"] = previous
        lines.append(json.dumps(row, separators=(",", ":")).encode() + b"\n")
        previous = hashlib.sha256(lines[-1]).hexdigest()
    return b"".join(lines)


COLUMNS = (
    "station, session, number, journal, sound_bytes, row_count, last_hash, additions, simulated,"
    " person, device, protocol, started, ended, outcome, pulses, charge_nc, on_ms, channels"
)


def insert(
    clinic: Clinic, station: Station, session: str, journal: bytes, added: bytes, role: str = ""
) -> None:
    """What a station's program could send that does not look at what it sends."""
    rows = journal.splitlines(keepends=True)
    values = (
        station.name, session, 1, journal, len(journal), len(rows),
        hashlib.sha256(rows[-1]).hexdigest(), added, True, "K-17", "", "", "2026-11-30", None, "",
        0, 0, 0, "{}",
    )  # fmt: skip
    marks = ", ".join(["%s"] * len(values))
    with psycopg.connect(clinic.url(role or station.name)) as connection:
        connection.execute(
            f"INSERT INTO stimctl.session ({COLUMNS}) VALUES ({marks})".encode(), values
        )


@pytest.mark.parametrize(
    ("case", "state"),
    [
        ("as it is", ""),
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
    ],
)
def test_the_server_refuses_what_a_station_does_not_check(
    clinic: Clinic, station: Station, case: str, state: str
) -> None:
    session, other = station.record(), station.record()
    path = station.path(session)
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
            journal = station.path(other).read_bytes()
            added = additions_path(station.path(other)).read_bytes()
        case "additions of another":
            added = additions_path(station.path(other)).read_bytes()
        case "chain made again":
            journal = rewritten(journal)
        case "not signed":
            added = b""
        case "signature changed":
            at = added.index(b'"signature":"') + 20
            added = added[:at] + (b"0" if added[at : at + 1] != b"0" else b"1") + added[at + 1 :]
        case "tail added":
            journal += b"torn"
    connection = connect(station.url)
    Server(connection).register_first_key(
        bytes.fromhex(open_key(station.state, "").public.public_key)
    )
    connection.close()
    if not state:
        insert(clinic, station, session, journal, added)
        assert station.arrived() == [session]
        return
    with pytest.raises(psycopg.Error) as refused:
        insert(clinic, station, session, journal, added)
    assert refused.value.sqlstate == state
    assert station.arrived() == []


def test_a_rewritten_session_with_the_same_name_is_refused(
    clinic: Clinic, station: Station
) -> None:
    session = station.record()
    station.sync()
    path = station.path(session)
    with pytest.raises(psycopg.Error) as refused:
        insert(clinic, station, session, rewritten(path.read_bytes()), b"")
    assert refused.value.sqlstate == "ST004"
    path.write_bytes(rewritten(path.read_bytes()))
    additions_path(path).unlink()
    rebuild(station.journals)  # chain and catalogue agree here; the server knows better
    (trouble,) = station.sync().troubles
    assert trouble.session == session
    assert "another one" in trouble.what


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ("journal = set_byte(journal, 900, 48)", "row"),
        ("pulses = pulses - 1", "pulses is 319 in the column, 320 in the record"),
        ("person = 'K-18'", "person"),
        ("started = started + interval '1 s'", "started"),
        ("additions = ''", "no valid signature"),
        ("additions = set_byte(additions, octet_length(additions) - 10, 48)", "key has signed"),
    ],
)
def test_a_row_that_was_changed_at_the_server_is_found_there(
    clinic: Clinic, station: Station, change: str, found: str
) -> None:
    station.record()
    station.sync()
    clinic.sql(f"UPDATE stimctl.session SET {change} WHERE station = '{station.name}'")
    told = faults(clinic, station)
    assert any(found in one for one in told), told


def test_a_session_that_was_deleted_at_the_server_is_found_there(
    clinic: Clinic, station: Station
) -> None:
    station.record(3)
    station.sync()
    clinic.sql(f"DELETE FROM stimctl.session WHERE session = '{station.recorded[1]}'")
    assert faults(clinic, station) == ["2 missing at the server, and nobody has said why"]


# -- keys


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
    assert faults(clinic, station) == []


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
def test_a_station_adds_and_changes_nothing(
    clinic: Clinic, station: Station, statement: str
) -> None:
    with (
        psycopg.connect(station.url) as connection,
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
        insert(clinic, station, session, station.path(session).read_bytes(), b"", role=other.name)
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
