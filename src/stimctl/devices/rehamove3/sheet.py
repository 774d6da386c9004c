"""The capability sheet of the HASOMED RehaMove3 Science: every number with its source.

[DOC] is the maker's "RehaMove3 ScienceMode Description and Protocol" 3.2.4 (2018), [LIB] the
maker's C library 3.2.4, run, [HTML] its developer pages, [README] that of the maker's repository
ScienceMode3, [FLY] the maker's flyer (2017), [PEER] a client used with real devices, [POLICY] a
decision of stimctl. No number here was measured on a device by us.
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
)
from stimctl.safety.device_bounds import DeviceBounds, DeviceTestPulse
from stimctl.stimulus.pulse import PulseShape

FAMILY = "rehamove3"
SCIENCEMODE_MAJOR = 3  # of the wire protocol that it answers with [DOC]

PERIOD_STEP_US = 500
POINT_MAX_US = 4_095
WATCHDOG_US = 2_000_000
KEEP_ALIVE_US = 500_000
FRAME_MAX_BYTES = 512
TEST_PULSE = DeviceTestPulse(amplitude_ua=15_000, phase_width_us=15)
BATTERY_START_PERCENT = 20
BATTERY_STOP_PERCENT = 10

_FACTS = (
    Fact("onset", "15 ms", "[POLICY]", "D", "from a command to its pulse; measured on no device"),
    Fact("channels", "4", "[DOC]", "R", "red, blue, black, white; one current source in turn"),
    Fact("amplitude_max", "130 mA", "[DOC]", "R", "the library lets 150 mA pass; refused here"),
    Fact("amplitude_step", "0.5 mA", "[DOC]", "R"),
    Fact("phase_width_min", "20 us", "[DOC]", "R", "10 us [README][FLY]; the narrower claim holds"),
    Fact("phase_width_max", "4095 us", "[DOC]", "R", "of one point; we use one point a phase"),
    Fact("phase_width_step", "1 us", "[DOC]", "R"),
    Fact("form_points_max", "16", "[DOC]", "R", "so groups of pulses fit into one form"),
    Fact("interphase_gap_max", "4095 us", "[DOC]", "R", "one point of 0 mA"),
    Fact("period_min", "2000 us", "[DOC]", "R", "500 Hz; 0.5 ms can be encoded, refused"),
    Fact("period_max", "16383 ms", "[LIB]", "R", "16383.5 ms can be encoded, refused"),
    Fact("period_step", "500 us", "[DOC]", "R", "no finer accuracy, unlike a P24"),
    Fact("recovery", "330 us", "[LIB]", "R", "200 us mute, 30 us test pulse, 100 us reserve"),
    Fact(
        "time_budget",
        "ceil(sum((width + 330 us) / period)) < 1000 permille",
        "[LIB]",
        "R",
        "one current source serves the channels in turn; we stay below 998.9 ms of a second, as "
        "the library adds in single precision",
    ),
    Fact(
        "test_pulse",
        "15 mA, 15 us, biphasic",
        "[DOC]",
        "R",
        "before every pulse, whatever amplitude was asked for, at 0 mA too (so also in the check "
        "of the watchdog); 0.225 uC a phase; counts in every limit on dose and charge",
    ),
    Fact("compliance", "150 V", "[DOC]", "R", "the current falls short above 150 V / load"),
    Fact("watchdog", "2 s", "[DOC]", "R", "mid level, without Ml_update or Ml_get_current_data"),
    Fact("watchdog_low_level", "none", "[DOC]", "R", "nothing is output unless commands arrive"),
    Fact("state_after_watchdog", "mid level, high voltage on", "[DOC]", "R", "it can go on"),
    Fact("keep_alive", "500 ms", "[POLICY]", "D"),
    Fact("readback", "state", "[DOC]", "R", "running or not, electrode errors; not which channels"),
    Fact("electrode_error_from", "0.5 mA", "[HTML]", "R", "found by the test pulse"),
    Fact("retry_after_electrode_error", "unknown", "[POLICY]", "D", "the session stops at once"),
    Fact("frame_max", "512 bytes", "[LIB]", "R", "the library's buffer; 1200 [DOC]"),
    Fact("battery", "refused below 20 %, stopped at 10 %", "[POLICY]", "D", "the LED's limits"),
    Fact("intended_use", "research only", "[README]", "R2", "ScienceMode bypasses the medical use"),
    Fact("usb_id", "not stated", "[DOC]", "R", "an FTDI chip; identified by talking"),
    Fact("line_1", "3000000 8N2 RTS/CTS", "[DOC]", "R", "a real UART behind the FTDI chip"),
    Fact("latency_timer", "1 ms", "[DOC]", "R", "of the FTDI driver; 16 ms is usual and too slow"),
    Fact("reset", "10 to 15 s, unanswered", "[PEER]", "R2", "never sent by stimctl"),
    Fact("power", "battery", "[HTML]", "R", "it can run empty; holding the button 5 s ends it"),
    Fact("emergency_stop", "none", "[README]", "R"),
    Fact("isolation", "galvanic", "[DOC]", "R", "of the USB port; between channels: none stated"),
)

_UNKNOWN = "not stated in the texts we read"

REHAMOVE3_SHEET = CapabilitySheet(
    family=FAMILY,
    model="RehaMove3 Science",
    maker="HASOMED",
    wire="ScienceMode 3",
    current=DeviceBounds(
        name=FAMILY,
        channels=4,
        amplitude_max_ua=130_000,
        amplitude_step_ua=500,
        phase_width_min_us=20,
        phase_width_max_us=POINT_MAX_US,
        phase_width_step_us=1,
        interphase_gap_max_us=POINT_MAX_US,
        period_min_us=2_000,
        period_max_us=16_383_000,
        period_step_us=PERIOD_STEP_US,
        recovery_us=330,
        busy_max_us=998_900,
        form_points_max=16,
        shapes=frozenset(PulseShape),
        multiplexed=True,
        compliance_mv=150_000,
        test_pulse=TEST_PULSE,
        source="RehaMove3 ScienceMode Description and Protocol 3.2.4; C library 3.2.4",
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
            "mid level: 2.0 s after the last keep-alive [DOC]; low level: at most the pulses that "
            "were sent, because nothing is output without commands [DOC], but the high voltage "
            "stays on until Ll_stop; 300 ms where one of our processes is left to stop it [POLICY]"
        ),
    ),
    protections=PatientProtections(
        overload_trip=Protection(
            Presence.UNKNOWN, f"result 8 exists; a trip is {_UNKNOWN}", "[DOC]", "R"
        ),
        no_load_trip=Protection(
            Presence.PRESENT,
            "a test pulse before every pulse leaves it out where the resistance is out of range; "
            "whether the channel is tried again by itself is not stated",
            "[DOC]",
            "R",
        ),
        automatic_shut_off=Protection(
            Presence.PRESENT,
            "mid level: 2 s without a host; no treatment timer of its own",
            "[DOC]",
            "R",
        ),
        patient_override=Protection(
            Presence.ABSENT, "no emergency stop, and none is reported", "[README]", "R"
        ),
    ),
    stop_instruction=(
        "hold the power button of the RehaMove3 for 5 s until it is off, or take off the "
        "electrodes; pulling the cable does not switch it off (it has a battery)"
    ),
    usb_ids=(),
    facts=_FACTS,
    onset_us=15_000,
)
