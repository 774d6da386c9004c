"""What the fixtures give: a twin behind a line, and benches that are watched."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_sim.devices import twin_named
from firmware_sim.faults import FaultError, checked, parse_fault
from firmware_sim.invariant import (
    BARE,
    STRICT,
    InvariantBrokenError,
    Judge,
    Rules,
    Violation,
    check_record,
    fitted,
)
from firmware_sim.process import TwinProcess
from firmware_sim.scenarios import scenario
from firmware_sim.situation import faulty_twin

if TYPE_CHECKING:
    from stimctl.bench import Bench

__all__ = ["BenchMaker", "FaultError", "InvariantBrokenError", "Situation", "TwinOnALine"]


@dataclass(frozen=True, slots=True)
class Situation:
    """Which device: the arguments of `@pytest.mark.stimctl_twin`.

    scenario: by name (`python -m firmware_sim DEVICE --scenario list`); faults: each NAME@TIME with
    parameters (`--fault list`); seed: names the device and seeds all chance, None = the scenario's;
    load: ohm on every channel where there is no scenario, None = 500; tcp: a TCP port, not a pty,
    which Windows has not;
    rules: what the invariant judges, None = BARE for a twin on a line, STRICT for a bench; device:
    the name of the twin, "" where the fixture or its caller names it.
    """

    scenario: str | None = None
    faults: Sequence[str] = ()
    seed: int | None = None
    load: int | None = None
    tcp: bool = False
    rules: Rules | None = None
    device: str = ""

    def __post_init__(self) -> None:
        """ValueError or TypeError where there is no such device, before one is started."""
        if self.device:
            twin_named(self.device)
        if isinstance(self.faults, str):
            raise TypeError(f"faults={self.faults!r}: give a list of NAME@TIME")
        for fault in self.faults:
            checked(parse_fault(fault))
        if self.scenario is not None:
            scenario(self.scenario)
            if self.load is not None:
                raise TypeError("a scenario has loads of its own: leave scenario or load out")

    def arguments(self) -> list[str]:
        """As options of `python -m firmware_sim DEVICE`."""
        told = ["--wiretap"]
        told += [] if self.scenario is None else ["--scenario", self.scenario]
        told += [] if self.seed is None else ["--seed", str(self.seed)]
        told += [] if self.load is None else ["--load", str(self.load)]
        told += ["--tcp", "0"] if self.tcp or sys.platform == "win32" else []
        return told + [part for fault in self.faults for part in ("--fault", fault)]

    def twin(self, device: str) -> Any:
        """As a twin of that name in this process."""
        told = {} if self.load is None else {"load_ohm": self.load}
        return faulty_twin(device, self.scenario, self.faults, seed=self.seed, **told)

    def named(self, device: str) -> str:
        """Which device it is, as the mark or a caller says. ValueError where neither does."""
        name = self.device or device
        if not name:
            raise ValueError(
                "which device? Write @pytest.mark.stimctl_twin(device=NAME), or name it in the "
                "call: stimctl_bench(family=NAME)"
            )
        if device not in ("", name):
            raise ValueError(f"the mark names {self.device}, and {device} was asked for")
        return name


class TwinOnALine(TwinProcess):
    """A twin in a process of its own; `url` is where it is, `record` its file."""

    def __init__(self, situation: Situation, record: Path, *, device: str) -> None:
        super().__init__(*situation.arguments(), device=device, record=record)
        self._rules = fitted(situation.rules or BARE, device)
        self._device = device

    def check(self, rules: Rules | None = None) -> Judge:
        """Judge the record as it is by now; InvariantBrokenError at the first violation."""
        judged_by = self._rules if rules is None else fitted(rules, self._device)
        return check_record(self.rows(), judged_by)


class BenchMaker:
    """Makes benches that are judged as they run."""

    def __init__(self, situation: Situation, *, judged: bool) -> None:
        self._situation = situation
        self._judged = judged
        self._violations: list[Violation] = []

    def __call__(self, config: Any = None, **options: Any) -> Bench:
        """A bench; the arguments are those of `stimctl.bench.Bench`."""
        from stimctl.bench import Bench
        from stimctl.testing.watched import watch_bench

        if options.get("twin") is None:
            driver = options.get("driver")
            asked = options.get("family") or ("" if driver is None else driver.sheet.family)
            options["family"] = self._situation.named(asked)
            options["twin"] = self._situation.twin(options["family"])
        bench = Bench(config, **options)
        if self._judged:
            watch_bench(bench, self._situation.rules or STRICT, log=self._violations)
        return bench

    def check(self) -> None:
        """Raise what was found and perhaps swallowed by the test."""
        if self._violations:
            raise InvariantBrokenError(self._violations[0])
