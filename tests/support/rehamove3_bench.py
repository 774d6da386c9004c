"""A RehaMove3 driver and its twin on one virtual line and clock."""

from __future__ import annotations

from functools import partial

from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.rehamove3 import RehaMove3Twin
from firmware_sim.firmware.sciencemode4_frames import Frame, FrameDecoder
from stimctl.devices.rehamove3.driver import RehaMove3Driver
from stimctl.devices.rehamove3.sheet import REHAMOVE3_SHEET
from stimctl.safety import SetPoint
from tests.support.p24_bench import Bench, cleared

on_it = partial(cleared, device=REHAMOVE3_SHEET.bounds)


def point(amplitude_ua: int = 20_000, **how: object) -> SetPoint:
    return on_it(amplitude_ua, **how).point(amplitude_ua)  # type: ignore[arg-type]


def bench(twin: P24Twin | None = None) -> Bench:
    return Bench(twin or RehaMove3Twin(), RehaMove3Driver())


def sent(of: Bench, since: int = 0) -> list[Frame]:
    """What the host wrote."""
    decoder = FrameDecoder()
    written = b"".join(data for at_ns, data, _ in of.host_writes if at_ns >= since)
    return [found for found in decoder.feed(written) if isinstance(found, Frame)]
