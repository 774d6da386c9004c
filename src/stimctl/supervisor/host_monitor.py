"""What the supervisor notices of its computer: sleep, changed clocks, battery, room on the disk."""

from __future__ import annotations

import queue
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

from stimctl.session.facts import DiskSpace, Fact, HostPower
from stimctl.session.states import State
from stimctl.supervisor.battery import read_power
from stimctl.supervisor.clocks import ClockWatch
from stimctl.supervisor.options import Options
from stimctl.supervisor.sleep_lock import SleepLock

_LOOK_EVERY_NS = 10_000_000_000
# How long the first reading is waited for, before anything has been sent to a device.
_FIRST_LOOK_S = 0.25
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


class HostMonitor:
    """Call `facts` in every turn of the main loop; the slow readings are made every 10 s.

    They are made in a thread: a disk of a network and the controller of a battery may take seconds
    to answer, or never do, and a stop cannot wait for them (H36, H55).
    """

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
        self._looking: threading.Thread | None = None
        self._found: queue.SimpleQueue[Fact] = queue.SimpleQueue()
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
        """What is new since the last call, as facts for the engine. Never waits, but for the first
        reading a moment."""
        found: list[Fact] = [*self._clocks.facts()]
        if now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + _LOOK_EVERY_NS
            self._look()
        while not self._found.empty():
            found.append(self._found.get())
        return found

    def _look(self) -> None:
        if self._looking is not None and self._looking.is_alive():
            return  # it has not been answered yet
        first = self._looking is None
        self._looking = threading.Thread(target=self._read, name="host-monitor", daemon=True)
        self._looking.start()
        if first:
            self._looking.join(_FIRST_LOOK_S)

    def _read(self) -> None:
        for reading in (self._power(), self._disk(self._folder)):
            if reading is not None:
                self._found.put(reading)


def host_monitor_of(options: Options) -> HostMonitor:
    """What a session looks at; no computer is kept awake for a twin."""
    return HostMonitor(options.journal_folder, sleep_lock=None if options.sim else SleepLock())
