"""What each device family is told until it has stopped. On the stop path.

Only what the family needs is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from stimctl.supervisor.stop_frames import StopTalk


@runtime_checkable
class Resetting(Protocol):
    """A talk to a device that can be restarted by its line (DTR), which ends its output."""

    def reset_due(self, elapsed_s: float) -> bool:
        """Whether to do that now, so long after the first burst."""


@runtime_checkable
class Naming(Protocol):
    """A talk to a device that can tell its serial number."""

    name: str

    def ask_name(self) -> bytes:
        """The question for it; the answer goes to `receive`, which sets `name`."""


@runtime_checkable
class Starting(Protocol):
    """A talk to a device that was restarted by opening its port, and starts in silence."""

    def starting(self, elapsed_s: float) -> bool:
        """Whether silence is still to be expected."""


class Patience:
    """Tells once that zero is not verified, when nothing explains it any more.

    `report` is called with "starting" where a device that was restarted is silent until then.
    """

    def __init__(self, talk: Talk, report: Callable[[str], None], after_s: float) -> None:
        self._talk = talk
        self._report = report
        self._after_s = after_s
        self._told = ""

    def look(self, elapsed_s: float) -> None:
        """So much time has passed."""
        if elapsed_s < self._after_s or self._told == "unknown":
            return
        starting = isinstance(self._talk, Starting) and self._talk.starting(elapsed_s)
        state = "starting" if starting else "unknown"
        if state != self._told:
            self._told = state
            self._report(state)


def detail_of(talk: Talk) -> str:
    """What a talk has to say beside its verdict."""
    return str(getattr(talk, "detail", ""))


class Talk(Protocol):
    """Sans-IO: bursts out, answers in; see `StopTalk`."""

    def burst(self) -> bytes:
        """The next bytes to write; perhaps none."""

    def receive(self, data: bytes) -> bool:
        """Take what arrived; True once zero is verified."""


def talk_of(family: str) -> Talk:
    """What is said to a device of this family to stop it."""
    if family == "rehastim2":
        from stimctl.supervisor.stop_frames_sm2 import ScienceMode2StopTalk

        return ScienceMode2StopTalk()
    if family == "openemsstim":
        from stimctl.supervisor.stop_frames_ems import OpenEmsStimStopTalk

        # Another process asks with other probes, at the same time too.
        return OpenEmsStimStopTalk(time.monotonic_ns() // 1_000_000 + 7_919 * os.getpid())
    return StopTalk()
