"""What the supervisor knows of its computer and of the sessions before: battery, disk, history."""

from __future__ import annotations

import queue
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import ImplausibleError
from stimctl.records.catalogue import Catalogue
from stimctl.records.history import last_plateaus, unclean_end
from stimctl.records.journal import Header, JournalWriter
from stimctl.session.config import EngineConfig
from stimctl.session.facts import DiskSpace, HostPower
from stimctl.session.states import State
from stimctl.stimulus.level import CURRENT
from stimctl.supervisor.battery import read_power
from stimctl.supervisor.host_monitor import HostMonitor, read_disk
from stimctl.supervisor.options import Options
from stimctl.supervisor.previous_session import check_plausible, unclean_last_session
from stimctl.supervisor.sleep_lock import SleepLock

pytestmark = pytest.mark.clock

S = 1_000_000_000


def supply(folder: Path, name: str, **files: str) -> None:
    (folder / name).mkdir(parents=True)
    for file, text in files.items():
        (folder / name / file).write_text(text + "\n")


@pytest.mark.hazard("H05")
def test_the_battery_of_a_laptop_is_read(tmp_path: Path) -> None:
    supply(tmp_path, "AC", type="Mains", online="0")
    supply(tmp_path, "BAT0", type="Battery", capacity="17", status="Discharging")
    supply(tmp_path, "mouse", type="Battery", capacity="3", status="Discharging", scope="Device")
    assert read_power(tmp_path) == HostPower(17, on_battery=True)


@pytest.mark.hazard("H05")
def test_a_battery_that_is_charging_or_full_is_not_run_on(tmp_path: Path) -> None:
    for number, status in enumerate(("Charging", "Full", "Not charging")):
        folder = tmp_path / str(number)
        supply(folder, "BAT0", type="Battery", capacity="50", status=status)
        assert read_power(folder) == HostPower(50, on_battery=False)


@pytest.mark.hazard("H05")
def test_two_batteries_count_by_their_mean_and_an_unreadable_one_alone_as_empty(
    tmp_path: Path,
) -> None:
    supply(tmp_path / "two", "BAT0", type="Battery", capacity="10", status="Discharging")
    supply(tmp_path / "two", "BAT1", type="Battery", capacity="50", status="Unknown")
    assert read_power(tmp_path / "two") == HostPower(30, on_battery=True)
    supply(tmp_path / "odd", "BAT0", type="Battery", capacity="?", status="Discharging")
    assert read_power(tmp_path / "odd") == HostPower(0, on_battery=True)


def test_a_computer_without_a_battery_tells_nothing(tmp_path: Path) -> None:
    assert read_power(tmp_path) is None
    assert read_power(tmp_path / "absent") is None


@pytest.mark.hazard("H36")
def test_the_room_is_that_of_the_disk_the_journal_will_be_on(tmp_path: Path) -> None:
    found = read_disk(tmp_path / "not" / "yet" / "there")
    assert found is not None
    assert found.free_bytes > 0


@pytest.mark.hazard("H05", "H36")
def test_battery_and_disk_are_looked_at_every_ten_seconds(tmp_path: Path) -> None:
    looked: list[str] = []

    def power() -> HostPower:
        looked.append("power")
        return HostPower(50, on_battery=True)

    around = HostMonitor(tmp_path, power=power, disk=lambda _folder: DiskSpace(7))
    assert around.facts(0) == [HostPower(50, on_battery=True), DiskSpace(7)]
    assert [fact for tenth in range(1, 100) for fact in around.facts(tenth * S // 10)] == []
    told = around.facts(10 * S)
    while len(told) < 2:  # they are read meanwhile
        told += around.facts(11 * S)
    assert DiskSpace(7) in told
    assert len(looked) == 2


@pytest.mark.hazard("H36", "H55")
def test_a_disk_that_does_not_answer_holds_up_nothing(tmp_path: Path) -> None:
    asked: queue.SimpleQueue[None] = queue.SimpleQueue()
    answers: queue.SimpleQueue[DiskSpace] = queue.SimpleQueue()

    def disk(_folder: Path) -> DiskSpace:
        asked.put(None)
        return answers.get(timeout=10)

    around = HostMonitor(tmp_path, power=lambda: None, disk=disk)
    answers.put(DiskSpace(5))
    assert around.facts(0) == [DiskSpace(5)]
    told = [fact for second in range(10, 100) for fact in around.facts(second * S)]
    assert told == [], "it still waits for the second answer"
    asked.get(timeout=10)
    asked.get(timeout=10)
    assert asked.empty(), "and asks no third time before that"
    answers.put(DiskSpace(7))
    while not told:
        told += around.facts(99 * S)
    assert told == [DiskSpace(7)]


@pytest.mark.hazard("H04")
def test_the_computer_is_kept_awake_while_output_may_be_on(tmp_path: Path) -> None:
    lock = SleepLock(command=("cat",))
    around = HostMonitor(tmp_path, power=lambda: None, disk=lambda _: None, sleep_lock=lock)
    awake = {State.ARMED, State.RUNNING, State.PAUSED, State.UNKNOWN}
    for state in (*State, *State):
        around.session_is(state)
        assert lock.held is (state in awake)
    lock.let_go()
    assert not lock.held


@pytest.mark.hazard("H04")
def test_a_computer_that_cannot_be_kept_awake_is_no_error() -> None:
    lock = SleepLock(command=("no-such-program-here",))
    lock.take()
    assert not lock.held
    lock.let_go()


# -- the sessions before


def recorded(
    folder: Path, *, device: str = "p24:/dev/ttyACM0", person: str = "K-17", reached: int = 0
) -> JournalWriter:
    header = Header(
        device=device, sim=False, stimctl="0", python="3", person=person, protocol="tens"
    )
    writer = JournalWriter.open_session(folder, header)
    Catalogue(folder).begin(
        writer.session, header.as_dict(writer.session), "2026-01-01T00:00:00Z", writer.anchor
    )
    for plateau_ua in (500, reached, 0):
        writer.append("set", {"channel": 1, "level": plateau_ua, "by": "hand"})
    return writer


def ended(folder: Path, writer: JournalWriter) -> None:
    anchor = writer.end({"outcome": "zero verified"})
    Catalogue(folder).finish(writer.session, "2026-01-01T00:10:00Z", "zero verified", anchor)


def options(folder: Path, person: str = "K-17") -> Options:
    return Options("p24:/dev/ttyACM0", "", False, folder, folder, person, EngineConfig())


@pytest.mark.hazard("H03", "H24")
def test_a_session_that_was_killed_is_told_to_the_next_one_on_that_device(tmp_path: Path) -> None:
    assert unclean_last_session(options(tmp_path)) is None
    writer = recorded(tmp_path)
    writer.abandon()
    told = unclean_last_session(options(tmp_path))
    assert told is not None
    assert told.session == writer.session
    assert "no end on record" in told.what
    assert unclean_end(tmp_path, "p24:/dev/ttyACM7") is None


@pytest.mark.hazard("H03")
def test_a_session_that_ended_is_nothing_to_tell(tmp_path: Path) -> None:
    recorded(tmp_path).abandon()
    ended(tmp_path, recorded(tmp_path))
    assert unclean_last_session(options(tmp_path)) is None


@pytest.mark.hazard("H18", "H25")
def test_only_the_same_person_and_protocol_count_as_the_last_session(tmp_path: Path) -> None:
    ended(tmp_path, recorded(tmp_path, reached=1_500))
    ended(tmp_path, recorded(tmp_path, person="K-18", reached=9_000))
    assert last_plateaus(tmp_path, "K-17", "tens") == {1: 1_500}
    assert last_plateaus(tmp_path, "K-17", "nmes") == {}
    assert last_plateaus(tmp_path, "", "tens") == {}


@pytest.mark.hazard("H18", "H25")
def test_what_was_reached_with_another_protocol_of_the_same_session_does_not_count(
    tmp_path: Path,
) -> None:
    """Nor in the session that is going on: its newest protocol is the one it is known by."""
    writer = recorded(tmp_path)
    for protocol, level in (("nmes", 700), ("tens", 9_000), ("nmes", 1_000)):
        writer.append("setup", {"protocol": {"name": protocol}})
        writer.append("set", {"channel": 1, "level": level, "by": "hand"})
    assert last_plateaus(tmp_path, "K-17", "tens") == {1: 9_000}
    known = {"device": "p24:/dev/ttyACM0", "person": "K-17", "protocol": "nmes"}
    Catalogue(tmp_path).begin(writer.session, known, "2026-01-01T00:00:00Z", writer.anchor)
    assert last_plateaus(tmp_path, "K-17", "nmes") == {1: 1_000}


@pytest.mark.hazard("H18")
def test_a_raise_that_never_got_through_was_not_reached(tmp_path: Path) -> None:
    writer = recorded(tmp_path, reached=1_500)
    for plateau_ua, by in ((2_000, "hand"), (1_500, "line")):
        writer.append("set", {"channel": 1, "level": plateau_ua, "by": by})
    ended(tmp_path, writer)
    assert last_plateaus(tmp_path, "K-17", "tens") == {1: 1_500}


class OneChannel:
    """What `check_plausible` reads of a plan."""

    def __init__(self, amplitude_ua: int) -> None:
        self.scale = CURRENT
        self.channels = (self,)
        self.channel = 1
        self.most = amplitude_ua


def one_channel(amplitude_ua: int) -> Any:
    return OneChannel(amplitude_ua)


@pytest.mark.hazard("H18", "H50")
def test_ten_times_the_last_session_needs_an_acknowledgement(tmp_path: Path) -> None:
    ended(tmp_path, recorded(tmp_path, reached=1_500))
    asked = options(tmp_path)
    check_plausible(asked, one_channel(14_500), "tens", frozenset())
    with pytest.raises(ImplausibleError, match=r"15 mA is not plausible.*1\.5 mA.*H18"):
        check_plausible(asked, one_channel(15_000), "tens", frozenset())
    check_plausible(asked, one_channel(15_000), "tens", frozenset({"H18"}))
    check_plausible(options(tmp_path, person=""), one_channel(15_000), "tens", frozenset())
