"""A run as its face: what is asked of the supervisor, what is shown, how every ending is judged."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from stimctl.cli import progress as progress_module
from stimctl.cli.live import LiveSession
from stimctl.cli.outcome import Outcome
from stimctl.cli.planning import Prepared, Request, compile_prepared, prepare
from stimctl.cli.progress import Progress
from stimctl.cli.signals import StopSignals
from stimctl.errors import ExitCode, IntegrityError, LinkError, NoDeviceError, StateError
from stimctl.quantity import format_clock
from stimctl.treatment.program import Plan

Script = list[tuple[str, list[dict[str, Any]]]]
ZERO = {"kind": "zero_verified", "after_us": 3000}


def state_row(name: str) -> dict[str, Any]:
    return {"kind": "state", "state": name, "was": "", "why": "because"}


def ended(outcome: str, reason: str = "over") -> dict[str, Any]:
    return {"kind": "ended", "outcome": outcome, "reason": reason, "plan_time_us": 10_000_000}


class FakeClient:
    """Answers each command with the rows of a script; `close` tells a fixed exit code."""

    script: dict[str, list[dict[str, Any]]]
    plan_digest: str
    close_code: int

    def __init__(self, device: str, options: list[str]) -> None:
        self.device, self.options = device, options
        self.state = "disconnected"
        self.exit_code: int | None = None
        self.commands: list[tuple[str, dict[str, Any]]] = []
        self._rows: list[dict[str, Any]] = []
        type(self).last = self

    last: FakeClient

    def start(self) -> None:
        self._do("hello")

    def ask(self, do: str, **fields: Any) -> dict[str, Any]:
        self.commands.append((do, fields))
        self._do(do)
        return {"digest": self.plan_digest}

    def send(self, do: str, **fields: Any) -> int:
        self.commands.append((do, fields))
        self._do(do)
        return 1

    def rows(self, _timeout_s: float) -> Iterator[dict[str, Any]]:
        while self._rows:
            row = self._rows.pop(0)
            if row["kind"] == "state":
                self.state = row["state"]
            elif row["kind"] == "bye":
                self.exit_code = row["exit_code"]
            yield row

    def close(self) -> int:
        self._do("close")
        return self.close_code

    def _do(self, what: str) -> None:
        self._rows += self.script.get(what, [])


GOOD: dict[str, list[dict[str, Any]]] = {
    "connect": [
        {"kind": "journal", "file": "/j/x.jsonl", "session": "x"},
        state_row("identified"),
        state_row("checked"),
    ],
    "arm": [state_row("armed")],
    "start": [state_row("running"), ZERO, state_row("stopped"), ended("completed")],
}


@pytest.fixture
def prepared(state: Any) -> Prepared:
    return prepare(
        Request(
            "tens-conventional",
            "sim:p24",
            amplitudes=["1=12mA"],
            areas=["1=25cm2"],
            sites=["1=left-knee"],
            contacts=["1=80%"],
            duration="10s",
            acknowledged=["L-DC-WARN"],
        )
    )


@pytest.fixture
def plan(prepared: Prepared) -> Plan:
    return compile_prepared(prepared)


def live(
    prepared: Prepared,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
    script: dict[str, list[dict[str, Any]]],
    *,
    close_code: int = 0,
    digest: str | None = None,
    show: Any = lambda _row: None,
    person: str = "",
) -> Outcome:
    FakeClient.script = script
    FakeClient.close_code = close_code
    FakeClient.plan_digest = plan.digest() if digest is None else digest
    monkeypatch.setattr("stimctl.supervisor.client.SupervisorClient", FakeClient)
    monkeypatch.setattr("stimctl.cli.live._STEP_WITHIN_S", 0.05)
    monkeypatch.setattr("stimctl.cli.live._ZERO_WITHIN_S", 0.05)
    return LiveSession(prepared, plan, person=person, show=show).run()


def test_the_supervisor_is_told_files_channels_and_options_with_units(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = live(prepared, plan, monkeypatch, GOOD, person="K-17")
    assert (outcome.exit_code, outcome.word) == (ExitCode.DONE, "completed")
    assert (outcome.journal, outcome.zero_verified) == ("/j/x.jsonl", True)
    client = FakeClient.last
    assert client.options == [
        "--face-name", "run", "--scripted-raise", "--person", "K-17", "--no-attendance-prompt",
    ]  # fmt: skip
    told = dict(client.commands)
    assert told["load"]["sha256"] == prepared.text.sha256
    assert told["channel"] == {
        "channel": 1, "level": "12 mA", "area": "25 cm2", "site": "left-knee",
        "contact": "80 %",
    }  # fmt: skip
    assert told["options"] == {
        "profile": "clinic", "duration": "10 s", "acknowledge": "L-DC-WARN",
    }  # fmt: skip
    assert [do for do, _ in client.commands][-3:] == ["connect", "arm", "start"]


@pytest.mark.hazard("H37")
def test_another_plan_than_the_one_shown_is_not_run(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(IntegrityError, match="another plan"):
        live(prepared, plan, monkeypatch, GOOD, digest="0" * 64)
    assert "connect" not in dict(FakeClient.last.commands)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ({"connect": [{"kind": "connect_failed", "reason": "no answer"}]}, NoDeviceError),
        ({"connect": []}, StateError),
        ({"connect": [{"kind": "bye", "exit_code": 3}]}, LinkError),
    ],
)
def test_a_device_that_does_not_get_ready_is_an_error_and_the_session_is_closed(
    prepared: Prepared,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
    script: dict[str, list[dict[str, Any]]],
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        live(prepared, plan, monkeypatch, script)


@pytest.mark.parametrize(
    ("start", "close_code", "expected", "word"),
    [
        ([ZERO, state_row("stopped"), ended("completed")], 0, ExitCode.DONE, "completed"),
        ([ZERO, state_row("stopped"), ended("stopped")], 0, ExitCode.REFUSED, "stopped"),
        ([state_row("fault"), ZERO, ended("fault")], 0, ExitCode.DEVICE_FAULT, "fault"),
        ([state_row("fault"), ZERO, ended("fault")], 7, ExitCode.INTEGRITY, "fault"),
        (
            [{"kind": "unknown", "reason": "silence"}, state_row("unknown")],
            6,
            ExitCode.NOT_CONFIRMED_ZERO,
            "not completed",
        ),
        ([{"kind": "bye", "exit_code": 6}], 6, ExitCode.NOT_CONFIRMED_ZERO, "not completed"),
    ],
)
def test_each_ending_has_its_exit_code_the_worst_first(
    prepared: Prepared,
    plan: Plan,
    monkeypatch: pytest.MonkeyPatch,
    start: list[dict[str, Any]],
    close_code: int,
    expected: ExitCode,
    word: str,
) -> None:
    script = {**GOOD, "start": [state_row("running"), *start]}
    outcome = live(prepared, plan, monkeypatch, script, close_code=close_code)
    assert (outcome.exit_code, outcome.word) == (expected, word)


def test_an_unknown_output_says_why_in_the_outcome(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent = [{"kind": "unknown", "reason": "no answer for 1 s"}, state_row("unknown")]
    outcome = live(prepared, plan, monkeypatch, {**GOOD, "start": silent}, close_code=6)
    assert (outcome.word, outcome.reason) == ("not started", "no answer for 1 s")


def test_a_fault_before_the_start_ends_the_session(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = {"kind": "alarm", "priority": "high", "what": "wrong device", "action": "stop"}
    script = {"connect": [alarm, state_row("fault"), ZERO]}
    outcome = live(prepared, plan, monkeypatch, script)
    assert outcome.alarms == ["high: wrong device"]
    assert outcome.reason == "because"
    assert outcome.exit_code == ExitCode.REFUSED


@pytest.mark.hazard("H29")
def test_a_signal_sends_stop_and_decides_the_exit_code(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupting(row: dict[str, Any]) -> None:
        if row.get("state") == "running":
            signal.raise_signal(signal.SIGINT)

    script = {
        **GOOD,
        "start": [state_row("running")],
        "stop": [ZERO, state_row("stopped"), ended("stopped", "SIGINT")],
    }
    outcome = live(prepared, plan, monkeypatch, script, show=interrupting)
    assert ("stop", {"reason": "SIGINT"}) in FakeClient.last.commands
    assert (outcome.exit_code, outcome.word) == (ExitCode.INTERRUPTED, "stopped")


def test_a_signal_before_the_device_was_spoken_to_waits_for_no_zero(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(client: FakeClient) -> None:
        signal.raise_signal(signal.SIGINT)
        while not client.commands:
            time.sleep(0.001)

    def waiting(_session: LiveSession, _client: FakeClient) -> None:
        raise AssertionError("there is no zero to wait for")

    monkeypatch.setattr(FakeClient, "start", interrupted)
    monkeypatch.setattr(LiveSession, "_follow", waiting)
    outcome = live(prepared, plan, monkeypatch, GOOD)
    assert "connect" not in [do for do, _ in FakeClient.last.commands]
    assert (outcome.exit_code, outcome.word) == (ExitCode.INTERRUPTED, "stopped")


def test_a_second_ctrl_c_skips_the_wait_and_says_that_zero_is_not_confirmed(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stimctl.cli.live._ZERO_WITHIN_S", 30.0)

    def impatient(row: dict[str, Any]) -> None:
        if row.get("state") == "running" or row["kind"] == "stopping":
            signal.raise_signal(signal.SIGINT) if threading.current_thread() is (
                threading.main_thread()
            ) else signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)

    script = {**GOOD, "start": [state_row("running")]}
    outcome = live(prepared, plan, monkeypatch, script, show=impatient)
    assert outcome.exit_code == ExitCode.NOT_CONFIRMED_ZERO
    assert (outcome.word, outcome.reason) == ("stopped", "SIGINT")


@pytest.mark.hazard("H21")
def test_what_nobody_can_read_any_more_is_stopped(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(row: dict[str, Any]) -> None:
        if row.get("state") == "running":
            raise BrokenPipeError

    script = {**GOOD, "start": [state_row("running")], "stop": [ZERO, state_row("stopped")]}
    outcome = live(prepared, plan, monkeypatch, script, show=broken)
    assert (outcome.exit_code, outcome.reason) == (ExitCode.REFUSED, "nobody reads the output")


def test_an_unread_session_that_has_not_begun_waits_for_no_zero(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_row: dict[str, Any]) -> None:
        raise BrokenPipeError

    def reading(session: LiveSession, client: FakeClient) -> None:
        assert "stop" not in [do for do, _ in client.commands], "it waits after the stop"
        plain(session, client)  # type: ignore[arg-type]

    plain = LiveSession._take_rows
    monkeypatch.setattr(LiveSession, "_take_rows", reading)
    script = {"connect": [{"kind": "hello", "address": "x"}, state_row("identified")]}
    outcome = live(prepared, plan, monkeypatch, script, show=broken)
    assert (outcome.word, outcome.reason) == ("stopped", "nobody reads the output")


def test_enter_answers_the_attendance_prompt(
    prepared: Prepared, plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    attended = threading.Event()

    reader, writer = os.pipe()

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

        def fileno(self) -> int:
            return reader

    os.write(writer, b"\n")
    os.close(writer)
    monkeypatch.setattr("stimctl.cli.live.is_ours", lambda _fd: True)
    real_send = FakeClient.send

    def send(self: FakeClient, do: str, **fields: Any) -> int:
        if do == "attend":
            attended.set()
        return real_send(self, do, **fields)

    monkeypatch.setattr(FakeClient, "send", send)
    monkeypatch.setattr(sys, "stdin", Terminal())
    live(prepared, plan, monkeypatch, GOOD)
    assert attended.wait(5)
    os.close(reader)
    assert "--no-attendance-prompt" not in FakeClient.last.options


# -- signals ----------------------------------------------------------------------------------


def test_the_first_signal_stops_the_second_skips_others_do_nothing() -> None:
    stopped: list[str] = []
    first, second = threading.Event(), threading.Event()

    def on_stop(name: str) -> None:
        stopped.append(name)
        first.set()

    before = signal.getsignal(signal.SIGTERM)
    other = signal.signal(signal.SIGWINCH, lambda *_: None)
    with StopSignals(on_stop, second.set) as signals:
        signal.raise_signal(signal.SIGWINCH)
        assert signals.exit_code is None
        signal.raise_signal(signal.SIGTERM)
        assert first.wait(5)
        assert not second.is_set()
        signal.raise_signal(signal.SIGINT)
        assert second.wait(5)
        assert signals.exit_code == ExitCode.TERMINATED
    assert stopped == ["SIGTERM"]
    assert signal.getsignal(signal.SIGTERM) == before
    signal.signal(signal.SIGWINCH, other)


# -- progress ---------------------------------------------------------------------------------


def telemetry(plan_time_us: int, **more: Any) -> dict[str, Any]:
    return {
        "kind": "telemetry",
        "mono_ns": time.monotonic_ns(),
        "plan_time_us": plan_time_us,
        "set": {"1": 12_000},
        "acked": {"1": 12_000},
        "measured": None,
        "levels": {"1": 12_000},
        "unit": "uA",
        "link": "good",
        "acknowledged": {},
        **more,
    }


def test_off_a_terminal_progress_comes_in_plain_lines_and_not_too_many(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress(1_800_000_000, simulation=True)
    for second in range(1800):
        progress.show(telemetry(second * 1_000_000))
    lines = capsys.readouterr().err.splitlines()
    assert 15 <= len(lines) <= 25
    assert lines[0] == ("SIMULATION STIM 30:00 left  set ch1 12 mA (acked 0.0 s ago)  link good")


def test_on_a_terminal_one_line_is_redrawn(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_module, "is_terminal", lambda _stream: True)
    monkeypatch.setenv("COLUMNS", "40")
    progress = Progress(60_000_000, simulation=False)
    progress.show(telemetry(0))
    progress.show(telemetry(1_000_000))
    progress.show(
        {"kind": "alarm", "priority": "high", "marker": "!!!", "what": "x", "action": "y"}
    )
    progress.show(telemetry(2_000_000))
    progress.close()
    progress.close()
    told = capsys.readouterr().err
    assert told.count("\n") == 2
    assert "\rSTIM 0:59 left" in told
    assert all(len(part) <= 40 for part in told.replace("\n", "\r").split("\r"))
    assert "ALARM (high): x; y\n" in told


@pytest.mark.hazard("H21")
def test_what_is_not_acknowledged_or_old_is_not_shown_as_current(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for row, says in (
        (telemetry(0, acked={}), "(? not acknowledged)"),
        (telemetry(0, mono_ns=time.monotonic_ns() - 2_000_000_000), "(? not acknowledged)"),
        (telemetry(0, acked={"1": 11_500}), "(acked 11.5 mA 0.0 s ago)"),
        (telemetry(0, set={}, acked={}), "off at this moment"),
    ):
        Progress(60_000_000, simulation=False).show(row)
        assert says in capsys.readouterr().err


@pytest.mark.hazard("H01", "H11")
def test_unknown_output_says_what_to_do_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress(60_000_000, simulation=False)
    progress.show({"kind": "unknown", "reason": "silence", "what_to_do": "pull the cable"})
    told = capsys.readouterr().err
    assert "OUTPUT UNKNOWN: PULL THE ELECTRODE CABLE" in told
    assert "silence. pull the cable" in told


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            {"kind": "hello", "device": "sim:p24", "address": "/dev/pts/7"},
            "supervisor ready for sim:p24",
        ),
        (
            {
                "kind": "identity",
                "family": "p24",
                "serial": "17",
                "firmware": "1.2",
                "protocol": "",
                "firmware_hash": "",
            },
            "serial 17, firmware 1.2",
        ),
        (
            {"kind": "attendance", "prompt": True, "answer_within_us": 30_000_000},
            "Press Enter within 30 s",
        ),
        (
            {
                "kind": "attendance",
                "prompt": True,
                "answer_within_us": 30_000_000,
                "by_person": True,
            },
            "Answer at the machine within 30 s",
        ),
        ({"kind": "attendance", "answered": True}, "answered"),
        (
            {"kind": "refused", "intent": "raise", "reason": "locked", "code": "auto-locked"},
            "refused: raise: locked",
        ),
        (
            {
                "kind": "limit",
                "channel": 1,
                "asked": 5_000,
                "allowed": 4_000,
                "unit": "uA",
                "limit": "L-PAT",
                "code": "above-cleared",
            },
            "refused: channel 1 5 mA: ceiling 4 mA (L-PAT)",
        ),
        (
            {"kind": "link", "quality": "degraded", "reason": "late", "code": "answers-late"},
            "link degraded: late",
        ),
        ({"kind": "error", "what": "x"}, "error: x"),
        (
            {"kind": "connect_failed", "reason": "silence", "code": "no-answer"},
            "no connection: silence",
        ),
        ({"kind": "journal", "session": "s-1", "file": "f"}, "journal of session s-1"),
    ],
)
def test_each_kind_of_row_has_its_words(
    capsys: pytest.CaptureFixture[str], row: dict[str, Any], says: str
) -> None:
    Progress(1, simulation=True).show(row)
    assert says in capsys.readouterr().err
    Progress(1, simulation=True, quiet=True).show(row)
    Progress(1, simulation=True, quiet=True).show(telemetry(0))
    assert capsys.readouterr().err == ""


def test_rows_of_the_device_alone_are_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    Progress(1, simulation=True).show({"kind": "raise", "channel": 1})
    assert capsys.readouterr().err == ""


def test_the_clock_counts_down_to_zero_and_not_before() -> None:
    times = [format_clock(us) for us in (0, 1, 59_999_999, 60_000_000)]
    assert times == ["0:00", "0:01", "1:00", "1:00"]


def test_the_summary_keeps_what_was_acknowledged_and_what_was_planned_apart(
    plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    from stimctl.cli.outcome import Outcome
    from stimctl.cli.running import _put_dose
    from stimctl.treatment.prediction import predict

    outcome = Outcome()
    outcome.delivered.take("start", {})
    told = {"pulses": 94, "charge_nc": 37_600, "peak_ua": 2_000, "on_ms": 4_000}
    outcome.delivered.take("ended", {"acknowledged": {"1": told}})
    _put_dose(predict(plan), outcome)
    first, planned, *rest = capsys.readouterr().out.splitlines()
    assert first == (
        "channel 1  acknowledged: 94 pulses, 0.0376 mC in first phases, peak 2 mA, on for 4.0 s"
    )
    assert planned.strip().startswith("planned: ")
    assert "94 pulses" not in planned
    assert rest[-1].strip() == (
        "acknowledged: computed from acknowledged set points and their times"
    )
    _put_dose(predict(plan), Outcome())
    assert "acknowledged: nothing on record" in capsys.readouterr().out
