"""The virtual bench: the only place of stimctl that holds a twin in its own process."""

from stimctl.bench.drill import Drill, drill
from stimctl.bench.parts import BenchJournal, Hook
from stimctl.bench.rehearsal import ChannelReport, Rehearsal, rehearse
from stimctl.bench.situations import Situation
from stimctl.bench.virtual import Bench

__all__ = [
    "Bench",
    "BenchJournal",
    "ChannelReport",
    "Drill",
    "Hook",
    "Rehearsal",
    "Situation",
    "drill",
    "rehearse",
]
