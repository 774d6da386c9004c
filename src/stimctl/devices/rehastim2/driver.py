"""The RehaStim2 driver: set points to ScienceMode 2 requests, answers to events; sans-IO.

Trains run in the channel list mode, single pulses in the start mode, and between the two there is
always a stop. Which channels a list has, and in which rhythm, is fixed by the first `apply` after
a stop. The device is kept alive by `keep_alive` alone: an idle one by Watchdog, a stimulating one
by its set points, said once more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from stimctl.devices.events import Doing
from stimctl.devices.exchange_driver import ExchangeDriver
from stimctl.devices.exchange_rules import Act, Call
from stimctl.devices.rehastim2.link_state import RehaStim2Link
from stimctl.devices.rehastim2.output import ChannelOutput, frame_for, pulse_for, setup_for
from stimctl.devices.rehastim2.sheet import REHASTIM2_SHEET
from stimctl.devices.rehastim2.table import State
from stimctl.devices.sheet import CapabilitySheet
from stimctl.safety.cleared import SetPoint
from stimctl.wire.sciencemode2 import messages as sm2


class RehaStim2Driver(ExchangeDriver[ChannelOutput, State]):
    """One RehaStim2 on one line."""

    __slots__ = ()

    _link: RehaStim2Link

    def __init__(self) -> None:
        super().__init__()
        self._link = RehaStim2Link()

    @property
    def sheet(self) -> CapabilitySheet:
        """The capability sheet of the RehaStim2."""
        return REHASTIM2_SHEET

    def apply(
        self,
        now_ns: int,
        set_points: Mapping[int, SetPoint],
        planned: Collection[int] = frozenset(),  # noqa: ARG002 - one frame has every channel
    ) -> int:
        """Run exactly these channels. Ticket; LimitRefusedError or StateError and nothing sent.

        The first call after a stop chooses the channels and the rhythm of the list; set points of
        0 uA choose without output. A later one keeps within them.
        """
        link = self._link
        act = self._act(Call.APPLY)
        setup = link.setup
        if act is Act.INIT:
            self._refuse_busy("an apply now")
            if not set_points:  # nothing to set up: that nothing runs is asked of the device
                command = sm2.GetStimulationMode.command
                link.ask(now_ns, Doing.APPLY, command, ticket=self._ticket())
                return self._tickets
            setup = setup_for(set_points)
        assert setup is not None
        request = self._want(now_ns, frame_for(setup, set_points), set_points)
        if act is Act.INIT:
            link.setup = setup
            link.set_up(now_ns)
        elif act is Act.OFFER:
            self._offer(now_ns, request)
        return self._tickets

    def pulse(self, now_ns: int, channel: int, set_point: SetPoint) -> int:
        """One pulse; no sooner after the last one on the channel than the set point's period."""
        link = self._link
        self._act(Call.PULSE)
        self._refuse_busy("a pulse now", link.waiting)
        self._want_pulse(now_ns, sm2.SinglePulse.command, pulse_for(channel, set_point), set_point)
        if link.flight is None:
            link.send_waiting(now_ns)
        return self._tickets

    def keep_alive(self, now_ns: int) -> None:
        """Feed the device's watchdog in the way its state asks for. The caller is the gate."""
        act = self._act(Call.KEEP_ALIVE)
        if act is Act.FEED:
            self._link.feed(now_ns)
        elif act is Act.REFRESH:
            self._link.refresh(now_ns)

    def stop(self, now_ns: int) -> None:
        """Stop at once. Called again while stopping it sends one more round at once."""
        if self._act(Call.STOP) is Act.STOP_AGAIN:
            self._link.send_round(now_ns)
        else:
            self._link.begin_stop(now_ns, State.STOPPING)
