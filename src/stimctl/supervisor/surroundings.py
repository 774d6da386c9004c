"""What the supervisor notices of its computer: sleep, changed clocks, battery, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from stimctl.session.facts import DiskSpace, Fact, HostPower
from stimctl.session.states import State
from stimctl.supervisor.battery import read_power
from stimctl.supervisor.clocks import ClockWatch
from stimctl.supervisor.options import Options
from stimctl.supervisor.sleep_lock import SleepLock

_LOOK_EVERY_NS = 10_000_000_000
_AWAKE = frozenset({State.ARMED, State.RUNNING, State.PAUSED, State.UNKNOWN})


def read_disk(folder: Path) -> DiskSpace | None:
    """The room on the disk that holds `folder`, or that will hold it; None where unknown."""
    for existing in (folder, *folder.parents):
        try:
            return DiskSpace(shutil.disk_usage(existing).free)
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None


class Surroundings:
    """Call `facts` in every turn of the main loop; the slow readings are made every 10 s."""

    def __init__(
        self,
        journal_folder: Path,
        *,
        power: Callable[[], HostPower | None] = read_power,
        disk: Callable[[Path], DiskSpace | None] = read_disk,
        sleep_lock: SleepLock | None = None,
    ) -> None:
        self._folder = journal_folder
        self._clocks = ClockWatch()
        self._power = power
        self._disk = disk
        self._next_look_ns = 0
        self._sleep_lock = sleep_lock

    def session_is(self, state: State) -> None:
        """Keep the computer awake while output may be on, and while that is not known."""
        if self._sleep_lock is None:
            return
        if state in _AWAKE:
            self._sleep_lock.take()
        else:
            self._sleep_lock.let_go()

    def facts(self, now_ns: int) -> list[Fact]:
        """What is new since the last call, as facts for the engine."""
        found: list[Fact] = [*self._clocks.facts()]
        if now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + _LOOK_EVERY_NS
            readings = (self._power(), self._disk(self._folder))
            found += [reading for reading in readings if reading is not None]
        return found


def surroundings_of(options: Options) -> Surroundings:
    """What a session looks at; no computer is kept awake for a twin."""
    return Surroundings(options.journal_folder, sleep_lock=None if options.sim else SleepLock())
