"""Edges: when what an input says starts or ends one channel.

A start is a change that was seen while the input counted and the output ran (K13). What is on
already when that begins starts nothing.
"""

from stimctl.session.inputs import Said
from stimctl.treatment.activation import Cue
from stimctl.treatment.inputs_schema import TURN, Edge
from stimctl.treatment.switching import Switch


class Trigger:
    """One channel and what its input said last."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._was: bool | None = None
        """Whether it was inside, above or on; None where nothing was seen yet."""
        self._events: int | None = None
        self._stops_us: int | None = None
        """When a stop that was seen takes effect."""

    def forget(self) -> None:
        """Output begins: what is seen first is no change."""
        self._was = self._events = self._stops_us = None

    def deadline_us(self) -> int | None:
        """When a stop that was seen takes effect."""
        return self._stops_us

    def look(self, now_us: int, said: Said | None) -> Cue | None:
        """What the input means for the channel now; None for nothing new."""
        if said is None:
            # What it is on return is where it stands, not a change.
            self._was = self._stops_us = None
            return Cue.LOST
        if self._stops_us is not None and now_us >= self._stops_us:
            self._stops_us = None
            return Cue.STOP
        switch = self._switch
        if switch.start is not None:
            return self._state(now_us, said.on)
        if switch.above_permille is not None:
            return self._level(said.level_permille)
        if switch.from_mdeg != switch.to_mdeg:
            return self._phase(said)
        return self._event(said.events)

    def _event(self, events: int) -> Cue | None:
        before, self._events = self._events, events
        return Cue.START if before is not None and events > before else None

    def _state(self, now_us: int, on: bool) -> Cue | None:
        before, self._was = self._was, on
        if before is None or before == on:
            return None
        switch = self._switch
        edge = Edge.RISE if on else Edge.FALL
        if edge is switch.start:
            return Cue.START
        later_us = max(0, switch.extend_us - switch.timing.ramp_down_us)
        if later_us == 0:
            return Cue.STOP
        self._stops_us = now_us + later_us
        return None

    def _level(self, permille: int) -> Cue | None:
        switch, before = self._switch, self._was
        above, below = switch.above_permille or 0, switch.below_permille or 0
        self._was = permille >= (below if before else above)
        if before is None or before == self._was:
            return None
        if self._was:
            return Cue.START
        return Cue.STOP if switch.ends_by_input else None

    def _phase(self, said: Said) -> Cue | None:
        """Ahead by what the muscle needs; the ramp down ends with the window."""
        switch = self._switch
        begins = self._inside(said, switch.lead_us)
        goes_on = self._inside(said, switch.lead_us + switch.timing.ramp_down_us)
        before, self._was = self._was, begins
        if not goes_on:
            return Cue.STOP
        return Cue.START if before is False and begins else None

    def _inside(self, said: Said, ahead_us: int) -> bool:
        place = said.angle_mdeg + said.mdeg_per_s * ahead_us // 1_000_000
        switch = self._switch
        wide = (switch.to_mdeg - switch.from_mdeg) % TURN
        return (place - switch.from_mdeg) % TURN < wide
