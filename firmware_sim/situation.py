"""A scenario and faults named on a command line, as a twin."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .faults import FaultyTwin, checked, parse_fault
from .firmware.p24 import TURNAROUND_US
from .firmware.recorder import Row
from .scenarios import scenario
from .twin import LocalTwin


def faulty_twin(
    scenario_name: str | None,
    fault_texts: Sequence[str],
    *,
    seed: int | None = None,
    load_ohm: int | None = 500,
    turnaround_us: int | None = None,
    sink: Callable[[Row], None] | None = None,
    wiretap: bool = False,
    device: LocalTwin | None = None,
) -> FaultyTwin:
    """Return the twin of a scenario (None = the load, and nothing happens) with more faults.

    fault_texts: each NAME@TIME with parameters. load_ohm counts without a scenario only. None for
    seed or turnaround_us is what the scenario says. device: another one than a P24, to which what
    is said of the P24 does not apply. Raises FaultError with the names there are.
    """
    faults = [checked(parse_fault(text)) for text in fault_texts]
    if scenario_name is not None:
        return scenario(scenario_name).start(
            seed,
            faults=faults,
            sink=sink,
            wiretap=wiretap,
            turnaround_us=turnaround_us,
            device=device,
        )
    return FaultyTwin(
        faults,
        seed=seed or 0,
        load_ohm=load_ohm,
        turnaround_us=TURNAROUND_US if turnaround_us is None else turnaround_us,
        sink=sink,
        wiretap=wiretap,
        device=device,
    )
