"""The closed value lists of ScienceMode 3: those of ScienceMode 4 without the newest result.

Source: the maker's protocol description [DOC] and C library 3.2.4 [LIB]. A device may send a code
that neither lists, so looking one up never fails.
"""

from __future__ import annotations

from stimctl.wire.sciencemode4 import values as values4

HIGHEST_RESULT = 27
"""The maker's own decoder refuses results above this; 28 (pulse low current) is newer [LIB]."""
HIGHEST_HIGH_VOLTAGE = values4.HIGHEST_HIGH_VOLTAGE

stim_status_name = values4.stim_status_name
high_voltage_name = values4.high_voltage_name


def result_name(code: int) -> str:
    """Return the name of a result code 0..255; "unknown(n)" for one that no source lists."""
    return values4.result_name(code) if code <= HIGHEST_RESULT else f"unknown({code})"
