"""How the API arms: what a person has to do first is waited for, and everything else raised."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from stimctl.codes import Code
from stimctl.errors import NotReadyError, StateError
from stimctl.session.needs import Need

if TYPE_CHECKING:
    from stimctl.supervisor.client import Row
    from stimctl.supervisor.view import SessionView

_PRESS_WITHIN_S = 120.0
_LOOK_AGAIN_S = 0.2
_POLL_S = 0.02
_STEP_WITHIN_S = 25.0
_AT_ZERO = ("identified", "checked", "stopped")
# A press of a stop face closes both.
_PRESSED = frozenset({Need.STOP_FACE.value, Need.PRESENCE.value})


class ApiArming:
    """`ask` sends a command; `still` raises unless the session is in one of these states."""

    def __init__(
        self,
        ask: Callable[[str], Row],
        view: SessionView,
        still: Callable[..., None],
        *,
        has_stop_face: bool,
    ) -> None:
        self._ask = ask
        self._view = view
        self._still = still
        self._has_stop_face = has_stop_face

    def arm(self) -> None:
        """Raises `NotReadyError` for what no person at the machine can close now."""
        try:
            self._ask("arm")
        except NotReadyError as error:
            if self._has_stop_face and set(error.needs) <= _PRESSED:
                self._wait_for_press()
            elif error.needs == (Need.PRESENCE.value,):
                self._wait_for_person()
            else:
                raise
            self._ask("arm")

    def _wait_for_press(self) -> None:
        """Until each stop face was pressed and let go, and zero verified."""
        give_up = time.monotonic() + _PRESS_WITHIN_S
        while True:
            self._still(*_AT_ZERO)
            if self._view.model.other_stop:
                raise StateError(
                    "the session was stopped",
                    code=Code.SESSION_STOPPED,
                    why=self._view.model.other_stop,
                )
            try:
                self._ask("ready")
            except NotReadyError as error:
                if Need.STOP_FACE.value not in error.needs or time.monotonic() > give_up:
                    raise
                time.sleep(_LOOK_AGAIN_S)
            else:
                return

    def _wait_for_person(self) -> None:
        """Until whoever sits at the terminal has typed what is asked there."""
        model = self._view.model
        before = model.presence
        asked = self._ask("present")
        give_up = time.monotonic() + float(asked.get("within_s", 0)) + _STEP_WITHIN_S
        while asked["needed"] and model.presence == before and time.monotonic() < give_up:
            self._still(*_AT_ZERO)
            time.sleep(_POLL_S)
