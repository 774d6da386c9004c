"""What stimctl assumes about the toy stimulator: every number, and where it comes from."""

from stimctl.devices.sheet import (
    CapabilitySheet,
    Fact,
    IntendedUse,
    PatientProtections,
    Presence,
    Protection,
    Readback,
    RunAfterHostDeath,
)
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.stimulus.pulse import PulseShape

CHANNELS = 2
WATCHDOG_US = 1_000_000
_MADE_UP = ("[POLICY]", "D")
_ABSENT = Protection(Presence.ABSENT, "it is a toy", *_MADE_UP)

SHEET = CapabilitySheet(
    family="toy",
    model="toy stimulator",
    maker="nobody",
    wire="toy",
    current=DeviceBounds(
        name="toy",
        channels=CHANNELS,
        amplitude_max_ua=60_000,
        amplitude_step_ua=500,
        phase_width_min_us=50,
        phase_width_max_us=500,
        phase_width_step_us=1,
        interphase_gap_max_us=0,
        period_min_us=5_000,
        period_max_us=1_000_000,
        period_step_us=1,
        recovery_us=0,
        shapes=frozenset({PulseShape.SYMMETRIC}),
        multiplexed=False,
        compliance_mv=100_000,
        source="made up for this example",
    ),
    watchdog_us=WATCHDOG_US,
    keep_alive_us=300_000,
    readback=Readback.STATE,
    intended_use=IntendedUse.RESEARCH_ONLY,
    run_after_host_death=RunAfterHostDeath(
        as_shipped_us=WATCHDOG_US,
        under_our_rules_us=WATCHDOG_US,
        with_supervisor_or_face_alive_us=300_000,
        note="1 s without a command that feeds it, then all channels are off",
    ),
    protections=PatientProtections(_ABSENT, _ABSENT, _ABSENT, _ABSENT),
    stop_instruction="switch the toy off, then take off the electrodes",
    usb_ids=(),
    facts=(
        Fact("channels", "2", *_MADE_UP),
        Fact("amplitude_max", "60 mA", *_MADE_UP),
        Fact("watchdog", "1 s", *_MADE_UP),
    ),
)
