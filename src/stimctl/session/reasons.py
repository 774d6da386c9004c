"""Why a raise is not made now but may be in a moment: words for people, and what to wait for.

A program that raises asks again for these, so it has them from here and not from a copy.
"""

from typing import Final

#: Between go (or a resume) and the device's word that it is ready.
STARTING: Final = "the output is starting, the device is not ready yet: raise again in a moment"
#: Before a start, in a pause, after a stop.
STANDING: Final = "nothing is raised while the output is paused or stopped"
NOT_ON_RECORD: Final = "the raise before is not yet on the record"
NOT_ABOVE: Final = "not above the present plateau: lower instead"
TOO_EARLY: Final = "too early after the raise before"
NOT_CONFIRMED: Final = "the device has not yet confirmed the raise before"
RAMPING: Final = "a ramp of all channels is under way"
PENDING: Final = "a raise is pending until the next on ramp"
NOT_AT_PLATEAU: Final = "raises are possible while the channel is at its plateau only"
LEFT_OUT: Final = "this contraction is left out, so a raise could not be felt"

#: The same raise may be possible later, while the session runs: whoever raises waits for it.
PASSING: Final = frozenset(
    {STARTING, NOT_ON_RECORD, TOO_EARLY, NOT_CONFIRMED, RAMPING, PENDING, NOT_AT_PLATEAU, LEFT_OUT}
)

#: Where the channels are found one after the other (each of these is followed by what to do).
NOT_FOUND: Final = "another channel with output is not found yet"
FELT_NOT_FOUND: Final = "the channel is felt and not found yet"
LINKED_NOT_FOUND: Final = "linked channels rise together, and not all of them are found yet"

#: The stop at the end of a plan.
PLAN_ENDED: Final = "the plan has ended"

#: What ends every raise that was decided before it (the reason of the refusal begins with it).
LOWERED: Final = "the channel was lowered"
LINKED: Final = "the links of the channel were changed"
PAUSED: Final = "the output was paused"
STOPPED: Final = "the output was stopped"
BEGUN: Final = "the output has begun anew"
