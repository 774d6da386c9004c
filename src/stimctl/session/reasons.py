"""Why a raise is not made now but may be in a moment: words for people, and what to wait for.

A program that raises asks again for these, so it has them from here and not from a copy.
"""

from typing import Final

#: Between go (or a resume) and the device's word that it is ready.
STARTING: Final = "the output is starting, the device is not ready yet: raise again in a moment"
#: Before a start, in a pause, after a stop.
STANDING: Final = "nothing is raised while the output is paused or stopped"
NOT_ON_RECORD: Final = "the raise before is not yet on the record"
TOO_EARLY: Final = "too early after the raise before"
NOT_CONFIRMED: Final = "the device has not yet confirmed the raise before"
PENDING: Final = "a raise is pending until the next on ramp"
NOT_AT_PLATEAU: Final = "raises are possible while the channel is at its plateau only"

#: The same raise may be asked for again within a second or so, while the session runs.
NOT_YET: Final = (STARTING, STANDING, NOT_ON_RECORD, TOO_EARLY, NOT_CONFIRMED)
#: Nothing to ask for again before the cycle has gone on.
WAIT_FOR_CYCLE: Final = (PENDING, NOT_AT_PLATEAU)
