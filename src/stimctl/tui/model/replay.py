"""A recorded session on the same Run screen: rows of a journal, played on a clock of their own."""

from __future__ import annotations

from bisect import bisect_right
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stimctl.errors import UsageError
from stimctl.tui.model.clock import Clock
from stimctl.tui.model.live import Live, Row
from stimctl.tui.model.lookout import Lookout
from stimctl.tui.model.no_client import NoClient
from stimctl.tui.model.text import safe

if TYPE_CHECKING:
    from stimctl.tui.model.desk import Desk

SPEEDS = (1, 4, 16, 64)
_SKIP_NS = 10_000_000_000


class Replay:
    """Where in a recording we are. It is the clock of its screens."""

    def __init__(self, rows: list[Row], clock: Clock, speed: int = 1) -> None:
        if not rows:
            raise UsageError("there is nothing to replay", why="the journal holds no row")
        self._rows = rows
        self._times = [int(row["mono_ns"]) for row in rows]
        self._clock = clock
        self._real_ns = clock.mono_ns()
        self._at_ns = self._times[0]
        self._taken = 0
        self.speed = speed if speed in SPEEDS else SPEEDS[0]
        self.held = False

    def mono_ns(self) -> int:
        """The recording's own time."""
        return self._at_ns

    def wall_text(self, *, seconds: bool = True) -> str:
        """Now, for the corner of the screen."""
        return self._clock.wall_text(seconds=seconds)

    def advance(self, live: Live) -> None:
        """Carry on, and show what has happened by then."""
        now_ns = self._clock.mono_ns()
        gone_ns, self._real_ns = now_ns - self._real_ns, now_ns
        if not self.held:
            self._at_ns = min(self._at_ns + gone_ns * self.speed, self._times[-1])
        upto = bisect_right(self._times, self._at_ns)
        for row in self._rows[self._taken : upto]:
            live.take(row)
        self._taken = max(self._taken, upto)

    def skip(self, forward: bool) -> Live | None:
        """10 s on, or back; back needs a fresh view, which is returned."""
        wanted_ns = self._at_ns + (_SKIP_NS if forward else -_SKIP_NS)
        self._at_ns = max(self._times[0], min(wanted_ns, self._times[-1]))
        if forward:
            return None
        self._taken = 0
        return Live()

    def faster(self) -> int:
        """The next speed in turn."""
        self.speed = SPEEDS[(SPEEDS.index(self.speed) + 1) % len(SPEEDS)]
        return self.speed

    @property
    def over(self) -> bool:
        """The last row is shown."""
        return self._at_ns >= self._times[-1]


def rows_of_journal(path: Any) -> tuple[list[Row], str]:
    """The rows of a journal as a face gets them, and what is wrong with the file ("" = nothing)."""
    from stimctl.records.verify import Problem, read_rows

    rows: list[Row] = []
    for item in read_rows(path):
        if isinstance(item, Problem):
            return rows, f"DAMAGED: {safe(item.message)}"
        mono_ns = int(item.data.get("at_ns", item.mono_ns))
        rows.append({**item.data, "kind": item.kind, "t": item.t, "mono_ns": mono_ns})
    return sorted(rows, key=lambda row: row["mono_ns"]), ""


def open_replay(desk: Desk, name: str, speed: int) -> None:
    """Put the Run screen up over a recording. Raises UsageError, IntegrityError."""
    from stimctl.records.places import journal_folder
    from stimctl.records.sessions import show_session

    record = show_session(journal_folder(desk.bed.state_folder), name)
    rows, damage = rows_of_journal(record.entry.file)
    desk.replay = Replay(rows, desk.clock, speed)
    desk.clock = desk.replay
    desk.lookout = Lookout()  # nothing is raised from here, and the recording's clock is not ours
    desk.bed.client = NoClient("this is a replay")
    desk.bed.person = safe(record.entry.person)
    desk.page = desk.pages["run"]
    desk.bed.live.journal = str(record.entry.file)
    amended = amendments_of(record.entry.file)
    desk.say(
        damage
        or f"replay of {record.entry.session}, {len(rows)} rows, record complete and unaltered"
        + (f"; AMENDED: {amended}" if amended else "")
    )


def amendments_of(journal: Path) -> str:
    """Every amendment of a session in one line, oldest first; "" where there is none."""
    from stimctl.records.additions import additions_path
    from stimctl.records.checked import evidence_of_file
    from stimctl.records.signers import signers
    from stimctl.records.station_keys import known_keys

    if not additions_path(journal).exists():
        return ""
    state = journal.parent.parent
    added = evidence_of_file(journal, None, known_keys(state), signers(state)).added
    return "; ".join(
        safe(one.text if one.says == "valid" else f"{one.text} [{one.says}]")
        for one in added
        if one.kind == "amendment"
    )
