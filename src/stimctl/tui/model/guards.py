"""The rules of the keyboard that keep output from rising by accident; pure, timed by the caller.

Terminals report no key release and repeat a held key as if it were pressed again, so only time
can tell a held key from several presses. Figures: the UX page of the safety design (D).
"""

from __future__ import annotations

from collections import deque

MS = 1_000_000
RAISE_LOCK_NS = 700 * MS
HOT_FOR_NS = 20_000 * MS
GO_FROM_NS = 300 * MS
GO_UNTIL_NS = 5_000 * MS
PASTE_KEYS = 8
PASTE_WITHIN_NS = 100 * MS
PASTE_QUIET_NS = 300 * MS
QUIT_AGAIN_NS = 2_000 * MS


class RaiseLock:
    """After any raise key a channel is locked for 700 ms, restarted by each further one (A3)."""

    def __init__(self) -> None:
        self._pressed_ns: dict[int, int] = {}

    def press(self, channel: int, now_ns: int) -> bool:
        """A raise key; True where it counts. A held key counts once."""
        last = self._pressed_ns.get(channel)
        self._pressed_ns[channel] = now_ns
        return last is None or now_ns - last >= RAISE_LOCK_NS

    def left_ns(self, channel: int, now_ns: int) -> int:
        """How long the channel stays locked if nobody presses again."""
        last = self._pressed_ns.get(channel)
        return 0 if last is None else max(0, RAISE_LOCK_NS - (now_ns - last))


class HotChannel:
    """The one channel that the arrows touch; lost 20 s after the last key."""

    def __init__(self) -> None:
        self._channel: int | None = None
        self._used_ns = 0

    def select(self, channel: int | None, now_ns: int) -> None:
        """Make a channel hot."""
        self._channel, self._used_ns = channel, now_ns

    def touch(self, now_ns: int) -> None:
        """A key for the hot channel keeps it hot."""
        if self.now(now_ns) is not None:
            self._used_ns = now_ns

    def now(self, now_ns: int) -> int | None:
        """The hot channel; None where there is none (any more)."""
        cold = now_ns - self._used_ns > HOT_FOR_NS
        return None if cold else self._channel

    @property
    def last(self) -> int | None:
        """The channel that is hot, or was."""
        return self._channel


class GoWindow:
    """Arm and go are two keys, 300 ms to 5 s apart, so that no paste and no held key starts."""

    def __init__(self) -> None:
        self._armed_ns: int | None = None

    def open(self, now_ns: int) -> None:
        """The device reported zero and the session is armed; the question is on the screen."""
        self._armed_ns = now_ns

    def close(self) -> None:
        """Not armed (any more)."""
        self._armed_ns = None

    def left_ns(self, now_ns: int) -> int:
        """How long `go` is still possible; 0 where it is not."""
        if self._armed_ns is None:
            return 0
        return max(0, GO_UNTIL_NS - (now_ns - self._armed_ns))

    def refusal(self, now_ns: int) -> str | None:
        """Why `go` does not count now; None where it does."""
        if self._armed_ns is None:
            return "not armed: press a first"
        since = now_ns - self._armed_ns
        if since < GO_FROM_NS:
            return "too early after arming: read the question, then press g"
        return None if since <= GO_UNTIL_NS else "too late: the 5 s to go are over, arm again"

    def overdue(self, now_ns: int) -> bool:
        """The window has passed unused."""
        return self._armed_ns is not None and now_ns - self._armed_ns > GO_UNTIL_NS


class PasteWatch:
    """More than 8 keys in 100 ms is a paste in a terminal that does not say so."""

    def __init__(self) -> None:
        self._keys_ns: deque[int] = deque(maxlen=PASTE_KEYS + 1)
        self._until_ns = 0

    def key(self, now_ns: int) -> bool:
        """One key; True where it belongs to a paste and must not be obeyed."""
        self._keys_ns.append(now_ns)
        full = len(self._keys_ns) > PASTE_KEYS
        if now_ns < self._until_ns or (full and now_ns - self._keys_ns[0] <= PASTE_WITHIN_NS):
            self._until_ns = now_ns + PASTE_QUIET_NS
            return True
        return False
