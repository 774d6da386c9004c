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
    """What a limit and a unit are called in rows, and two numbers of the rules.

    `unfelt`: a rise by so much without a sensation is asked about (H14), with `unfelt_text`.
    `script_per_s`: how fast a script may raise; None where it may not at all.
    """

    limit: str
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
    limit="cleared amplitude",
    unit="uA",
    unfelt=15_000,
    unfelt_text="15 mA more and no sensation was told: ask; if there is none, lower to zero and "
    "check electrodes and leads",
    script_per_s=SCRIPT_UA_PER_S,
)
"""Hazard H14: 15 mA (D)."""

PERCENT: Final = Scale(
    limit="cleared intensity",
    unit="%",
    unfelt=10,
    unfelt_text="10 % more and no sensation was told: ask; if there is none, lower to zero and "
    "check the unit's dial, electrodes and leads",
    script_per_s=None,
)
"""Hazard H14: 10 % of the device's scale, because what a percent is nobody knows (D)."""
