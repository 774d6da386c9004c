"""A loop of a program moves a channel a little; a callback that hangs brings it to zero."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import stimctl
from firmware_sim.ledger import Ledger
from stimctl.api import FollowRange, Turn
from stimctl.errors import QuantityError, StateError, UsageError
from stimctl.records.sessions import show_session
from stimctl.stimulus.level import CURRENT, Level
from tests.support.scripted_device import acked_of

# 100 ms of data, 2 s of the lower value, 1 s of a ramp; and what is on the line at its end.
_ZERO_WITHIN_NS = 3_150_000_000 + 250_000_000


@pytest.mark.pty
@pytest.mark.hazard("H80")
def test_a_callback_that_hangs_brings_its_channel_to_zero_in_the_stated_time(
    record: Path, tmp_path: Path
) -> None:
    newest_ns = 0
    with stimctl.connect("sim:p24", journal=tmp_path / "journal", follow=True) as device:
        device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        device.arm()
        device.start(hold="20 s")
        device.raise_to(1, "2.5 mA")
        with pytest.raises(StateError, match="up to 3 mA"):
            device.follow(1, "3.5 mA")
        with pytest.raises(QuantityError):
            device.follow(1, f"{float('nan')} mA")
        with pytest.raises(UsageError, match="10 to 100 Hz"):
            device.loop(lambda _turn: {}, rate_hz=float("nan"), duration=1)
        highest = 0

        def callback(turn: Turn) -> dict[int, str]:
            nonlocal newest_ns, highest
            highest = max(highest, acked_of(turn.readings[1]) or 0)
            if highest == 3000:  # its data are of the turn before: from now on there are none
                give_up = time.monotonic() + 10
                while acked_of(device.readings[1]) != 0:
                    assert time.monotonic() < give_up
                    time.sleep(0.02)
            else:
                newest_ns = turn.at_ns
            return {1: turn.ranges[1].nearest(9.9)}

        with pytest.raises(StateError, match="follow refused"):  # a hand has to begin again
            device.loop(callback, rate_hz=50, duration="15 s")
        assert device.state == "running"
        told = [one["phase"] for one in device.events() if one["kind"] == "followed"]
        assert told == ["follows", "keeps", "falls", "ended"]
    ledger = Ledger.from_file(record)
    assert ledger[1].peak_ma == 3
    last_ns = max(ledger.monotonic_us(run.end_us) for run in ledger[1].runs) * 1_000
    assert last_ns < newest_ns + _ZERO_WITHIN_NS
    shown = show_session(tmp_path / "journal", "last")
    (setup,) = [one for one in shown.timeline if one.kind == "setup"]
    assert setup.data["follow"] is True


@pytest.mark.pty
def test_a_session_that_was_not_opened_for_it_follows_nothing(record: Path, tmp_path: Path) -> None:
    with stimctl.connect("sim:p24", journal=tmp_path / "journal") as device:
        device.load("tens-conventional", amplitudes={1: "3 mA"}, areas={1: "25 cm2"})
        with pytest.raises(StateError, match="follow refused"):
            device.follow(1, "1 mA")
        device.arm()
        device.start(hold="5 s")
        device.raise_to(1, "0.5 mA")
        with pytest.raises(StateError, match="not opened for it"):
            device.follow(1, "0.5 mA")


def test_a_controller_asks_for_the_nearest_target_that_may_be_followed() -> None:
    lowest, highest = (Level(CURRENT, level_ua) for level_ua in (4_000, 6_000))
    within = FollowRange(lowest, highest, step_ua=500)
    assert [within.nearest(wanted) for wanted in (-1, 4.2, 5.0, 5.99, 80)] == [
        "4 mA", "4 mA", "5 mA", "5.5 mA", "6 mA",
    ]  # fmt: skip
    for none in (float("nan"), float("inf")):
        with pytest.raises(UsageError):
            within.nearest(none)
