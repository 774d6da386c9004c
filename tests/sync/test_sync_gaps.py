"""A missing session is told and refused, until somebody says why it is missing."""

from __future__ import annotations

import pytest

from stimctl.errors import IntegrityError, UsageError
from stimctl.records.sessions import rebuild
from stimctl.sync import send
from stimctl.sync.own_sessions import Span, parse_span
from stimctl.sync.send import explain_absence
from stimctl.sync.server import Server, connect
from tests.support.clinic import Clinic, Station


def explain(station: Station, numbers: str, reason: str = "the disk was replaced") -> Span:
    connection = connect(station.url)
    try:
        return explain_absence(Server(connection), station.here().list_own(), numbers, reason)
    finally:
        connection.close()


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
    assert clinic.faults(station) == []
    assert clinic.sql(
        f"SELECT first, last, reason, role FROM stimctl.absence WHERE station = '{station.name}'"
    ) == [(2, 2, "the disk was replaced", station.name)]
    gone.write_bytes(kept)  # it is found again
    assert station.sync().sessions == [station.recorded[1]]
    assert clinic.faults(station) == []


def test_only_what_is_missing_can_be_explained(station: Station) -> None:
    station.record(3)
    station.path(station.recorded[1]).unlink()
    station.sync()
    for numbers in ("3", "9", "x", "0", "2-1"):
        with pytest.raises((UsageError, IntegrityError)):
            explain(station, numbers)


def test_the_server_itself_refuses_a_gap(station: Station) -> None:
    station.record(3)
    own = station.here().list_own()
    whole = type(own)(own.sessions[:1] + own.sessions[2:], 0)
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
    assert "the last number here is 1, there 3" in trouble.why
    again.record(3)
    (trouble,) = again.sync().troubles
    assert trouble.why == f"number 1 of station {station.name} was another session"


@pytest.mark.parametrize(
    ("text", "span"),
    [("7", Span(7, 7)), ("7-9", Span(7, 9)), ("9-7", None), ("-3", None), ("7-", Span(7, 7))],
)
def test_numbers_are_read_as_they_are_typed(text: str, span: Span | None) -> None:
    assert parse_span(text) == (None if text == "7-" else span)
