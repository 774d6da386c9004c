"""Alarms by table: words, priority by harm and onset, how long they stay, and what is heard."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from stimctl.codes import Code
from stimctl.session.alarms import ALARMS, MARKERS, Condition, Effect, Priority
from stimctl.session.reasons import Reason
from stimctl.supervisor.alarm_words import words_of
from stimctl.tui.model.alarms import PAUSE_NS, Alarm, AlarmShown, Bell
from stimctl.tui.model.live import Live
from tests.support.tui_desk import AT, MS, S, World

#: What is said of a device's error, whose codes are no conditions of the table.
FAULTS: dict[str, str] = {
    Code.DEVICE_REPORTS: "the device reports channel 1: electrode error",
    Code.DEVICE_UNEXPECTED: "the device is no channel running, expected running: channel 1",
    Code.NO_ANSWER: "the device has not answered for 1 s",
    Code.DEVICE_REFUSED: "the device refused a train: busy",
    Code.DAMAGED_FRAMES: "three damaged frames within 10 s, the last: checksum",
}
STOPPING = [one for one in Condition if ALARMS[one].effect is Effect.STOP]
UNTRUSTED = {
    Condition.OUTPUT_NOT_CONFIRMED, Condition.READ_BACK_HIGHER, Condition.READ_BACK_DIFFERS,
    Condition.CURRENT_AT_ZERO,
}  # fmt: skip
LOCKING = [one for one in Condition if ALARMS[one].effect is Effect.LOCK]


class Told:
    """A session that tells rows, a second each."""

    def __init__(self) -> None:
        self.live = Live()
        self.now_ns = 0
        self.row("state", state="running", was="armed", why="started")

    def row(self, kind: str, **fields: object) -> None:
        self.now_ns += S
        self.live.take({"kind": kind, "mono_ns": self.now_ns, "t": AT, **fields})

    def alarm(
        self, code: str, what: str = "", priority: str = "high", channels: Sequence[int] = ()
    ) -> None:
        condition = next((one for one in Condition if one == code), None)
        if condition is not None:
            what, priority = condition.words, ALARMS[condition].priority
        marker = MARKERS[Priority(priority)]
        self.row("alarm", what=what, code=code, priority=priority, marker=marker,
                 action="output is being stopped", channels=list(channels))  # fmt: skip

    def zero(self) -> None:
        self.row("zero_verified", after_us=30_000, purpose="stop")

    @property
    def shown(self) -> AlarmShown:
        (one,) = self.live.alarms.listed()
        return one


@pytest.mark.hazard("H27")
@pytest.mark.parametrize("condition", Condition)
def test_each_condition_says_what_it_is_and_what_to_do(condition: Condition) -> None:
    told = Told()
    told.alarm(condition)
    shown = told.shown
    assert shown.what.isupper() or "%" in shown.what
    assert len(shown.what) <= 45
    assert len(shown.do) >= 15
    assert shown.do != ALARMS[condition].action or condition is Condition.BATTERY_LOW
    assert shown.priority == ALARMS[condition].priority
    assert (shown.state, shown.since) == ("active", "10:31:05")
    for private in ("face", "link", "degraded", "channel running", "_", "read-back"):
        assert private not in f"{shown.what} {shown.do}".lower()


@pytest.mark.parametrize(
    ("code", "what", "where"),
    [
        (Code.DEVICE_REPORTS, "ELECTRODE OFF", "channel 1"),
        (Code.DEVICE_UNEXPECTED, "SWITCHED OFF AT THE STIMULATOR", "channel 1"),
        (Code.NO_ANSWER, "NO ANSWER FROM THE STIMULATOR", ""),
        (Code.DEVICE_REFUSED, "STIMULATOR REFUSED A COMMAND", ""),
        (Code.DAMAGED_FRAMES, "DISTURBED CONNECTION", ""),
    ],
)
def test_an_error_of_the_device_is_named_with_its_channel(
    code: Code, what: str, where: str
) -> None:
    told = Told()
    told.alarm(code, FAULTS[code], channels=[1] if where else [])
    assert (told.shown.what, told.shown.where) == (what, where)


def test_an_alarm_of_two_channels_names_both_and_its_words_name_none() -> None:
    told = Told()
    told.alarm(
        Code.DEVICE_REPORTS, "the device reports channel 7: electrode error", channels=[1, 3]
    )
    assert told.shown.where == "channel 1, channel 3"


def test_a_condition_that_nobody_has_words_for_is_told_as_it_is() -> None:
    words = words_of(Reason("something-new", "the flux is low"), "raises are locked")
    assert (words.what, words.do) == ("the flux is low", "raises are locked")


@pytest.mark.hazard("H27")
@pytest.mark.parametrize("code", [*STOPPING, *FAULTS])
def test_once_output_is_off_only_what_cannot_be_trusted_is_high(code: str) -> None:
    told = Told()
    told.alarm(code, FAULTS.get(code, ""))
    before = told.shown
    told.zero()
    if code == Condition.OUTPUT_NOT_CONFIRMED:
        assert told.shown.state == "over"
        return
    after = told.shown
    assert after.do.startswith("Output off since 10:31:05. ")
    high = before.priority == "high" and code in UNTRUSTED
    assert after.priority == ("high" if high else "medium")
    assert "being stopped" not in told.live.alarms.words


@pytest.mark.hazard("H27")
@pytest.mark.parametrize("condition", [*LOCKING, Condition.NO_OUTPUT, Condition.BATTERY_LOW])
def test_what_is_acknowledged_stays_as_long_as_its_condition(condition: Condition) -> None:
    told = Told()
    told.alarm(condition)
    told.live.alarms.acknowledge("17:59")
    assert told.live.alarms.worst() is None  # silent
    assert (told.shown.state, told.shown.at) == ("acknowledged", "17:59")
    assert "acknowledged 17:59" in told.live.alarms.words
    told.row("link", quality="good", reason="answers in time")
    told.row("state", state="stopped", was="running", why="zero")
    lasting = condition is Condition.BATTERY_LOW
    assert bool(told.live.alarms.listed()) is lasting
    assert [one.what for one in told.live.alarms.history()]  # the list keeps it, with its times


def test_what_has_ended_unseen_says_so_until_it_is_read() -> None:
    told = Told()
    told.alarm(Condition.LINK_DEGRADED)
    told.row("link", quality="good", reason="answers in time")
    assert told.shown.state == "over"
    assert told.shown.do == "was 10:31:05 to 10:31:05"
    assert told.live.alarms.worst() is None
    assert told.live.alarms.unread
    told.live.alarms.acknowledge("17:59")
    assert told.live.alarms.listed() == []
    assert len(told.live.alarms.history()) == 1


def test_another_run_begins_without_what_is_over_and_acknowledges_nothing() -> None:
    told = Told()
    told.alarm(Condition.LINK_DEGRADED)
    told.alarm(Condition.BATTERY_LOW)
    told.row("link", quality="good", reason="answers in time")
    told.row("state", state="stopped", was="running", why="zero")
    told.row("state", state="running", was="armed", why="started")
    assert (told.shown.what, told.shown.state) == ("BATTERY OF THIS COMPUTER LOW", "active")
    assert [one.state for one in told.live.alarms.history()] == ["active", "over"]


@pytest.mark.hazard("H27")
def test_the_list_has_the_highest_priority_first_and_what_is_acknowledged_below() -> None:
    told = Told()
    told.alarm(Condition.BATTERY_LOW)
    told.alarm(Condition.IMPEDANCE_RISING)
    told.live.alarms.acknowledge("17:59")
    told.alarm(Condition.LINK_DEGRADED)
    told.alarm(Condition.READ_BACK_HIGHER)
    listed = [(one.priority, one.state) for one in told.live.alarms.listed()]
    assert listed == [
        ("high", "active"), ("medium", "active"), ("medium", "acknowledged"),
        ("low", "acknowledged"),
    ]  # fmt: skip


def test_an_acknowledged_condition_that_begins_again_is_active_again() -> None:
    told = Told()
    told.alarm(Condition.LINK_DEGRADED)
    told.live.alarms.acknowledge("17:59")
    told.alarm(Condition.LINK_DEGRADED)
    assert told.shown.state == "active"


# -- what is heard


def heard(bell: Bell, alarm: Alarm | None, from_s: int, to_s: int, *, unknown: bool = False) -> int:
    return sum(bell.due(second * S, alarm, unknown=unknown) for second in range(from_s, to_s))


@pytest.mark.hazard("H27")
@pytest.mark.parametrize("unknown", [False, True])
def test_the_sound_can_be_paused_for_2_minutes_and_comes_back(unknown: bool) -> None:
    bell, alarm = Bell(), Alarm("one", "high", "x", "y", 1)
    assert heard(bell, alarm, 0, 10, unknown=unknown)
    bell.pause(10 * S)
    assert bell.paused_ns(10 * S) == PAUSE_NS == 120 * S
    assert not heard(bell, alarm, 10, 130, unknown=unknown)
    assert heard(bell, alarm, 130, 140, unknown=unknown)


@pytest.mark.hazard("H27")
@pytest.mark.parametrize(("priority", "rings"), [("high", True), ("medium", False), ("low", False)])
def test_another_alarm_of_high_priority_ends_the_pause(priority: str, rings: bool) -> None:
    bell = Bell()
    heard(bell, Alarm("one", "high", "x", "y", 1), 0, 10)
    bell.pause(10 * S)
    assert bool(heard(bell, Alarm("two", priority, "x", "y", 2), 11, 20)) is rings


@pytest.mark.hazard("H27")
def test_unconfirmed_output_ends_the_pause() -> None:
    bell = Bell()
    heard(bell, Alarm("one", "high", "x", "y", 1), 0, 10)
    bell.pause(10 * S)
    assert heard(bell, None, 11, 20, unknown=True)


def rings(world: World, for_s: int) -> int:
    count = 0
    for _ in range(for_s):
        world.pass_time(S, 500 * MS)
        count += world.desk.rings()
    return count


@pytest.mark.hazard("H27", "H34")
def test_a_question_rings_once(world: World) -> None:
    world.to_running(steps=1)
    assert not world.desk.rings()
    world.pass_time(115 * S, 1 * S)
    assert rings(world, 20) == 1
    assert world.bed.live.asked is not None


def test_the_planned_end_is_heard_twice_and_is_not_called_stopped(world: World) -> None:
    world.to_running(steps=1)
    live = world.bed.live
    end_s = live.duration_us // 10**6
    for _ in range(end_s // 60 + 1):
        world.pass_time(60 * S, 1 * S)
        world.key("tab")  # somebody is there
    assert live.completed
    assert rings(world, 20) == 2
    world.key("a")
    world.pass_time(500 * MS)
    assert not live.completed


def test_a_stop_is_no_planned_end(world: World) -> None:
    world.to_running(steps=1)
    world.key("space")
    assert rings(world, 10) == 1  # the question about the skin
    assert not world.bed.live.completed


@pytest.mark.hazard("H27")
def test_z_pauses_the_sound_and_the_screen_says_so(world: World) -> None:
    world.to_running(steps=1)
    assert "silence" not in world.desk.offers()
    at_ns = world.clock.now_ns
    world.desk.hear({
        "kind": "alarm", "mono_ns": at_ns, "t": AT, "what": "link degraded", "priority": "medium",
        "code": "link-degraded", "marker": "!!", "action": "raises are locked",
    })  # fmt: skip
    world.desk.take_rows()
    assert world.desk.rings()
    world.key("z")
    assert "sound paused 2:00" in world.desk.message
    assert "sound paused" in "\n".join(world.text().splitlines()[:4])
    assert rings(world, 10) == 0
    world.key("x")
    assert "acknowledged" in "\n".join(world.text().splitlines()[:5])
