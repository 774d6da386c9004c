"""The closed value lists of ScienceMode 2, with names for people [DOC] M+.

A device may send a code that is not listed, so looking one up never fails.
"""

from __future__ import annotations

RESULT_NAMES: dict[int, str] = {
    0: "ok",
    -1: "transfer error",
    -2: "parameter error",
    -3: "wrong mode",
    -4: "MOTOmed connection error",
    -5: "incompatible protocol version",
    -6: "invalid MOTOmed trainer",
    -7: "MOTOmed busy",
    -8: "busy",
}
STIMULATION_MODE_NAMES: dict[int, str] = {
    0: "nothing initialized",
    1: "channel list initialized",
    2: "channel list started",
}
STIMULATION_ERROR_NAMES: dict[int, str] = {
    -1: "emergency switch pressed or not connected",
    -2: "electrode error",
    -3: "stimulation module error",
}


def _name(names: dict[int, str], code: int) -> str:
    return names.get(code, f"unknown({code})")


def result_name(code: int) -> str:
    """Return the name of a result code -128..127; "unknown(n)" for one that is not listed."""
    return _name(RESULT_NAMES, code)


def stimulation_mode_name(code: int) -> str:
    """Return the name of a stimulation mode 0..255; "unknown(n)" for one that is not listed."""
    return _name(STIMULATION_MODE_NAMES, code)


def stimulation_error_name(code: int) -> str:
    """Return the name of an error -128..127 that came unasked; "unknown(n)" if not listed."""
    return _name(STIMULATION_ERROR_NAMES, code)
