"""Sessions of any length on each device's twin, as plans, and the bytes that their record takes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from stimctl.bench import rehearse
from stimctl.devices.registry import family
from stimctl.records.journal import Header, JournalWriter
from stimctl.safety import Electrode
from stimctl.session.events import SessionEvent
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import ChannelSetup, Plan, compile_plan
from stimctl.treatment.program import AnyPlan
from tests.support.gate_world import gate_plan
from tests.support.paths import ROOT

AMPLITUDE_UA = 12_000


def long_plan(device: str, protocol: str, channels: int, duration_s: int) -> AnyPlan:
    """A shipped protocol on this device's first `channels` channels."""
    sheet = family(device).sheet
    if device == "openemsstim":
        return gate_plan(protocol, *[60] * channels, duration_s=duration_s)
    text = (ROOT / "protocols" / f"{protocol}.toml").read_text(encoding="utf-8")
    setups = [
        ChannelSetup(channel, Level(CURRENT, AMPLITUDE_UA), Electrode(area_mm2=9_600))
        for channel in range(1, channels + 1)
    ]
    duration_us = duration_s * 1_000_000
    plan = compile_plan(load_protocol(text, protocol), sheet, setups, duration_us=duration_us)
    assert isinstance(plan, Plan), plan
    return plan


@cache
def events_of(
    device: str, protocol: str, channels: int, duration_s: int
) -> tuple[SessionEvent, ...]:
    """What such a session tells, from connection to verified zero."""
    return rehearse(long_plan(device, protocol, channels, duration_s)).events


def write_journal(folder: Path, events: Iterable[SessionEvent], device: str) -> JournalWriter:
    """The events as the journal of a session that has ended."""
    header = Header(f"sim:{device}", True, "0.1.0", "3.11", person="K-17")
    writer = JournalWriter.open_session(folder, header)
    for event in events:
        writer.append(event.kind.value, {"event": event.seq, "at_ns": event.at_ns, **event.data})
    writer.end({"outcome": "zero verified"})
    return writer


def bytes_of(device: str, protocol: str, channels: int, duration_s: int) -> int:
    """How large its journal is."""
    with tempfile.TemporaryDirectory() as folder:
        events = events_of(device, protocol, channels, duration_s)
        return write_journal(Path(folder), events, device).path.stat().st_size
