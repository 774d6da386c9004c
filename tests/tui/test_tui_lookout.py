"""The way to the eyes and from the hands: a slow, dead or foreign terminal raises nothing."""

from __future__ import annotations

import queue

import pytest

from stimctl.multiplexer import Multiplexer, multiplexers_of
from stimctl.session.alarms import Condition
from stimctl.tui.model.alarms import Alarm, Alarms, Bell
from stimctl.tui.model.lookout import Lookout
from stimctl.tui.model.probe import QUERY, TerminalProbe
from stimctl.tui.plain.face import PlainFace
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World


def answer_after(world: World, probe: TerminalProbe, delay_ns: int) -> None:
    """One question and its answer so much later; the desk ticks all the while."""
    while not probe.due(world.clock.now_ns):
        world.pass_time(50 * MS)
    probe.asked(world.clock.now_ns)
    world.pass_time(delay_ns, 50 * MS)
    probe.answered(world.clock.now_ns)


def far(world: World) -> TerminalProbe:
    probe = TerminalProbe(remote=True)
    world.desk.lookout = Lookout(probe, remote=True)
    return probe


@pytest.mark.hazard("H22")
@pytest.mark.parametrize(("delay_ms", "locked", "runs"), [
    (40, False, True), (299, False, True), (301, True, True), (999, True, True),
    (1_051, True, False),
])  # fmt: skip
def test_a_slow_terminal_locks_raises_and_a_slower_one_stops(
    world: World, delay_ms: int, locked: bool, runs: bool
) -> None:
    world.to_running(steps=1)
    world.pass_time(1 * S)
    probe = far(world)
    answer_after(world, probe, delay_ms * MS)
    world.pass_time(200 * MS)
    assert ("H22" in str(world.desk.offers()["raise"])) == (locked and runs)
    assert (world.bench.state.value == "running") == runs
    before = world.set_level()
    world.key("up")
    world.pass_time(300 * MS)
    assert world.set_level() == (before if locked else before + 500)


@pytest.mark.hazard("H22")
def test_down_and_stop_work_over_any_terminal(world: World) -> None:
    world.to_running(steps=2)
    answer_after(world, far(world), 800 * MS)
    world.key("down")
    world.pass_time(300 * MS)
    assert world.set_level() == 500
    world.key("space")
    world.pass_time(300 * MS)
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H22")
def test_a_pause_is_not_resumed_over_a_slow_terminal(world: World) -> None:
    world.to_running(steps=1)
    world.key("p")
    world.pass_time(1 * S)
    answer_after(world, far(world), 800 * MS)
    world.key("p")
    world.pass_time(1 * S)
    assert world.bench.state.value == "paused"
    assert "H22" in world.desk.message


@pytest.mark.hazard("H21", "H22")
def test_a_terminal_that_answers_nothing_stops_what_is_on(world: World) -> None:
    world.to_running(steps=1)
    probe = far(world)
    probe.asked(world.clock.now_ns)
    world.pass_time(900 * MS)
    assert world.bench.state.value == "running"
    world.pass_time(500 * MS)
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H22")
def test_nothing_is_armed_before_the_terminal_has_answered(world: World) -> None:
    world.to_run()
    probe = far(world)
    world.key("a")
    assert "has not answered" in world.desk.message
    assert world.bench.state.value == "checked"
    answer_after(world, probe, 30 * MS)
    world.key("a")
    assert world.bench.state.value == "armed"


@pytest.mark.hazard("H22")
def test_a_remote_terminal_and_its_delay_are_told_on_every_screen(world: World) -> None:
    answer_after(world, far(world), 50 * MS)
    for page in ("run", "connect", "report"):
        world.desk.open(page)
        assert "REMOTE 50 ms" in world.text().splitlines()[0]
    world.desk.lookout = Lookout(remote=True)  # nobody measures: the word stays
    assert "REMOTE" in world.text().splitlines()[0]


def test_a_near_terminal_is_named_only_while_it_is_slow(world: World) -> None:
    probe = TerminalProbe()
    world.desk.lookout = Lookout(probe)
    answer_after(world, probe, 50 * MS)
    assert probe.words(world.clock.now_ns) == ""
    answer_after(world, probe, 600 * MS)
    assert probe.words(world.clock.now_ns) == "SLOW 600 ms"


def test_one_question_at_a_time_and_an_unasked_answer_is_nothing() -> None:
    probe = TerminalProbe()
    probe.answered(5 * S)
    assert probe.way_ns(5 * S) is None
    assert probe.due(5 * S)
    probe.asked(5 * S)
    assert not probe.due(9 * S)
    probe.answered(9 * S)
    assert probe.way_ns(9 * S) == 4 * S
    assert probe.due(9 * S)


@pytest.mark.hazard("H30")
def test_keys_meant_for_another_window_start_and_raise_nothing(world: World) -> None:
    world.to_run()
    world.desk.lookout.focus.came(world.clock.now_ns)
    world.key("a")
    assert "got the keyboard" in world.desk.message
    assert world.bench.state.value == "checked"
    world.pass_time(1 * S)
    world.key("a")
    world.pass_time(500 * MS)
    world.desk.lookout.focus.came(world.clock.now_ns)
    world.key("g")
    assert world.bench.state.value == "armed"
    assert "got the keyboard" in world.desk.message


@pytest.mark.hazard("H21")
def test_numbers_nobody_renews_alarm_and_lock_raises(world: World) -> None:
    world.to_running(steps=1)
    world.clock.now_ns += 2 * S  # and no row comes
    assert world.desk.rings()
    assert "STALE" in "".join(world.text().splitlines()[:4])
    assert "old" in str(world.desk.offers()["raise"])


@pytest.mark.hazard("H27")
def test_a_newer_alarm_does_not_hide_a_worse_one_and_an_end_ends_it() -> None:
    alarms = Alarms()
    assert alarms.words == ""
    alarms.begin(Alarm(Condition.CONTACT_LOST, "high", "contact lost", "output is being stopped"))
    alarms.begin(Alarm(Condition.BATTERY_LOW, "low", "battery", "connect the charger"))
    assert alarms.words == "!!! contact lost: output is being stopped   (+1 more)"
    alarms.end(Condition.CONTACT_LOST)
    assert alarms.words == "! battery: connect the charger"
    alarms.end()
    assert alarms.worst() is None


@pytest.mark.hazard("H27")
@pytest.mark.parametrize(("priority", "rings"), [("high", 10), ("medium", 3), ("low", 1)])
def test_the_bell_rings_by_priority_and_again_for_a_new_alarm(priority: str, rings: int) -> None:
    bell = Bell()
    alarm = Alarm("one", priority, "x", "y", 1)
    heard = [bell.due(second * S, alarm, unknown=False) for second in range(20)]
    assert sum(heard) == rings
    assert bell.due(30 * S, Alarm("one", priority, "x", "y", 2), unknown=False)
    assert [bell.due((40 + n) * S, alarm, unknown=True) for n in range(5)] == [True] * 5


@pytest.mark.hazard("H27", "H35")
def test_the_attendance_prompt_stands_in_the_alarm_line_and_rings(world: World) -> None:
    world.to_running(steps=2)
    world.pass_time(301 * S, 1 * S)
    assert world.desk.rings()
    assert "!! ARE YOU THERE?" in "".join(world.text().splitlines()[:4])
    assert "there?" in world.text(20, 5)


@pytest.mark.hazard("H34")
def test_the_skin_prompt_is_answered_by_digit_and_goes_on_record(world: World) -> None:
    world.to_running(steps=1)
    world.pass_time(121 * S, 1 * S)
    with Headless(world) as ui:
        ui.press("y")
        assert "look at the skin" in ui.text
        assert "1  skin unchanged" in ui.text
        ui.press("1")
        assert ui.name == "run"
    assert world.bed.live.asked is None
    assert ("note", {"topic": "skin_check", "text": "skin unchanged"}) in world.clients[-1].sent
    assert world.bench.state.value == "running"


@pytest.mark.hazard("H34")
def test_a_skin_that_burns_stops_and_the_end_asks_again(world: World) -> None:
    world.to_running(steps=1)
    world.pass_time(121 * S, 1 * S)
    world.key("y", "4")
    world.pass_time(1 * S)
    assert world.bench.state.value == "stopped"
    assert world.bed.live.asked is not None
    assert world.bed.live.asked.id == "skin_check_at_end"
    world.key("y", "2")
    assert world.bed.live.asked is None


@pytest.mark.hazard("H14")
def test_no_sensation_is_answered_with_felt_or_goes_to_zero(world: World) -> None:
    world.to_running(steps=30)
    world.pass_time(2 * S)
    assert world.bed.live.asked is not None
    assert world.bed.live.asked.id == "no_sensation"
    world.key("y", "2")
    world.pass_time(500 * MS)
    assert world.set_level() == 0


@pytest.mark.hazard("H57")
def test_a_fault_is_acknowledged_with_a_reason(world: World) -> None:
    world.to_running(steps=1)
    engine = world.bench.engine
    engine._core.stopped_at_device(world.bench.now_ns, "the emergency switch")
    world.pass_time(1 * S)
    assert world.bed.live.state == "fault"
    assert "STOPPED BY THE PATIENT" in "\n".join(world.text().splitlines()[:5])
    ui = world.ui
    ui.press("x")
    assert "emergency switch" in ui.text
    for words in ("USB plugged in again", "stimulator restarted", "battery charged"):
        assert words in ui.text
    ui.press("6")
    world.pass_time(500 * MS)
    assert ("acknowledge", {"reason": "stopped by the patient, who agrees to go on"}) in (
        world.clients[-1].sent
    )
    assert world.bed.live.state != "fault"
    assert world.bed.live.alarms.worst() is None


def tmux(says: str) -> Multiplexer:
    found = Multiplexer(lambda: says)
    found.look()
    return found


@pytest.mark.hazard("H21")
def test_a_tmux_that_nobody_is_attached_to_stops_a_device_and_no_twin(world: World) -> None:
    world.to_running(steps=1)
    world.desk.lookout = Lookout(between=tmux("0\n-SSH_CONNECTION\n"))
    world.pass_time(1 * S)
    assert world.bench.state.value == "running"
    world.bed.live.sim = False
    world.pass_time(1 * S)
    assert world.bench.state.value == "stopped"
    assert "nobody is attached" in world.desk.message


@pytest.mark.hazard("H22")
def test_a_tmux_that_is_attached_over_ssh_is_remote(world: World) -> None:
    world.to_run()
    far_away = tmux("1\nSSH_CONNECTION=10.0.0.1 5 10.0.0.2 22\n")
    world.desk.lookout = Lookout(between=far_away)
    world.key("a")
    assert "over SSH" in world.desk.message
    assert "REMOTE" in world.text().splitlines()[0]
    world.desk.lookout = Lookout(between=far_away, remote_ok=True)
    world.key("a")
    assert world.bench.state.value == "armed"


def test_a_tmux_that_says_nothing_changes_nothing() -> None:
    for says in ("", "no server running", "1\n-SSH_CONNECTION\n"):
        found = tmux(says)
        assert (found.attached, found.remote) == (True, False)
    assert multiplexers_of({"TERM": "xterm"}, []) is None
    assert multiplexers_of({"TMUX": "/tmp/x,1,0", "TMUX_PANE": "%0"}) is not None


@pytest.mark.hazard("H22", "H28")
def test_the_plain_face_measures_a_remote_terminal_too(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    monkeypatch.setattr("os.write", lambda _fd, data: sent.append(bytes(data)) or len(data))
    probe = far(world)
    face = PlainFace(world.desk, queue.SimpleQueue())
    face.say = lambda _words: None  # type: ignore[method-assign, assignment]
    face._ask_terminal()
    assert sent == [QUERY.encode()]
    world.clock.now_ns += 40 * MS
    assert face._answered(b"up\x1b[1") == b"up"  # an answer comes in pieces, between keys
    assert probe.rtt_ns is None
    assert face._answered(b"2;40R\r") == b"\r"
    assert probe.rtt_ns == 40 * MS
    assert face._answered(b"\x1b[24") == b""
    assert face._answered(b"~") == b"\x1b[24~"  # F12 is still STOP
    world.desk.lookout = Lookout()
    assert face._answered(b"\x1b[1;1R") == b"\x1b[1;1R"  # where nobody asks, nothing is taken
