"""A RehaMove3 twin whose firmware can misbehave; a healthy one starts sooner without this."""

from __future__ import annotations

from typing import Any

from firmware_sim.faults.updates import REHAMOVE3

from .p24_faulty import FaultyFirmware, KeptBack
from .rehamove3 import SCIENCEMODE_VERSION, RehaMove3Answers, RehaMove3Twin
from .rehamove3_twin import make as make_healthy


class _RehaMove3KeptBack(KeptBack, RehaMove3Answers):
    """Answers of which some are kept back."""


class FaultyRehaMove3(FaultyFirmware, RehaMove3Twin):
    """A RehaMove3 with ways to misbehave."""

    answers = _RehaMove3KeptBack
    layout = REHAMOVE3
    sciencemode = SCIENCEMODE_VERSION


def make(**told: Any) -> RehaMove3Twin:
    """One at time 0."""
    return make_healthy(**told, kind=FaultyRehaMove3)
