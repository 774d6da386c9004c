"""Single pulses come no sooner after one another than they were cleared for."""

from __future__ import annotations

from stimctl.errors import LimitRefusedError


class PulseRate:
    """When each channel last gave a single pulse, in ns of the caller's clock."""

    __slots__ = ("_last_ns",)

    def __init__(self) -> None:
        self._last_ns: dict[int, int] = {}

    def take(self, now_ns: int, channel: int, period_us: int) -> None:
        """Note a pulse now. LimitRefusedError, and nothing noted, where the period is not over."""
        last_ns = self._last_ns.get(channel)
        if last_ns is not None and now_ns - last_ns < period_us * 1000:
            raise LimitRefusedError(
                f"channel {channel}: a pulse {(now_ns - last_ns) // 1000} us after the last one",
                why=f"the set point was cleared for one pulse every {period_us} us",
                what_to_do="Nothing was sent. Wait for the rest of the period",
            )
        self._last_ns[channel] = now_ns
