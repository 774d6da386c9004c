"""A raise by many steps: each is asked for once the supervisor says that it is possible."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from stimctl.codes import Code
from stimctl.errors import StateError
from stimctl.session.reasons import PASSING
from stimctl.stimulus.level import AnyLevel, Level
from stimctl.supervisor.client import SupervisorClient
from stimctl.supervisor.reach import Reach
from stimctl.supervisor.view import SessionView

_LOOK_S = 0.1
"""A row that tells of a change ends a wait sooner."""
_OVERTAKEN = PASSING | {Code.NOT_ABOVE}
"""Why a step is refused that was possible a moment ago: somebody else has raised the channel."""


def need_at_most(channel: int, plateau: int, level: AnyLevel) -> None:
    """StateError where a channel that is to be raised to a level is above it."""
    if plateau > level.value:
        raise StateError(
            f"channel {channel} is above {level} already",
            code=Code.ABOVE_TARGET,
            what_to_do="use lower_to",
        )


class Climb:
    """One `raise_to`. What lowers the channel after it began ends it, whoever lowers.

    `going` raises where the session no longer runs; `renew` renews the hold of the program.
    """

    def __init__(
        self,
        client: SupervisorClient,
        view: SessionView,
        reach: Reach,
        going: Callable[[], None],
        renew: Callable[[], None],
    ) -> None:
        self._client = client
        self._view = view
        self._reach = reach
        self._going = going
        self._renew = renew
        self._since = client.newest_event

    def to(self, channel: int, level: AnyLevel) -> None:
        """Return when the device has acknowledged `level`."""
        target = level.value
        count, now = self._view.count, self._reading(channel)
        need_at_most(channel, now["plateau"], level)
        while now["plateau"] < target or not now["confirmed"]:
            if now["plateau"] >= target:
                self._view.wait(count, _LOOK_S)
            elif now["wait"]:
                early_s = (now["due_ns"] - time.monotonic_ns()) / 1e9
                self._view.wait(count, min(_LOOK_S, early_s) if early_s > 0 else _LOOK_S)
            else:
                step = self._reach.steps[channel]
                self._ask(channel, Level(level.scale, min(target, now["plateau"] + step)))
            count, now = self._view.count, self._reading(channel)

    def _reading(self, channel: int) -> Mapping[str, Any]:
        self._going()
        self._renew()
        reading: Mapping[str, Any] = self._client.ask("readings")["channels"][str(channel)]
        return reading

    def _ask(self, channel: int, level: AnyLevel) -> None:
        try:
            self._client.ask("raise", channel=channel, level=str(level), since=self._since)
        except StateError as refused:
            if refused.code not in _OVERTAKEN:
                raise
