"""`--plain`, `--watch` and replay: the same session in words, seen from aside, and again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stimctl.session.events import Kind
from stimctl.tui.model.live import Live
from stimctl.tui.model.lookout import Lookout
from stimctl.tui.model.probe import TerminalProbe
from stimctl.tui.model.replay import Replay, rows_of_journal
from stimctl.tui.plain.face import PlainFace
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World, type_lines


@pytest.mark.hazard("H28")
def test_a_session_in_words(world: World, face: PlainFace, said: list[str]) -> None:
    type_lines(world, face, "demo", "arm", "go", "1", "up", "up", "status", "", "status")
    world.pass_time(1 * S)
    told = "\n".join(said)
    assert "RUNNING" in told
    assert "set 1.0 mA, acknowledged 1.0 mA" in told
    assert "STOP sent" in told
    assert "OUTPUT OFF: zero verified" in told
    assert world.bench.state.value == "stopped"
    assert "\x1b" not in told


@pytest.mark.hazard("H28", "H29")
def test_an_empty_line_is_stop(world: World, face: PlainFace) -> None:
    type_lines(world, face, "demo", "arm", "go", "1", "up")
    assert world.bench.state.value == "running"
    type_lines(world, face, "")
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H28", "H29")
def test_a_space_on_a_terminal_is_stop_while_output_may_be_on(
    world: World, face: PlainFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "write", lambda _fd, data: len(data))
    type_lines(world, face, "demo", "arm", "go", "1", "up")
    for byte in b"stat us":
        face._byte(bytes([byte]), typed=True)
    world.pass_time(300 * MS)
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H30")
def test_go_alone_and_arm_alone_start_nothing(
    world: World, face: PlainFace, said: list[str]
) -> None:
    type_lines(world, face, "demo", "go", "go", "arm", "arm", "arm")
    assert world.bench.state.value != "running"
    assert any("refused" in one for one in said)


def test_what_needs_zero_is_refused_while_output_is_on(
    world: World, face: PlainFace, said: list[str]
) -> None:
    type_lines(world, face, "demo", "arm", "go", "1", "up", "protocol tens-burst", "quit")
    assert not face.leaving
    assert sum("output may be on" in one for one in said) == 2


@pytest.mark.hazard("H28")
def test_an_unconfirmed_output_is_told_first(
    world: World, face: PlainFace, said: list[str]
) -> None:
    type_lines(world, face, "demo", "arm", "go", "1", "up")
    world.bench.to_device.hook = lambda _now, _data: b""
    world.pass_time(2 * S)
    assert any("OUTPUT UNKNOWN" in one and "PULL" in one for one in said)


def test_a_replay_shows_the_states_of_the_recording(world: World) -> None:
    rows: list[Any] = []
    world.desk.heard = rows.append
    world.to_running(steps=3)
    world.key("space")
    world.pass_time(1 * S)
    told = [row for row in rows if row["kind"] != "hello"]
    replay = Replay(told, world.clock)
    live = Live()
    states: list[str] = []
    for _ in range(200):
        world.clock.now_ns += 100 * MS
        replay.advance(live)
        if not states or states[-1] != live.state:
            states.append(live.state)
    assert replay.over
    assert states[-2:] == ["running", "stopped"]
    assert live.zero == world.bed.live.zero
    assert live.last == world.bed.live.last


def test_a_replay_has_its_report_and_neither_rings_nor_measures_a_terminal(
    world: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from stimctl.records import sessions
    from stimctl.tui.model import replay

    rows: list[Any] = []
    world.desk.heard = rows.append
    world.to_running(steps=3)
    world.pass_time(5 * S)
    world.key("space")
    world.pass_time(1 * S)
    told = [row for row in rows if row["kind"] != "hello"]
    entry = SimpleNamespace(file=tmp_path / "none", person="K-17", session="s1")
    monkeypatch.setattr(sessions, "show_session", lambda *_: SimpleNamespace(entry=entry))
    monkeypatch.setattr(replay, "rows_of_journal", lambda _path: (told, ""))
    other = World(tmp_path / "state", mode="replay", lookout=Lookout(TerminalProbe()))
    replay.open_replay(other.desk, "last", 64)
    other.desk.tick()
    for _ in range(50):
        other.clock.now_ns += 100 * MS
        other.desk.tick()
    assert not other.desk.rings()
    with Headless(other) as ui:
        assert "REPLAY" in "".join(ui.lines[:2])
        assert "SLOW" not in ui.text
        ui.press("f", "p")
        assert other.desk.message == "held"
        at_ns = other.desk.clock.mono_ns()
        ui.press("left")
        assert other.desk.clock.mono_ns() < at_ns
        ui.press("right")
        assert other.desk.clock.mono_ns() == at_ns
        ui.press("a", "g", "up")
        assert other.desk.replay is not None
        ui.press("9")
        assert ui.name == "report"
        assert "1.5 mA" in ui.text
        ui.press("space")
        assert "nothing to stop" in other.desk.message


def test_a_view_of_somebody_elses_session_stops_it_and_does_nothing_else(world: World) -> None:
    world.to_running(steps=2)
    world.pass_time(1 * S)
    world.desk.mode = "watch"
    with Headless(world) as ui:
        assert "WATCH" in "".join(ui.lines[:2])
        assert "1.0 mA" in ui.text
        for key in ("up", "down", "p", "a", "n", "s"):
            ui.press(key)
            assert world.set_level() == 1_000
        assert "watch view" in world.desk.message
        assert world.bench.state.value == "running"
        ui.press("space")
        ui.pass_time(1 * S)
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H11", "H28")
def test_in_words_an_unconfirmed_output_is_connected_to_again(
    world: World, face: PlainFace, said: list[str]
) -> None:
    type_lines(world, face, "demo", "arm", "go", "1", "up")
    world.bench.to_device.hook = lambda _now, _data: b""
    world.pass_time(2 * S)
    type_lines(world, face, "unplugged")
    assert any("still not confirmed" in one for one in said)
    assert world.bed.live.state == "unknown"
    type_lines(world, face, "reconnect")
    assert world.bed.live.state in ("identified", "checked")


def test_notes_in_words_are_numbered_or_ones_own(
    world: World, face: PlainFace, said: list[str]
) -> None:
    type_lines(world, face, "demo", "note", "note 2", "note the knee hurts", "note 99")
    texts = [fields["text"] for do, fields in world.clients[-1].sent if do == "note"]
    assert texts[-2:] == ["feels nothing", "the knee hurts"]
    assert any("2  feels nothing" in one for one in said)
    assert any("there is no number 99" in one for one in said)
    type_lines(world, face, "arm", "go", "1", "up", "note it burns", "note 4")
    texts = [fields["text"] for do, fields in world.clients[-1].sent if do == "note"]
    assert texts[-1] == "stings/burns"
    assert any("at zero only" in one for one in said)


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.timeout(120)
def test_watching_shows_the_session_and_can_only_stop_it(tmp_path: Path) -> None:
    """Two programs of one user: a plain session, and somebody who watches it."""
    environment = {**os.environ, "STIMCTL_STATE_HOME": str(tmp_path / "state"),
                   "XDG_RUNTIME_DIR": str(_folder(tmp_path / "run"))}  # fmt: skip
    environment.pop("SSH_CONNECTION", None)
    command = [sys.executable, "-u", "-P", "-m", "stimctl", "--plain"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, env=environment, **pipes) as session:
        try:
            _say(session, "demo")
            _until(session, "CHECKED|identified")
            time.sleep(0.5)
            for words, answer in (("arm", "ARMED"), ("go", "RUNNING")):
                time.sleep(0.5)
                _say(session, words)
                _until(session, answer)
            watch = [*command, "--watch"]
            with subprocess.Popen(watch, env=environment, **pipes) as watcher:
                _until(watcher, "watching")
                time.sleep(1.5)
                _say(watcher, "status")
                assert "running" in _until(watcher, "SIMULATION")
                _say(watcher, "up")
                _until(watcher, "refused")
                _say(watcher, "")
                _until(session, "STOPPED: control socket")
                _say(watcher, "quit")
                assert watcher.wait(20) == 0
            _say(session, "quit")
            assert session.wait(20) == 0
        finally:
            session.send_signal(signal.SIGKILL)
    journal = next((tmp_path / "state" / "journal").glob("*.jsonl"))
    rows, damage = rows_of_journal(journal)
    assert not damage
    assert {"state", "start", "zero_verified"} <= {str(row["kind"]) for row in rows}


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700)
    return path


def _say(process: Any, line: str) -> None:
    process.stdin.write(line + "\n")
    process.stdin.flush()


def _until(process: Any, pattern: str) -> str:
    for line in process.stdout:
        if re.search(pattern, line):
            return str(line)
    raise AssertionError(f"{pattern!r} was never said")


@pytest.mark.hazard("H39")
@pytest.mark.parametrize(("word", "start"), [("go-on", "what-is-left"), ("go", "beginning")])
def test_after_a_stop_the_words_say_from_where(
    world: World, face: PlainFace, word: str, start: str
) -> None:
    type_lines(world, face, "demo", "arm", "go", "1", "up", "up")
    world.pass_time(8 * S)
    type_lines(world, face, "", "arm")
    left_us = world.bed.live.resumable_us
    assert left_us > 0
    type_lines(world, face, word)
    assert world.bench.state.value == "running"
    row = world.bench.told(Kind.START)[-1].data
    assert row["start_from"] == start
    assert row["duration_us"] - row["from_us"] == (
        left_us if word == "go-on" else row["duration_us"]
    )


def test_a_plan_of_which_nothing_was_delivered_has_nothing_to_go_on_with(
    world: World, face: PlainFace, said: list[str]
) -> None:
    type_lines(world, face, "demo", "arm", "go-on")
    assert world.bench.state.value != "running"


@pytest.mark.hazard("H39")
@pytest.mark.parametrize(("key", "start"), [("l", "what-is-left"), ("g", "beginning")])
def test_after_a_stop_two_keys_ask_from_where(world: World, key: str, start: str) -> None:
    world.to_running(steps=2)
    world.pass_time(8 * S)
    world.key("space")
    world.pass_time(1 * S)
    world.key("a")
    world.pass_time(500 * MS)
    assert "continue (" in world.text()
    world.key(key)
    world.pass_time(500 * MS)
    assert world.bench.told(Kind.START)[-1].data["start_from"] == start
    assert world.bench.state.value == "running"
