"""How long screening answers count. Apart from the readiness list, so that whoever shows what is
kept of a person loads nothing of the limits."""

from typing import Final

ANSWERS_FOR_DAYS: Final = 90
"""Hazard H45: screening answers are asked again after this many days (D)."""
