"""The closed value lists of ScienceMode 4, with names for people.

Source: P24 Instructions for Use v1.1 [IFU] and the maker's C library 4.0.0 [LIB], both M+;
a device may send a code that neither lists, so looking one up never fails.
"""

from __future__ import annotations

RESULT_NAMES: dict[int, str] = {
    0: "successful",
    1: "transfer error",
    2: "parameter error",
    3: "protocol error",
    4: "stimulation controller timeout",
    5: "EMG timeout",
    6: "EMG register error",
    7: "not initialized",
    8: "high voltage error",
    9: "demultiplexer timeout",
    10: "electrode error",
    11: "invalid command",
    12: "demultiplexer parameter error",
    13: "demultiplexer not initialized",
    14: "demultiplexer transfer error",
    15: "demultiplexer unknown acknowledge",
    16: "pulse timeout",
    17: "fuel gauge error",
    18: "live signal error",
    19: "file transmission timeout",
    20: "file not found",
    21: "busy",
    22: "file error",
    23: "flash erase error",
    24: "flash write error",
    25: "unknown controller",
    26: "firmware too large",
    27: "fuel gauge not programmed",
    28: "pulse low current",
}
HIGHEST_RESULT = 28
"""The maker's own decoder refuses results above this [LIB]."""

STIM_STATUS_NAMES: dict[int, str] = {
    0: "nothing initialized",
    1: "low level initialized",
    2: "mid level initialized",
    3: "mid level running",
}
HIGH_VOLTAGE_NAMES: dict[int, str] = {
    0: "default",
    1: "off",
    2: "30 V",
    3: "60 V",
    4: "90 V",
    5: "120 V",
    6: "150 V",
}
HIGHEST_HIGH_VOLTAGE = 6
HIGHEST_MEASUREMENT = 3
"""0 none, 1 stimulation current, 2 stimulation voltage, 3 high-voltage source [IFU]."""
CHANNEL_STATE_NAMES: dict[int, str] = {
    0: "ok",
    1: "electrode error",
    2: "pulse timeout",
    3: "pulse low current",
}


def result_name(code: int) -> str:
    """Return the name of a result code 0..255; "unknown(n)" for one that no source lists."""
    return RESULT_NAMES.get(code, f"unknown({code})")


def stim_status_name(code: int) -> str:
    """Return the name of a stimulation status 0..255; "unknown(n)" for one that is not listed."""
    return STIM_STATUS_NAMES.get(code, f"unknown({code})")


def high_voltage_name(code: int) -> str:
    """Return the name of a high-voltage level 0..255; "unknown(n)" for one that is not listed."""
    return HIGH_VOLTAGE_NAMES.get(code, f"unknown({code})")


def channel_state_name(code: int) -> str:
    """Return the name of a channel state 0..15; "unknown(n)" for one that is not listed."""
    return CHANNEL_STATE_NAMES.get(code, f"unknown({code})")
