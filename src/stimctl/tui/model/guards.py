"""The rules of the keyboard that keep output from rising by accident; pure, timed by the caller.

Most terminals report no key release and repeat a held key as if it were pressed again, so only
time can tell a held key from several presses. Figures: decided here (D).
"""

from __future__ import annotations

from collections import deque

MS = 1_000_000
ANSWER_LOCK_NS = 700 * MS
TAP_NS = 250 * MS
REPEAT_NS = 120 * MS
HELD_QUIET_NS = 400 * MS
EVEN_NS = 10 * MS
EVEN_BELOW_NS = 300 * MS
BOUNCE_NS = 10 * MS
_REMEMBERED = 64
HOT_FOR_NS = 20_000 * MS
GO_FROM_NS = 300 * MS
GO_UNTIL_NS = 15_000 * MS
PASTE_KEYS = 8
PASTE_WITHIN_NS = 100 * MS
PASTE_QUIET_NS = 300 * MS
QUIT_AGAIN_NS = 2_000 * MS


class AnswerLock:
    """After any key of a kind that kind is locked for 700 ms, restarted by each further one: a held
    key answers one question only, and pauses only."""

    def __init__(self) -> None:
        self._pressed_ns: int | None = None

    def press(self, now_ns: int) -> bool:
        """A key; True where it counts."""
        last, self._pressed_ns = self._pressed_ns, now_ns
        return last is None or now_ns - last >= ANSWER_LOCK_NS


class Taps:
    """Which presses of a raise key count: each tap, from 250 ms after the press before (A3).

    A held key is told from taps by its releases, where the terminal reports them: then it counts
    once. Elsewhere time tells: presses less than 120 ms apart, or three at equal intervals, are a
    held key until 400 ms of quiet; the first repeat may have counted by then, so it counts at most
    twice. `released` and `repeated` may be called by any thread, ahead of the press.
    """

    def __init__(self) -> None:
        self._pressed_ns = self._gap_ns = -HELD_QUIET_NS
        self._held = False
        self._released: deque[tuple[str, int]] = deque(maxlen=_REMEMBERED)
        self._repeated: deque[tuple[str, int]] = deque(maxlen=_REMEMBERED)

    def released(self, key: str, at_ns: int) -> None:
        """The terminal reports that a key was let go."""
        self._released.append((key, at_ns))

    def repeated(self, key: str, at_ns: int) -> None:
        """The terminal reports that the press of this time is one of a held key."""
        self._repeated.append((key, at_ns))

    def is_repeat(self, key: str, at_ns: int) -> bool:
        """Whether the terminal has said so of the press of this time."""
        return (key, at_ns) in self._repeated

    def refusal(self, key: str, now_ns: int) -> str | None:
        """Why this press does not count; None where it does. To be asked once for each."""
        gap_ns, before_ns = now_ns - self._pressed_ns, self._gap_ns
        lifted = self._was_lifted(key, now_ns)
        self._pressed_ns, self._gap_ns = now_ns, gap_ns
        even = abs(gap_ns - before_ns) <= EVEN_NS and max(gap_ns, before_ns) < EVEN_BELOW_NS
        if self.is_repeat(key, now_ns):
            self._held = True
        elif lifted or gap_ns >= HELD_QUIET_NS:
            self._held = False
        elif gap_ns < REPEAT_NS or even:
            self._held = True
        if self._held:
            return "a held key is one step: let go, then press again"
        return None if gap_ns >= TAP_NS else "too fast: one step in 250 ms"

    def _was_lifted(self, key: str, now_ns: int) -> bool:
        """Since the press before, and by a hand: a repeat may be told as both at once."""
        since_ns, until_ns = self._pressed_ns, now_ns - BOUNCE_NS
        return any(one == key and since_ns < at <= until_ns for one, at in tuple(self._released))


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
    """Ready and start are two keys, 300 ms to 15 s apart: no paste and no held key starts."""

    def __init__(self) -> None:
        self._armed_ns: int | None = None

    def open(self, now_ns: int) -> None:
        """The device reported zero and the session is armed: the question is on the screen."""
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
            return "not ready: press a first"
        since = now_ns - self._armed_ns
        if since < GO_FROM_NS:
            return "too early: read the question, then press g"
        return (
            None
            if since <= GO_UNTIL_NS
            else f"too late: no key for {GO_UNTIL_NS // 10**9} s. Press a again"
        )

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
