"""Whole sessions arrive in order, once; nothing is sent while a session runs."""

from __future__ import annotations

from typing import Any

import pytest

from stimctl.records.additions import additions_path
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.signing import amend
from stimctl.sync.quiet import running_sessions
from stimctl.sync.send import send_sessions
from stimctl.sync.server import Server, connect
from tests.support.clinic import NOW_NS, Clinic, Station


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


def test_a_catalogue_behind_a_session_that_died_is_no_difference(station: Station) -> None:
    session = station.record(end=False, anchored=False)
    assert station.sync().sessions == [session]
    assert station.sync().troubles == []


def test_a_session_that_is_being_written_is_waited_for(station: Station) -> None:
    station.record()
    writer = JournalWriter.open_session(station.journals, Header("sim:p24", True, "0.1.0", "3.11"))
    sent = station.sync()
    assert (sent.sessions, sent.left, sent.troubles) == (station.recorded, 1, [])
    assert writer.session in sent.waits_for
    writer.end({"outcome": "closed"})
    assert station.sync().sessions == [writer.session]


def test_additions_that_are_gone_here_are_told(station: Station) -> None:
    session = station.record()
    station.sync()
    additions_path(station.path(session)).unlink()
    (trouble,) = station.sync().troubles
    assert trouble.what == "additions are missing"


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
    assert clinic.faults(station) == []
    ((lines,),) = clinic.sql(
        "SELECT string_agg(line, ''::bytea ORDER BY seq) FROM stimctl.addition"
        f" WHERE station = '{station.name}'"
    )
    assert additions_path(path).read_bytes().endswith(lines)
