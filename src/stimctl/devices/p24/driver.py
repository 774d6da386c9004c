"""The P24 driver: set points to ScienceMode 4 requests, answers to events; sans-IO.

Trains run on the mid level, single pulses on the low level, and between the two there is always a
verified stop."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import ClassVar

from stimctl.codes import Code
from stimctl.devices.events import Doing
from stimctl.devices.exchange_driver import ExchangeDriver
from stimctl.devices.exchange_rules import Act, Call
from stimctl.devices.p24.accepted import P24_DIALECT
from stimctl.devices.p24.link_state import Dialect, ScienceModeLink
from stimctl.devices.p24.output import ChannelOutput
from stimctl.devices.p24.table import State
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import StateError
from stimctl.safety.cleared import SetPoint
from stimctl.wire.sciencemode4 import messages as sm4

_MID_STATES = frozenset({State.MID, State.MID_INIT})
_LOW_STATES = frozenset({State.LOW, State.LOW_INIT})


class ScienceModeDriver(ExchangeDriver[ChannelOutput, State]):
    """One device on one line. Its kind is its `dialect`: a P24, or a RehaMove3."""

    __slots__ = ()

    dialect: ClassVar[Dialect]
    _link: ScienceModeLink

    def __init__(self) -> None:
        super().__init__()
        self._link = ScienceModeLink(self.dialect)

    @property
    def sheet(self) -> CapabilitySheet:
        """The capability sheet of the device."""
        return self.dialect.sheet

    def apply(
        self,
        now_ns: int,
        set_points: Mapping[int, SetPoint],
        planned: Collection[int] = frozenset(),  # noqa: ARG002 - one frame has every channel
    ) -> int:
        """Run exactly these channels. Ticket; LimitRefusedError or StateError and nothing sent."""
        link = self._link
        act = self._act(Call.APPLY)
        request = self._want(now_ns, link.encoder.frame(set_points), set_points)
        if act is Act.OFFER:
            self._offer(now_ns, request)
        elif act is Act.INIT:
            link.init_mid(now_ns)
        elif act is Act.SWITCH:
            link.begin_stop(now_ns, State.TO_MID, (sm4.LlStop.command,))
        return self._tickets

    def pulse(self, now_ns: int, channel: int, set_point: SetPoint) -> int:
        """One pulse; no sooner after the last one on the channel than the set point's period."""
        link = self._link
        act = self._act(Call.PULSE)
        self._refuse_busy("a pulse now", link.waiting)
        if act is Act.SWITCH and any(frame.outputs for frame in link.possible):
            raise StateError(
                "a pulse now", code=Code.TRAIN_RUNS, why="a pulse train runs or may run"
            )
        encoded = link.encoder.pulse(channel, set_point)
        self._want_pulse(now_ns, sm4.LlChannelConfig.command, encoded, set_point)
        if act is Act.OFFER:
            if link.flight is None:  # else it leaves when the keep-alive is answered
                link.send_waiting(now_ns)
        elif act is Act.INIT:
            link.init_low(now_ns)
        else:
            link.begin_stop(now_ns, State.TO_LOW, (sm4.MlStop.command,))
        return self._tickets

    def keep_alive(self, now_ns: int) -> None:
        """Ask how the trains are doing, or where none can run, what is initialized."""
        act = self._act(Call.KEEP_ALIVE)
        if act is Act.ASK_TRAINS:
            self._link.ask_trains(now_ns)
        elif act is Act.ASK_STATUS and self._link.flight is None:
            self._link.ask_status(now_ns, Doing.KEEP_ALIVE)

    def stop(self, now_ns: int) -> None:
        """Stop at once. Called again while stopping it sends one more round at once."""
        link = self._link
        if self._act(Call.STOP) is Act.STOP_AGAIN:
            link.send_round(now_ns)
            return
        link.waiting = None
        levels: tuple[int, ...] = (sm4.MlStop.command, sm4.LlStop.command)
        if link.state in _MID_STATES:
            levels = (sm4.MlStop.command,)
        elif link.state in _LOW_STATES:
            levels = (sm4.LlStop.command,)
        link.begin_stop(now_ns, State.STOPPING, levels)


class P24Driver(ScienceModeDriver):
    """One P24 on one line."""

    __slots__ = ()
    dialect = P24_DIALECT
