"""Plan time: it stands still while the session is not running."""


class PlanClock:
    """Plan time in us beside the caller's clock in ns."""

    def __init__(self, from_us: int) -> None:
        self._zero_ns = 0
        self._stood_at_us: int | None = from_us

    def go(self, now_ns: int) -> None:
        """Let plan time run from where it stood."""
        if self._stood_at_us is not None:
            self._zero_ns = now_ns - self._stood_at_us * 1_000
            self._stood_at_us = None

    def stand(self, now_ns: int) -> None:
        """Let plan time stand still."""
        self._stood_at_us = self.time_us(now_ns)

    def time_us(self, now_ns: int) -> int:
        """Plan time: how long the plan has been running."""
        if self._stood_at_us is not None:
            return self._stood_at_us
        return (now_ns - self._zero_ns) // 1_000

    def at_ns(self, plan_us: int) -> int:
        """The caller's clock at a plan time."""
        return self._zero_ns + plan_us * 1_000

    def plan_us_at(self, at_ns: int) -> int:
        """Plan time at a time of the caller's clock, never before it."""
        return -((self._zero_ns - at_ns) // 1_000)
