"""What every face shows of a device at connect: class, strength, what it reports, what protects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from stimctl.quantity import format_current, format_intensity
from stimctl.tui.model.text import safe
from stimctl.tui.model.words import duration_text

if TYPE_CHECKING:
    from stimctl.supervisor.families import Family
    from stimctl.supervisor.ports import SerialPortInfo

#: Above this the adapter itself makes answers late (D; FTDI's own default is 16 ms, R).
_LATENCY_MS = 4
PROTECTIONS = (
    ("overload trip", "overload_trip"), ("no-load trip", "no_load_trip"),
    ("shut-off", "automatic_shut_off"), ("patient stop", "patient_override"),
)  # fmt: skip
_READBACK = {
    "none": "nothing: no number is ever confirmed by the device",
    "state": "state only: that a channel runs, not how strongly",
    "parameters": "what it was set to",
    "measured": "what it measures",
}


def families() -> tuple[str, ...]:
    """Every family there is a driver for, by name."""
    from stimctl.supervisor.families import every_family

    return every_family()


def likely_families(port: SerialPortInfo) -> tuple[str, ...]:
    """The families whose USB ids the port has; never a proof, the device itself says who it is."""
    from stimctl.supervisor.families import sheet_of

    try:
        ids = (int(port.vendor, 16), int(port.product, 16))
    except ValueError:
        return ()
    return tuple(
        name for name in families()
        if any((one.vendor, one.product) == ids for one in sheet_of(name).usb_ids)
    )  # fmt: skip


def starting(device: str) -> str:
    """Why it takes a while until a device answers; "" where it does so at once."""
    from stimctl.supervisor.device_names import parse_device
    from stimctl.supervisor.families import sheet_of

    if not device:
        return ""
    boot_us = sheet_of(parse_device(device).family).boot_us
    if boot_us is None:
        return ""
    return f"opening the port restarts the board, which takes about {-(-boot_us // 1_000_000)} s"


def strength(family: Family) -> str:
    """How strong, in which steps, on how many channels; and whether that is a known current."""
    sheet = family.sheet
    share = sheet.external_pulses
    if share is not None:
        low, high = share.lowest_percent, share.highest_percent
        part = f"{format_intensity(low)} to {format_intensity(high)} of what another unit gives"
        return f"UNCALIBRATED, no dose is known: lets through {part}, {sheet.channels} channels"
    bounds = sheet.bounds
    kind = "calibrated current" if sheet.calibrated else "UNCALIBRATED, no dose is known"
    most, step = format_current(bounds.amplitude_max_ua), format_current(bounds.amplitude_step_ua)
    return f"{kind}: to {most} in {step} steps, {sheet.channels} channels"


def after_death(family: Family) -> str:
    """How long output can go on once nothing of ours is left to stop it."""
    sheet = family.sheet
    longest_us = sheet.run_after_host_death.under_our_rules_us
    if longest_us is None:
        return "NOT BOUNDED if this computer dies; attended only"
    dog = "" if sheet.has_watchdog else "; NO WATCHDOG, attended only"
    return f"ends within {duration_text(longest_us)} if this computer dies{dog}"


def intended_use(family: Family) -> str:
    """What the maker made it for, in words."""
    use = family.sheet.intended_use.value
    return "intended use unknown" if use == "unknown" else use


def reads_back(family: Family) -> str:
    """What the device reports of its output."""
    return _READBACK.get(family.sheet.readback.value, family.sheet.readback.value)


_FEEDBACK = {
    "none": "none: no number is ever confirmed by the device",
    "state": "channel on/off only, no current",
    "parameters": "what it was set to",
    "measured": "measured current",
}
_IS = {"present": "yes", "absent": "no", "unknown": "not documented"}


def plain_facts(family: Family) -> list[tuple[str, str]]:
    """What a device can do, and what it cannot, in words of the bedside: label and words."""
    sheet = family.sheet
    longest_us = sheet.run_after_host_death.under_our_rules_us
    fails = "Output may go on without limit if this computer fails. Stay with the patient."
    if longest_us is not None:
        fails = f"Output stops within {duration_text(longest_us)} if this computer fails"
        fails += "." if sheet.has_watchdog else "; no watchdog: stay with the patient."
    has = [(words, getattr(sheet.protections, name).presence.value) for words, name in (
        ("Electrode-off detection", "no_load_trip"), ("Overload cut-off", "overload_trip"),
        ("Patient stop button", "patient_override"),
    )]  # fmt: skip
    return [
        ("Device", safe(f"{sheet.maker} {sheet.model} ({intended_use(family)})")),
        ("Output", strength(family)),
        ("Safety", fails),
        ("Feedback", _FEEDBACK.get(sheet.readback.value, sheet.readback.value)),
        ("Has", " · ".join(f"{words}: {_IS.get(there, there)}" for words, there in has)),
    ]


def adapter_words(told: Mapping[str, Any]) -> str:
    """The USB adapter's own delay, where the system tells it."""
    timer_ms = told.get("latency_timer_ms")
    if not isinstance(timer_ms, int):
        return ""
    slow = "" if timer_ms <= _LATENCY_MS else ": slow, stimctl doctor says what to do"
    return f", adapter holds answers for {timer_ms} ms{slow}"
