"""What a session has come to so far, gathered from its rows: for the report, and after a replay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from stimctl.session import host_rows, rows
from stimctl.session.reasons import Reason

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
    """Of the session's last run. Events of the other kinds are nothing to it."""

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

    def take(self, event: rows.Event | None, at: str) -> None:
        """Learn from one event; `at`: its local time, for people."""
        match event:
            case rows.Started():
                self.__init__(started=at)  # type: ignore[misc]
            case rows.Ended(acknowledged=counted):
                self.ended = at
                self.acknowledged = counted or self.acknowledged
            case rows.OutputUnknown(acknowledged=counted):
                self.acknowledged = counted or self.acknowledged
            case rows.StateEntered("paused"):
                self.pauses += 1
            case rows.Refused() | rows.Limit():
                self.refused += 1
            case rows.AlarmRaised(what):
                self._alarm(what)
            case host_rows.Note(told):
                self.answers[str(told.get("topic", ""))] = str(told.get("text", ""))
            case rows.LevelSet(channel, level, by=by):
                self._channel(channel).set_to(level, by)
            case rows.Contracted(channel, number):
                self._channel(channel).contractions = number
            case rows.Telemetry():
                self._second(event)

    def _alarm(self, what: Reason) -> None:
        code = what.code or what.text  # rows of schema 1 have no code
        if code in self.alarms or len(self.alarms) < _MOST_ALARMS:
            self.alarms[code] += 1
            self.alarm_words.setdefault(code, what.text)

    def _second(self, event: rows.Telemetry) -> None:
        self.acknowledged = event.acknowledged or self.acknowledged
        for number, level in event.levels.items():
            if level:
                one = self._channel(number)
                one.on_s += 1
                one.level_seconds += level

    def _channel(self, number: int) -> ChannelCourse:
        return self.channels.setdefault(number, ChannelCourse())
