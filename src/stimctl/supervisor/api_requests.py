"""What a program asks for without waiting: a step of a raise, and more time for its hold."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from stimctl.errors import StateError
from stimctl.session.reasons import PASSING
from stimctl.stimulus.level import AnyLevel, Level
from stimctl.supervisor.api_output import Output
from stimctl.supervisor.climbing import need_at_most


@dataclass(frozen=True, slots=True)
class Requested:
    """What became of one `request`.

    `asked`: the level that was asked of the device just now, None where nothing was. `reached`: the
    device has acknowledged the amplitude of the request. `wait`: why nothing could be asked; the
    next try makes sense after `due_s`.
    """

    asked: AnyLevel | None
    reached: bool
    wait: str
    due_s: float


class Requests(Output):
    """These methods of a `Device`."""

    def request(self, channel: int, amplitude: str) -> Requested:
        """Ask for one device step towards an amplitude, and return at once.

        For programs with a loop of their own: call it as often as you like. What cannot be asked
        yet is not refused and leaves no row; the answer says what has to be waited for. It renews
        no hold: see `renew`.

        Args:
            channel: a channel of the plan, from 1.
            amplitude: "12 mA", or "40 %" where the device knows no current.

        Returns:
            What was asked, or what is waited for.

        Raises:
            LimitRefusedError: above what was cleared, also for a linked channel.
            StateError: the session does not run, or the channel is locked or above it already.
        """
        channel, target = self._reach.target(channel, amplitude)
        self._still("running")
        since = self._client.newest_event
        told: Mapping[str, Any] = self._ask("readings")["channels"][str(channel)]
        plateau, now_ns = told["plateau"], time.monotonic_ns()
        due_s = max(0.0, (told["due_ns"] - now_ns) / 1e9)
        if plateau >= target.value:
            need_at_most(channel, plateau, target)
            return Requested(None, bool(told["confirmed"]), "", 0.0)
        if told["wait"]:
            return Requested(None, False, told["wait"], due_s)
        step = Level(target.scale, min(target.value, plateau + self._reach.steps[channel]))
        try:
            self._ask("raise", channel=channel, level=str(step), since=since)
        except StateError as refused:
            if refused.code not in PASSING:
                raise
            return Requested(None, False, refused.why, due_s)
        return Requested(step, False, "", 0.0)

    def renew(self) -> None:
        """Renew the hold by the duration that it had last, where half of it is gone; else nothing.

        Call it in every turn of a loop that works: a loop that hangs renews nothing.

        Raises:
            StateError: the session is not open.
        """
        self._renew()
