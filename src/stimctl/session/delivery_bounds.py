"""What one channel has given at least, and what it may have given at most.

Between a command and its acknowledgement a device does what it did before, or what it was told.
Where an answer is lost this lasts until the next one; where the link is lost, until zero is
verified or the device's own watchdog has ended the output. And what it was told it has done for
certain only up to the last answer that says so: it may have been reset since.

The device's timer is taken to keep its period, and its watchdog to work.
"""

from collections import deque
from dataclasses import replace

from stimctl.session.output_count import OFF, Output, OutputCount


class DeliveryBounds:
    """One channel of one run. `runs_on_ns`: how long the device goes on when nothing commands it
    any more; None: nothing bounds it."""

    def __init__(self, unit: str, runs_on_ns: int | None) -> None:
        self._least = OutputCount(unit)
        self._most = OutputCount(unit)
        self._runs_on_ns = runs_on_ns
        self._accepted = OFF
        self._asked: dict[int, Output] = {}
        """By ticket, what was told since, unanswered."""
        self._unconfirmed: deque[tuple[int, Output]] = deque()
        """What the least count takes once an answer says that the device was still at it."""
        self._stopped_ns: int | None = None

    # -- trains

    def asks(self, now_ns: int, ticket: int, output: Output) -> None:
        """The device is told to do this."""
        self._stopped_ns = None
        if not self._asked and output == self._accepted:
            return
        if output.on and self._most.output.on and not all(one.on for one in self._may_be()):
            # Off and on again before either is answered: its timer may begin again.
            self._most.give(output)
        self._asked[ticket] = output
        self._hold(now_ns)

    def accepts(self, now_ns: int, ticket: int, output: Output, *, whole: bool = True) -> None:
        """The device does this; of a ticket that is not `whole` more is to follow."""
        self._accepted = output
        last = ticket if whole else ticket - 1
        self._asked = {one: asked for one, asked in self._asked.items() if one > last}
        self._hold(now_ns)

    def never_sent(self, now_ns: int, ticket: int) -> None:
        """What was told under this ticket has not left."""
        self._asked.pop(ticket, None)
        self._hold(now_ns)

    def closes(self, now_ns: int, ticket: int, off: Output) -> None:
        """The driver switches the channel off by itself."""
        self._asked[ticket] = off
        self._hold(now_ns)

    def confirms(self, at_ns: int, *, runs: bool) -> None:
        """An answer says that the device was at it then; `runs`: this channel was running."""
        if runs or not all(one.on for one in self._may_be()):
            self._commit(at_ns)

    # -- single pulses

    def sends(self, output: Output) -> None:
        """A single pulse goes out: it may be given."""
        self._most.give(output)
        self._most.peak = max(self._most.peak, output.level)

    def gave(self, output: Output) -> None:
        """It was acknowledged."""
        self._least.give(output)
        self._least.sure_peak = max(self._least.sure_peak, output.level)

    def gave_none(self, output: Output) -> None:
        """It never left, or was refused."""
        self._most.give(output, -1)

    # -- the end

    def stops(self, now_ns: int) -> None:
        """A stop goes out; nothing else is sent before zero is verified."""
        if self._stopped_ns is None:
            self._stopped_ns = now_ns
            self._unconfirmed.append((now_ns, OFF))

    def ends(self, now_ns: int, *, ran: bool) -> None:
        """Zero was verified. `ran`: it was this stop that ended the output."""
        if ran:
            self._commit(now_ns)
        else:
            # Perhaps off since the last answer, so nothing after it is certain.
            self._unconfirmed.clear()
            self._least.turn(self._least.since_ns, OFF)
        self._accepted = OFF
        self._asked.clear()
        self._most.turn(self._until(now_ns), OFF)
        self._stopped_ns = None

    # -- what it comes to

    def told(self, now_ns: int, *, unknown: bool = False) -> dict[str, tuple[int, int | None]]:
        """By figure the least and the most so far; `unknown`: with all that may still come, and
        null where nothing bounds it."""
        self._most.advance(self._until(now_ns))
        most = self._most
        least = replace(self._least, peak=self._least.sure_peak).told()
        if unknown and most.output.level:
            if self._runs_on_ns is None:
                return {name: (low, None) for name, low in least.items()}
            most = replace(most)
            most.advance((self._stopped_ns or now_ns) + self._runs_on_ns)
        high = most.told()
        return {name: (low, high[name]) for name, low in least.items()}

    # -- inside

    def _may_be(self) -> list[Output]:
        return [self._accepted, *self._asked.values()]

    def _hold(self, now_ns: int) -> None:
        """The counts go on with the least and the most of what may be so."""
        least = most = self._accepted
        for asked in self._asked.values():
            least, most = least.at_most(asked), most.at_least(asked)
        last = self._unconfirmed[-1][1] if self._unconfirmed else self._least.output
        if least != last and self._stopped_ns is None:
            self._unconfirmed.append((now_ns, least))
        if most != self._most.output:
            # A step up or down may come a pulse sooner or later than this count has it.
            self._most.beside_step_to(most, 1)
            self._most.turn(now_ns, most)

    def _commit(self, at_ns: int) -> None:
        while self._unconfirmed and self._unconfirmed[0][0] <= at_ns:
            since_ns, output = self._unconfirmed.popleft()
            self._least.advance(since_ns)
            self._least.beside_step_to(output, -1)
            self._least.turn(since_ns, output)
        self._least.advance(at_ns)

    def _until(self, now_ns: int) -> int:
        if self._stopped_ns is None or self._runs_on_ns is None:
            return now_ns
        return min(now_ns, self._stopped_ns + self._runs_on_ns)
