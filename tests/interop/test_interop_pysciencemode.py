"""The PyPI client pysciencemode, unmodified, takes the twin on a line for a RehaStim2."""

from __future__ import annotations

import importlib.util
import select
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from firmware_sim.firmware.frames import Frame
from firmware_sim.firmware.rehastim2_commands import Command
from firmware_sim.firmware.sciencemode2_frames import FrameDecoder
from firmware_sim.ledger import Ledger
from firmware_sim.process import TwinProcess

pytestmark = [
    pytest.mark.pty,
    pytest.mark.skipif(
        importlib.util.find_spec("pysciencemode") is None, reason="pysciencemode is not installed"
    ),
]
Rows = list[dict[str, Any]]
PROGRAM = Path(__file__).with_name("pysciencemode_program.py")
WITHIN_S = 30.0


class Client:
    """The client in its process; nothing here waits longer than WITHIN_S."""

    def __init__(self, twin: TwinProcess) -> None:
        self.twin = twin
        self.process = subprocess.Popen(
            [sys.executable, str(PROGRAM), twin.url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            bufsize=1,
        )

    def __enter__(self) -> Self:
        try:
            self.expect("connected")
        except AssertionError:
            self.end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def end(self) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            stream.close()

    def expect(self, what: str) -> None:
        """Read the next line."""
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], WITHIN_S)
        assert ready, f"no {what!r} from the client"
        assert self.process.stdout.readline() == what + "\n"

    def tell(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(line + "\n")

    def do(self, line: str) -> None:
        self.tell(line)
        self.expect(f"done {line.split()[0]}")


@pytest.fixture
def twin(tmp_path: Path) -> Iterator[TwinProcess]:
    record = tmp_path / "record.jsonl"
    with TwinProcess("--wiretap", device="rehastim2", record=record) as process:
        yield process


def named(rows: Rows, event: str) -> Rows:
    return [row for row in rows if row.get("event") == event]


def heard(rows: Rows) -> list[tuple[int, int]]:
    """When the twin heard what: (us, command)."""
    decoder, found = FrameDecoder(), []
    for row in rows:
        if row["kind"] == "rx":
            for frame in decoder.feed(bytes.fromhex(row["hex"])):
                assert isinstance(frame, Frame)
                found.append((row["at_us"], frame.command))
    return found


def gone(rows: Rows) -> bool:
    return bool(named(rows, "connection lost"))


def watchdogs(rows: Rows) -> list[int]:
    return [at_us for at_us, command in heard(rows) if command == Command.WATCHDOG]


def test_it_connects_with_the_settings_of_the_device(twin: TwinProcess) -> None:
    with Client(twin):
        rows = twin.wait_for(lambda rows: named(rows, "connected"))
    line = next(row for row in rows if row["kind"] == "line")
    assert (line["baud"], line["wanted"], line["baud_fits"]) == (460_800, "460800 8E1", True)
    assert (line["csize"], line["stop_bits"]) == (8, 1)
    assert not named(rows, "InitAck of another Init")


def firsts(rows: Rows, channel: int) -> list[Any]:
    """The first phase of every train of a channel."""
    opened = [row for row in rows if row["kind"] == "train_open" and row["channel"] == channel]
    return [row["points"][0] for row in opened]


def test_it_stimulates_updates_pauses_and_ends(twin: TwinProcess) -> None:
    with Client(twin) as client:
        client.do("init 20 10 20")
        for command in ("start", "update 30 20", "pause", "update 40 20"):
            client.do(command)
        twin.wait_for(lambda rows: [200, 40_000] in firsts(rows, 1))
        client.do("end")
    rows = twin.rows()
    assert [row["state"] for row in rows if row["kind"] == "state"] == [1, 2, 0]
    assert named(rows, "intervals raised")[0]["pulse_gap_us"] == 8_000  # it asks for 2 ms
    ledger = twin.ledger()
    assert not ledger.running
    whole = [run for run in ledger[1].runs if len(run.points) == 3]  # the stop may cut the last
    assert {run.net_pc for run in whole} == {0}
    assert {run.peak_ua for run in ledger[2].runs} <= {20_000}
    assert firsts(rows, 1)[0] == [200, 10_000]
    assert firsts(rows, 1)[-1] == [200, 40_000]


def test_a_lead_that_is_off_is_reported_and_nothing_flows(tmp_path: Path) -> None:
    record = tmp_path / "record.jsonl"
    with TwinProcess("--load", "open", device="rehastim2", record=record) as twin:
        with Client(twin) as client:
            client.do("init 20 10")
            client.do("start")
            twin.wait_for(lambda rows: named(rows, "skin test failed"))
        assert twin.ledger().channels == {}


def test_its_watchdog_gaps_are_lost_connections(twin: TwinProcess) -> None:
    """It looks every 0.8 s, and sends if nothing was sent for 0.8 s: gaps are up to 1.6 s long.

    So a command is told right after a watchdog was heard. Where this machine is too slow to do that
    within the 0.4 s in which it matters, it is done again.
    """
    rows: Rows = []
    with Client(twin) as client:
        client.do("init 20 10")
        client.do("start")
        while not gone(rows):
            beats = len(watchdogs(rows))
            rows = twin.wait_for(lambda rows, n=beats: gone(rows) or len(watchdogs(rows)) > n)  # type: ignore[misc]
            client.tell("update 10")
            orders = len(heard(rows))
            rows = twin.wait_for(lambda rows, n=orders: gone(rows) or len(heard(rows)) > n + 1)  # type: ignore[misc]
    lost = named(rows, "connection lost")[0]
    assert lost["gap_us"] == 1_200_000
    before = [at_us for at_us, _ in heard(rows) if at_us < lost["at_us"]]
    assert lost["at_us"] - before[-1] == 1_200_000
    # The device stopped by itself, and begs to be connected again. The client does not notice.
    ledger = Ledger(rows)
    assert ledger[1].pulses > 0
    assert ledger.last_output_us is not None
    assert ledger.last_output_us <= lost["at_us"]
    assert not ledger.running
    states = [row["state"] for row in rows if row["kind"] == "state"]
    assert states == [1, 2, 0]
