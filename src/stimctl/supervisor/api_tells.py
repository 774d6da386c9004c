"""What a program tells a session about the people at it: who is there, what is felt, and where."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from typing import Any, Final

from stimctl.supervisor.client import Row
from stimctl.supervisor.reach import Reach

MARK: Final = "mark"
"""The topic of a note that marks a moment; `at_ns` says which."""


class Tells(ABC):
    """These methods of a `Device`."""

    _reach: Reach

    @abstractmethod
    def _ask(self, do: str, **fields: Any) -> Row:
        """Ask the supervisor."""

    @abstractmethod
    def _send(self, do: str, **fields: Any) -> None:
        """Tell the supervisor, and wait for nothing."""

    def attend(self) -> None:
        """Answer the attendance prompt of a twin, which comes after every 5 minutes of output.

        Raises:
            StateError: on hardware. There the terminal of this program asks, and a person types the
                answer (or presses a stop face); a program cannot answer for one.
        """
        self._ask("attend")

    def hand_over(self, operator: str) -> None:
        """Tell that somebody else is in charge from here on.

        Args:
            operator: a code; named in every later row of output.

        Raises:
            UsageError: the code is invalid.
        """
        self._ask("operator", code=operator)

    def felt(self, channel: int) -> None:
        """Tell that the person feels this channel. Otherwise it is asked about every 15 mA.

        Args:
            channel: a channel of the plan, from 1.

        Raises:
            UsageError: there is no such channel.
        """
        self._ask("felt", channel=self._reach.channel(channel))

    def found(self, channel: int, site: str) -> None:
        """Tell where the person feels this channel, so that the next one may rise.

        For sessions with `find_channels`. Where the plan has another site all output is stopped:
        the leads may be swapped. `arm` is refused until a plan with other sites is loaded, or
        `leads_checked` is told.

        Args:
            channel: a channel of the plan, from 1.
            site: a body site ("left-calf"), or "elsewhere".

        Raises:
            StateError: the plan has another site.
            UsageError: the channel or the site is unknown.
        """
        self._ask("found", channel=self._reach.channel(channel), site=site)

    def note(self, text: str, *, topic: str = "note") -> None:
        """Write a note into the record of the session.

        Args:
            text: what there is to say. No name of a person.
            topic: one word for what it is about.

        Raises:
            StateError: there is no record yet.
        """
        self._ask("note", topic=topic, text=text)

    def mark(self, text: str) -> int:
        """Mark this moment in the record, and on every marker output.

        Args:
            text: what happens now ("trial 3").

        Returns:
            The moment, on the clock of `time.monotonic_ns()`, as the record has it.

        Raises:
            StateError: there is no record yet.
        """
        at_ns = time.monotonic_ns()
        self._ask("note", topic=MARK, text=text, at_ns=at_ns)
        return at_ns

    def acknowledge(self, reason: str = "") -> None:
        """Leave the state "fault", at verified zero. Output begins with `arm` and `start` again.

        Args:
            reason: why the person, or somebody at the device, has stopped; needed after that.

        Raises:
            StateError: the session is not in that state, zero is not verified, or a reason is
                needed.
        """
        self._ask("acknowledge", reason=reason)

    def leads_checked(self) -> None:
        """Tell that somebody has looked at the leads, after a channel was felt elsewhere.

        Raises:
            StateError: no channel was felt elsewhere.
        """
        self._ask("leads_checked")
