"""What each device family is told until it has stopped. On the stop path.

Only what the family needs is imported.
"""

from __future__ import annotations

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

        return OpenEmsStimStopTalk()
    return StopTalk()
