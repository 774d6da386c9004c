"""The capability sheet of the openEMSstim: every number with its source.

[FW] is the published firmware (release 1.0 and its master), run unmodified in an emulator; where it
was only read the note says so. [POLICY] is a decision of stimctl. No number was measured on a
board by us.
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
from stimctl.safety.device_bounds import PercentBounds

FAMILY = "openemsstim"

CHANNELS = 2
LOWEST_PERCENT = 1
HIGHEST_PERCENT = 100
BURST_MS = 750
"""How long the output goes on after each message: at most 800 ms [POLICY]."""
KEEP_ALIVE_US = 200_000
BOOT_US = 11_270_000
STARTED_WITHIN_US = 14_000_000
"""From a reset on, with the slowest bootloader (1.40 s) and some to spare [POLICY]."""
BOOT_LIMIT_US = 20_000_000
RUN_AFTER_DEATH_US = 1_000_000

_FACTS = (
    Fact("channels", "2", "[FW]", "R", "C0 and C1 on the wire, printed on the board as 1 and 2"),
    Fact("intensity", "1 % to 100 %", "[FW]", "R",
         "of the board's own scale, relative, not of the unit's output"),
    Fact("intensity_step", "1 %", "[FW]", "R"),
    Fact("attenuation", "wiper 200 at 1 %, 122 at 50 %, 42 at 100 %", "[FW]", "R",
         "255 lets least through, 0 most: 1 % is a fifth of full travel, by no means nothing"),
    Fact("intensity_0", "is not off", "[FW]", "R", "the relays open at wiper 201: never sent"),
    Fact("above_100", "not checked", "[FW]", "R", "from 126 on nothing is attenuated"),
    Fact("burst", "750 ms", "[POLICY]", "D",
         "a message, up to 122 ms to its effect, the burst and 100 ms to switch off: below 1 s"),
    Fact("renewal", "375 ms", "[POLICY]", "D",
         "half a burst; with both channels on a little later, by the 5 messages a second"),
    Fact("message_rate", "5 a second", "[FW]", "R", "in the hex form that every firmware takes"),
    Fact("keep_alive", "200 ms", "[POLICY]", "D", "one message each at most"),
    Fact("message", "73 to 122 ms to its effect", "[FW]", "R", "the echo at 19200 baud blocks"),
    Fact("switch_off", "50 ms, each channel in turn", "[FW]", "R", "109 ms for both by the stop"),
    Fact("watchdog", "none", "[FW]", "R", "only the on-time of each message"),
    Fact("on_time_trap", "never ends", "[FW]", "R",
         "on-times of 32768 to 65535 ms in the first half minute; never sent"),
    Fact("uptime_trap", "49.7 days", "[FW]", "M+",
         "the clock wraps; a board is driven only if it was seen to start, by opening the port"),
    Fact("boot", "11.27 s", "[FW]", "R",
         "after the bootloader; waited for at most 20 s in all [POLICY]"),
    Fact("bootloader", "0.2 s to 1.4 s", "[FW]", "R", "after each reset; it hears no command"),
    Fact("reset", "by DTR, when the port is opened", "[FW]", "R",
         "all pins drop, which opens the relays: the stop of last resort"),
    Fact("readback", "none", "[FW]", "R", "the echo of the command, and no state at all"),
    Fact("checksum", "none", "[FW]", "R", "the echo is compared; no sequence number either"),
    Fact("receive_buffer", "63 bytes", "[FW]", "R", "what overflows is spliced and executed"),
    Fact("dialects", "2016 and release 1.0", "[FW]", "R",
         "others are refused; branch dev, without any time limit, does not compile as published "
         "(read) and would look like 2016"),
    Fact("intended_use", "unknown", "not stated", "M?", "an open-hardware research prototype"),
    Fact("usb_id_ch340", "1a86:7523", "not read", "M+", "the serial chip of most Arduino Nano"),
    Fact("usb_id_ftdi", "0403:6001", "not read", "M+", "that of the original Nano"),
    Fact("line_1", "19200 8N1", "[FW]", "R"),
    Fact("power", "USB; the stimulus from the TENS or EMS unit", "[FW]", "R", "read"),
    Fact("isolation", "as good as the unit and two solid-state relays a channel", "[FW]", "M?"),
)  # fmt: skip

_THE_UNITS = "that is the business of the unit whose pulses it lets through"

OPENEMSSTIM_SHEET = CapabilitySheet(
    family=FAMILY,
    model="openEMSstim",
    maker="Lopes and others (open hardware)",
    wire="openEMSstim text",
    current=None,
    external_pulses=PercentBounds(
        name=FAMILY,
        channels=CHANNELS,
        lowest_percent=LOWEST_PERCENT,
        highest_percent=HIGHEST_PERCENT,
        step_percent=1,
        change_every_us=KEEP_ALIVE_US,
        source="openEMSstim firmware release 1.0, run in an emulator",
        certainty="R",
    ),
    watchdog_us=None,
    keep_alive_us=KEEP_ALIVE_US,
    boot_us=BOOT_US,
    readback=Readback.NONE,
    intended_use=IntendedUse.UNKNOWN,
    run_after_host_death=RunAfterHostDeath(
        as_shipped_us=None,
        under_our_rules_us=RUN_AFTER_DEATH_US,
        note=(
            "as shipped a host can ask for 5 s, and by an on-time that wraps or a test character "
            "for output without end [FW]; our bursts last 750 ms, and 1 s with what is on the line "
            "and the time to switch off [POLICY]"
        ),
    ),
    protections=PatientProtections(
        overload_trip=Protection(Presence.UNKNOWN, _THE_UNITS, "[FW]", "R"),
        no_load_trip=Protection(Presence.UNKNOWN, _THE_UNITS, "[FW]", "R"),
        automatic_shut_off=Protection(
            Presence.PRESENT, "each message has its on-time, and no more than that", "[FW]", "R"
        ),
        patient_override=Protection(
            Presence.ABSENT, "none on the board: the unit's own switch or plug", "[FW]", "R"
        ),
    ),
    stop_instruction=(
        "switch off the TENS or EMS unit that feeds the openEMSstim board, or pull its plug, then "
        "take off the electrodes"
    ),
    usb_ids=(UsbId(0x1A86, 0x7523), UsbId(0x0403, 0x6001)),
    facts=_FACTS,
)
