"""The example package through every verb and the screen, over real lines: nothing in stimctl knows
its name."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.process import TwinProcess
from stimctl.devices import family as table
from stimctl.devices.packages import package_of
from stimctl.records.trusted import remember_check, remember_trust
from stimctl.supervisor.lock_files import holders_of
from stimctl.supervisor.port_names import port_keys
from stimctl.supervisor.stop import stop_device
from stimctl.supervisor.stop_row import recall, row_text
from stimctl.testing.conformance import Conformance
from stimctl.testing.terminal import Terminal

SETUP = ("--amplitude", "1=4mA", "--area", "1=25cm2")
pty = pytest.mark.pty


def command(*words: str) -> list[str]:
    return [sys.executable, "-P", "-m", "stimctl", *words]


def stimctl(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command(*words), capture_output=True, text=True, check=False, timeout=100)


@pytest.fixture
def twin(site: Path) -> Iterator[TwinProcess]:
    with TwinProcess(device="toy") as process:
        yield process


@pytest.mark.usefixtures("site")
class TestToy(Conformance):
    """What a package of its own writes into its tests."""

    family = "toy"
    rounds = 2


@pytest.mark.broad
@pytest.mark.usefixtures("site")
def test_its_table_and_its_rehearsal() -> None:
    assert "toy stimulator" in stimctl("spec", "toy").stdout
    done = stimctl("rehearse", "tens-conventional", "--device", "sim:toy", *SETUP, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["ok"]


@pty
def test_a_run_on_its_twin_is_stopped_from_elsewhere(site: Path, tmp_path: Path) -> None:
    run = subprocess.Popen(
        command("run", "tens-conventional", "--device", "sim:toy", *SETUP, "--json"),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert run.stdout is not None
    rows: list[dict[str, Any]] = []
    for line in run.stdout:
        rows.append(json.loads(line))
        if rows[-1].get("kind") == "ack":
            break
    else:
        pytest.fail(f"no output: {rows[-3:]}")
    stopped = stimctl("stop", "sim:toy", "--json")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    # A line for each twin of ours: one whose session has ended runs on for some seconds.
    told = [json.loads(line) for line in stopped.stdout.splitlines()]
    assert {one["verdict"] for one in told} == {"verified"}
    assert [one["by"] for one in told].count("supervisor") == 1
    run.communicate(timeout=60)
    (identity,) = [row for row in rows if row.get("kind") == "identity"]
    assert identity["package"] == str(package_of("toy"))
    # What its watchdog does was seen, also on the twin, and nobody had asked for it.
    assert [row["outcome"] for row in rows if row.get("kind") == "dead_man"] == ["begun", "passed"]


@pty
@pytest.mark.broad
@pytest.mark.hazard("H53")
def test_a_port_needs_check_and_trust_and_then_a_stop_scans_nothing(
    site: Path, tmp_path: Path, twin: TwinProcess
) -> None:
    device = f"toy:{twin.url}"
    refused = stimctl("identify", device, "--json")
    assert refused.returncode == 1
    assert "stimctl devices check toy" in refused.stdout + refused.stderr
    state = tmp_path / "state"
    remember_check(state, "toy", package_of("toy"), "now", stopped=True)
    assert "stimctl devices trust toy-stimulator==1.0.0" in stimctl("identify", device).stderr
    remember_trust(state, package_of("toy").release, "now")
    run = subprocess.Popen(
        command("run", "tens-conventional", "--device", device, *SETUP, "--json"),
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        holder = _holder(twin.url)
        assert holder == row_text(table.family_row("toy"))
        with pytest.MonkeyPatch.context() as patch:
            _without_search(patch)
            (outcome,) = stop_device(device)
        assert outcome.verdict == "verified"
    finally:
        run.communicate(timeout=60)


def _holder(address: str) -> str:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        for holder in holders_of(port_keys(address)):
            if holder.row:
                return holder.row
        time.sleep(0.02)
    raise AssertionError("no session holds the port")


def _without_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(**_wanted: str) -> None:
        raise AssertionError("the stop searched the installed packages")

    monkeypatch.setattr("importlib.metadata.entry_points", nothing)
    table._FOUND.clear()


def test_a_stop_needs_neither_check_nor_trust(site: Path, twin: TwinProcess) -> None:
    (outcome,) = stop_device(f"toy:{twin.url}")
    assert outcome.verdict == "verified"


@pytest.mark.parametrize("text", ["", "toy", "toy a 0 x", "other m:A 0 9600,0,1,N", "a b c d"])
def test_a_lock_file_with_another_row_is_no_row(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    class Holder:
        row = text

    monkeypatch.setattr("stimctl.supervisor.stop_row.holders_of", lambda _keys: [Holder()])
    monkeypatch.setattr(table, "_FOUND", {})
    recall("toy:/dev/ttyUSB0")
    assert table._FOUND == {}


def test_the_row_of_a_lock_file_says_what_a_stop_needs(site: Path) -> None:
    row = table.family_row("toy")

    class Holder:
        row = row_text(table.family_row("toy"))

    table._FOUND.clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stimctl.supervisor.stop_row.holders_of", lambda _keys: [Holder()])
        recall("toy:/dev/ttyUSB0")
    found = table._FOUND["toy"]
    assert found is not None
    assert (found.stop, found.lines, found.resets_by_dtr) == (row.stop, row.lines, False)
    assert [row_text(one) for one in table.BUILT_IN] == ["", "", "", ""]


@pytest.mark.broad
@pty
def test_the_screen_lists_it_and_connects(site: Path, tmp_path: Path) -> None:
    terminal = Terminal(command(), {**os.environ, "TERM": "xterm-256color"})
    try:
        terminal.wait_for("Treat a patient")
        terminal.key(b"2")
        terminal.wait_for("sim:toy")
        for _ in range(4):
            terminal.key(b"\x1b[B")
            terminal.settle(0.2)
        terminal.wait_for("nobody toy stimulator")
        terminal.key(b"\r")
        terminal.wait_for("serial toy-0000", within_s=30)
        terminal.wait_for("zero verified")
    finally:
        terminal.close()


@pytest.mark.broad
def test_a_package_that_cannot_be_loaded_keeps_nobody_from_the_others(
    site: Path, reinstall: Callable[..., None]
) -> None:
    reinstall("__init__.py", "from stimctl", "import nothing_of_that_name\nfrom stimctl")
    for words in (("sim", "list"), ("doctor",), ("devices", "list"), ("spec", "p24")):
        done = stimctl(*words)
        assert done.returncode in (0, 1), done.stderr
        assert "bug" not in done.stderr
    assert "nothing_of_that_name" in stimctl("spec", "toy").stderr
