"""The protocols of a commissioning: one plain train on one channel, as a protocol file's text.

They are compiled, cleared and limited as every other protocol, and are for a resistor.
"""

from __future__ import annotations

from typing import Final

from stimctl.commission.settings import Setting
from stimctl.quantity import format_current, format_duration, format_frequency
from stimctl.safety.screening import CONDITION_BY_ID

AREA: Final = "100 cm2"
"""A resistor has none; with this one every setting stays far below every limit (D)."""
_HEAD: Final = """schema = "{schema}"
id = "{id}"
version = "1.0"
title = "Commissioning on a resistor"
purpose = "Measure a device at a resistor. Never for a person."
sources = ["None: settings of the bench (D)"]
contraindications = [{conditions}]
cautions = ["Nobody is connected: a resistor is on the leads."]
outcomes = ["Readings of an oscilloscope"]

[evidence]
grade = "D"
lines = ["No treatment: a train to be measured (D)."]
{external}
[electrodes]
minimum_area = "100 cm2"
count = 2
placement = "None: a resistor."
distance = "None: a resistor."

[session]
duration = "20 min"
shortest = "10 s"
longest = "20 min"

[[channels]]
role = "load"
motor = false
"""
_CONDITIONS: Final = ", ".join(f'"{one}"' for one in CONDITION_BY_ID)
_EXTERNAL: Final = """
[external]
unit = "The unit that is used with this board, battery-driven."
settings = "Continuous mode, one setting for the whole commissioning."
dial = "Moved only while the board is stopped, and not during the commissioning."
"""
_CURRENT: Final = """
[channels.amplitude]
target = "strong-comfortable"
cap = "{cap}"
how = "Raised by the procedure, one step after another."

[channels.waveform]
shape = "biphasic-symmetric"
phase_width = "{width}"
frequency = "{frequency}"
"""
_PERCENT: Final = """
[channels.intensity]
target = "strong-comfortable"
cap = "{cap} %"
how = "Raised by the procedure, one percent after another."
"""


def protocol_id(setting: Setting, *, current: bool) -> str:
    """The name of the protocol, and of its file."""
    if not current:
        return "bench-percent"
    return f"bench-{setting.width_us}us-{setting.frequency_mhz // 1000}hz"


def protocol_text(setting: Setting, highest: int, *, current: bool) -> str:
    """The file's text. `highest`: the cap, in the unit of the device's scale."""
    name = protocol_id(setting, current=current)
    if not current:
        head = _HEAD.format(schema="gated-v1", id=name, external=_EXTERNAL, conditions=_CONDITIONS)
        return head + _PERCENT.format(cap=highest)
    head = _HEAD.format(schema="treatment-v1", id=name, external="", conditions=_CONDITIONS)
    return head + _CURRENT.format(
        cap=format_current(highest),
        width=format_duration(setting.width_us),
        frequency=format_frequency(setting.frequency_mhz),
    )
