"""The stop path to a ScienceMode 2 device, its line settings, and a twin stopped over a pty."""

from __future__ import annotations

import subprocess
import sys

import pytest

from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.process import TwinProcess
from stimctl.devices.rehastim2.stop import RehaStim2StopSequence
from stimctl.supervisor.stop import stop_port
from stimctl.wire.sciencemode2 import messages as sm2
from stimctl.wire.sciencemode2.codec import encode

MS = 1_000_000


def stimulating() -> RehaStim2Twin:
    """A twin that another host has left stimulating, 100 ms after its last word."""
    twin = RehaStim2Twin()
    twin.advance(0)
    for at_ms, message in enumerate(
        (
            sm2.InitAck(0),
            sm2.InitChannelListMode(1, 20_000, 8_000),
            sm2.StartChannelListMode((sm2.ListPulse(200, 20_000),)),
        ),
        start=1,
    ):
        twin.receive(at_ms * 50 * MS, encode(message, at_ms))
    twin.advance(300 * MS)
    twin.transmit()
    assert twin.stimulating
    return twin


def bursts_until_verified(twin: RehaStim2Twin, begin_ms: int, most: int = 20) -> int:
    sequence = RehaStim2StopSequence()
    for count in range(most):
        twin.receive((begin_ms + count * 50) * MS, sequence.next_bytes())
        twin.advance((begin_ms + count * 50 + 49) * MS)
        if sequence.receive(twin.transmit()):
            return count + 1
    raise AssertionError("never verified")


def test_a_stimulating_device_is_stopped_by_the_first_burst_and_verified_by_the_second() -> None:
    twin = stimulating()
    assert bursts_until_verified(twin, 300) == 2
    assert not twin.stimulating


def test_a_device_without_a_host_is_met_first_and_verified_all_the_same() -> None:
    twin = RehaStim2Twin()
    twin.advance(100 * MS)
    twin.transmit()
    assert bursts_until_verified(twin, 100) <= 11
    assert not twin.stimulating


def test_an_acknowledged_stop_alone_verifies_nothing() -> None:
    sequence = RehaStim2StopSequence()
    sequence.next_bytes()
    assert not sequence.receive(encode(sm2.StopChannelListModeAck(0), 0))
    assert not sequence.receive(encode(sm2.GetStimulationModeAck(0, 0), 9))  # of somebody else
    sequence.next_bytes()
    assert not sequence.receive(encode(sm2.GetStimulationModeAck(-8), 1))  # busy: stop again
    sequence.next_bytes()
    assert not sequence.receive(encode(sm2.GetStimulationModeAck(0, 0), 2))
    assert not sequence.receive(b"\xf0\x81\x00\x0f")
    assert sequence.receive(encode(sm2.StopChannelListModeAck(0), 2)) is False
    sequence.next_bytes()
    assert sequence.receive(encode(sm2.GetStimulationModeAck(0, 0), 3))


@pytest.mark.pty
def test_a_twin_over_a_real_pty_is_stopped_without_a_supervisor() -> None:
    with TwinProcess(device="rehastim2") as twin:
        outcome = stop_port(twin.url, "rehastim2")
    assert outcome.verdict == "verified"
    assert outcome.by == "port"


@pytest.mark.pty
def test_stop_by_the_name_of_the_twin_finds_it() -> None:
    with TwinProcess(device="rehastim2"):
        done = subprocess.run(
            [sys.executable, "-m", "stimctl", "stop", "sim:rehastim2"],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    assert "zero verified" in done.stdout
