"""What a device does by a fault of its own, which no host can prevent, only end.

A fault that is in the record excuses the rules named here from when it begins until the device is
initialised again after its end; for one that is momentary, after its beginning. Faults that are
not here excuse nothing, but for two that are at work together (`_FEEDS`): with them every rule
holds. DEVICE is never excused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from .rules import Rule

_OWN_WILL = frozenset({Rule.ASKED, Rule.START, Rule.LIFE, Rule.DEAD_MAN, Rule.RETURN, Rule.RISE})
#: The line keeps orders back that were given in time; the dead-man of the device is not excused.
_LATE = frozenset({Rule.START, Rule.LIFE, Rule.RISE})

EXEMPTIONS: Mapping[str, frozenset[Rule]] = {
    "ack-only": _OWN_WILL,
    "nak": _OWN_WILL - {Rule.DEAD_MAN},
    "number-wrap": frozenset({Rule.ASKED}),
    "stuck-output": _OWN_WILL,
    "reset-keeps-output": _OWN_WILL,
    "wrong-channel": frozenset({Rule.ASKED, Rule.CEILING}),
    "local-knob": frozenset({Rule.ASKED, Rule.CEILING}),
    # The device ends its output earlier than it says, and takes the next order for a new one.
    "clock-wrap": frozenset({Rule.DEAD_MAN, Rule.LIFE, Rule.START, Rule.RETURN}),
    "dead-man-short": frozenset({Rule.RETURN}),
    "dead-man-missing": frozenset({Rule.DEAD_MAN, Rule.LIFE, Rule.START}),
    "dead-man-late": frozenset({Rule.DEAD_MAN, Rule.LIFE, Rule.START}),
    "hang": _LATE,
    "xoff-stuck": _LATE,
    "slow": _LATE,
    "latency": _LATE,
    "jitter": _LATE,
    "merge": _LATE,
    "split": _LATE,
}
_MOMENTARY = frozenset({"reset-keeps-output", "local-knob", "clock-wrap"})
#: A program beside the host feeds the dead-man of a device that any command feeds. While the line
#: keeps what the host says from the device, nothing that the host does can end output then.
_FEEDS = "second-writer"
_FED = frozenset({Rule.START, Rule.LIFE})
_TO_DEVICE = 1  # a bit of a link fault's parameter `direction`


class FaultExemptions:
    """The faults at work, as the record tells them."""

    def __init__(self) -> None:
        self._active: Counter[str] = Counter()
        self._over: Counter[str] = Counter()
        self._keeps_back: set[str] = set()
        self.used: list[str] = []

    def row(self, row: Mapping[str, Any]) -> None:
        """Take a row of kind "fault"."""
        name, event = row.get("fault", ""), row.get("event")
        if event == "begins" and row.get("parameters", {}).get("direction", 0) & _TO_DEVICE:
            self._keeps_back.add(name)
        if name not in EXEMPTIONS and name != _FEEDS and name not in self._keeps_back:
            return
        if event == "begins":
            self._active[name] += 1
            if name in _MOMENTARY:
                self._over[name] += 1
        elif event == "ends":
            self._over[name] += 1

    def initialised(self) -> None:
        """The device begins anew: what is over excuses nothing any more."""
        self._active -= self._over  # keeps what is above zero: two of a name may overlap
        self._over.clear()

    def excuse(self, rule: Rule) -> bool:
        """Whether a fault at work excuses this."""
        for name in self._active:
            if rule in EXEMPTIONS.get(name, ()):
                self.used.append(name)
                return True
        if rule in _FED and _FEEDS in self._active and self._keeps_back & self._active.keys():
            self.used.append(_FEEDS)
            return True
        return False
