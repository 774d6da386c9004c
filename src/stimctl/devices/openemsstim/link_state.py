"""The state of an exchange with a board: message in flight, stop under way, what is believed.

Holds everything that changes, and the transitions; when they happen is decided by the calls and
timers of `driver`. The only thing that says what the board has done is its echo.
"""

from __future__ import annotations

from stimctl.devices.events import (
    Acked,
    Doing,
    DriverEvent,
    Identified,
    RaiseDropped,
    Ready,
    Rejected,
    Restarting,
    UnexpectedState,
    ZeroVerified,
)
from stimctl.devices.openemsstim.bursts import ALL_OFF, Bursts
from stimctl.devices.openemsstim.line import BoardLine, Heard, Sent, What
from stimctl.devices.openemsstim.output import burst_line, off_line
from stimctl.devices.openemsstim.request import (
    ECHO_NS,
    LOADING_NS,
    NOISE_NS,
    REPEAT_NS,
    SWITCHING_NS,
    Request,
    Stopping,
    Strangers,
)
from stimctl.devices.openemsstim.rounds import (
    FIRMWARE,
    PROBE,
    RECEIVED,
    STOP_REPLIES,
    answer_to,
    is_foreign,
    refusal_of,
    round_of,
)
from stimctl.devices.openemsstim.sheet import FAMILY
from stimctl.devices.openemsstim.table import WORKING, State
from stimctl.wire.openemsstim.dialect import Dialect, DialectProbe
from stimctl.wire.openemsstim.echo import expected_echo
from stimctl.wire.openemsstim.text import STOP_TEXT, stop_line

_TRIES = 3
"""So often a board is asked which firmware it has, if its answer may have been damaged [POLICY]."""
_ROUNDS_AT_CONNECT_NS = (100_000_000, 1_000_000_000)
"""After the first stop of a connection; a board that starts keeps them, and must not overflow."""


class BoardLink:
    """The state of one connection to a board."""

    __slots__ = ("buffered", "bursts", "connect_ns", "dialect", "doubtful", "events", "identified",
                 "line", "probe", "state", "stopping", "strangers", "ticket")  # fmt: skip

    def __init__(self) -> None:
        self.events: list[DriverEvent] = []
        self.line = BoardLine(self.events)
        self.state = State.UNKNOWN
        self.bursts = Bursts()
        self.dialect: Dialect | None = None
        self.identified = False
        self.probe: DialectProbe | None = None
        """While connecting: the question for the dialect has been heard, its answer is coming."""
        self.stopping: Stopping | None = None
        self.strangers = Strangers()
        self.ticket: int | None = None
        """Of the latest `apply()`, until all of it is in force."""
        self.connect_ns: int | None = None
        self.doubtful = False
        """Half a message may be on the line, or the board has understood something else."""
        self.buffered = False
        """It restarted with a burst in its buffer, perhaps, which it reads when it has started."""

    @property
    def flight(self) -> Sent | None:
        """The message whose echo is awaited."""
        return self.line.waiting[0] if self.line.waiting else None

    # Connection

    def find(self, now_ns: int) -> None:
        """Connect. A board that was not restarted by opening the port is stopped at once."""
        self.line.retire()  # the board may still answer what it was sent, and has yet to read it
        self.identified, self.dialect, self.probe = False, None, None
        self.connect_ns = now_ns
        self._begin(now_ns, State.CLEARING)
        if not self.line.booting:
            self.send_round(now_ns)

    def _identify(self, now_ns: int, dialect: Dialect) -> None:
        """The answer to the probe is there; zero was verified when it began."""
        self.probe = None
        assert self.stopping is not None
        if dialect not in FIRMWARE and self.stopping.tries < _TRIES - 1:
            self.stopping.tries += 1
            self.send_round(now_ns)
            return
        refusal = refusal_of(dialect, boot_seen=self.line.boot_seen)
        if refusal is not None:
            self._rest(State.UNKNOWN)
            self.events.append(Rejected(Doing.IDENTIFY, refusal, 0))
            return
        self.dialect, self.identified = dialect, True
        for sent in self.line.waiting:  # of rounds that were sent before it was known
            if len(sent.replies) == 1:
                sent.replies = answer_to(sent.replies[0].text, dialect)
        self.events.append(Identified(FAMILY, "", FIRMWARE[dialect], str(dialect), ""))
        self._zero(now_ns)
        self.events.append(Ready())

    def give_up(self) -> None:
        """Nothing came while connecting."""
        self.line.retire()
        self._rest(State.UNKNOWN)

    def _rest(self, state: State) -> None:
        self.stopping = self.probe = self.ticket = None
        self.bursts.clear()
        self.state = state

    # Sending

    def send_next(self, now_ns: int) -> None:
        """Send what must leave now, if nothing is in flight."""
        if self.state is not State.RUNNING or self.flight is not None:
            return
        following = self.bursts.following(now_ns)
        if following is None:
            return
        request, expires_ns = following
        if request is ALL_OFF:
            text, data = STOP_TEXT, stop_line(line_may_be_open=False)
        else:
            assert request.channel is not None
            line = burst_line(request.channel, request.percent) if request.percent else None
            text, data = line or off_line(request.channel)
        assert self.dialect is not None
        replies = expected_echo(text, self.dialect)
        self.bursts.sent(now_ns, request)
        self.line.send(now_ns, data, replies, request, expires_ns=expires_ns)

    def ask(self, now_ns: int, doing: Doing) -> None:
        """The harmless question: does the board answer?"""
        assert self.dialect is not None
        replies = answer_to(PROBE, self.dialect)
        self.bursts.pace.sent(now_ns)
        self.line.send(now_ns, DialectProbe.request, replies, Request(doing))

    def settle(self, latency_ns: int, *, echoed: bool = False) -> None:
        """Tell when the latest call is in force, and after an echo what of it is."""
        told = self.bursts.acked(self.ticket, latency_ns, echoed=echoed)
        if told is not None:
            self.events.append(told)
            self.ticket = None if told.in_force is None else self.ticket

    def drop_stale(self, now_ns: int) -> None:
        """Give up a raise that could not leave in time. What the bursts have confirmed holds."""
        age_ns = self.bursts.given_up(now_ns, certain=self.flight is None)
        if age_ns is not None and self.ticket is not None:
            sets = self.bursts.sets
            self.events.append(RaiseDropped(self.ticket, age_ns, sent=False, falls_to=sets))
            self.ticket = None

    # Stopping

    def begin_stop(self, now_ns: int) -> None:
        """Stop until zero is verified. While the board starts all its pins are low: it is zero."""
        flight = self.flight
        silent = flight is not None and now_ns - flight.sent_ns >= ECHO_NS
        self._begin(now_ns, State.STOPPING, silent=silent)
        if self.buffered:
            self._restart(now_ns)
        elif self.line.starting(now_ns):
            self.restarted_while_stopping(now_ns)
        else:
            self.send_round(now_ns)

    def _begin(self, now_ns: int, state: State, *, silent: bool = False) -> None:
        self.bursts.drop()
        self.ticket = self.probe = None
        self.line.lenient = True
        self.stopping = Stopping(now_ns, silent=silent)
        self.state = state

    def send_round(self, now_ns: int) -> None:
        """The stop and its probe, at once and over everything that was not handed out; as far as
        there is room. A line end goes first where half a message may be on the line; it costs
        50 ms, and silence does the same, so that only every other round has it.
        """
        stopping = self.stopping
        assert stopping is not None
        connecting = self.state is State.CLEARING
        self.doubtful |= connecting or stopping.rounds > 0 or self.line.unread(now_ns) > 0
        opened = self.doubtful and stopping.rounds % 2 == 0
        messages = round_of(now_ns, self.dialect, opened=opened)
        stopping.next_ns = now_ns + REPEAT_NS
        if connecting and not self.line.boot_seen:
            index = min(stopping.rounds, len(_ROUNDS_AT_CONNECT_NS) - 1)
            stopping.next_ns = now_ns + _ROUNDS_AT_CONNECT_NS[index]
        if self.line.has_room(now_ns, sum(len(data) for data, _ in messages)):
            stopping.rounds += 1
            self.line.send_all(now_ns, messages, stopping)

    def stop_due(self, now_ns: int) -> None:
        """A round is due, or the last resort."""
        stopping = self.stopping
        assert stopping is not None
        if self.state is State.STOPPING and not stopping.heard and now_ns >= stopping.reset_ns:
            self._restart(now_ns)
        elif self.state is State.CLEARING and self.line.booting:
            if now_ns >= self.line.started_by_ns():
                self.line.give_up_banner(now_ns)
                self.send_round(now_ns)
        elif now_ns >= stopping.next_ns:
            self.send_round(now_ns)

    def next_round_ns(self) -> int:
        """When `stop_due` has something to say."""
        assert self.stopping is not None
        if self.state is State.CLEARING and self.line.booting:
            return self.line.started_by_ns()
        return self.stopping.next_ns

    def _restart(self, now_ns: int) -> None:
        """Restart the board by its line: all pins drop, and what waited in its buffer is lost.

        Its banner then means zero, and that nothing but a stop comes after it.
        """
        stopping = self.stopping
        assert stopping is not None
        self.line.reset()
        self.buffered = False
        stopping.was_reset(now_ns)
        self.events.append(Restarting(now_ns + LOADING_NS))

    def _zero(self, now_ns: int, *, reset: bool = False) -> None:
        """Zero was verified: the stop is over, nothing can be in force."""
        done = self.stopping
        assert done is not None
        self.line.retire()
        self.line.lenient = self.doubtful = False
        self._rest(State.ZERO if self.identified else State.RESTARTED)
        latency_ns = now_ns - done.started_ns
        self.events.append(ZeroVerified(latency_ns, done.rounds, reset, reset))

    def restarted_while_stopping(self, now_ns: int) -> None:
        """A reset opens both relays, and nothing but stops was sent to it since."""
        self.identified = False
        self._zero(now_ns, reset=True)

    def latch(self) -> None:
        """The board is not as it was left: nothing more is sent, and every burst ends by itself."""
        self.bursts.drop()
        self.ticket = None
        self.line.discard_unsent()
        self.doubtful = True
        self.state = State.LATCHED

    # What the board says

    def take(self, now_ns: int, heard: Heard) -> None:
        """Let one line from the board have its effect."""
        if heard.what is What.RESTARTED:
            self._restarted(now_ns)
        elif heard.what is What.READY:
            self._ready(now_ns)
        elif heard.what is What.BANNER:
            return
        elif self.probe is not None:
            self._take_dialect(now_ns, heard.text)
        elif self.stopping is not None:
            self._take_stopping(now_ns, self.stopping, heard)
        elif heard.what is What.DIFFERENT:
            self._different(now_ns, heard)
        elif heard.what is What.DONE and heard.sent is not None:
            self._done(now_ns, heard.sent)

    def _restarted(self, now_ns: int) -> None:
        stopping = self.stopping
        by_us = stopping is not None and stopping.restarted
        self.buffered = not by_us and any(
            sent.begun_ns is None and isinstance(sent.owner, Request) for sent in self.line.waiting
        )
        if stopping is not None and self.state is State.STOPPING:
            if self.buffered:
                self._restart(now_ns)
            elif self.strangers.gone(now_ns):
                self.restarted_while_stopping(now_ns)
        elif self.state in WORKING or self.state is State.LATCHED:
            on = self.bursts.on
            found = "restarted: it was reset or lost its supply"
            self.events.append(UnexpectedState("going on", found, on, frozenset(), restarted=True))
            self.line.forget()
            self.identified = False
            self._rest(State.RESTARTED)

    def _ready(self, now_ns: int) -> None:
        """What was sent while it started is read now, after both channels are switched off; what
        its bootloader has heard is not, so that it is said again if no echo comes."""
        if self.state is State.CLEARING and self.stopping is not None:
            if self.line.waiting:
                self.stopping.next_ns = now_ns + ECHO_NS
            else:
                self.send_round(now_ns)

    def _different(self, now_ns: int, heard: Heard) -> None:
        """Neither the banner nor an answer to us: told, so that a stop begins, in every state."""
        if self.state is State.LATCHED or (self.state is State.UNKNOWN and self.connect_ns is None):
            return  # it was told already; or the line is not ours yet
        expected = "nothing to be said" if heard.sent is None else f"echo {heard.sent.expected!r}"
        found = f"answering {heard.text!r}"
        if is_foreign(heard.text):
            self.strangers.heard(now_ns)
            found = (
                f"driven by another program on this port, or by noise: it answers {heard.text!r}"
            )
        self.events.append(UnexpectedState(expected, found))
        if self.state in WORKING:
            self.latch()

    def _take_stopping(self, now_ns: int, stopping: Stopping, heard: Heard) -> None:
        sent = heard.sent
        if heard.what is What.DIFFERENT or sent is None:
            self._take_stranger(now_ns, stopping, heard.text)
        elif isinstance(sent.owner, Stopping):
            self._stop_heard(now_ns, stopping, heard, sent)
        else:  # it is busy with what came before
            stopping.echoed = False
            stopping.busy(now_ns)

    def _take_stranger(self, now_ns: int, stopping: Stopping, text: str) -> None:
        """No answer to what was sent: noise, a round that was damaged, or another program."""
        stopping.echoed = False
        stopping.next_ns = now_ns + NOISE_NS
        if not text.startswith(RECEIVED):
            return
        if not is_foreign(text):
            self.send_round(now_ns)  # a damaged round: the board has read it
        elif stopping.heard and self.strangers.heard(now_ns):  # before that it may be our own
            found = "driven by another program on this port"
            self.events.append(UnexpectedState("driven by this program alone", found))

    def _stop_heard(self, now_ns: int, stopping: Stopping, heard: Heard, sent: Sent) -> None:
        stopping.heard = True
        stopping.next_ns = max(stopping.next_ns, now_ns + SWITCHING_NS)
        if sent.replies is STOP_REPLIES:
            stopping.echoed = heard.what is What.DONE
            return
        if not sent.replies[0].text:
            return  # the line end before it
        if sent.begun_ns == now_ns and sent.at == 1:
            sent.proves = stopping.echoed and sent.owner is stopping
        stopping.echoed = False
        if sent.owner is not stopping:
            return
        if sent.proves and self.strangers.gone(now_ns):
            if self.state is not State.CLEARING:
                self._zero(now_ns)
            elif heard.what is What.DONE:
                self.probe = DialectProbe(sent.replies[0].text)
                self._take_dialect(now_ns, heard.text)
        elif heard.what is What.DONE and not self.line.waiting:
            # The probe came without a proof, and no other round is on its way.
            if self.strangers.gone(now_ns):
                self.send_round(now_ns)
            else:
                stopping.next_ns = now_ns + REPEAT_NS

    def _take_dialect(self, now_ns: int, text: str) -> None:
        assert self.probe is not None
        assert self.stopping is not None
        self.stopping.next_ns = now_ns + ECHO_NS
        found = self.probe.take(text)
        if found is not None:
            self._identify(now_ns, found)

    def dialect_silent(self, now_ns: int) -> None:
        """No more comes to the probe."""
        assert self.probe is not None
        self._identify(now_ns, self.probe.silence())

    def _done(self, now_ns: int, sent: Sent) -> None:
        request = sent.owner
        if not isinstance(request, Request):
            return  # a round of a stop that is over
        latency_ns = (sent.begun_ns or now_ns) - sent.sent_ns
        self.bursts.echoed(request)
        if request.doing is Doing.KEEP_ALIVE:
            self.events.append(Acked(Doing.KEEP_ALIVE, latency_ns))
        self.settle(latency_ns, echoed=True)
        self.drop_stale(now_ns)
        self.send_next(now_ns)
