"""Which judge a device gets: by its family, as the rules name it."""

from __future__ import annotations

from .families import lets_through
from .gate import GateInvariant
from .judge import Judge
from .rules import Rules, Violation
from .shadow import Invariant


def judge_by(rules: Rules, *, raising: bool = True, log: list[Violation] | None = None) -> Judge:
    """A new judge by these rules, for currents or for relays."""
    make = GateInvariant if lets_through(rules.family) else Invariant
    return make(rules, raising=raising, log=log)
