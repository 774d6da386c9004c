"""What the stop path takes for a proof of an openEMSstim, and what it does not."""

from __future__ import annotations

import pytest

from firmware_sim.firmware.openemsstim import Bootloader, Dialect, OpenEmsStimTwin
from stimctl.devices.openemsstim.stop import FOREIGN, OpenEmsStimStopSequence
from stimctl.devices.p24.stop import P24StopSequence
from stimctl.supervisor.stop_sequence import Patience
from stimctl.wire.openemsstim.codec import encode
from stimctl.wire.openemsstim.commands import Action

pytestmark = pytest.mark.clock

MS = 1_000_000
provokes = pytest.mark.no_invariant("another program drives the board, or noise does")


class Bench:
    """A board and the sequence on virtual time in ms; both channels are open at first."""

    def __init__(self, dialect: Dialect = Dialect.HEX_ONLY, **board: object) -> None:
        self.twin = OpenEmsStimTwin(dialect=dialect, boot_us=100_000, **board)  # type: ignore[arg-type]
        self.sequence = OpenEmsStimStopSequence(12_345)
        self.now = 2_500
        self.twin.advance(self.now * MS)
        for channel in (0, 1):
            self.twin.receive(self.now * MS, encode(Action(channel, 60, 5_000)))
            self.now += 400
            self.twin.advance(self.now * MS)
        self.twin.transmit()
        self.said: list[bytes] = []

    def run(self, span_ms: int, *, lose: int = -1, foreign_every: int = 0) -> int | None:
        """Until it is verified, at most so long; how long it took. `lose`: which write is lost."""
        began = self.now
        while self.now < began + span_ms:
            if (self.now - began) % 50 == 0 and (data := self.sequence.next_bytes()):
                self.said.append(data)
                if len(self.said) - 1 != lose:
                    self.twin.receive(self.now * MS, data)
            if foreign_every and (self.now - began) % foreign_every == foreign_every // 2:
                self.twin.receive(self.now * MS, encode(Action(0, 60, 750)))
            self.now += 1
            self.twin.advance(self.now * MS)
            if self.sequence.receive(self.twin.transmit()):
                return self.now - began
        return None


@pytest.mark.hazard("H11")
@pytest.mark.parametrize("dialect", list(Dialect))
@pytest.mark.parametrize("lose", [-1, 0, 1])
def test_a_stop_that_was_lost_is_said_again_and_verified_within_400_ms(
    dialect: Dialect, lose: int
) -> None:
    bench = Bench(dialect)
    took = bench.run(1_000, lose=lose)
    assert took is not None
    assert took <= 450  # it listens for 400 ms in any case
    off_us = max(row["at_us"] for row in bench.twin.records() if row["kind"] == "relay")
    assert off_us / 1_000 - (bench.now - took) <= 400
    assert not bench.twin.stimulating
    assert bench.twin.defects == ()


@provokes
@pytest.mark.hazard("H06")
@pytest.mark.parametrize("every_ms", [90, 150, 220, 300, 375])
def test_while_another_program_sends_bursts_zero_is_never_verified_and_it_is_named(
    every_ms: int,
) -> None:
    bench = Bench()
    assert bench.run(3_000, foreign_every=every_ms) is None
    assert bench.sequence.detail == FOREIGN


@provokes
def test_when_the_other_program_is_gone_zero_is_verified_after_a_while() -> None:
    bench = Bench()
    assert bench.run(1_000, foreign_every=90) is None
    took = bench.run(3_000)
    assert took is not None
    assert took >= 1_000
    assert not bench.twin.stimulating


@provokes
@pytest.mark.parametrize(
    "other",
    [encode(Action(1, 60, 750)), b"x\n", b"xbdfh\n", b"Connection End\n", b"y\n", b"1\n"],
)
def test_the_echo_of_another_message_than_the_probe_proves_nothing(other: bytes) -> None:
    sequence, twin = OpenEmsStimStopSequence(777), OpenEmsStimTwin(boot_us=0)
    twin.advance(1_000 * MS)
    twin.transmit()
    stop = sequence.next_bytes()
    twin.receive(1_000 * MS, stop[: stop.rindex(b"x")] + other)
    twin.advance(1_600 * MS)
    assert not sequence.receive(twin.transmit())


@pytest.mark.parametrize("bootloader", [Bootloader.OLD, Bootloader.OPTIBOOT])
def test_a_bootloader_is_expected_and_said_and_no_alarm(bootloader: Bootloader) -> None:
    bench, told = Bench(bootloader=bootloader), list[str]()
    patience = Patience(bench.sequence, told.append, 0.5)
    assert bench.sequence.reset_due(0.0)  # opening the port
    bench.twin.reset(bench.now * MS)
    began = bench.now
    while (took := bench.run(10)) is None:
        elapsed_s = (bench.now - began) / 1_000
        patience.look(elapsed_s)
        assert not bench.sequence.reset_due(elapsed_s)
    assert took
    assert told in ([], ["starting"])
    assert not bench.twin.stimulating


def test_a_line_that_says_nothing_is_unknown_when_the_board_must_have_started() -> None:
    told: list[str] = []
    patience = Patience(OpenEmsStimStopSequence(), told.append, 0.5)
    for tenth in range(30):
        patience.look(tenth / 10)
    assert told == ["starting", "unknown"]
    told.clear()
    p24 = Patience(P24StopSequence(), told.append, 0.5)
    for tenth in range(30):
        p24.look(tenth / 10)
    assert told == ["unknown"]
