"""A twin whose computer was too busy to run it does not take that for a silent host."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.firmware.sciencemode2_frames import encode
from firmware_sim.serve import ServeOptions, Server

MS = 1_000_000
"""Nanoseconds."""


class Scripted:
    """A line on which bytes lie ready, and the clock of the computer that the twin runs on."""

    url = "nowhere"

    def __init__(self) -> None:
        self.now_ns = 0
        self.bytes = b""

    def read(self, ready: list[int]) -> tuple[bytes, bool]:
        data, self.bytes = self.bytes, b""
        return data, False

    def read_fds(self) -> list[int]:
        return []

    write_fds = read_fds

    def write(self, data: bytes) -> int:
        return len(data)

    def settings(self) -> None:
        return None


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    made = Scripted()
    monkeypatch.setattr("firmware_sim.serve.time.monotonic_ns", lambda: made.now_ns)
    monkeypatch.setattr("firmware_sim.serve.select.select", lambda *_: ([], [], []))
    return made


def connected(line: Scripted) -> tuple[RehaStim2Twin, Server]:
    twin = RehaStim2Twin()
    server = Server(twin, line, ServeOptions(), 0)  # type: ignore[arg-type]
    line.now_ns += 10 * MS
    line.bytes = encode(0, 2, b"\0")
    server._turn(-1)
    assert twin.connected
    return twin, server


def events(twin: RehaStim2Twin) -> list[dict[str, Any]]:
    return [row for row in twin.records() if row["kind"] == "log"]


def slept(server: Server, line: Scripted, span_ns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """One turn in which the process is woken so much after it asked to be."""

    def late(_read: Any, _write: Any, _errors: Any, timeout_s: float) -> tuple[Any, Any, Any]:
        line.now_ns += int(timeout_s * 1e9) + span_ns
        return [], [], []

    monkeypatch.setattr("firmware_sim.serve.select.select", late)
    server._turn(-1)


def test_bytes_that_lay_ready_while_the_twin_stood_still_keep_the_connection(
    line: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin, server = connected(line)
    line.bytes = encode(1, 4)
    slept(server, line, 1_500 * MS, monkeypatch)
    told = [row["event"] for row in events(twin)]
    assert "twin stood still" in told
    assert "connection lost" in told  # nothing came in the 1.2 s after those bytes
    assert told.index("twin stood still") < told.index("connection lost")
    times = [row["at_us"] for row in twin.records()]
    assert times == sorted(times)


def test_the_twin_that_stood_still_for_less_than_its_watchdog_goes_on(
    line: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin, server = connected(line)
    for _ in range(4):
        line.bytes = encode(1, 4)
        slept(server, line, 1_000 * MS, monkeypatch)
    assert "connection lost" not in [row["event"] for row in events(twin)]


def test_without_bytes_a_watchdog_fires_however_late_the_twin_is_woken(
    line: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin, server = connected(line)
    for _ in range(2):
        slept(server, line, 1_000 * MS, monkeypatch)
    lost = [row for row in events(twin) if row["event"] == "connection lost"]
    assert [row["at_us"] for row in lost] == [1_210_000]


def test_a_twin_that_runs_takes_bytes_as_coming_when_it_reads_them(
    line: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    twin, server = connected(line)
    line.bytes = encode(1, 4)
    slept(server, line, 19 * MS, monkeypatch)
    assert "twin stood still" not in [row["event"] for row in events(twin)]
