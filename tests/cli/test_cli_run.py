"""`stimctl run` as a process, over a real pty, against the twin: how it ends, whoever ends it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from firmware_sim.ledger import Ledger
from stimctl.errors import ExitCode
from stimctl.records.pads import Pads, used
from stimctl.records.people.keys import is_key
from stimctl.records.sessions import list_sessions, show_session, verify_all
from stimctl.safety.screening import QUESTIONS
from tests.support.broad import broad_rows
from tests.support.own_pty import own_pty

pytestmark = pytest.mark.pty

TENS = ["tens-conventional", "--amplitude", "1=2mA", "--area", "1=25cm2"]
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(state: Path) -> Iterator[Start]:
    """Starts `stimctl ARGUMENTS` and ends it, whatever the test does."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "stimctl", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        if process.poll() is None:
            process.terminate()
        process.communicate(timeout=30)


def wait_for(process: subprocess.Popen[str], text: str) -> str:
    """What was said until a line holds `text`."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line
        if text in line:
            return said
    raise AssertionError(f"ended without {text!r}:\n{said}")


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def child_of(pid: int) -> int:
    """The one child process of `pid`."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True, timeout=30
    )
    rows = [line.split() for line in listed.stdout.splitlines()]
    (child,) = [int(own) for own, parent in rows if int(parent) == pid]
    return child


def test_a_whole_session_ends_at_verified_zero_and_is_on_record(start: Start, state: Path) -> None:
    process = start("run", *TENS, "-d", "sim:p24", "--duration", "10s", "--json")
    code, out, err = finish(process)
    assert code == ExitCode.DONE, err
    rows = [json.loads(line) for line in out.splitlines()]
    assert all(next(iter(row)) == "schema" for row in rows)
    summary = rows[-1]
    assert summary["schema"] == "stimctl.run/1"
    assert (summary["outcome"], summary["zero_verified"]) == ("completed", True)
    assert summary["plan"]["shortened"] is True
    assert "SHORTENED SESSION" in err
    assert "SIMULATION" in err
    assert {"journal", "identity", "state", "raise", "telemetry", "ended"} <= {
        row.get("kind") for row in rows
    }
    (session,) = list_sessions(state / "journal")
    assert (session.session, session.protocol) == (summary["session"], "tens-conventional")
    (verification,) = verify_all(state / "journal")
    assert verification.ok
    told = summary["acknowledged"]
    assert told == show_session(state / "journal", "last").acknowledged
    assert told["1"]["pulses"] > 0
    assert "computed" in summary["acknowledged_how"]


@pytest.mark.hazard("H29")
@pytest.mark.parametrize(
    ("number", "expected"),
    broad_rows(
        [
            (signal.SIGINT, ExitCode.INTERRUPTED),
            (signal.SIGTERM, ExitCode.TERMINATED),
            (signal.SIGHUP, ExitCode.TERMINATED),
        ],
        every=3,
    ),
)
def test_a_signal_stops_the_device_before_the_program_ends(
    start: Start, state: Path, number: signal.Signals, expected: ExitCode
) -> None:
    process = start("run", *TENS, "-d", "sim:p24")
    wait_for(process, "STIM")
    process.send_signal(number)
    code, out, err = finish(process)
    assert code == expected
    assert f"STOPPING: {number.name}" in err
    assert "OUTPUT OFF: zero verified" in err
    assert "zero verified" in out
    (session,) = list_sessions(state / "journal")
    assert session.outcome == "zero verified"


def test_a_signal_before_the_device_is_connected_ends_the_program_too(start: Start) -> None:
    process = start("run", *TENS, "-d", "sim:p24")
    wait_for(process, "Ctrl-C stops")
    process.send_signal(signal.SIGINT)
    assert finish(process)[0] in (ExitCode.INTERRUPTED, -signal.SIGINT)


def test_stop_from_another_shell_ends_the_run(start: Start) -> None:
    process = start("run", *TENS, "-d", "sim:p24", "--json")
    assert process.stdout is not None
    hello = next(row for row in map(json.loads, process.stdout) if row.get("kind") == "hello")
    wait_for(process, "STIM")
    stopped = start("stop", f"p24:{hello['address']}")
    code, out, _ = finish(stopped)
    assert (code, "zero verified" in out) == (ExitCode.DONE, True)
    assert finish(process)[0] == ExitCode.REFUSED


@pytest.mark.broad
def test_a_second_run_on_the_same_port_names_the_holder(start: Start, tmp_path: Path) -> None:
    link = tmp_path / "twin.pty"
    twin = start("sim", "p24", "--link", str(link))
    assert twin.stdout is not None
    assert twin.stdout.readline().startswith("ready ")
    first = start("run", *TENS, "-d", f"p24:{link}")
    said = wait_for(first, "IDENTIFIED")
    assert "SIMULATION: the device says that it is a twin" in said
    for verb in (["identify"], ["run", *TENS, "-d"]):
        code, _, err = finish(start(*verb, f"p24:{link}"))
        assert code == ExitCode.NO_DEVICE
        assert f"stimctl pid {child_of(first.pid)}" in err
    first.send_signal(signal.SIGINT)
    assert finish(first)[0] == ExitCode.INTERRUPTED


@pytest.mark.broad
def test_what_the_gate_asked_for_is_on_record(start: Start, state: Path, tmp_path: Path) -> None:
    screening = tmp_path / "screening.toml"
    day = datetime.now().astimezone().date()
    answers = "".join(f'{question.id} = "no"\n' for question in QUESTIONS)
    screening.write_text(f'person = "K-17"\nanswered = {day}\n{answers}')
    session = [*TENS, "-d", "sim:p24", "--site", "1=left-knee"]
    preconditions = ["--person", "K-17", "--screening", str(screening), "--accept-research-use"]
    preconditions += ["--acknowledge", "H25", "--acknowledge", "E6", "--acknowledge", "N3"]
    preconditions += ["--side", "1=left"]
    confirmation = json.loads(finish(start("rehearse", *session, "--json"))[1])["confirmation"]
    # The twin stands for a device here: the gate is asked although it would let it pass.
    code = (
        "import sys; from stimctl.cli.planning import Prepared\n"
        "Prepared.is_simulation = property(lambda _self: False)\n"
        "from stimctl.__main__ import main; sys.exit(main(sys.argv[1:]))"
    )
    command = [
        sys.executable,
        "-c",
        code,
        "run",
        *session,
        *preconditions,
        "--confirm",
        confirmation,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        said = wait_for(process, "STIM")
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
    assert "REAL CURRENT" in said
    assert process.returncode == ExitCode.TERMINATED
    record = show_session(state / "journal", "last")
    assert record.entry.person == "K-17"
    assert is_key(record.header["person"])
    notes = {row.data["topic"]: row.data["text"] for row in record.timeline if row.kind == "note"}
    assert notes["rehearsal"].startswith(confirmation)
    assert notes["screening"].startswith("C01=no C02=no ")
    assert notes["acknowledged"] == "E6 H25 N3"
    (use,) = used(state, "K-17", [Pads("left-knee", 2_500)])
    assert use.sessions == 1


@pytest.mark.broad
@pytest.mark.hazard("H01")
def test_a_twin_that_dies_leaves_the_output_unknown(start: Start) -> None:
    process = start("run", *TENS, "-d", "sim:p24")
    wait_for(process, "STIM")
    os.kill(child_of(child_of(process.pid)), signal.SIGKILL)
    code, out, err = finish(process)
    assert code == ExitCode.NOT_CONFIRMED_ZERO
    assert "OUTPUT UNKNOWN: PULL THE ELECTRODE CABLE" in err
    assert "ZERO IS NOT CONFIRMED" in out


def test_a_supervisor_that_dies_is_stood_in_for(start: Start, state: Path) -> None:
    process = start("run", *TENS, "-d", "sim:p24")
    wait_for(process, "STIM")
    os.kill(child_of(process.pid), signal.SIGKILL)
    code, out, err = finish(process)
    assert code == ExitCode.DEVICE_FAULT
    assert "OUTPUT OFF: zero verified" in err
    assert "the supervisor died" in out
    (session,) = list_sessions(state / "journal")
    assert session.state == "unfinished"


@pytest.mark.broad
@pytest.mark.hazard("H21")
def test_a_run_that_nobody_can_read_stops(start: Start) -> None:
    process = start("run", *TENS, "-d", "sim:p24", "--json")
    wait_for(process, "STIM")
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    process.stderr.read()
    assert process.wait(60) == ExitCode.REFUSED


@pytest.mark.hazard("H21", "H02")
def test_a_terminal_that_stands_still_ends_the_output(
    state: Path, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Ctrl-S: what is written waits, nothing fails, and no number is renewed."""
    master, slave = own_pty()
    process = subprocess.Popen(
        [sys.executable, "-m", "stimctl", "run", *TENS, "-d", "sim:p24"],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        env={**os.environ, "STIMCTL_TWIN_RECORD": str(tmp_path / "record.jsonl")},
    )  # fmt: skip
    try:
        said = b""
        while b"set ch1" not in said:
            said += os.read(master, 4096)
        os.write(master, b"\x13")
        held_ns = time.monotonic_ns()
        give_up = time.monotonic() + 15
        while (ledger := Ledger.from_file(tmp_path / "record.jsonl")).running:
            assert time.monotonic() < give_up, "still on, and nobody can see it"
            time.sleep(0.05)
        assert ledger.last_output_us is not None
        after_s = (ledger.monotonic_us(ledger.last_output_us) * 1_000 - held_ns) / 1e9
        # A row is shown each second; 0.3 s later the face is stuck, 0.5 s later it is missed.
        assert after_s <= 3.0
        record_property("H21", f"zero {after_s:.1f} s after the terminal was held by Ctrl-S")
        os.write(master, b"\x11")
        said = b""
        while b"no heartbeat from the program" not in said:
            said += os.read(master, 4096)
    finally:
        process.terminate()
        os.set_blocking(master, False)
        while process.poll() is None:
            with contextlib.suppress(OSError):
                os.read(master, 65536)
            time.sleep(0.05)
        os.close(master)
        os.close(slave)
    (session,) = list_sessions(state / "journal")
    assert session.outcome == "zero verified"


@pytest.mark.broad
def test_identify_asks_the_device_itself(start: Start, state: Path) -> None:
    code, out, err = finish(start("identify", "sim:p24", "--json"))
    assert code == 0, err
    told: dict[str, Any] = json.loads(out)
    assert (told["schema"], told["simulation"]) == ("stimctl.identity/1", True)
    assert told["serial"]
    assert told["zero_verified"] is True
    assert "serial" in finish(start("identify", "sim:p24"))[1]


def test_identify_of_nothing_is_no_device(start: Start) -> None:
    code, _, err = finish(start("identify", "p24:/dev/stimctl-test-no-such-port"))
    assert code == ExitCode.NO_DEVICE
    assert "what to do" in err
