"""What `stimctl run` shows while it runs, row by row, and what a signal does to it."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import pytest

from stimctl.cli import progress as progress_module
from stimctl.cli.progress import Progress
from stimctl.cli.signals import StopSignals
from stimctl.errors import ExitCode
from stimctl.quantity import format_clock


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
