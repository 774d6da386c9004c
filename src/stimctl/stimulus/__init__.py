"""What is asked of a channel, and the doses that follow from it.

Its names are loaded when they are first asked for: who needs a scale only, needs no pydantic.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stimctl.stimulus.consistency import (
        Inconsistency,
        Severity,
        inconsistencies,
    )
    from stimctl.stimulus.dose import Dose, dose_of, sine_burst_rms_ma
    from stimctl.stimulus.modulation import AmplitudeModulation, Burst, Cycle, Sweep, SweepShape
    from stimctl.stimulus.pulse import Pulse, PulseShape
    from stimctl.stimulus.second import SecondDose, worst_second
    from stimctl.stimulus.stimulus import Stimulus

__all__ = [
    "AmplitudeModulation",
    "Burst",
    "Cycle",
    "Dose",
    "Inconsistency",
    "Pulse",
    "PulseShape",
    "SecondDose",
    "Severity",
    "Stimulus",
    "Sweep",
    "SweepShape",
    "dose_of",
    "inconsistencies",
    "sine_burst_rms_ma",
    "worst_second",
]

_HOMES = {
    "AmplitudeModulation": "modulation",
    "Burst": "modulation",
    "Cycle": "modulation",
    "Dose": "dose",
    "Inconsistency": "consistency",
    "Pulse": "pulse",
    "PulseShape": "pulse",
    "SecondDose": "second",
    "Severity": "consistency",
    "Stimulus": "stimulus",
    "Sweep": "modulation",
    "SweepShape": "modulation",
    "dose_of": "dose",
    "inconsistencies": "consistency",
    "sine_burst_rms_ma": "dose",
    "worst_second": "second",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return globals().setdefault(name, getattr(import_module(f"{__name__}.{home}"), name))
