"""What the fixtures give: a P24 twin behind a line, and benches that are watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from firmware_sim.faults import FaultError, checked, parse_fault
from firmware_sim.invariant import (
    BARE,
    STRICT,
    InvariantBrokenError,
    Judge,
    Rules,
    Violation,
    check_record,
)
from firmware_sim.process import TwinProcess
from firmware_sim.scenarios import scenario
from firmware_sim.situation import faulty_twin

if TYPE_CHECKING:
    from stimctl.bench import Bench

__all__ = ["BenchMaker", "FaultError", "Situation", "TwinOnALine"]


@dataclass(frozen=True, slots=True)
class Situation:
    """Which P24: the arguments of `@pytest.mark.twin`.

    scenario: by name (`python -m firmware_sim p24 --scenario list`); faults: each NAME@TIME with
    parameters (`--fault list`); seed: names the device and seeds all chance, None = the scenario's;
    load: ohm on every channel where there is no scenario, None = 500; tcp: a TCP port, not a pty;
    rules: what the invariant judges, None = BARE for a twin on a line, STRICT for a bench.
    """

    scenario: str | None = None
    faults: Sequence[str] = ()
    seed: int | None = None
    load: int | None = None
    tcp: bool = False
    rules: Rules | None = None

    def __post_init__(self) -> None:
        """FaultError or TypeError where there is no such P24, before one is started."""
        if isinstance(self.faults, str):
            raise TypeError(f"faults={self.faults!r}: give a list of NAME@TIME")
        for fault in self.faults:
            checked(parse_fault(fault))
        if self.scenario is not None:
            scenario(self.scenario)
            if self.load is not None:
                raise TypeError("a scenario has loads of its own: leave scenario or load out")

    def arguments(self) -> list[str]:
        """As options of `python -m firmware_sim p24`."""
        told = ["--wiretap"]
        told += [] if self.scenario is None else ["--scenario", self.scenario]
        told += [] if self.seed is None else ["--seed", str(self.seed)]
        told += [] if self.load is None else ["--load", str(self.load)]
        told += ["--tcp", "0"] if self.tcp else []
        return told + [part for fault in self.faults for part in ("--fault", fault)]

    def twin(self) -> Any:
        """As a twin in this process."""
        load_ohm = 500 if self.load is None else self.load
        return faulty_twin(self.scenario, self.faults, seed=self.seed, load_ohm=load_ohm)


class TwinOnALine(TwinProcess):
    """A P24 twin in a process of its own; `url` is where it is, `record` its file."""

    def __init__(self, situation: Situation, record: Path) -> None:
        super().__init__(*situation.arguments(), record=record)
        self._rules = situation.rules or BARE

    def check(self, rules: Rules | None = None) -> Judge:
        """Judge the record as it is by now; InvariantBrokenError at the first violation."""
        return check_record(self.rows(), rules or self._rules)


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
            options["twin"] = self._situation.twin()
        bench = Bench(config, **options)
        if self._judged:
            watch_bench(bench, self._situation.rules or STRICT, log=self._violations)
        return bench

    def check(self) -> None:
        """Raise what was found and perhaps swallowed by the test."""
        if self._violations:
            raise InvariantBrokenError(self._violations[0])
