"""The invariant in every test that has a twin: in this process, on a bench, or as a process.

A suite turns it on with an autouse fixture around `invariant_everywhere`; a test that breaks a rule
on purpose says so with `@pytest.mark.no_invariant("why")`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from firmware_sim.firmware.machine import Machine
from firmware_sim.firmware.openemsstim import OpenEmsStimTwin
from firmware_sim.firmware.p24 import P24Twin
from firmware_sim.firmware.rehastim2 import RehaStim2Twin
from firmware_sim.invariant import BARE, InvariantBrokenError, Violation, fitted, watch
from firmware_sim.process import TwinProcess
from stimctl.testing.journals import is_journal, is_record, judge

#: Families whose records, where a test chose the name, begin with theirs.
OTHERS = frozenset({"rehastim2", "openemsstim"})
_TWINS: Mapping[type[Machine], str] = {
    P24Twin: "p24",
    RehaStim2Twin: "rehastim2",
    OpenEmsStimTwin: "openemsstim",
}


class Watched:
    """What came into being while everything was watched."""

    def __init__(self, folder: Path) -> None:
        self.violations: list[Violation] = []
        self.records: list[tuple[Path, str]] = []
        self._folder = folder

    def check(self, *folders: Path) -> None:
        """Judge what is left, the records of twins in other processes too, also in `folders`."""
        if self.violations:  # raised where it happened, and swallowed there
            raise InvariantBrokenError(self.violations[0])
        known = dict(self.records)
        for path in self._folder.glob("*.jsonl"):
            known[path] = path.name.partition("-")[0]
        for folder in folders:
            for path in filter(is_record, folder.rglob("*.jsonl")):
                named = path.name.partition("-")[0]  # as the twins of a supervisor are
                known.setdefault(path, named if named in OTHERS else "p24")
        records = {path: device for path, device in known.items() if path.exists()}
        journals: list[Path] = []
        if len(records) == 1:  # or it could be another twin's session
            journals = [one for folder in folders for one in folder.rglob("*.jsonl")]
        for path, device in records.items():
            judge(path, device, filter(is_journal, journals))


@contextmanager
def invariant_everywhere(folder: Path) -> Iterator[Watched]:
    """Watch every twin and bench made meanwhile. folder: for records nobody asked for."""
    watched = Watched(folder)
    undo: list[Callable[[], None]] = []

    def patch(owner: type, name: str, make: Callable[[Any], Any]) -> None:
        original = getattr(owner, name)
        setattr(owner, name, make(original))
        undo.append(lambda: setattr(owner, name, original))

    patch(Machine, "__init__", lambda original: _machine(original, watched))
    patch(TwinProcess, "__init__", lambda original: _process(original, watched, folder))
    from stimctl.bench import Bench

    patch(Bench, "__init__", lambda original: _bench(original, watched))
    try:
        yield watched
    finally:
        for action in reversed(undo):
            action()


def _machine(original: Any, watched: Watched) -> Any:
    def init(self: Machine, recorder: Any, *arguments: Any, **options: Any) -> None:
        original(self, recorder, *arguments, **options)
        family = next((name for twin, name in _TWINS.items() if isinstance(self, twin)), "")
        watch(recorder, fitted(BARE, family), log=watched.violations)

    return init


def _bench(original: Any, watched: Watched) -> Any:
    from stimctl.testing.watched import watch_bench

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        watch_bench(self, log=watched.violations)

    return init


def _process(original: Any, watched: Watched, folder: Path) -> Any:
    def init(self: Any, *arguments: str, **options: Any) -> None:
        device = options.get("device", "p24")
        record = options.get("record")
        more = [] if "--wiretap" in arguments else ["--wiretap"]
        if record is None:
            record = folder / f"process-{len(watched.records)}.record"
            more += ["--record", str(record)]
        original(self, *arguments, *more, **options)
        watched.records.append((record, device))

    return init
