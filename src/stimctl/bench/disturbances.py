"""What a rehearsal can be disturbed with: scenarios, faults, another firmware, all by name."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from firmware_sim.devices import UnknownTwinError
from firmware_sim.faults import SPECS, Fault, FaultError, FaultyTwin, checked, parse_fault
from firmware_sim.faults import listing as fault_listing
from firmware_sim.scenarios import SCENARIOS, scenario
from firmware_sim.scenarios import listing as scenario_listing
from firmware_sim.situation import faulty_twin
from stimctl.bench.lockstep import lock_step_device
from stimctl.errors import UsageError
from stimctl.suggestion import meant_by

__all__ = ["Disturbance", "fault_listing", "fault_names", "scenario_listing", "scenario_names"]


def scenario_names() -> tuple[str, ...]:
    """Every scenario there is."""
    return tuple(SCENARIOS)


def fault_names() -> tuple[str, ...]:
    """Every fault there is."""
    return tuple(SPECS)


@dataclass(frozen=True, slots=True)
class Disturbance:
    """A scenario (None = nothing happens by itself), faults on top of it, and who the device is.

    `seed`: None = the scenario's own. `lock_step`: a command that starts a firmware; it can have
    faults of its line only, and no scenario. Times of faults count from the connection.
    """

    scenario: str | None = None
    faults: tuple[Fault, ...] = ()
    seed: int | None = None
    lock_step: tuple[str, ...] = ()

    @classmethod
    def named(
        cls,
        scenario_name: str | None,
        fault_texts: Sequence[str] = (),
        *,
        seed: int | None = None,
        lock_step: Sequence[str] = (),
    ) -> "Disturbance":
        """From names and NAME@TIME texts. UsageError with the nearest name there is."""
        if scenario_name is not None:
            _known("scenario", scenario_name, SCENARIOS)
            if lock_step:
                raise UsageError(
                    "a lock-step firmware has no scenario",
                    why="a scenario is a person and a device of its own",
                    what_to_do="leave one of the two out; faults of the line go with both",
                )
        faults = tuple(_fault(text) for text in fault_texts)
        return cls(scenario_name, faults, seed, tuple(lock_step))

    @property
    def every_fault(self) -> tuple[Fault, ...]:
        """Those of the scenario, then those on top of it."""
        own = () if self.scenario is None else scenario(self.scenario).faults
        return (*own, *self.faults)

    @property
    def what(self) -> str:
        """In words for a person."""
        what = "the digital twin"
        if self.lock_step:
            what = f"the lock-step firmware {' '.join(self.lock_step)}"
        elif self.scenario is not None:
            what = f"{self.scenario} ({scenario(self.scenario).what})"
        faults = " and ".join(str(fault) for fault in self.faults)
        return f"{what} with {faults}" if faults else what

    def as_dict(self) -> dict[str, object]:
        """The JSON form."""
        return {
            "scenario": self.scenario,
            "faults": [str(fault) for fault in self.faults],
            "seed": self.seed,
            "lock_step": list(self.lock_step) or None,
        }

    @contextmanager
    def twin(self, family: str) -> Iterator[FaultyTwin]:
        """A device of a family with this disturbance, at time 0. UsageError where it has none."""
        if not self.lock_step:
            with _as_usage():
                twin = faulty_twin(family, self.scenario, self.faults, seed=self.seed)
            yield twin
            return
        with lock_step_device(self.lock_step) as device:
            if device.family not in ("", family):
                raise UsageError(
                    f"the lock-step firmware is a {device.family}, the plan is for {family}",
                    what_to_do="give a plan for that device, or another firmware",
                )
            with _as_usage():
                twin = FaultyTwin(self.faults, seed=self.seed or 0, device=device)
            yield twin


def _fault(text: str) -> Fault:
    name = text.partition("@")[0]
    if name != text:
        _known("fault", name, SPECS)
    with _as_usage():
        return checked(parse_fault(text))


def _known(what: str, name: str, names: Collection[str]) -> None:
    if name in names:
        return
    near = meant_by(name, names, most=3, cutoff=0.5)
    meant = f"did you mean {', '.join(near)}? " if near else ""
    raise UsageError(f"no {what} {name!r}", what_to_do=f"{meant}--{what} list shows all there are")


@contextmanager
def _as_usage() -> Iterator[None]:
    try:
        yield
    except (FaultError, UnknownTwinError) as error:
        raise UsageError(str(error), what_to_do="--fault list shows all there are") from error
