"""How long the way to the terminal and back is, and whether anybody is at its other end (H21, H22).

Once a second the terminal is asked where its cursor is (DSR 6 of ECMA-48, answered by every
terminal in use, M+). A remote, blocked or dead terminal answers late or never: what is on the
screen is then older than it looks. Pure; times in ns of the monotonic clock.
"""

from __future__ import annotations

QUERY = "\x1b[6n"
EVERY_NS = 1_000_000_000
#: Hazard H22: a longer way locks raises (D).
SLOW_NS = 300_000_000
#: Hazard H22: a longer way stops (D); so hazard H21's terminal that answers nothing for 2 s, too.
DEAD_NS = 1_000_000_000


class TerminalProbe:
    """One question at a time. `answered` may come from another thread than the rest."""

    def __init__(self, *, remote: bool = False) -> None:
        self.remote = remote
        self.rtt_ns: int | None = None
        self._asked_ns: int | None = None
        self._began_ns: int | None = None

    def due(self, now_ns: int) -> bool:
        """Whether the terminal is to be asked now; then `asked` follows."""
        open_ = self._asked_ns is not None
        return not open_ and (self._began_ns is None or now_ns - self._began_ns >= EVERY_NS)

    def asked(self, now_ns: int) -> None:
        """The question is on its way."""
        self._asked_ns = self._began_ns = now_ns

    def answered(self, now_ns: int) -> None:
        """The answer has come; one that nobody waits for is nothing."""
        asked_ns = self._asked_ns
        if asked_ns is not None:
            self.rtt_ns, self._asked_ns = max(0, now_ns - asked_ns), None

    def way_ns(self, now_ns: int) -> int | None:
        """The way there and back: the last one, or the open one where that is longer already."""
        asked_ns = self._asked_ns
        waited_ns = None if asked_ns is None else now_ns - asked_ns
        if self.rtt_ns is None:
            return None if waited_ns is None or waited_ns < DEAD_NS else waited_ns
        return max(self.rtt_ns, waited_ns or 0)

    def is_dead(self, now_ns: int) -> bool:
        """Nobody can be sure to see anything in time: what is on is stopped."""
        way_ns = self.way_ns(now_ns)
        return way_ns is not None and way_ns > DEAD_NS

    def refusal(self, now_ns: int) -> str | None:
        """Why nothing is raised or armed over this terminal now; None where it is quick enough."""
        way_ns = self.way_ns(now_ns)
        if way_ns is None:
            return "the terminal has not answered yet: its delay must be known first (H22)"
        if way_ns > SLOW_NS:
            way = f"{way_ns // 1_000_000} ms there and back"
            return f"the terminal is slow ({way}, 300 ms allowed): the screen lags behind (H22)"
        return None

    def words(self, now_ns: int) -> str:
        """For the top line: always where the terminal is remote, else only where it is slow."""
        way_ns = self.way_ns(now_ns)
        slow = way_ns is not None and way_ns > SLOW_NS
        if not (self.remote or slow):
            return ""
        way = "?" if way_ns is None else f"{way_ns // 1_000_000} ms"
        return f"REMOTE {way}" if self.remote else f"SLOW {way}"
