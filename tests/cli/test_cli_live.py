"""A run as its face: what is asked of the supervisor, what is shown, how every ending is judged."""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from stimctl.cli.live import LiveSession
from stimctl.cli.outcome import Outcome
from stimctl.cli.planning import Prepared, Request, compile_prepared, prepare
from stimctl.errors import ExitCode, IntegrityError, LinkError, NoDeviceError, StateError
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

    def __init__(self, device: str, options: list[str], *, on_row: Callable[[Any], None]) -> None:
        self.device, self.options, self.on_row = device, options, on_row
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
