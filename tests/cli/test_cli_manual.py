"""`stimctl run --manual`: a session by words, in percent and in mA, and what is refused."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import ExitCode
from tests.support.broad import broad, broad_rows

Cli = Callable[..., Any]
WHERE = ("gate-tens", "-d", "sim:openemsstim", "-i", "1=5%", "--area", "1=25cm2")
SITE = ("--site", "1=left-quadriceps")
SURE = ("--acknowledge", "L-ATT", "--duration", "60s")
CALIBRATION = """schema = "calibration-v1"
device = "openemsstim"
unit = "a TENS unit"
dial = "4"
person = "K-17"
date = "2026-01-02"

[[channels]]
channel = 1
area = "25 cm2"
site = "left-quadriceps"
points = [{ intensity = "1 %", measured = "2 mA" }, { intensity = "3 %", measured = "4 mA" }]
"""


def test_without_somebody_who_attends_it_is_refused(cli: Cli) -> None:
    result = cli("run", "--manual", *WHERE)
    assert result.code == 4
    assert "--acknowledge L-ATT" in result.err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("gate-tens", "-d", "sim:openemsstim", *SURE), "each with --intensity and --area"),
        (("tens-conventional", *WHERE[1:], *SURE), "--intensity is in %"),
        (("gate-tens", "-d", "sim:openemsstim", "-a", "1=5mA"), "--amplitude is in mA"),
        (("gate-tens", *WHERE[1:], "-a", "1=5mA", *SURE), "--amplitude is in mA"),
        ((*WHERE, *SURE, "--json"), "--json is not for --manual"),
        (("gate-tens", "-d", "sim:p24", *WHERE[3:], *SURE), "makes its own"),
        (("gate-tens", *WHERE[1:4], "1=5mA", *WHERE[5:], *SURE), "intensity"),
        ((*WHERE, *SURE, "--calibration", "/nowhere.toml"), "nowhere.toml"),
    ],
)
def test_what_makes_no_sense_is_refused(arguments: tuple[str, ...], says: str, cli: Cli) -> None:
    result = cli("run", "--manual", *arguments)
    assert result.code in (2, 4)
    assert says in result.err


@pytest.mark.hazard("H39")
def test_a_script_does_not_raise_such_a_device_and_is_told_what_does(cli: Cli) -> None:
    result = cli("run", *WHERE, *SURE)
    assert result.code == 2
    assert "stimctl run --manual" in result.err


@pytest.mark.hazard("H18", "H50")
@pytest.mark.parametrize("verb", ["run", "rehearse", "check"])
def test_milliampere_is_never_taken_for_percent(verb: str, cli: Cli) -> None:
    for protocol, device, option in (
        ("gate-tens", "sim:openemsstim", ("-a", "1=5mA")),
        ("tens-conventional", "sim:p24", ("-i", "1=5%")),
        ("gate-tens", "sim:openemsstim", ("-i", "1=5mA")),
        ("tens-conventional", "sim:p24", ("-a", "1=5%")),
    ):
        result = cli(verb, protocol, "-d", device, *option, "--area", "1=25cm2")
        assert result.code == 2, result.err


@pytest.mark.parametrize("words", [(), ("--help",), (*WHERE, "--rehearse"), ("-x", "y")])
def test_the_verb_that_has_gone_says_which_one_to_use_and_does_nothing(
    words: tuple[str, ...], cli: Cli
) -> None:
    result = cli("gate", *words)
    assert result.code == 2
    assert "use `stimctl run --manual`" in " ".join(result.err.split())
    assert "gate" not in cli("--help").out.split()


@pytest.mark.parametrize(
    "option", [("--find-channels",), ("--dial", "4"), ("--calibration", "x.toml"), ("--remote-ok",)]
)
def test_what_only_a_hand_can_do_needs_manual(option: tuple[str, ...], cli: Cli) -> None:
    device = ("-d", "sim:p24", "-a", "1=5mA", "--area", "1=25cm2")
    result = cli("run", "tens-conventional", *device, *option)
    assert result.code == 2
    assert f"{option[0]} is for sessions that a hand raises" in result.err
    assert "--manual" in result.err


def test_a_check_in_percent_names_no_dose(cli: Cli) -> None:
    told = cli("check", *WHERE, *SITE, "--acknowledge", "L-ATT")
    assert told.code == 0, told.err
    for text in ("0 % to 5 %", "in steps of 1 %", "dose       not known"):
        assert text in told.out
    assert "mA" not in told.out
    data = cli("check", *WHERE, *SITE, "--acknowledge", "L-ATT", "--json").data
    (channel,) = data["channels"]
    assert (channel["intensity_percent"], channel["step_percent"]) == (5, 1)
    assert "dose" not in channel
    without = cli("check", "gate-tens", "-d", "sim:openemsstim", "--acknowledge", "L-ATT")
    assert (without.code, "has no --intensity" in without.err) == (2, True)


def test_a_rehearsal_ends_with_the_four_characters(cli: Cli) -> None:
    result = cli("rehearse", *WHERE, *SURE)
    assert result.code == 0, result.out
    assert "raised by hand to 5 %" in result.out
    assert re.search(r"^confirm    [0-9a-f]{4}$", result.out, re.MULTILINE)


@pytest.mark.broad
def test_a_rehearsal_is_told_as_json_too_with_how_far_the_hand_came(cli: Cli) -> None:
    result = cli("rehearse", *WHERE, *SURE, "--json")
    told = json.loads(result.out)
    assert (told["schema"], told["ok"]) == ("stimctl.rehearsal/1", True)
    assert told["reached_percent"] == {"1": 5}
    assert re.fullmatch("[0-9a-f]{4}", told["confirmation"])
    refused = cli("rehearse", *WHERE, *SURE, "--fault", "mute@5s")
    assert (refused.code, "--fault" in refused.err) == (2, True)


class Talk:
    """The program in a process of its own: words in, sentences out."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "stimctl", "run", "--manual", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        self.heard: list[str] = []

    def until(self, words: str, again: str = "") -> str:
        """`again`: said anew when it was refused (too early after the step before)."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.heard.append(line)
            if words in line:
                return line
            if again and line.startswith("refused"):
                time.sleep(0.8)  # a held key counts once in 700 ms
                self.say(again)
        raise AssertionError(f"{words!r} was never said: {self.heard}")

    def to_running(self) -> None:
        """`go` is refused for 0.3 s after `arm`."""
        self.until("CHECKED")
        self.say("arm")
        self.until("ARMED")
        self.say("go")
        self.until("RUNNING", "go")

    def say(self, word: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(word + "\n")
        self.process.stdin.flush()


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Callable[..., Talk]]:
    folder = tempfile.mkdtemp(prefix="sg")  # short: it holds a Unix socket
    monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--strict --boot 100000 --wiretap --idle-exit 1")
    made: list[Talk] = []

    def begin(*arguments: str) -> Talk:
        made.append(Talk(*arguments))
        return made[-1]

    yield begin
    for one in made:
        if one.process.poll() is None:
            os.kill(one.process.pid, 9)
        one.process.wait()
        for stream in (one.process.stdin, one.process.stdout):
            if stream is not None:
                stream.close()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.pty
def test_a_session_by_words_with_a_calibration_beside_the_percent(
    talk: Callable[..., Talk], tmp_path: Path
) -> None:
    file = tmp_path / "k-17.toml"
    file.write_text(CALIBRATION, encoding="utf-8")
    told = ("--calibration", str(file), "--dial", "4", "--person", "K-17")
    one = talk(*WHERE, *SITE, *SURE, *told)
    one.until("output goes on for at most 1 s")
    one.to_running()
    one.say("1")
    one.say("up")
    assert "1 % = 2 mA measured by calibration of 2026-01-02, dial 4" in one.until("echoed", "up")
    one.say("up")
    one.until("echoed by the board: channel 1 at 2 % is between 2 mA measured (1 %)", "up")
    one.say("down")
    one.until("channel 1 set to 1 %")
    one.say("")  # STOP
    one.until("STOPPED")
    one.say("quit")
    assert "pulses" in one.until("channel 1 acknowledged") or "%" in one.heard[-1]
    one.until("ended: zero verified")
    assert one.process.wait(30) == 0


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H25")
def test_a_calibration_of_another_dial_is_not_shown_and_the_end_of_input_is_a_stop(
    talk: Callable[..., Talk], tmp_path: Path
) -> None:
    file = tmp_path / "k-17.toml"
    file.write_text(CALIBRATION, encoding="utf-8")
    one = talk(*WHERE, *SITE, *SURE, "--calibration", str(file), "--dial", "5", "--person", "K-17")
    one.until("it is for the dial at 4, which is at 5")
    one.until("no calibration: no dose is known")
    one.until("CHECKED")
    assert one.process.stdin is not None
    one.process.stdin.close()
    one.process.stdin = None
    one.until("ended: zero verified")


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H64")
def test_each_channel_is_found_by_a_word_before_the_next_one_rises(
    talk: Callable[..., Talk],
) -> None:
    two = ("-i", "2=5%", "--area", "2=25cm2", "--site", "2=right-quadriceps")
    one = talk(*WHERE, *SITE, *two, *SURE, "--find-channels")
    one.to_running()
    one.say("1")
    one.say("up")
    one.until("echoed by the board: channel 1 at 1 %", "up")
    one.say("2")
    one.say("up")
    one.until("another channel with output is not found yet", "up")
    one.say("found 1 left-quadriceps")
    one.until("channel 1 found at left-quadriceps")
    one.say("2")
    one.say("up")
    one.until("channel 2 at 1 %", "up")
    one.say("found 2 left-quadriceps")
    one.until("channel 2 is felt at left-quadriceps, the plan has right-quadriceps")
    one.until("STOPPED")
    one.say("arm")
    one.until("channel 2 is felt at left-quadriceps")
    one.say("leads-checked")
    one.until("leads checked (operator)")
    one.say("arm")
    one.until("ARMED")
    one.say("")
    one.until("STOPPED")
    one.say("quit")
    one.until("ended: zero verified")


IN_MA = {
    "sim:p24": ("6mA", "channel 1 set to 0.5 mA"),
    "sim:rehastim2": ("6mA", "channel 1 set to 2 mA"),
    "sim:rehamove3": ("6mA", "channel 1 set to 0.5 mA"),
}


def in_ma(device: str) -> tuple[str, ...]:
    most, _ = IN_MA[device]
    return ("tens-conventional", "-d", device, "-a", f"1={most}", "--area", "1=25cm2",
            "--site", "1=left-knee", "--duration", "60s")  # fmt: skip


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H28", "H29")
@pytest.mark.parametrize("device", broad(IN_MA))
def test_a_source_of_current_is_raised_by_hand_and_an_empty_line_is_stop(
    talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--idle-exit 1")
    one = talk(*in_ma(device))
    one.to_running()
    one.say("1")
    one.say("up")
    one.until(IN_MA[device][1], "up")
    one.say("")
    one.until("OUTPUT OFF: zero verified")
    one.until("STOPPED")
    one.say("quit")
    one.until("channel 1 acknowledged")
    one.until("ended: zero verified")
    assert one.process.wait(30) == 0


@pytest.mark.pty
@pytest.mark.hazard("H03")
@pytest.mark.parametrize(
    ("device", "number"),
    broad_rows(
        [
            ("sim:p24", signal.SIGTERM),
            ("sim:rehastim2", signal.SIGINT),
            ("sim:rehamove3", signal.SIGHUP),
        ],
        every=3,
    ),
)
def test_a_signal_stops_it_and_zero_is_verified(
    talk: Callable[..., Talk],
    monkeypatch: pytest.MonkeyPatch,
    device: str,
    number: signal.Signals,
) -> None:
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--idle-exit 1")
    one = talk(*in_ma(device))
    one.to_running()
    one.say("1")
    one.say("up")
    one.until(IN_MA[device][1], "up")
    one.process.send_signal(number)
    if number is not signal.SIGHUP:  # the terminal is gone then: nobody would read it
        one.until("OUTPUT OFF: zero verified")
        one.until("ended: zero verified")
    expected = ExitCode.INTERRUPTED if number is signal.SIGINT else ExitCode.TERMINATED
    assert one.process.wait(30) == expected


@pytest.mark.broad
@pytest.mark.pty
@pytest.mark.hazard("H03")
def test_a_face_that_stands_still_ends_its_session(
    talk: Callable[..., Talk], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STIMCTL_TWIN_OPTIONS", "--idle-exit 1")
    one = talk(*in_ma("sim:p24"))
    one.to_running()
    one.say("1")
    one.say("up")
    one.until("channel 1 set to 0.5 mA", "up")
    one.process.send_signal(signal.SIGSTOP)
    time.sleep(1.5)
    one.process.send_signal(signal.SIGCONT)
    one.until("no heartbeat from the program")
    one.until("OUTPUT OFF: zero verified")
    one.say("quit")
    one.until("ended: zero verified")


@pytest.mark.hazard("H64")
@pytest.mark.parametrize("device", ["sim:p24", "sim:openemsstim", "p24:/dev/nowhere"])
def test_a_script_asks_nobody_where_a_channel_is_felt(device: str, cli: Cli) -> None:
    result = cli("run", "tens-conventional", "-d", device, "--find-channels")
    assert result.code == 2
    assert "a hand raises" in result.err
    assert "--manual" in result.err
