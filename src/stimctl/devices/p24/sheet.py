"""The capability sheet of the HASOMED P24 (Science and Module): every number with its source.

[IFU] is the maker's "P24 Instructions for Use" v1.1 (2023-01-25), [LIB] the maker's C library
4.0.0, [PEER] a client known to work with real devices, [POLICY] a decision of stimctl. No number
here was measured on a device by us.
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

FAMILY = "p24"
SCIENCEMODE_MAJOR = 4  # of the wire protocol that it answers with [IFU]

PERIOD_FINE_STEP_US = 250
PERIOD_FINE_MAX_US = 8_191_750
PERIOD_COARSE_STEP_US = 500
POINT_MAX_US = 4_095
WATCHDOG_US = 2_000_000
KEEP_ALIVE_US = 500_000
FRAME_MAX_BYTES = 576

_FACTS = (
    Fact("channels", "8", "[IFU]", "R", "4 on the yellow connector, 4 on the green one"),
    Fact("amplitude_max", "130 mA", "[IFU]", "R", "at 1 kOhm; points can encode 150 mA, refused"),
    Fact("amplitude_step", "0.5 mA", "[IFU]", "R"),
    Fact("phase_width_min", "10 us", "[IFU]", "R", "1 to 9 us are executed as 10 us [LIB]"),
    Fact("phase_width_max", "4095 us", "[IFU]", "R", "of one point; we use one point a phase"),
    Fact("phase_width_step", "1 us", "[IFU]", "R"),
    Fact("pulse_form_max", "65520 us", "[IFU]", "R", "16 points of 4095 us"),
    Fact("form_points_max", "16", "[IFU]", "R", "so groups of pulses fit into one form"),
    Fact(
        "forms_points_max",
        "73",
        "[POLICY]",
        "D",
        "points of all channels: the frame keeps to its longest, whatever has to be escaped in it",
    ),
    Fact("interphase_gap_max", "4095 us", "[IFU]", "R", "one point of 0 mA"),
    Fact("period_min", "500 us", "[IFU]", "R", "0.25 ms can be encoded; not documented, refused"),
    Fact("period_max", "16383 ms", "[IFU]", "R", "16383.5 ms can be encoded, refused [LIB]"),
    Fact("period_fine_step", "250 us", "[LIB]", "R", "up to 8191.75 ms"),
    Fact("period_coarse_step", "500 us", "[IFU]", "R", "above 8191.75 ms"),
    Fact("recovery", "60 us", "[LIB]", "R", "40 us mute and 20 us reserve after every pulse"),
    Fact(
        "time_budget",
        "ceil(sum((width + 60 us) / period)) < 1000 permille",
        "[LIB]",
        "R",
        "one current source serves the channels in turn; we stay 1 us below 999 ms of a second, "
        "as the device adds in single precision",
    ),
    Fact("compliance", "150 V", "[IFU]", "R", "the current falls short above 150 V / load"),
    Fact("watchdog", "2 s", "[IFU]", "R", "mid level, without Ml_update or Ml_get_current_data"),
    Fact("watchdog_low_level", "none", "[IFU]", "R", "nothing is output unless commands arrive"),
    Fact("state_after_watchdog", "mid level, high voltage on", "[POLICY]", "D", "assumed; stopped"),
    Fact("keep_alive", "500 ms", "[POLICY]", "D", "others use 1.0 s and 1.5 s [PEER]"),
    Fact("readback", "state", "[IFU]", "R", "result, active channels, channel errors"),
    Fact("onset", "15 ms", "[POLICY]", "D", "from a command to its pulse; measured on no device"),
    Fact("electrode_error_from", "15 mA", "[IFU]", "R", "less current detects no open electrode"),
    Fact("frame_max", "576 bytes", "[LIB]", "R", "the device's own processor; 1200 [IFU]"),
    Fact(
        "intended_use",
        "research only",
        "pyScienceMode README",
        "R2",
        "not for medical purposes on humans under MDR 2017/745",
    ),
    Fact("usb_id", "0483:5740", "[PEER]", "R2", "default id of a chip maker, shared by many"),
    Fact("line_1", "3000000 8N2 RTS/CTS", "[IFU]", "R", "no electrical meaning on USB CDC-ACM"),
    Fact("line_2", "230400 8N1", "[PEER]", "R2", "drives a real P24 from Simulink"),
    Fact("line_3", "115200 8N1", "[POLICY]", "D", "where the system refuses the others"),
    Fact("power", "USB, no battery", "[IFU]", "R", "pulling the USB cable takes its power away"),
    Fact("isolation", "4 kV", "[IFU]", "R", "galvanic; separation between channels: unknown"),
)

_UNKNOWN = "not stated in the texts we read"

P24_SHEET = CapabilitySheet(
    family=FAMILY,
    model="P24 Science / P24 Module",
    maker="HASOMED",
    wire="ScienceMode 4",
    current=DeviceBounds(
        name=FAMILY,
        channels=8,
        amplitude_max_ua=130_000,
        amplitude_step_ua=500,
        phase_width_min_us=10,
        phase_width_max_us=POINT_MAX_US,
        phase_width_step_us=1,
        interphase_gap_max_us=POINT_MAX_US,
        period_min_us=500,
        period_max_us=16_383_000,
        period_step_us=PERIOD_FINE_STEP_US,
        recovery_us=60,
        busy_max_us=998_999,
        form_points_max=16,
        forms_points_max=73,
        shapes=frozenset(PulseShape),
        multiplexed=True,
        compliance_mv=150_000,
        source="P24 Instructions for Use v1.1; C library 4.0.0",
        certainty="R",
    ),
    watchdog_us=WATCHDOG_US,
    keep_alive_us=KEEP_ALIVE_US,
    readback=Readback.STATE,
    intended_use=IntendedUse.RESEARCH_ONLY,
    run_after_host_death=RunAfterHostDeath(
        as_shipped_us=WATCHDOG_US,
        under_our_rules_us=WATCHDOG_US,
        note=(
            "mid level: 2.0 s after the last keep-alive [IFU]; low level: at most the pulse that "
            "was sent, because nothing is output without commands [IFU], but the high voltage "
            "stays on until Ll_stop; 300 ms where one of our processes is left to stop it [POLICY]"
        ),
    ),
    protections=PatientProtections(
        overload_trip=Protection(
            Presence.UNKNOWN, f"results 8 and 28 exist; a trip is {_UNKNOWN}", "[IFU]", "R"
        ),
        no_load_trip=Protection(
            Presence.PRESENT,
            "electrode error stops the pulses; needs a pulse current of at least 15 mA",
            "[IFU]",
            "R",
        ),
        automatic_shut_off=Protection(
            Presence.PRESENT,
            "mid level: 2 s without a host; no treatment timer of its own",
            "[IFU]",
            "R",
        ),
        patient_override=Protection(
            Presence.UNKNOWN, f"a handheld stop is {_UNKNOWN}; assume there is none", "[IFU]", "R"
        ),
    ),
    stop_instruction=(
        "pull the USB cable out of the P24 (it has no battery), then take off the electrodes"
    ),
    usb_ids=(UsbId(0x0483, 0x5740),),
    facts=_FACTS,
    onset_us=15_000,
)
