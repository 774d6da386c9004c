"""Treatment protocols: what a file may say, and what it becomes on one device for one person."""

from stimctl.treatment.json_schema import json_schema, schema_text
from stimctl.treatment.library import Library, LibraryEntry
from stimctl.treatment.load import load_protocol
from stimctl.treatment.plan import compile_plan
from stimctl.treatment.prediction import ChannelDose, predict
from stimctl.treatment.program import (
    AnyPlan,
    ChannelSetup,
    CurrentPlan,
    PercentPlan,
    Plan,
    PlanChannel,
)
from stimctl.treatment.schema import (
    PercentProtocol,
    ProtocolBase,
    Target,
    TreatmentProtocol,
)
from stimctl.treatment.scripted_raise import PlateauStep, raise_schedule
from stimctl.treatment.timeline import Drive, Moment, amplitude_of, moments

__all__ = [
    "AnyPlan",
    "ChannelDose",
    "ChannelSetup",
    "CurrentPlan",
    "Drive",
    "Library",
    "LibraryEntry",
    "Moment",
    "PercentPlan",
    "PercentProtocol",
    "Plan",
    "PlanChannel",
    "PlateauStep",
    "ProtocolBase",
    "Target",
    "TreatmentProtocol",
    "amplitude_of",
    "compile_plan",
    "json_schema",
    "load_protocol",
    "moments",
    "predict",
    "raise_schedule",
    "schema_text",
]
