"""What is asked of a channel, and the doses that follow from it."""

from stimctl.stimulus.consistency import (
    Inconsistency,
    Severity,
    inconsistencies,
    session_inconsistency,
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
    "session_inconsistency",
    "sine_burst_rms_ma",
    "worst_second",
]
