"""What the supervisor notices of its computer: sleep, changed clocks, battery, room on the disk."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from stimctl.session.facts import DiskSpace, Fact, HostPower
from stimctl.supervisor.battery import read_power
from stimctl.supervisor.clocks import ClockWatch

_LOOK_EVERY_NS = 10_000_000_000


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
    ) -> None:
        self._folder = journal_folder
        self._clocks = ClockWatch()
        self._power = power
        self._disk = disk
        self._next_look_ns = 0

    def facts(self, now_ns: int) -> list[Fact]:
        """What is new since the last call, as facts for the engine."""
        found: list[Fact] = [*self._clocks.facts()]
        if now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + _LOOK_EVERY_NS
            readings = (self._power(), self._disk(self._folder))
            found += [reading for reading in readings if reading is not None]
        return found
