"""A shell's job control: in the background no key is read, and nothing is left on in any state."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.ledger import Ledger
from stimctl.testing.terminal import Terminal
from tests.support.broad import broad

pytestmark = pytest.mark.pty
STIMCTL = f"{sys.executable} -m stimctl"
RUN = "run tens-conventional -d sim:p24 -a 1=2mA --area 1=25cm2"
MANUAL = "run --manual gate-tens -d sim:openemsstim -i 1=5% --area 1=25cm2 --acknowledge L-ATT"


class Shell:
    """An interactive shell on a terminal of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder / "electrodes.jsonl"
        environ = {**os.environ, "STIMCTL_TWIN_RECORD": str(self.record), "PS1": "$ ",
                   "STIMCTL_STATE_HOME": str(folder / "state"), "TERM": "xterm"}  # fmt: skip
        command = ["bash", "--norc", "--noprofile", "-i"]
        self.terminal = Terminal(command, environ, columns=250, rows=60)
        self.raw = b""

    def type(self, line: str) -> None:
        self.terminal.key(line.encode() + b"\n")

    def wait_for(self, text: str, within_s: float = 40.0) -> None:
        self.terminal.wait_for(text, within_s=within_s)

    def ledger(self) -> Ledger:
        return Ledger.from_file(self.record)

    def until_output(self) -> None:
        give_up = time.monotonic() + 40
        while not self.record.exists() or not self.ledger().running:
            assert time.monotonic() < give_up, self.terminal.text()
            self.terminal.hear(0.05)

    def zero_after_ms(self, since_ns: int) -> float:
        give_up = time.monotonic() + 30
        while (ledger := self.ledger()).running:
            assert time.monotonic() < give_up, "the output is still on"
            self.terminal.hear(0.02)
        assert ledger.last_output_us is not None
        return (ledger.monotonic_us(ledger.last_output_us) * 1000 - since_ns) / 1e6


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    made.wait_for("$")
    yield made
    made.type("kill -9 %1 2>/dev/null; exit")
    give_up = time.monotonic() + 0.5  # a shell with a stopped job asks again, and is killed
    while made.terminal.process.poll() is None and time.monotonic() < give_up:
        made.terminal.hear(0.02)
    made.terminal.close()


@pytest.mark.broad
@pytest.mark.parametrize("before", broad(["", "nohup ", "setsid -w "], every=3))
def test_a_run_in_the_background_is_not_put_to_sleep_by_its_keyboard(
    shell: Shell, before: str
) -> None:
    shell.type(f"cd {shell.folder}; {before}{STIMCTL} {RUN} --duration 60s > log 2>&1 &")
    shell.until_output()
    shell.type("")  # a key for the shell, which a read in the background would have to wait for
    shell.type("jobs -l; echo looked")
    shell.wait_for("Running")
    shell.type(f"{STIMCTL} stop sim:p24; wait; tail -n 30 log; echo over=$?")
    shell.wait_for("over=0")
    assert not shell.ledger().running
    text = shell.terminal.text()
    assert "not completed: zero verified" in text


@pytest.mark.hazard("H30")
@pytest.mark.parametrize(
    "job", broad(["{} &", "setsid -w {}"], every=2), ids=["background", "own session"]
)
@pytest.mark.parametrize(
    "face", [MANUAL, "--plain", "--theme mono", "--demo"], ids=["manual", "plain", "tui", "demo"]
)
def test_a_face_that_needs_the_keyboard_is_refused_where_it_has_none(
    shell: Shell, face: str, job: str
) -> None:
    shell.type(job.format(f"{STIMCTL} {face}"))
    shell.wait_for("needs the keyboard")
    shell.type("jobs; echo looked=$?")
    shell.wait_for("looked=0")
    assert not shell.record.exists(), "no twin was started for it"
    assert "Stopped" not in shell.terminal.text()


@pytest.mark.hazard("H03")
def test_ctrl_z_stops_a_run_and_ends_it(shell: Shell) -> None:
    shell.type(f"{STIMCTL} {RUN} --duration 60s; echo code=$?")
    shell.until_output()
    pressed_ns = shell.terminal.key(b"\x1a")
    assert shell.zero_after_ms(pressed_ns) <= 300
    shell.wait_for("code=143")
    assert "stopped by a signal: zero verified" in shell.terminal.text()


@pytest.mark.broad
@pytest.mark.hazard("H03")
def test_a_run_that_is_frozen_and_goes_on_in_the_background_tells_the_truth(shell: Shell) -> None:
    log = shell.folder / "log"
    shell.type(f"{STIMCTL} {RUN} --duration 60s > {log} 2>&1 & RUNS=$!")
    shell.until_output()
    frozen_ns = time.monotonic_ns()
    shell.type("kill -STOP $RUNS")
    assert shell.zero_after_ms(frozen_ns) <= 1500
    shell.type(f"bg; wait; tail -n 12 {log}; echo over=$?")
    shell.wait_for("over=0")
    text = shell.terminal.text()
    assert "no heartbeat from the program" in text
    assert "not completed: zero verified" in text


def test_a_terminal_ui_that_could_not_draw_is_refused_in_words(shell: Shell) -> None:
    shell.type(f"{STIMCTL} 2>/dev/null; echo code=$?")
    shell.wait_for("code=2")
    assert "draws on standard error" in shell.terminal.text()


@pytest.mark.hazard("H30")
def test_a_run_on_a_device_is_refused_in_the_background(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stimctl.keyboard.is_elsewhere", lambda: True)
    no_port = f"p24:{Path(__file__)}"  # not software, so it counts as a device
    result = cli("run", "tens-conventional", "-d", no_port, "-a", "1=2mA", "--area", "1=25cm2")
    assert result.code == 2
    assert "needs the keyboard" in result.err
    assert "REAL CURRENT" not in result.err
