"""Keeps the connection of an idle device that would let its host go (gate of rule K2 included).

While output may be on the keep-alive is a matter of `supervision`. Here nothing can be on: zero has
been verified, and what is kept is the connection alone.
"""

from stimctl.devices.driver import AnyDriver
from stimctl.devices.sheet import CapabilitySheet
from stimctl.session.checking import Checking
from stimctl.session.core import Core
from stimctl.session.heartbeats import Heartbeats
from stimctl.session.link import Quality
from stimctl.session.states import State

_ELSEWHERE = frozenset({State.DISCONNECTED, State.RUNNING, State.UNKNOWN, State.CLOSED})


class IdleKeeper:
    """Lets the driver speak every `keep_alive_us` while a connected device has nothing to do."""

    def __init__(
        self,
        core: Core,
        driver: AnyDriver,
        sheet: CapabilitySheet,
        heartbeats: Heartbeats,
        checking: Checking,
    ) -> None:
        self._core = core
        self._driver = driver
        self._needed = sheet.connection_expires
        self._every_ns = sheet.keep_alive_us * 1_000
        self._heartbeats = heartbeats
        self._checking = checking
        self._next_ns: int | None = None

    def advance(self, now_ns: int) -> None:
        """Everything that is due; nothing while a heartbeat is missing."""
        if not self._active():
            self._next_ns = None
            return
        if self._next_ns is None:
            self._next_ns = now_ns
        if now_ns < self._next_ns:
            return
        self._next_ns += self._every_ns
        if self._next_ns <= now_ns:
            self._next_ns = now_ns + self._every_ns
        if self._heartbeats.lapse(now_ns, output=False) is None:
            self._driver.keep_alive(now_ns)

    def _active(self) -> bool:
        core = self._core
        return (
            self._needed
            and core.contacted
            and core.state not in _ELSEWHERE
            and core.link.quality is not Quality.LOST
            and not (core.connecting or core.stopping or self._checking.under_way)
            and not self._driver.latched
        )

    def deadline(self, now_ns: int) -> int | None:
        """When to be woken."""
        if not self._active():
            return None
        return now_ns if self._next_ns is None else self._next_ns
