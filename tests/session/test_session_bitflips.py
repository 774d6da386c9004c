"""Every single bit of every host frame of one session, flipped in turn.

`make test` flips one bit of every byte, another one in each; the soak flips all.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest

from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder, encode
from stimctl.bench import Bench
from stimctl.errors import StateError
from stimctl.session.config import SECOND
from stimctl.session.intents import Arm, Connect, LoadPlan, Start
from stimctl.session.states import State
from tests.support.session_watch import WatchedDriver
from tests.support.session_world import BY_SCRIPT, plan_of

# Shorter than any protocol allows, so that every bit can have its turn.
PLAN = replace(plan_of("tens-conventional", 1_000), duration_us=4_000_000)
ML_UPDATE = 32
OVER = (State.STOPPED, State.FAULT, State.UNKNOWN, State.DISCONNECTED)


class Flipper:
    """Flips one bit of one write; `write` None only counts."""

    def __init__(self, write: int | None = None, bit: int = 0) -> None:
        self.writes: list[int] = []
        self._write = write
        self._bit = bit

    def __call__(self, _now_ns: int, data: bytes) -> bytes:
        number = len(self.writes)
        self.writes.append(len(data))
        if number != self._write:
            return data
        flipped = bytearray(data)
        flipped[self._bit // 8] ^= 1 << self._bit % 8
        return bytes(flipped)


def session(flipper: Callable[[int, bytes], bytes]) -> tuple[Bench, WatchedDriver]:
    """One whole session with the script raising, whatever becomes of it."""
    driver = WatchedDriver()
    bench = Bench(BY_SCRIPT, driver=driver, to_device=flipper)
    with suppress(StateError):
        bench.command(Connect())
        bench.run_to_state(State.IDENTIFIED, within_ns=3 * SECOND)
        bench.command(LoadPlan(PLAN))
        bench.command(Arm())
        bench.command(Start())
        bench.run_to_state(*OVER, within_ns=8 * SECOND)
    bench.run_for(SECOND)
    return bench, driver


@pytest.mark.broad
@pytest.mark.hazard("H08")
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.soak)])
def test_no_flipped_bit_brings_more_than_the_set_points_to_the_electrodes(
    every: int, record_property: Callable[[str, object], None]
) -> None:
    counting = Flipper()
    bench, driver = session(counting)
    assert bench.state is State.STOPPED
    assert bench.ledger()[1].peak_ma == 1.0
    assert driver.never_asked_for(bench.ledger()) == []
    flips = 0
    for write, length in enumerate(counting.writes):
        for bit in range(write % every, length * 8, every):
            bench, driver = session(Flipper(write, bit))
            problems = driver.never_asked_for(bench.ledger())
            assert problems == [], f"write {write}, bit {bit}"
            assert not bench.twin.stimulating, f"write {write}, bit {bit}: {bench.state}"
            assert bench.state in OVER
            flips += 1
    assert flips >= 8 * sum(counting.writes) // every - len(counting.writes)
    record_property(
        "H08", f"{flips} sessions with one bit flipped, none got what was not asked for"
    )


@pytest.mark.no_invariant("the line alters a set point in an intact frame, to try the watch")
def test_the_watch_sees_output_that_nobody_asked_for() -> None:
    def louder(_now_ns: int, data: bytes) -> bytes:
        frames = [one for one in FrameDecoder().feed(data) if isinstance(one, Frame)]
        if len(frames) != 1 or frames[0].command != ML_UPDATE or len(frames[0].data) < 8:
            return data
        update = bytearray(frames[0].data)
        update[5] ^= 0x01  # 8 mA more or less in the first point, in an intact frame
        return encode(frames[0].packet_number, ML_UPDATE, bytes(update))

    bench, driver = session(louder)
    assert driver.never_asked_for(bench.ledger()) != []
