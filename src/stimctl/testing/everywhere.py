"""The invariant in every test that has a twin: in this process, on a bench, or as a process.

A suite turns it on with an autouse fixture around `invariant_everywhere`; a test that breaks a rule
on purpose says so with `@pytest.mark.no_invariant("why")`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from firmware_sim.firmware.machine import Machine
from firmware_sim.firmware.recorder import Recorder
from firmware_sim.invariant import BARE, InvariantBrokenError, Judge, Violation, fitted, watch
from firmware_sim.process import TwinProcess
from stimctl.testing.journals import is_journal, is_record, judge, recorded_device


class Watched:
    """What came into being while everything was watched."""

    def __init__(self, folder: Path) -> None:
        self.violations: list[Violation] = []
        self.records: list[tuple[Path, str]] = []
        self.bare: WeakKeyDictionary[Recorder, Judge] = WeakKeyDictionary()
        self._folder = folder

    def check(self, *folders: Path) -> None:
        """Judge what is left, the records of twins in other processes too, also in `folders`."""
        if self.violations:  # raised where it happened, and swallowed there
            raise InvariantBrokenError(self.violations[0])
        known = dict(self.records)
        for folder in (self._folder, *folders):
            for path in filter(is_record, folder.rglob("*.jsonl")):
                known.setdefault(path, recorded_device(path))
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
        judge = watch(recorder, fitted(BARE, self.family), log=watched.violations)
        watched.bare[recorder] = judge

    return init


def _bench(original: Any, watched: Watched) -> Any:
    from stimctl.testing.watched import watch_bench

    def init(self: Any, *arguments: Any, **options: Any) -> None:
        original(self, *arguments, **options)
        watch_bench(self, log=watched.violations)
        # The one of the bench holds the same rules and more, and sees the host as well.
        bare = watched.bare.pop(self.twin.recorder, None)
        if bare is not None:
            bare.leave()

    return init


def _process(original: Any, watched: Watched, folder: Path) -> Any:
    def init(self: Any, *arguments: str, **options: Any) -> None:
        record = options.get("record")
        more = [] if "--wiretap" in arguments else ["--wiretap"]
        if record is None:
            record = folder / f"process-{len(watched.records)}.record"
            more += ["--record", str(record)]
        original(self, *arguments, *more, **options)
        watched.records.append((record, options["device"]))

    return init
