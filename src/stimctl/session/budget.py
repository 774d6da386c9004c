"""The charge budget of a session (H39): what one whole plan may give, however often it is started.

A script that stops and starts for ever, or a hand that does, gets no more out of a session than its
longest plan at its cleared outputs. Counted is what the device was told, at the moment it was told.
"""

_PPM = 1_000_000


def flow_of(output: int, width_us: int, period_us: int) -> int:
    """How much passes in a microsecond, in the scale of the output times 1e-6.

    With the output in uA that is the mean of the first phase in pA: 20 mA, 200 us, 20 ms: 200 uA.
    """
    return output * width_us * _PPM // period_us


class Budget:
    """Counts in output x 1e-6 x us: for a source of current 1e6 of it are a picocoulomb."""

    def __init__(self) -> None:
        self._allowed = 0
        self._spent = 0
        self._flow = 0
        self._since_ns = 0

    def allow(self, total: int) -> None:
        """A plan of this size is loaded; the largest plan of the session counts."""
        self._allowed = max(self._allowed, total)

    def flows(self, now_ns: int, flow: int) -> None:
        """From now on so much passes (`flow_of`, over all channels)."""
        self._spent += self._flow * max(0, now_ns - self._since_ns) // 1_000
        self._flow, self._since_ns = flow, now_ns

    def add(self, output: int, width_us: int) -> None:
        """One single pulse."""
        self._spent += output * width_us * _PPM

    def deadline(self) -> int | None:
        """When it will be spent, as things are; None while nothing passes."""
        if not self._flow:
            return None
        left = max(0, self._allowed - self._spent)
        return self._since_ns + (left // self._flow + 1) * 1_000

    def is_spent(self, now_ns: int) -> bool:
        """Whether the session has had what it may have."""
        self.flows(now_ns, self._flow)
        return self._spent > self._allowed
