"""The virtual bench: the only place of stimctl that holds a twin in its own process."""

from stimctl.bench.disturbances import Disturbance
from stimctl.bench.fault_rehearsal import FaultRehearsal, rehearse_fault
from stimctl.bench.parts import BenchJournal, Hook
from stimctl.bench.rehearsal import ChannelReport, Rehearsal, rehearse
from stimctl.bench.virtual import Bench

__all__ = [
    "Bench",
    "BenchJournal",
    "ChannelReport",
    "Disturbance",
    "FaultRehearsal",
    "Hook",
    "Rehearsal",
    "rehearse",
    "rehearse_fault",
]
