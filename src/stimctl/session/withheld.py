"""What the final output check of the driver keeps off: its rows, and when it is asked for again."""

from stimctl.codes import Code
from stimctl.devices.events import Withheld
from stimctl.session import rows
from stimctl.session.config import SECOND
from stimctl.session.log import EventLog
from stimctl.session.reasons import Reason

_ROW_NS = SECOND
"""One row for a channel in this time; those in between are counted in the next (D)."""


class Withholdings:
    """The channels that a driver keeps off although they were to be on."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._told_ns: dict[int, int] = {}
        self._more: dict[int, int] = {}
        self.again_ns: int | None = None
        """When the set points are to be asked for again."""

    def forget(self) -> None:
        """Everything is off, and nothing is asked for."""
        self.again_ns = None

    def take(self, now_ns: int, event: Withheld, *, again: bool) -> None:
        """Say so; `again`: note when to ask again."""
        until_ns = event.until_ns if again else None
        if until_ns is not None and (self.again_ns is None or until_ns < self.again_ns):
            self.again_ns = until_ns
        channel = event.channel
        told_ns = self._told_ns.get(channel)
        if told_ns is not None and now_ns - told_ns < _ROW_NS:
            self._more[channel] = self._more.get(channel, 0) + 1
            return
        self._told_ns[channel] = now_ns
        reason = Reason(Code.SWITCHED_OFF if event.closed else Code.KEPT_OFF, event.reason)
        for_us = None if until_ns is None else -(-(until_ns - now_ns) // 1_000)
        more = self._more.pop(channel, 0)
        self._log.emit(now_ns, rows.Withheld(channel, event.closed, reason, for_us, more))

    def due(self, now_ns: int) -> bool:
        """Whether to ask again now; True once."""
        if self.again_ns is None or now_ns < self.again_ns:
            return False
        self.again_ns = None
        return True
