"""Whether a session may take as long as asked: whole cycles (W8) and the longest allowed."""

from __future__ import annotations

from dataclasses import replace

from stimctl.quantity import format_duration
from stimctl.safety.envelope import Envelope
from stimctl.safety.problem import broken_rule, no_repair, over_bound
from stimctl.safety.quantities import Quantity
from stimctl.safety.refusal import Nearest, Refusal
from stimctl.stimulus import Stimulus, session_inconsistency

# Session timer: 60 minutes unless the protocol gives a reason for more (rule N1). [D]
SESSION_DEFAULT_CAP_US = 3_600_000_000


def session_refusal(stimulus: Stimulus, envelope: Envelope, duration_us: int) -> Refusal | None:
    """Return why a session of `duration_us` is refused, or None.

    The nearest legal value is a session of whole cycles within the longest allowed.
    """
    on_it = (b for b in envelope.bounds if b.quantity is Quantity.SESSION_DURATION)
    longest = min(on_it, key=lambda b: b.value)  # L-TIME is in every envelope
    allowed_us = int(longest.value)
    cycle_us = 1 if stimulus.cycle is None else stimulus.cycle.period_us
    if duration_us > allowed_us:
        refusal = over_bound(longest, duration_us, allowed_us, no_repair).refusal
    else:
        broken = session_inconsistency(stimulus, duration_us)
        if broken is None:
            return None
        refusal = broken_rule(
            broken.rule, Quantity.SESSION_DURATION, broken.message,
            asked=duration_us, allowed=cycle_us, unit="us",
        ).refusal  # fmt: skip
    whole_us = min(duration_us, allowed_us) // cycle_us * cycle_us
    if whole_us <= 0:
        return refusal
    text = format_duration(whole_us)
    near = Nearest("session_duration", whole_us, text, stimulus)
    return replace(refusal, nearest=near, message=f"{refusal.message} Nearest legal: {text}.")
