"""Tells the invariant what a session declares, from its events or the rows of its journal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from firmware_sim.invariant import Judge, Pattern

if TYPE_CHECKING:
    from stimctl.treatment.program import AnyPlan, CurrentChannel

#: How much later than its time a burst may begin: the engine's own tick [POLICY].
BURST_MARGIN_US = 50_000


class SessionMarks:
    """Turns session events, in their JSON form, into marks. `offset_ns`: the engine's clock when
    the twin's was zero."""

    def __init__(self, invariant: Judge, offset_ns: int = 0) -> None:
        self._invariant = invariant
        self._offset_ns = offset_ns
        self._from_zero = False
        self._paused = False
        self._licensed = False

    def take(self, event: Mapping[str, Any]) -> None:
        """Take one event; most say nothing about output."""
        at_us = (event["mono_ns"] - self._offset_ns) // 1_000
        match event["kind"]:
            case "state":
                self._state(at_us, event["state"], event["why"])
            case "stopping" if event["purpose"] == "stop":
                self._end(at_us, event["reason"])
            case "resume":
                self._from_zero = bool(event["from_zero"])
            case "activation":
                self._invariant.switched(at_us, event["channel"])
            case "set" if event["by"] == "stage":
                self._invariant.take_again(at_us, event["channel"], event["level"])
            case "set" if event["by"] == "rule":
                self._invariant.climb(at_us, event["channel"], event["level"])
            case "set":
                self._invariant.plateau(at_us, event["channel"], event["level"])

    def _state(self, at_us: int, state: str, why: str) -> None:
        if state == "armed":
            self._licensed = True
            self._invariant.armed(at_us)
        elif state == "running":
            if self._paused:
                self._invariant.resumed(at_us, from_zero=self._from_zero)
            else:
                self._invariant.started(at_us)
        elif state == "paused":
            self._invariant.paused(at_us)
        else:
            self._end(at_us, why)
        self._paused = state == "paused"

    def _end(self, at_us: int, why: str) -> None:
        if self._licensed:
            self._licensed = False
            self._invariant.ended(at_us, why)


def limit_to(invariant: Judge, plan: AnyPlan) -> None:
    """Put the ceilings and patterns of a plan on its channels, and none on any other."""
    from stimctl.treatment.program import CurrentChannel  # who judges a record needs none of it

    invariant.unlimit()
    for one in plan.channels:
        pattern = (_pattern(one),) if isinstance(one, CurrentChannel) else ()
        invariant.limit(one.channel, one.most, *pattern)
    invariant.limit_others()


def _pattern(one: CurrentChannel) -> Pattern:
    from stimctl.stimulus.consistency import lead_pause_us
    from stimctl.treatment.leads import begins_anew

    stimulus = one.stimulus
    burst, modulation = one.host_burst, stimulus.amplitude_modulation
    gap_us = 0
    if burst is not None:
        gap_us = 1_000_000_000 // burst.burst_frequency_mhz + BURST_MARGIN_US
    if begins_anew(one):
        gap_us = lead_pause_us(one.period_us) + (one.offset_us or 0) + BURST_MARGIN_US
    return Pattern(
        gap_us=gap_us,
        modulated_from_permille=1_000 if modulation is None else modulation.lowest,
        widest_us=stimulus.widest_phase_us,
        fastest_us=one.period_us // one.pulses_at_once,
    )
