"""The table of limits as data: what bounds a stimulus, how much, who says so, how surely.

Values are in the unit of the row. `certainty`: R read in a primary text, R2 in a text that quotes
it, M+ remembered and likely right, M? remembered, verify before use, D a decision of stimctl.
IEC 60601-2-10 itself was not available: the numbers marked [G] are from its 1984/87 edition.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from stimctl.safety.quantities import Quantity


class Action(StrEnum):
    """What happens where a limit is exceeded. Nothing is ever clipped."""

    BLOCK = "block"  # refused, no override
    CEILING = "ceil"  # refused; the ceiling was set for this person, protocol or session
    WARN = "warn"  # refused until acknowledged by its id
    RULE = "rule"  # kept elsewhere in stimctl, or by the device
    INFO = "info"  # hardware or simulation; nothing here evaluates it


class Profile(StrEnum):
    """Who works here: clinic (default), research (L-J warns), home (limited output)."""

    CLINIC = "clinic"
    RESEARCH = "research"
    HOME = "home"


@dataclass(frozen=True, slots=True)
class Limit:
    """One row of the table.

    `strict`: the value itself is already too much. `slope_per_ms`: added to the value for each
    ms of phase width. `band_mhz`: valid above the first and up to the second frequency.
    `profiles`: where the row is in force; `research_action`: the action in research.
    """

    id: str
    quantity: Quantity | None
    value: int | float | None
    unit: str
    action: Action
    source: str
    certainty: str
    note: str = ""
    strict: bool = False
    slope_per_ms: int = 0
    band_mhz: tuple[int, int | None] | None = None
    profiles: frozenset[Profile] = frozenset(Profile)
    research_action: Action | None = None


_G = "GOST 30324.10-95 (IEC 601-2-10) cl. 51.104 table 1"
_B = "Biopac, stimulation isolation adapter notes quoting cl. 51.104"
_F = "FDA guidance for powered muscle stimulators, 1999"
_RS2 = "RehaStim2 user manual v2.5c"
_IEC = "IEC 60601-2-10"
_HOME = frozenset({Profile.HOME})
_BLOCK, _RULE, _INFO = Action.BLOCK, Action.RULE, Action.INFO

# The band of a pulsed current is not settled by the texts read. Conservative rule (D): the lowest
# frequency that defines the current (burst rate, slowest pulse rate) chooses the row.
LIMITS: tuple[Limit, ...] = (
    Limit("L-RMS-DC", Quantity.DC_CURRENT, 80, "mA", _BLOCK, _G, "R2",
          "into 500 ohm; a ceiling for equipment, not safe for skin: see L-DC"),
    Limit("L-RMS-400", Quantity.RMS_CURRENT, 50, "mA", _BLOCK, _G + "; Enraf-Nonius manual", "R2",
          "up to 400 Hz, AC part", band_mhz=(0, 400_000)),
    Limit("L-RMS-1500", Quantity.RMS_CURRENT, 80, "mA", _BLOCK, _G, "R2",
          "above 400 Hz up to 1500 Hz, AC part", band_mhz=(400_000, 1_500_000)),
    Limit("L-RMS-HF", Quantity.RMS_CURRENT, 100, "mA", _BLOCK, _G, "R2",
          "above 1500 Hz, AC part", band_mhz=(1_500_000, None)),
    Limit("L-RMS-SPLIT", None, None, "", _RULE, _G, "R2",
          "DC and AC parts each against their own limit; how L-RMS-* are evaluated"),
    Limit("L-E", Quantity.ENERGY_PER_PULSE, 300, "mJ", _BLOCK, f"{_B}; {_G}", "R2",
          "into 500 ohm; stated for pulses under 0.1 s, applied to all here (D)"),
    Limit("L-V", Quantity.OUTPUT_VOLTAGE, 500, "V", _BLOCK, _B, "R2",
          "peak, open circuit; from the device's data"),
    Limit("L-J", Quantity.CURRENT_DENSITY, 2, "mA/cm2", _BLOCK,
          f"AS 60601.2.10 instructions for use, item g; {_RS2}", "R", "r.m.s., smallest electrode",
          research_action=Action.WARN),
    Limit("L-PD-FDA", Quantity.POWER_DENSITY, 0.25, "W/cm2", _BLOCK, f"{_F}, att. II note 6", "R",
          "smallest electrode, output on, 1 s average; below, not at", strict=True),
    Limit("L-PD-RS2", Quantity.POWER_DENSITY, 0.1, "W/cm2", _BLOCK, f"{_RS2} p. 9", "R",
          "as L-PD-FDA, stricter"),
    Limit("L-Q-LIM", Quantity.CHARGE_PER_PHASE, 20, "uC", _BLOCK,
          "FDA 2010 draft for limited output / AAMI NS4", "M?",
          "20 uC + 28 uC per ms of phase", slope_per_ms=28, profiles=_HOME),
    Limit("L-IAVG-LIM", Quantity.AVERAGE_CURRENT, 10, "mA", _BLOCK,
          "FDA 2010 draft for limited output / AAMI NS4", "M?", profiles=_HOME),
    Limit("L-DC", Quantity.DC_DENSITY, 0.5, "mA/cm2", _BLOCK,
          "usual ceiling of iontophoresis", "M?", "net direct current at the skin"),
    Limit("L-DC-WARN", Quantity.DC_DENSITY, 0.05, "mA/cm2", Action.WARN,
          "a tenth of L-DC", "D", "L-DC's first step: skin burns by acid and alkali"),
    Limit("L-AMP", Quantity.AMPLITUDE, 130_000, "uA", _BLOCK,
          f"highest peak of any stimulator stimctl knows ({_RS2})", "D",
          "so that no file can name a higher one; raise only with a device that needs it"),
    Limit("L-INT", Quantity.INTENSITY, 100, "%", _BLOCK,
          "openEMSstim firmware, run in an emulator", "R",
          "above 100 it is not checked, and from 126 on nothing is attenuated"),
    Limit("L-TIME", Quantity.SESSION_DURATION, 7_200_000_000, "us", _BLOCK, "stimctl", "D",
          "session timer: 60 min by default, a protocol may go to 120 with a reason"),
    Limit("L-DEV", None, None, "", _BLOCK, "capability sheet of the device", "R",
          "the device's own maxima, from its driver"),
    Limit("L-PAT", None, None, "", Action.CEILING, "the person's ceiling", "D",
          "tolerance found for this person"),
    Limit("L-SES", None, None, "", Action.CEILING, "protocol cap, or a limit of this session",
          "D"),
    Limit("L-SITE", None, None, "", _BLOCK, "limit file or environment of this clinic", "D",
          "may lower a limit, never raise one"),
    Limit("L-MONO", None, None, "", _BLOCK, "stimctl", "D",
          "monophasic pulses only where device and envelope allow them"),
    Limit("L-CAL", None, None, "", _BLOCK, "stimctl", "D",
          "a device whose current is not known gets no clearance: no dose can be claimed; where "
          "its intensity is cleared, it must be said that limits in other units cannot be kept"),
    Limit("L-ATT", None, None, "", Action.WARN, "rule K3", "D",
          "a device without a watchdog is attended: somebody has a hand on its own switch"),
    Limit("L-IND", None, None, "", _RULE, "GOST 30324.10-95 cl. 51.103", "R2",
          "output indicator above 10 mA or 10 V r.m.s. or 10 mJ per pulse into 1000 ohm"),
    Limit("L-STEP", None, None, "", _RULE, f"{_IEC} cl. 201.12.1.101", "M+",
          "amplitude continuous or in steps of at most 1 mA or 1 V; least setting 2 % of most"),
    Limit("L-ZERO", None, None, "", _RULE, _IEC, "M+",
          "no output before the amplitude control was at its minimum, also after interruptions"),
    Limit("L-ACC", None, None, "", _INFO, _IEC, "M?",
          "accuracy 20 % (2012) or 30 % (1987): tolerance for the simulation"),
    Limit("L-SUP", None, None, "", _INFO, _IEC, "M?",
          "10 % of supply changes the output by at most 10 %: simulation"),
    Limit("L-LEAK", None, 100, "uA", _INFO, f"{_F}, note 2", "R",
          "patient leakage, 500 uA in single fault: hardware"),
    Limit("L-LOADS", None, None, "", _INFO, f"{_F}; 21 CFR 882.5891, 882.5888", "R",
          "characterise at 500 ohm, 2 kohm and 10 kohm"),
)  # fmt: skip

LIMIT_BY_ID = {limit.id: limit for limit in LIMITS}
