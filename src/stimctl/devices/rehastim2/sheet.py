"""The capability sheet of the HASOMED RehaStim2: every number with its source.

[DOC] is the maker's "ScienceMode2 Description and Protocol" 1.24 (2012-12-12), [IFU] the RehaStim2
User Manual Part 1 v2.5c (2021-03), [DEV] frames photographed from a real device, [PEER] a client
known to work with one, [POLICY] a decision of stimctl. No number was measured on a device by us.
"""

from __future__ import annotations

from stimctl.devices.sheet import (
    CapabilitySheet,
    Fact,
    IntendedUse,
    PatientProtections,
    Presence,
    Protection,
    Readback,
    RunAfterHostDeath,
    UsbId,
)
from stimctl.safety.device_bounds import DeviceBounds
from stimctl.stimulus.pulse import PulseShape

FAMILY = "rehastim2"

PHASE_GAP_US = 100
WATCHDOG_US = 1_200_000
KEEP_ALIVE_US = 400_000
REFRESH_US = 120_000

_FACTS = (
    Fact("channels", "8", "[DOC]", "R", "1-4 on the yellow module, 5-8 on the green one"),
    Fact("amplitude_max", "130 mA", "[IFU]", "R", "the product page says 126 mA"),
    Fact("amplitude_step", "2 mA", "[IFU]", "R", "the wire counts 1 mA; odd values are refused"),
    Fact("phase_width_min", "20 us", "[DOC]", "R", "1 to 19 us are executed as 20 us"),
    Fact("phase_width_max", "500 us", "[DOC]", "R"),
    Fact("phase_width_step", "1 us", "[DOC]", "R"),
    Fact("phase_gap", "100 us", "[DOC]", "R", "fixed, between the two phases of every pulse"),
    Fact("recovery", "101 us", "[DOC]", "R", "the fixed gap, and 1 us of reversed polarity"),
    Fact("period_min", "8 ms", "[DOC]", "R", "for each module in use: 16 ms with both"),
    Fact("period_max", "1025 ms", "[DOC]", "R"),
    Fact("period_step", "0.5 ms", "[DOC]", "R", "one rhythm for all channels of the list"),
    Fact("pulses_per_group_max", "3", "[DOC]", "R", "single, doublet or triplet for each channel"),
    Fact("group_gap_max", "129 ms", "[DOC]", "R", "one for all channels; at least 8 ms a module"),
    Fact("compliance", "154 V", "[IFU]", "R", "the current falls short above 154 V / load"),
    Fact("skin_test", "before each pulse", "[DOC]", "R", "no pulse outside the normal range"),
    Fact("onset", "24 ms", "[DOC]", "R", "10 to 24 ms, and then up to one period of the list"),
    Fact("watchdog", "1.2 s", "[DOC]", "R", "any valid packet; then all stops and modes reset"),
    Fact("keep_alive", "400 ms", "[POLICY]", "D", "a third of the watchdog; one may be lost"),
    Fact(
        "refresh",
        "120 ms",
        "[POLICY]",
        "D",
        "the set points again while output is on: a wrong value that CRC-8 let through lasts at "
        "most 400 ms, with two refreshes lost in a row and 20 ms of jitter",
    ),
    Fact("readback", "state", "[DOC]", "R", "the stimulation mode; no parameters, no serial no."),
    Fact("crc", "8 bits", "[DOC]", "R", "lets about 1 in 256 of badly damaged frames through"),
    Fact("intended_use", "medical device", "[IFU]", "R", "its ScienceMode is for research"),
    Fact("usb_id", "0403:6001", "[DOC]", "R", "any FTDI FT232R; the device is known by its Init"),
    Fact("line_1", "460800 8E1", "[DOC][DEV]", "R", "a real UART sits behind the adapter"),
    Fact("power", "battery and mains", "not read", "M?", "a pulled USB cable does not switch off"),
)

_UNKNOWN = "not stated in the texts we read"

REHASTIM2_SHEET = CapabilitySheet(
    family=FAMILY,
    model="RehaStim2",
    maker="HASOMED",
    wire="ScienceMode 2",
    current=DeviceBounds(
        name=FAMILY,
        channels=8,
        amplitude_max_ua=130_000,
        amplitude_step_ua=2_000,
        phase_width_min_us=20,
        phase_width_max_us=500,
        phase_width_step_us=1,
        interphase_gap_max_us=PHASE_GAP_US,
        interphase_gap_step_us=PHASE_GAP_US,
        interphase_gap_fixed_us=PHASE_GAP_US,
        period_min_us=8_000,
        period_max_us=1_025_000,
        period_step_us=500,
        recovery_us=101,
        shapes=frozenset({PulseShape.SYMMETRIC}),
        multiplexed=True,
        compliance_mv=154_000,
        fixed_rhythm=True,
        channels_per_module=4,
        pulses_per_group_max=3,
        group_gap_max_us=129_000,
        source="ScienceMode2 protocol 1.24; RehaStim2 user manual v2.5c",
        certainty="R",
    ),
    watchdog_us=WATCHDOG_US,
    keep_alive_us=KEEP_ALIVE_US,
    refresh_us=REFRESH_US,
    connection_expires=True,
    channels_first=True,
    readback=Readback.STATE,
    intended_use=IntendedUse.MEDICAL_DEVICE,
    run_after_host_death=RunAfterHostDeath(
        as_shipped_us=WATCHDOG_US,
        under_our_rules_us=WATCHDOG_US,
        note=(
            "1.2 s after the last valid packet the device stops and resets all modes [DOC]; 300 ms "
            "where one of our processes is left to stop it [POLICY]"
        ),
    ),
    protections=PatientProtections(
        overload_trip=Protection(
            Presence.PRESENT, "stimulation module error ends the output", "[DOC]", "R"
        ),
        no_load_trip=Protection(
            Presence.PRESENT, "a skin test before each pulse; no pulse when it fails", "[DOC]", "R"
        ),
        automatic_shut_off=Protection(
            Presence.PRESENT,
            f"1.2 s without a host; a treatment timer in ScienceMode is {_UNKNOWN}",
            "[DOC]",
            "R",
        ),
        patient_override=Protection(
            Presence.PRESENT,
            "emergency switch; the device may refuse to stimulate without it plugged in",
            "[DOC]",
            "R",
        ),
    ),
    stop_instruction=(
        "press the emergency switch of the RehaStim2 or switch the device off, then take off the "
        "electrodes"
    ),
    usb_ids=(UsbId(0x0403, 0x6001),),
    facts=_FACTS,
    onset_us=24_000,
    ramp_tick_us=50_000,
    shortest_ramp_us=200_000,
)
