"""How much of a plan was delivered, and where what is left of it begins: nothing is given twice."""

from stimctl.treatment.consistency import cycle_period_us
from stimctl.treatment.program import AnyPlan
from stimctl.treatment.timeline import END_RAMP_US

_LEAST_LEFT_US = 2 * END_RAMP_US
"""Less of a continuous plan is hardly more than its end ramp (D)."""


class Delivered:
    """Of one plan: the plan time since the first output that the device has accepted.

    Time in which nothing was put out before that is not counted. `until_us` is where the plan goes
    on with what is left.
    """

    def __init__(self) -> None:
        self.until_us = 0
        self._from_us: int | None = None

    def output_at(self, time_us: int) -> None:
        """At this plan time the device has accepted an output."""
        if self._from_us is None:
            self._from_us = time_us

    def run_over(self, plan: AnyPlan, time_us: int, began_us: int) -> None:
        """A run from `began_us` was stopped at this plan time, or ended."""
        from_us, self._from_us = self._from_us, None
        if from_us is None:
            return
        done_us = began_us + time_us - from_us
        period_us = cycle_period_us(plan.protocol)
        if period_us is not None:
            done_us = -(-done_us // period_us) * period_us  # no contraction is given twice
        left_us = plan.duration_us - done_us
        self.until_us = 0 if left_us < (period_us or _LEAST_LEFT_US) else done_us
