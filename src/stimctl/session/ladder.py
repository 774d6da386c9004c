"""How high a procedure may go: a step upwards only after the step before it was given (A16, A17).

A hand and a rule climb the same ladder. *Reach* is the highest level that the device has
acknowledged since the output was zero; any event up to the plateau may come at once, and the
plateau is never more than a step above the reach.
"""

from collections.abc import Iterable, Mapping

from stimctl.codes import Code
from stimctl.session.plateaus import Plateau
from stimctl.session.reasons import Reason

NOT_GIVEN = Reason(
    Code.STEP_NOT_GIVEN, "the present step was not given yet: raise after its event (A16)"
)


class Ladder:
    """By channel, in uA. The ceilings hold for the whole session, the reach until zero."""

    def __init__(self) -> None:
        self._reach: dict[int, int] = {}
        self._last: dict[int, int] = {}
        self._ceilings: dict[int, int] = {}
        self._plateaus: list[Plateau] = []

    def reach(self, channel: int) -> int:
        """The highest level given since zero, lowerings taken off."""
        return self._reach.get(channel, 0)

    def last(self, channel: int) -> int:
        """The level given last; 0 where none was."""
        return self._last.get(channel, 0)

    def ceiling(self, channel: int, most: int) -> int:
        """The highest level that may be given in this session."""
        return min(most, self._ceilings.get(channel, most))

    def caps(self, plateaus: Iterable[Plateau]) -> list[Plateau]:
        """The plateaus of a run: what was too much once is above every one of them."""
        self._plateaus = list(plateaus)
        for plateau in self._plateaus:
            plateau.ceiling = self.ceiling(plateau.channel, plateau.ceiling)
        return self._plateaus

    def follow(self, plateaus: Mapping[int, int]) -> None:
        """A plateau that was lowered takes the reach along."""
        for channel, plateau in plateaus.items():
            self._reach[channel] = min(self.reach(channel), plateau)

    def given(self, channel: int, level: int) -> None:
        """The device has acknowledged a pulse at this level."""
        self._reach[channel] = max(self.reach(channel), level)
        self._last[channel] = level

    def too_much(self, channel: int, level: int, step: int) -> int:
        """The person wants no more of this: the ceiling of this session, a step below it."""
        lower = max(0, level - step)
        self._ceilings[channel] = min(self._ceilings.get(channel, lower), lower)
        self.caps(self._plateaus)
        return self._ceilings[channel]

    def lock(self, plateau: Plateau) -> Reason | None:
        """Why this plateau may not rise now."""
        return NOT_GIVEN if plateau.now > self.reach(plateau.channel) else None
