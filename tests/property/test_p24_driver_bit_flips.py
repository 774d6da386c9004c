"""Any bit of any host frame may flip: no pulse is above the set points of the last 250 ms."""

from __future__ import annotations

from typing import Any

import pytest

from firmware_sim.firmware.rehamove3 import RehaMove3Twin
from stimctl.devices.rehamove3.driver import RehaMove3Driver
from stimctl.devices.rehamove3.sheet import REHAMOVE3_SHEET
from stimctl.errors import StateError
from stimctl.safety import Cleared
from tests.support.broad import broad
from tests.support.p24_bench import MS, Bench, cleared

LADDER = cleared(60_000, 200, 50_000)
MEMORY_US = 250_000


class Session:
    """Connect, raise twice on two channels, keep alive, lower, stop; one bit of one write flips."""

    other = 6

    def __init__(self, flip_write: int = -1, flip_bit: int = -1) -> None:
        self.bench, self.ladder = self.made()
        self.asked: list[tuple[int, dict[int, int]]] = []
        self.lengths: list[int] = []
        self._flip = (flip_write, flip_bit)
        self.bench.host_line = self._line
        self._play()
        self.bench.host_line = lambda data: [(0, data)]

    def made(self) -> tuple[Bench, Cleared]:
        """The bench, and what is cleared for its device."""
        return Bench(), LADDER

    def _line(self, data: bytes) -> list[tuple[int, bytes]]:
        if len(self.lengths) == self._flip[0]:
            damaged = bytearray(data)
            damaged[self._flip[1] // 8] ^= 1 << self._flip[1] % 8
            data = bytes(damaged)
        self.lengths.append(len(data))
        return [(0, data)]

    def _apply(self, **channels: int) -> None:
        wanted = {int(name[2:]): ua for name, ua in channels.items()}
        try:
            self.bench.driver.apply(
                self.bench.now, {c: self.ladder.point(ua) for c, ua in wanted.items()}
            )
            self.asked.append((self.bench.now // 1000, wanted))
        except StateError:
            pass
        self.bench.run(300 * MS)

    def _play(self) -> None:
        bench = self.bench
        bench.driver.connect(bench.now)
        bench.run(400 * MS)
        self._apply(ch1=2_000)
        self._apply(ch1=2_500, **{f"ch{self.other}": 60_000})
        bench.driver.keep_alive(bench.now)
        bench.run(200 * MS)
        self._apply(ch1=1_000)
        bench.driver.stop(bench.now)
        self.asked.append((bench.now // 1000, {}))
        bench.run(400 * MS)

    def allowed_ua(self, channel: int, at_us: int) -> int:
        """The highest set point of the channel that was in force at any time in the last 250 ms."""
        since = at_us - MEMORY_US
        before = [want for when, want in self.asked if when <= since][-1:]
        within = [want for when, want in self.asked if since < when <= at_us]
        return max((want.get(channel, 0) for want in (*before, *within)), default=0)

    def check(self) -> None:
        bench = self.bench
        assert bench.driver.state == "zero", bench.seen
        assert bench.twin.state == 0
        row: Any
        for row in bench.finish():
            if row["kind"] not in ("train", "pulse") or not row.get("count", 1):
                continue
            pulses = row.get("count", 1)
            starts = [row["start_us"] + n * row.get("period_us", 0) for n in range(pulses)]
            peak = max(abs(current) for _, current in row["points"])
            for at_us in (starts[0], starts[-1]):
                assert peak <= self.allowed_ua(row["channel"], at_us), row


class RehaMove3Session(Session):
    """The same on a RehaMove3."""

    other = 4

    def made(self) -> tuple[Bench, Cleared]:
        ladder = cleared(60_000, 200, 50_000, device=REHAMOVE3_SHEET.bounds)
        return Bench(RehaMove3Twin(), RehaMove3Driver()), ladder


PLAIN = Session()
PLAIN_REHAMOVE3 = RehaMove3Session()


@pytest.mark.parametrize("plain", [PLAIN, PLAIN_REHAMOVE3], ids=["p24", "rehamove3"])
def test_without_a_flip_the_session_ends_at_zero(plain: Session) -> None:
    plain.check()
    assert plain.bench.highest_ua(plain.other) == 60_000


@pytest.mark.hazard("H08")
@pytest.mark.parametrize("write", broad(range(len(PLAIN.lengths))))
def test_no_flipped_bit_reaches_the_electrodes_and_every_session_ends_at_zero(write: int) -> None:
    for bit in range(8 * PLAIN.lengths[write]):
        Session(write, bit).check()


@pytest.mark.hazard("H08")
@pytest.mark.parametrize("write", broad(range(len(PLAIN_REHAMOVE3.lengths))))
def test_no_flipped_bit_on_the_line_of_a_rehamove3_reaches_the_electrodes(write: int) -> None:
    for bit in range(8 * PLAIN_REHAMOVE3.lengths[write]):
        RehaMove3Session(write, bit).check()
