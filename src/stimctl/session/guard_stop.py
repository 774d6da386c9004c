"""The stop sequence of a family in the place of a driver that broke a rule; sans-IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stimctl.devices.driver import Frame
from stimctl.devices.events import Doing, DriverBroken, ZeroVerified

_REPEAT_NS = 50_000_000  # SAFETY rule K8


class StopInstead:
    """Sends the stop every 50 ms until the device has proved that its output is zero.

    The sequence is the same package's: where it fails, too, nothing is verified and the session is
    UNKNOWN, and it is tried again all the same.
    """

    def __init__(self, new_sequence: Callable[[int], Any], why: DriverBroken) -> None:
        self.why = why
        self._new_sequence = new_sequence
        self._sequence: Any = None
        self._next_ns: int | None = None
        self._begun_ns = 0
        self._rounds = 0
        self._frames: list[Frame] = []

    def stop(self, now_ns: int) -> None:
        """Begin, or send one more round at once."""
        if self._next_ns is None:
            self._begun_ns, self._rounds, self._sequence = now_ns, 0, None
        self._round(now_ns)

    def advance(self, now_ns: int) -> None:
        """The next round, where it is due."""
        if self._next_ns is not None and now_ns >= self._next_ns:
            self._round(now_ns)

    def deadline(self) -> int | None:
        """When the next round is due; None once zero was verified."""
        return self._next_ns

    def receive(self, now_ns: int, data: bytes) -> ZeroVerified | None:
        """What the device says; the proof of zero, once."""
        if self._next_ns is None:
            return None
        try:
            if self._sequence.receive(data) is not True:
                return None
        except (Exception, SystemExit, GeneratorExit):  # noqa: BLE001 - the next round comes
            return None
        self._next_ns, self._sequence = None, None
        return ZeroVerified(now_ns - self._begun_ns, self._rounds)

    def transmit(self) -> list[Frame]:
        """What must go out now."""
        frames, self._frames = self._frames, []
        return frames

    def _round(self, now_ns: int) -> None:
        self._next_ns = now_ns + _REPEAT_NS
        self._rounds += 1
        try:
            if self._sequence is None:
                self._sequence = self._new_sequence(now_ns // 1_000_000)
            data = self._sequence.next_bytes()
            resets = getattr(self._sequence, "reset_due", None)
            restart = resets is not None and resets((now_ns - self._begun_ns) / 1e9)
        except (Exception, SystemExit, GeneratorExit):  # noqa: BLE001 - another, with the next round
            self._sequence = None
            return
        if type(data) is bytes and data:
            self._frames = [Frame(data, urgent=True, doing=Doing.STOP)]
        if restart is True:
            self._frames.append(Frame(b"", urgent=True, resets=True, doing=Doing.STOP))
