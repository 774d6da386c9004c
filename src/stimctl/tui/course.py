"""What a session has come to so far, gathered from its rows: for the report, and after a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stimctl.tui.words import local_time

Row = Mapping[str, Any]
_MOST_ALARMS = 20


@dataclass(slots=True)
class ChannelCourse:
    """One channel: highest plateau in uA, seconds with current asked for, their sum in uA s."""

    highest_ua: int = 0
    _highest_before_ua: int = 0
    on_s: int = 0
    sum_ua_s: int = 0
    contractions: int = 0

    def set_to(self, plateau_ua: int, by: str) -> None:
        """A plateau is in force; by the line, where the raise before it was never felt."""
        if by == "line":
            self.highest_ua = self._highest_before_ua
            return
        self._highest_before_ua = self.highest_ua
        self.highest_ua = max(self.highest_ua, plateau_ua)

    @property
    def mean_ua(self) -> int:
        """The mean plateau while it was on."""
        return self.sum_ua_s // self.on_s if self.on_s else 0


@dataclass(slots=True)
class Course:
    """Of the session's last run. Rows of the other kinds are nothing to it."""

    started: str = ""
    ended: str = ""
    pauses: int = 0
    refused: int = 0
    channels: dict[int, ChannelCourse] = field(default_factory=dict)
    alarms: Counter[str] = field(default_factory=Counter)
    answers: dict[str, str] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        """Learn from one row."""
        match row["kind"]:
            case "start":
                self.__init__(started=local_time(row))  # type: ignore[misc]
            case "ended":
                self.ended = local_time(row)
            case "state" if row["state"] == "paused":
                self.pauses += 1
            case "refused" | "limit":
                self.refused += 1
            case "alarm" if len(self.alarms) < _MOST_ALARMS or row["what"] in self.alarms:
                self.alarms[str(row["what"])] += 1
            case "note":
                self.answers[str(row.get("topic", ""))] = str(row.get("text", ""))
            case "set" | "contraction" | "telemetry":
                self._channels(row)

    def _channels(self, row: Row) -> None:
        if row["kind"] == "telemetry":  # one a second
            for number, plateau_ua in (row.get("plateau") or {}).items():
                if int(plateau_ua):
                    one = self._channel(int(number))
                    one.on_s += 1
                    one.sum_ua_s += int(plateau_ua)
            return
        one = self._channel(int(row["channel"]))
        if row["kind"] == "set":
            one.set_to(int(row["plateau_ua"]), str(row.get("by")))
        else:
            one.contractions = int(row["number"])

    def _channel(self, number: int) -> ChannelCourse:
        return self.channels.setdefault(number, ChannelCourse())
