"""What a session has come to so far, gathered from its rows: for the report, and after a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from stimctl.records.delivered import FIELD
from stimctl.tui.words import local_time

Row = Mapping[str, Any]
_MOST_ALARMS = 20


@dataclass(slots=True)
class ChannelCourse:
    """One channel: its highest level, seconds with output asked for, their sum of levels."""

    highest_level: int = 0
    _highest_before: int = 0
    on_s: int = 0
    level_seconds: int = 0
    contractions: int = 0

    def set_to(self, level: int, by: str) -> None:
        """A plateau is in force; by the line, where the raise before it was never felt."""
        if by == "line":
            self.highest_level = self._highest_before
            return
        self._highest_before = self.highest_level
        self.highest_level = max(self.highest_level, level)

    @property
    def mean_level(self) -> int:
        """The mean level while it was on."""
        return self.level_seconds // self.on_s if self.on_s else 0


@dataclass(slots=True)
class Course:
    """Of the session's last run. Rows of the other kinds are nothing to it."""

    started: str = ""
    ended: str = ""
    pauses: int = 0
    refused: int = 0
    channels: dict[int, ChannelCourse] = field(default_factory=dict)
    #: By code, and what each of them said first.
    alarms: Counter[str] = field(default_factory=Counter)
    alarm_words: dict[str, str] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    #: By channel what the device has acknowledged in this run.
    acknowledged: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def take(self, row: Row) -> None:
        """Learn from one row."""
        counted = row.get(FIELD)
        if isinstance(counted, Mapping) and counted:  # elsewhere it is a list of what was accepted
            self.acknowledged = counted
        match row["kind"]:
            case "start":
                self.__init__(started=local_time(row))  # type: ignore[misc]
            case "ended":
                self.ended = local_time(row)
            case "state" if row["state"] == "paused":
                self.pauses += 1
            case "refused" | "limit":
                self.refused += 1
            case "alarm":
                self._alarm(row)
            case "note":
                self.answers[str(row.get("topic", ""))] = str(row.get("text", ""))
            case "set" | "contracted" | "telemetry":
                self._channels(row)

    def _alarm(self, row: Row) -> None:
        code = str(row.get("code") or row["what"])  # rows of schema 1 have no code
        if code in self.alarms or len(self.alarms) < _MOST_ALARMS:
            self.alarms[code] += 1
            self.alarm_words.setdefault(code, str(row["what"]))

    def _channels(self, row: Row) -> None:
        if row["kind"] == "telemetry":  # one a second
            for number, level in (row.get("levels") or {}).items():
                if int(level):
                    one = self._channel(int(number))
                    one.on_s += 1
                    one.level_seconds += int(level)
            return
        one = self._channel(int(row["channel"]))
        if row["kind"] == "set":
            one.set_to(int(row["level"]), str(row.get("by")))
        else:
            one.contractions = int(row["number"])

    def _channel(self, number: int) -> ChannelCourse:
        return self.channels.setdefault(number, ChannelCourse())
