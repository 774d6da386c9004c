"""What goes on between driver and P24: the request in flight, the stop under way, what is believed.

Holds everything that changes, and the transitions; when they happen is decided by the calls and
timers of `driver` and by the answers of `answers`.
"""

from __future__ import annotations

from stimctl.devices.events import Doing, DriverEvent, RaiseDropped, Withheld
from stimctl.devices.output_check import OutputCheck
from stimctl.devices.p24.dialect import Dialect
from stimctl.devices.p24.gate import ALL_OFF, Trains, lowest, without
from stimctl.devices.p24.line import Line
from stimctl.devices.p24.request import Request
from stimctl.devices.p24.stopping import Stopping
from stimctl.devices.p24.table import State
from stimctl.wire.sciencemode4 import messages as sm4

FALLBACK_TICKET = 0
"""In the Acked of a fallback, which no call of the engine asked for; tickets begin at 1."""


class Conversation:
    """The state of one connection.

    `flight`: the request whose answer is awaited. `waiting`: what is sent next, the latest call
    wins. `stopping`: the stop under way; there is never a flight beside it. `possible`: every set
    of trains that may be in force, because the device confirmed it or because it was sent since.
    `check`: what a second of them comes to, against what was cleared.
    """

    __slots__ = ("battery_due_ns", "check", "connect_ns", "dialect", "events", "flight",
                 "identified", "level_ns", "line", "possible", "rounds", "serial", "state",
                 "status_wanted", "stopping", "versions", "waiting")  # fmt: skip

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self.battery_due_ns: int | None = None  # when the battery is to be asked again
        self.versions = ("", "")
        self.events: list[DriverEvent] = []
        self.line = Line(self.events)
        self.state = State.UNKNOWN
        self.flight: Request | None = None
        self.waiting: Request | None = None
        self.stopping: Stopping | None = None
        self.possible: list[Trains] = [ALL_OFF]
        self.check = OutputCheck(one_source=dialect.sheet.bounds.multiplexed)
        self.status_wanted = False
        self.identified = False
        self.serial = ""
        self.connect_ns = 0
        self.rounds = 0
        self.level_ns = 0  # since when the present level is believed to be initialised

    # Sending

    def send(self, now_ns: int, request: Request, *, after_break: bool = False) -> None:
        """Send a request, which becomes the one in flight."""
        overtaken = self.flight if self.flight is not request else None
        if overtaken is not None and overtaken.doing is Doing.KEEP_ALIVE:
            self.status_wanted = True  # it was not answered: ask again
        self.flight = request
        request.last = self.line.send(
            now_ns,
            request.command,
            request.payload,
            request,
            after_break=after_break,
            expires_ns=request.expires_ns,
        )

    def send_again(self, now_ns: int, request: Request) -> None:
        """Send the request in flight once more, unless it raises and has become too old for it.

        Then the device may have what was before it or what it asks for, so the lowest of all that
        is sent in its stead: that raises nothing, and what was to be lowered is lowered.
        """
        if not request.stale(now_ns) or request.trains is None:
            self.send(now_ns, request, after_break=True)
            return
        trains = lowest(request.trains, self.possible, self.dialect.model)
        age_ns = now_ns - request.asked_ns
        self.events.append(RaiseDropped(request.ticket or 0, age_ns, True, trains.channels))
        self.send_lower(now_ns, trains)

    def send_lower(self, now_ns: int, trains: Trains) -> None:
        """Send trains that raise nothing, and that no call of the engine asked for."""
        self.possible.append(trains)
        self.check.sent(now_ns, trains.units)
        request = Request(
            Doing.APPLY,
            sm4.MlUpdate.command,
            now_ns,
            trains.payload,
            ticket=FALLBACK_TICKET,
            trains=trains,
            channels=trains.channels,
        )
        self.send(now_ns, request, after_break=True)

    def send_waiting(self, now_ns: int) -> None:
        """Send what waits, unless it has become too old."""
        request = self.waiting
        self.waiting = None
        if request is None:
            return
        if request.stale(now_ns):
            self._report_dropped(now_ns, request)
            return
        if request.trains is not None:
            trains = self._admitted(now_ns, request, request.trains)
            if trains not in self.possible:
                self.possible.append(trains)
            self.check.sent(now_ns, trains.units)
        elif request.unit is not None:
            self.check.pulsed(now_ns, request.channels[0].channel, request.unit)
        self.send(now_ns, request)

    def _admitted(self, now_ns: int, request: Request, trains: Trains) -> Trains:
        """What of the request the final output check lets pass; the rest is off, and told."""
        held = self.check.admit(now_ns, trains.units, request.proofs)
        if held:
            trains = without(trains, {one.channel for one in held}, self.dialect.model)
            request.turn_to(trains)
            self.events += [Withheld(*one) for one in held]
        return trains

    def close_due(self, now_ns: int) -> None:
        """Switch off what has given as much as a second may hold."""
        held = self.check.due(now_ns)
        if not held or self.state is not State.MID:
            return
        self.events += [Withheld(*one, closed=True) for one in held]
        channels = {one.channel for one in held}
        if self.waiting is not None and self.waiting.trains is not None:
            self.waiting.turn_to(without(self.waiting.trains, channels, self.dialect.model))
        self.send_lower(now_ns, without(self.possible[-1], channels, self.dialect.model))

    def drop_stale(self, now_ns: int) -> None:
        """Give up a raise that could not leave in time."""
        if self.waiting is not None and self.waiting.stale(now_ns):
            request, self.waiting = self.waiting, None
            self._report_dropped(now_ns, request)

    def _report_dropped(self, now_ns: int, request: Request) -> None:
        self.events.append(RaiseDropped(request.ticket or 0, now_ns - request.asked_ns, False))

    def compare(self, request: Request, trains: Trains) -> None:
        """Note whether the request raises or lowers against anything that may be in force."""
        request.raises = any(trains.raises(other) for other in self.possible)
        request.lowers = any(trains.lowers(other) for other in self.possible)

    def ask_status(self, now_ns: int, doing: Doing) -> None:
        """Get_stim_status: works in every state and does not feed the watchdog."""
        self.send(now_ns, Request(doing, sm4.GetStimStatus.command, now_ns))

    def ask_trains(self, now_ns: int) -> None:
        """Ml_get_current_data: the keep-alive. After the request in flight, if there is one."""
        if self.flight is None:
            command = sm4.MlGetCurrentData.command
            self.send(now_ns, Request(Doing.KEEP_ALIVE, command, now_ns, self.dialect.ask_trains))
        elif self.flight.doing is not Doing.KEEP_ALIVE:
            self.status_wanted = True

    def ask_battery(self, now_ns: int) -> bool:
        """Ask the battery if that is due; it does not feed the watchdog."""
        command, due_ns = self.dialect.battery, self.battery_due_ns
        if command is None or due_ns is None or now_ns < due_ns:
            return False
        self.send(now_ns, Request(Doing.KEEP_ALIVE, command, now_ns))
        return True

    def answered(self, now_ns: int) -> None:
        """The request in flight is done with: send what comes next."""
        keeping_alive = self.flight is not None and self.flight.doing is Doing.KEEP_ALIVE
        self.flight = None
        self.line.nothing_due()
        if self.status_wanted and self.state is State.MID:
            self.status_wanted = False
            self.ask_trains(now_ns)
        elif self.waiting is None and keeping_alive and self.ask_battery(now_ns):
            return
        elif self.state in (State.MID, State.LOW):
            self.send_waiting(now_ns)

    # From state to state

    def find(self, now_ns: int) -> None:
        """Begin to connect: forget everything, ask what is initialised."""
        self._drop_requests()
        self.stopping = None
        self.line.restart()
        self.identified = False
        self.possible = [ALL_OFF]
        self.connect_ns = now_ns
        self.rounds = 0
        self.state = State.FINDING
        request = Request(Doing.CONNECT, sm4.GetStimStatus.command, now_ns)
        self.send(now_ns, request, after_break=True)

    def name(self, now_ns: int) -> None:
        """Go on connecting: ask for the device's names."""
        self.state = State.NAMING
        self.send(now_ns, Request(Doing.IDENTIFY, sm4.GetDeviceId.command, now_ns))

    def init_mid(self, now_ns: int) -> None:
        """Bring up the mid level."""
        self.state = State.MID_INIT
        self.send(now_ns, Request(Doing.START, sm4.MlInit.command, now_ns, self.dialect.ml_init))

    def init_low(self, now_ns: int) -> None:
        """Bring up the low level."""
        self.state = State.LOW_INIT
        self.send(now_ns, Request(Doing.START, sm4.LlInit.command, now_ns, self.dialect.ll_init))

    def begin_stop(self, now_ns: int, state: State, levels: tuple[int, ...]) -> None:
        """Stop these levels until zero is verified; `state` says what for."""
        confirmed = self.state in (State.MID, State.LOW)
        self.flight = None
        self.status_wanted = False
        self.stopping = Stopping(levels, now_ns, confirmed=confirmed)
        self.state = state
        self.send_round(now_ns)

    def send_round(self, now_ns: int) -> None:
        """Send the stop, at once and over everything that was not handed out."""
        if self.stopping is not None:
            self.line.send_urgent(now_ns, self.stopping.round(now_ns), self.stopping)

    def zero(self, now_ns: int) -> Stopping | None:
        """Zero was verified: the stop is over, no train can be in force. Returns the stop."""
        done, self.stopping = self.stopping, None
        self.possible = [ALL_OFF]
        self.check.settled(now_ns, None, ALL_OFF.units)
        self.line.nothing_due()
        if done is not None:
            self.rounds += done.rounds
        if self.state is State.CLEARING:
            self.name(now_ns)
        elif self.state is State.TO_MID and self.waiting is not None:
            self.init_mid(now_ns)
        elif self.state is State.TO_LOW and self.waiting is not None:
            self.init_low(now_ns)
        else:
            self.state = State.ZERO if self.identified else State.UNKNOWN
        return done

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
        self.state = State.UNKNOWN
        self.line.nothing_due()

    def _drop_requests(self) -> None:
        self.flight = None
        self.waiting = None
        self.status_wanted = False
