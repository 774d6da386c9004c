"""What holds for every fault: nothing before its time, the same in any pieces, and counted."""

from __future__ import annotations

from functools import cache

import pytest

from firmware_sim.faults import Fault, FaultyTwin, applicable
from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.situation import faulty_twin
from tests.support.broad import broad
from tests.support.faulty_host import MS, SECOND, Session, perform

AT_US = 5 * SECOND + 3
NAMES = [spec.name for spec in applicable()]
#: Parameters that let a fault of this session show.
SHOWING = {"low-battery": {"every_us": 2 * SECOND}}


def twin_with(name: str, **options: object) -> FaultyTwin:
    return faulty_twin("p24", faults=[Fault(name, AT_US, SHOWING.get(name, {}))], **options)  # type: ignore[arg-type]


@cache
def bare() -> Session:
    return perform(P24Twin(wiretap=True))


@cache
def played(name: str) -> Session:
    return perform(twin_with(name, wiretap=True))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_differs_before_its_time(name: str) -> None:
    assert played(name).heard_until(AT_US) == bare().heard_until(AT_US)
    assert played(name).rows_until(AT_US) == bare().rows_until(AT_US)


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_changes_something_and_counts_it(name: str) -> None:
    session = played(name)
    assert session.changes[0] > 0
    different = session.rows_until(10**12) != bare().rows_until(10**12)
    # What only delays answers by less than the host looks at is seen on the line.
    assert different or session.timeline != bare().timeline


@pytest.mark.parametrize("name", NAMES)
def test_the_record_says_when_it_begins(name: str) -> None:
    begins = [row for _, row in played(name).rows if row.get("event") == "begins"]
    assert [(row["kind"], row["fault"], row["at_us"]) for row in begins] == [("fault", name, AT_US)]


@pytest.mark.parametrize("name", broad(NAMES))
def test_the_same_seed_gives_the_same_session(name: str) -> None:
    assert perform(twin_with(name, wiretap=True)) == played(name)


@pytest.mark.parametrize("name", broad(NAMES))
def test_any_chunking_gives_the_same_session(name: str) -> None:
    whole = perform(twin_with(name))
    bytewise = perform(twin_with(name), chunk=1)
    assert bytewise.heard == whole.heard
    assert bytewise.rows == whole.rows
    assert bytewise.changes == whole.changes


@pytest.mark.parametrize("name", broad(NAMES))
def test_any_waking_up_gives_the_same_session(name: str) -> None:
    often, seldom = perform(twin_with(name)), perform(twin_with(name), often=False)
    assert seldom.heard == often.heard
    assert [row for _, row in seldom.rows] == [row for _, row in often.rows]
    assert seldom.changes == often.changes


@pytest.mark.parametrize("chunk", [None, 1, 7])
@pytest.mark.parametrize("often", [True, False])
def test_without_faults_it_is_the_bare_twin(chunk: int | None, often: bool) -> None:
    faultless = perform(faulty_twin("p24", wiretap=True), chunk=chunk, often=often)
    assert faultless._replace(changes=()) == perform(
        P24Twin(wiretap=True), chunk=chunk, often=often
    )


def test_a_fault_to_come_changes_nothing_but_when_to_wake() -> None:
    session = perform(faulty_twin("p24", faults=[Fault("mute", 3_600 * SECOND)], wiretap=True))
    assert session._replace(changes=()) == bare()


def test_two_faults_of_a_kind_have_their_own_chance() -> None:
    faults = [Fault("flip", 0, {"ppm": 20_000}), Fault("flip", 0, {"ppm": 20_000})]
    counts = perform(faulty_twin("p24", faults=faults)).changes
    assert counts[0] != counts[1]
    assert all(counts)


def test_another_seed_gives_another_session() -> None:
    fault = Fault("flip", 0, {"ppm": 5_000})
    first, second = (perform(faulty_twin("p24", faults=[fault], seed=seed)) for seed in (1, 2))
    assert first.rows != second.rows


def test_faults_can_be_added_while_it_runs() -> None:
    twin = faulty_twin("p24")
    twin.advance(2 * SECOND * 1000)
    twin.add(Fault("dead-man-missing", 1 * SECOND))
    assert not twin.active
    twin.advance(2 * SECOND * 1000)
    assert [fault.name for fault in twin.active] == ["dead-man-missing"]
    twin.add(Fault("mute", 2 * SECOND + 10 * MS, {"for_us": 1000}))
    twin.advance(2 * SECOND * 1000 + 10_500_000)
    assert len(twin.active) == 2
    twin.advance(3 * SECOND * 1000)
    assert [fault.name for fault in twin.active] == ["dead-man-missing"]
