"""Around keys and screen: how far the terminal is, whose keyboard it is, and the bell.

Nothing is raised over a terminal that shows things late, and nothing stays on where nobody sees it.
"""

from __future__ import annotations

from stimctl.multiplexer import Multiplexer, Multiplexers
from stimctl.tui.model.alarms import Alarm, Bell
from stimctl.tui.model.probe import TerminalProbe


class FocusWatch:
    """Keys that were meant for another window (H30): for a second after the window comes to the
    front, nothing is armed, started or raised (D)."""

    WAIT_NS = 1_000_000_000

    def __init__(self) -> None:
        self._came_ns: int | None = None

    def came(self, now_ns: int) -> None:
        """The window has got the keyboard."""
        self._came_ns = now_ns

    def refusal(self, now_ns: int) -> str | None:
        """Why a raise does not count now; None where it does."""
        recent = self._came_ns is not None and now_ns - self._came_ns < self.WAIT_NS
        return "this window has only just got the keyboard: wait a second" if recent else None


class Lookout:
    """One per program. `probe` is None where no terminal could answer (the plain face, tests),
    `between` where no multiplexer is between us and the screen. `remote_ok`: arming over SSH was
    asked for."""

    def __init__(
        self, probe: TerminalProbe | None = None, *, remote: bool = False,
        between: Multiplexer | Multiplexers | None = None, remote_ok: bool = False,
    ) -> None:  # fmt: skip
        self.probe = probe
        self.remote = remote
        self.between = between
        self.remote_ok = remote_ok
        self.focus = FocusWatch()
        self._bell = Bell()
        self._cut = False

    def refusal(self, now_ns: int, *, real: bool = False) -> str | None:
        """Why nothing that leads to more output counts now, whatever the session's state.

        `real`: there may be a person at it, so somebody has to be known to watch.
        """
        if real and self.between is not None and self.between.refusal:
            return self.between.refusal
        far = self.probe.refusal(now_ns) if self.probe is not None else None
        if self.between is not None and self.between.remote and not self.remote_ok:
            far = far or "somebody is attached over SSH: arm at the device, or with --remote-ok"
        return far or self.focus.refusal(now_ns)

    def cuts(self, now_ns: int, *, on: bool, unreadable: bool = False, real: bool = False) -> str:
        """Why output that may be on has to stop: nobody sees it (in time). Told once, else "".

        `real`: there may be a person at it; a twin may run where nobody is attached.
        """
        why = ""
        if on and unreadable:
            why = "the window is too small to show that output is on"
        elif on and real and self.between is not None and self.between.left:
            why = self.between.left
        elif on and self.probe is not None and self.probe.is_dead(now_ns):
            why = "the terminal took more than 1 s to answer"
        told, self._cut = self._cut, bool(why)
        return "" if told else why

    def rings(self, now_ns: int, alarm: Alarm | None, *, unknown: bool) -> bool:
        """Whether the bell is due; asked once for each drawing."""
        return self._bell.due(now_ns, alarm, unknown=unknown)

    def pause_sound(self, now_ns: int) -> None:
        """The bell is silent for 2 minutes."""
        self._bell.pause(now_ns)

    def silent_words(self, now_ns: int) -> str:
        """That the bell is silent, and how long; "" where it is not. It has to be shown."""
        left_s = -(-self._bell.paused_ns(now_ns) // 10**9)
        return f"sound paused {left_s // 60}:{left_s % 60:02}" if left_s else ""

    def words(self, now_ns: int) -> str:
        """For the top line; "" where the terminal is near and quick."""
        far = self.probe.words(now_ns) if self.probe is not None else ""
        remote = self.remote or (self.between is not None and self.between.remote)
        return far or ("REMOTE" if remote else "")
