"""What goes on between driver and RehaStim2: request in flight, stop under way, what is believed.

Holds everything that changes, and the transitions; when they happen is decided by the calls and
timers of `driver` and by the answers of `answers`.
"""

from __future__ import annotations

from stimctl.devices.events import (
    Doing,
    DriverEvent,
    Identified,
    RaiseDropped,
    Ready,
    UnexpectedState,
    Withheld,
    ZeroVerified,
)
from stimctl.devices.output_check import OutputCheck
from stimctl.devices.rehastim2.gate import NOTHING, Order, Setup, lowest, order_for, without
from stimctl.devices.rehastim2.line import Line, init_ack
from stimctl.devices.rehastim2.request import POLL_NS, Request, Stopping
from stimctl.devices.rehastim2.sheet import FAMILY, REHASTIM2_SHEET, WATCHDOG_US
from stimctl.devices.rehastim2.table import WORKING, State
from stimctl.wire.sciencemode2 import messages as sm2

FALLBACK_TICKET = 0
"""In the Acked of a fallback, which no call of the engine asked for; tickets begin at 1."""
INCOMPATIBLE = -5
_WATCHDOG_NS = WATCHDOG_US * 1_000


class Conversation:
    """The state of one RehaStim2 connection.

    `flight`: the request whose answer is awaited. `waiting`: what is sent next, the latest call
    wins. `stopping`: the stop under way; there is never a flight beside it. `possible`: every
    order that may be in force, because the device confirmed it or because it was sent since.
    `check`: what a second of them comes to, against what was cleared.
    `unmet`: the packet number of the last Init, until the device shows that it is connected.
    """

    __slots__ = ("check", "connect_ns", "events", "fed_ns", "flight", "line", "polled_ns",
                 "possible", "setup", "state", "stopping", "unmet", "version",
                 "waiting")  # fmt: skip

    def __init__(self) -> None:
        self.events: list[DriverEvent] = []
        self.line = Line(self.events)
        self.state = State.UNKNOWN
        self.flight: Request | None = None
        self.waiting: Request | None = None
        self.stopping: Stopping | None = None
        self.setup: Setup | None = None
        self.possible: list[Order] = [NOTHING]
        one_source = REHASTIM2_SHEET.bounds.multiplexed
        self.check = OutputCheck(one_source=one_source, keeps_phase=True)
        self.unmet: int | None = None
        self.version: int | None = None
        self.connect_ns = 0
        self.fed_ns = 0  # when something was last sent to a connected device
        self.polled_ns: int | None = None  # when the mode was last asked; None = at once

    # Connection

    def find(self, now_ns: int) -> None:
        """Connect. A stop and no more is said before the device has said Init or answered it."""
        self._drop_requests()
        self.line.restart()
        self.unmet = None
        self.version = None
        self.connect_ns = now_ns
        self.begin_stop(now_ns, State.CLEARING)

    def heard_init(self, now_ns: int, packet_number: int, version: int) -> None:
        """The device is not connected: it has just been switched on, or it has let us go."""
        self.unmet, self.version = packet_number, version
        if self.stopping is not None:
            self.stopping.acked = False
            self.stopping.let_go = True
            self.send_round(now_ns)
        elif self.state is State.ZERO and now_ns - self.fed_ns >= _WATCHDOG_NS:
            self.state = State.DROPPED  # nothing was sent to it at zero: this is what follows
        elif self.state in WORKING:
            wanted = frozenset(self.possible[-1].forms)
            self.events.append(
                UnexpectedState(
                    "connected",
                    "no longer connected: it has stopped and begins anew",
                    wanted,
                    frozenset(),
                )
            )
            self.latch()

    # Sending

    def send(self, now_ns: int, request: Request, *, after_break: bool = False) -> None:
        """Send a request, which becomes the one in flight."""
        self.flight = request
        self.fed_ns = now_ns
        request.last = self.line.send(
            now_ns,
            request.command,
            request.payload,
            request,
            after_break=after_break,
            expires_ns=request.expires_ns,
        )

    def send_again(self, now_ns: int, request: Request) -> None:
        """Send the request in flight once more.

        One that raises and has become too old is given up: the device may have what was before it
        or what it asks for, so the lowest of all that is sent in its stead.
        """
        if request.order is None or self.setup is None or not request.stale(now_ns):
            self.send(now_ns, request, after_break=True)
            return
        self._report_dropped(now_ns, request, sent=True)
        order = lowest(self.setup, request.order, self.possible)
        self.send_order(now_ns, order, Doing.APPLY, FALLBACK_TICKET, after_break=True)

    def send_order(
        self,
        now_ns: int,
        order: Order,
        doing: Doing,
        ticket: int | None = None,
        *,
        after_break: bool = False,
    ) -> None:
        """Send values that raise nothing against what may be in force."""
        if order not in self.possible:
            self.possible.append(order)
        self.check.sent(now_ns, order.units)
        request = Request(
            doing,
            sm2.StartChannelListMode.command,
            now_ns,
            order.payload,
            ticket=ticket,
            order=order,
            channels=order.channels,
        )
        self.send(now_ns, request, after_break=after_break)

    def send_waiting(self, now_ns: int) -> None:
        """Send what waits, unless it has become too old."""
        request, self.waiting = self.waiting, None
        if request is None:
            return
        if request.stale(now_ns):
            self._report_dropped(now_ns, request, sent=False)
            return
        if request.order is not None:
            order = self._admitted(now_ns, request, request.order)
            if order not in self.possible:
                self.possible.append(order)
            self.check.sent(now_ns, order.units)
        elif request.unit is not None:
            self.check.pulsed(now_ns, request.channels[0].channel, request.unit)
        self.send(now_ns, request)

    def _admitted(self, now_ns: int, request: Request, order: Order) -> Order:
        """What of the request the final output check lets pass; the rest is off, and told."""
        held = self.check.admit(now_ns, order.units, request.proofs)
        if held and self.setup is not None:
            order = without(self.setup, order, {one.channel for one in held})
            request.turn_to(order)
            self.events += [Withheld(*one) for one in held]
        return order

    def close_due(self, now_ns: int) -> None:
        """Switch off what has given as much as a second may hold."""
        held = self.check.due(now_ns)
        if not held or self.setup is None or self.state is not State.RUNNING:
            return
        self.events += [Withheld(*one, closed=True) for one in held]
        channels = {one.channel for one in held}
        if self.waiting is not None and self.waiting.order is not None:
            self.waiting.turn_to(without(self.setup, self.waiting.order, channels))
        order = without(self.setup, self.possible[-1], channels)
        self.send_order(now_ns, order, Doing.APPLY, FALLBACK_TICKET, after_break=True)

    def drop_stale(self, now_ns: int) -> None:
        """Give up a raise that could not leave in time."""
        if self.waiting is not None and self.waiting.stale(now_ns):
            request, self.waiting = self.waiting, None
            self._report_dropped(now_ns, request, sent=False)

    def _report_dropped(self, now_ns: int, request: Request, *, sent: bool) -> None:
        self.events.append(RaiseDropped(request.ticket or 0, now_ns - request.asked_ns, sent))

    def compare(self, request: Request, order: Order) -> None:
        """Note whether the request raises or lowers against anything that may be in force."""
        request.raises = any(order.raises(other) for other in self.possible)
        request.lowers = any(order.lowers(other) for other in self.possible)

    def set_up(self, now_ns: int) -> None:
        """Initialise the list that is wanted."""
        assert self.setup is not None
        self.state = State.SETTING_UP
        self.check.rhythm_begins(now_ns)
        self.polled_ns = None  # the first keep-alive shows that the list runs
        command = sm2.InitChannelListMode.command
        self.send(now_ns, Request(Doing.START, command, now_ns, self.setup.payload))

    def start_empty(self, now_ns: int) -> None:
        """Start the list without current."""
        assert self.setup is not None
        self.send_order(now_ns, order_for(self.setup, {}), Doing.APPLY, FALLBACK_TICKET)

    def clear_list(self, now_ns: int) -> None:
        """Whether the list was initialised is not known: end it, then initialise it again."""
        command = sm2.StopChannelListMode.command
        self.send(now_ns, Request(Doing.START, command, now_ns), after_break=True)

    def feed(self, now_ns: int) -> None:
        """The keep-alive of a device that is connected and idle."""
        self.line.send_unanswered(sm2.Watchdog.command)
        self.fed_ns = now_ns
        if self.flight is None and self.poll_due(now_ns):
            self.ask_mode(now_ns)

    def refresh(self, now_ns: int) -> None:
        """The keep-alive of a device that stimulates: what is in force, said once more.

        What is in flight is sent until it is answered, which is as good.
        """
        if self.flight is None:
            self.send_order(now_ns, self.possible[-1], Doing.KEEP_ALIVE)

    def poll_due(self, now_ns: int) -> bool:
        """Whether it is time to ask for the mode."""
        return self.polled_ns is None or now_ns - self.polled_ns >= POLL_NS

    def ask_mode(self, now_ns: int, doing: Doing = Doing.KEEP_ALIVE) -> None:
        """GetStimulationMode."""
        self.polled_ns = now_ns
        self.send(now_ns, Request(doing, sm2.GetStimulationMode.command, now_ns))

    def answered(self, now_ns: int, *, poll: bool = False) -> None:
        """The request in flight is done with: send what comes next."""
        self.flight = None
        self.line.nothing_due()
        if self.waiting is not None:
            self.send_waiting(now_ns)
        if poll and self.flight is None and self.poll_due(now_ns):
            self.ask_mode(now_ns)

    # Stopping

    def begin_stop(self, now_ns: int, state: State) -> None:
        """Stop until zero is verified; `state` says what for."""
        self._drop_requests()
        self.stopping = Stopping(now_ns)
        self.state = state
        self.send_round(now_ns)

    def send_round(self, now_ns: int) -> None:
        """One round of the stop, at once and over everything that was not handed out.

        To a device that says Init the answer goes first, because it answers nothing else before.
        """
        if self.stopping is None:
            return
        greeting = b""
        if self.unmet is not None:
            fits = self.version == sm2.PROTOCOL_VERSION
            greeting = init_ack(self.unmet, 0 if fits else INCOMPATIBLE)
        self.fed_ns = now_ns
        command = self.stopping.round(now_ns)
        self.line.send_urgent(now_ns, command, self.stopping, greeting=greeting)

    def zero(self, now_ns: int) -> None:
        """Zero was verified: the stop is over, nothing can be in force."""
        done, self.stopping = self.stopping, None
        self.line.nothing_due()
        self.possible = [NOTHING]
        self.check.settled(now_ns, None, NOTHING.units)
        self.setup = None
        connecting = self.state is State.CLEARING
        self.state = State.ZERO
        if done is None:
            return
        if connecting:
            version = "" if self.version is None else str(self.version)
            self.events.append(Identified(FAMILY, "", "", version, ""))
        # Before Ready nothing was connected that could have been lost.
        lost = done.let_go and not connecting
        self.events.append(ZeroVerified(now_ns - done.started_ns, done.rounds, lost, lost))
        if connecting:
            self.events.append(Ready())

    def latch(self) -> None:
        """The device is not as it was left. A stop that is under way goes on as a stop proper."""
        self._drop_requests()
        if self.stopping is not None:
            self.state = State.STOPPING
            return
        self.state = State.LATCHED
        self.line.nothing_due()
        self.line.discard_unsent()

    def give_up(self) -> None:
        """Nothing came while connecting."""
        self._drop_requests()
        self.stopping = None
        self.state = State.UNKNOWN
        self.line.nothing_due()

    def _drop_requests(self) -> None:
        self.flight = None
        self.waiting = None
        self.polled_ns = None
