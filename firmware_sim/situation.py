"""A scenario and faults, named as on a command line, as a twin."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .devices import make_twin
from .faults import Fault, FaultyTwin, checked, parse_fault
from .scenarios import scenario


def faulty_twin(
    device: str,
    scenario_name: str | None = None,
    faults: Sequence[str | Fault] = (),
    *,
    seed: int | None = None,
    **told: Any,
) -> FaultyTwin:
    """Return the twin of that name in a scenario (None = nothing happens) with more faults.

    faults: also as text, each NAME@TIME with parameters. told: what its `make` takes (load_ohm,
    sink, wiretap and others). None for seed is what the scenario says, 0 without one. Raises
    FaultError with the names there are, UnknownTwinError for a device that is none.
    """
    more = [checked(parse_fault(one) if isinstance(one, str) else one) for one in faults]
    if scenario_name is not None:
        return scenario(scenario_name).start(device, seed, faults=more, **told)
    twin = make_twin(device, seed=seed or 0, faulty=True, **told)
    return FaultyTwin(more, seed=seed or 0, device=twin)
