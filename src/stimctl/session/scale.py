"""In what the plateaus of a run are counted: microampere, or percent of a device's own scale.

The engine's rooms handle plateaus as integers on a grid, whatever they mean; what they are called
in rows, and what is particular to one of the two, is here. No run ever mixes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stimctl.session.config import RAISE_INTERVAL_NS, SCRIPT_UA_PER_S, SECOND


@dataclass(frozen=True, slots=True)
class Scale:
    """Names of the fields of rows, and two numbers of the rules.

    `unfelt`: a rise by so much without a sensation is asked about (H14), with `unfelt_text`.
    `script_per_s`: how fast a script may raise; None where it may not at all.
    """

    plateau: str
    before: str
    asked: str
    allowed: str
    cleared: str
    limit: str
    told: str
    acked: str
    accepted: str
    acked_channels: str
    plateaus: str
    unit: str
    unfelt: int
    unfelt_text: str
    script_per_s: int | None

    def script_interval_ns(self, step: int) -> int:
        """The time between two scripted raises: a coarse step takes longer than 250 ms (A3)."""
        if self.script_per_s is None:
            return RAISE_INTERVAL_NS
        return max(RAISE_INTERVAL_NS, step * SECOND // self.script_per_s)


CURRENT: Final = Scale(
    plateau="plateau_ua",
    before="from_ua",
    asked="asked_ua",
    allowed="allowed_ua",
    cleared="cleared_ua",
    limit="cleared amplitude",
    told="set",
    acked="acked",
    accepted="acked_ua",
    acked_channels="channels",
    plateaus="plateau",
    unit="uA",
    unfelt=15_000,
    unfelt_text="15 mA more and no sensation was told: ask; if there is none, lower to zero and "
    "check electrodes and leads",
    script_per_s=SCRIPT_UA_PER_S,
)
"""Hazard H14: 15 mA (D)."""

PERCENT: Final = Scale(
    plateau="intensity_percent",
    before="from_percent",
    asked="asked_percent",
    allowed="allowed_percent",
    cleared="cleared_percent",
    limit="cleared intensity",
    told="set_percent",
    acked="acked_percent",
    accepted="acked_percent",
    acked_channels="channels_percent",
    plateaus="raised_percent",
    unit="%",
    unfelt=10,
    unfelt_text="10 % more and no sensation was told: ask; if there is none, lower to zero and "
    "check the unit's dial, electrodes and leads",
    script_per_s=None,
)
"""Hazard H14: 10 % of the device's scale, because what a percent is nobody knows (D)."""
