"""Long on a bad line: the connection is kept, and a wrong value does not last.

The test does what the engine does: a keep-alive by absolute deadline, and a raise or a decrease now
and then. Frames are lost and damaged one by one, in both directions; jitter moves them by up to
20 ms, and they never overtake each other.
"""

from __future__ import annotations

import random

import pytest

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from stimctl.devices.events import LineError, UnexpectedState
from stimctl.devices.rehastim2.sheet import REFRESH_US
from stimctl.wire.sciencemode2.framing import (
    FrameDecoder,
    RawFrame,
    crc8,
    encode_frame,
)
from stimctl.wire.stuffing import KEY
from tests.support.driver_bench import S
from tests.support.rehastim2_bench import MS, Bench, cleared

HOUR = 3_600 * S
LOST_PERMILLE = 10
FLIPPED_PERMILLE = 1
JITTER_NS = 20 * MS
START = 32


def with_a_bit_flipped(data: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(data))
    return data[:at] + bytes((data[at] ^ 1 << dice.randrange(8),)) + data[at + 1 :]


class BadLine:
    """`slips`: when a damaged frame was made to pass the checksum (one in 256 would)."""

    def __init__(self, seed: int, *, slip_permille: int = 0) -> None:
        self.dice = random.Random(seed)
        self.slip_permille = slip_permille
        self.slips: list[tuple[int, int]] = []
        self.lost = self.flipped = 0

    def __call__(self, now: int, data: bytes) -> list[tuple[int, bytes]]:
        delay_ns = self.dice.randrange(JITTER_NS)
        if self.dice.randrange(1_000) < LOST_PERMILLE:
            self.lost += 1
            return []
        if self.dice.randrange(1_000) < FLIPPED_PERMILLE:
            self.flipped += 1
            data = with_a_bit_flipped(data, self.dice)
        elif self.dice.randrange(1_000) < self.slip_permille:
            data = self._slip(now, data)
        return [(delay_ns, data)]

    def _slip(self, now: int, data: bytes) -> bytes:
        """Another current in a StartChannelListMode, with the check that fits it."""
        frame = next(iter(FrameDecoder().feed(data)), None)
        if not isinstance(frame, RawFrame) or frame.command != START or not frame.data[3]:
            return data
        wrong_ma = 20 + 2 * len(self.slips) % 90
        self.slips.append((now, wrong_ma))
        return encode_frame(frame.packet_number, START, frame.data[:3] + bytes((wrong_ma,)))


def on_a_bad_line(bad: BadLine, span_ns: int) -> Bench:
    """A list of 50 Hz whose amplitude moves between 4 and 10 mA every half second."""
    bench = Bench(RehaStim2Twin(turnaround_us=12_000)).connected()
    high = cleared(10_000)
    bench.driver.apply(bench.now, {1: high.point(0)})
    bench.run()
    bench.to_device, bench.to_host = bad, BadLine(bad.dice.randrange(1 << 30))
    end, due, turn = bench.now + span_ns, bench.now, 0
    while due < end:
        assert not bench.driver.latched, bench.seen[-5:]
        bench.driver.keep_alive(bench.now)
        if turn % 4 == 0:
            bench.driver.apply(bench.now, {1: high.point((4_000, 8_000, 10_000)[turn % 3])})
        due, turn = due + REFRESH_US * 1_000, turn + 1
        bench.run(due - bench.now)
    return bench


@pytest.mark.parametrize("minutes", [4, pytest.param(60, marks=pytest.mark.soak)])
def test_lost_and_damaged_frames_never_lose_the_connection(minutes: int) -> None:
    bad = BadLine(2)
    bench = on_a_bad_line(bad, minutes * 60 * S)
    assert bad.lost > 2.5 * minutes
    assert bad.flipped > 0.25 * minutes
    assert bench.all_of(LineError)
    assert not bench.all_of(UnexpectedState)
    assert not bench.logged("connection lost")
    assert bench.twin.longest_gap_us < 1_000_000
    # One flipped bit never passes: every value at the electrodes is one that was asked for.
    rows = [row for row in bench.finish() if row["kind"] == "train" and row["count"]]
    assert {row["points"][0][1] for row in rows} == {4_000, 8_000, 10_000}  # type: ignore[index]


def test_an_idle_connection_is_kept_on_the_same_line() -> None:
    bad = BadLine(3)
    bench = Bench().connected()
    bench.to_device, bench.to_host = bad, BadLine(4)
    bench.kept(HOUR // 2, 400 * MS)
    assert bad.lost > 50
    assert not bench.logged("connection lost")
    assert bench.twin.longest_gap_us < 1_000_000


@pytest.mark.broad
def test_a_wrong_value_that_passes_the_checksum_lasts_at_most_400_ms() -> None:
    bad = BadLine(5, slip_permille=40)
    bench = on_a_bad_line(bad, HOUR // 6)
    assert len(bad.slips) > 50
    wrong = {ma * 1_000 for _, ma in bad.slips}
    spans = wrong_spans(bench, wrong)
    assert len(spans) > 50  # some are replaced before a list begins with them
    assert max(spans) <= 400_000


def wrong_spans(bench: Bench, wrong: set[int]) -> list[int]:
    """How long each wrong value was at the electrodes, in us, by the twin's own record."""
    # Slips in a row have different values, so that each is a train of its own.
    return [
        int(row["count"]) * int(row["period_us"])  # type: ignore[call-overload]
        for row in bench.finish()
        if row["kind"] == "train" and row["count"] and row["points"][0][1] in wrong  # type: ignore[index]
    ]


def test_the_checksum_of_the_slips_above_is_the_devices() -> None:
    frame = encode_frame(1, START, b"\0\0\xc8\x14")
    assert frame[2] ^ KEY == crc8(frame[5:-1])
