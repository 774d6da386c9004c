"""The invariant: a shadow model that fails at the first instant where output breaks a safety rule.

It reads the bytes of the line and the record of the electrodes, and is told by marks what a session
allowed. `Invariant` takes them as they come for a source of current, `GateInvariant` for a device
that only lets through what another one gives. `watch` hangs the right one on a twin in this
process, and `check_record` judges a record that was written elsewhere.
"""

from .families import fitted, lets_through
from .gate import GateInvariant
from .judge import Judge
from .judges import judge_by
from .rules import BARE, STRICT, InvariantBrokenError, Pattern, Rule, Rules, Violation
from .shadow import Invariant
from .watching import check_record, watch

__all__ = [
    "BARE",
    "STRICT",
    "GateInvariant",
    "Invariant",
    "InvariantBrokenError",
    "Judge",
    "Pattern",
    "Rule",
    "Rules",
    "Violation",
    "check_record",
    "fitted",
    "judge_by",
    "lets_through",
    "watch",
]
