"""Output that is not what the firmware meant: what a broken stage makes of the rows of a record.

Each class changes the rows in which output is recorded, and counts how many it has changed. It
works on every device alike, because every device records its output in the same kinds of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from firmware_sim.firmware.recorder import Recorder, Row

Parameters = Mapping[str, int]
Points = list[list[int]]

_PULSES = frozenset({"train_open", "train", "pulse"})
_OF_CHANNEL = _PULSES | {"output", "relay", "wiper"}
#: Output that ends after so long without a byte of the host was not ended by the host.
SILENT_US = 500_000
_WEAKEST = 255


class OutputStage:
    """Gives what it is told to; `changed` counts rows. `line_us`: when the host spoke last."""

    def __init__(self, parameters: Parameters, recorder: Recorder) -> None:
        self.parameters = parameters
        self.recorder = recorder
        self.changed = 0
        self.active = True
        self.line_us = 0
        self.wake: Callable[[int], None] = lambda _at_us: None
        """Asks for `flush` at a time (us)."""
        self.is_late = False
        """Rows that come now are those that were held back."""

    def rows(self, row: Row) -> list[Row]:
        """The rows in place of one."""
        if not self.active or row["kind"] not in _OF_CHANNEL:
            return [row]
        made = self.change(dict(row))
        self.changed += made != [row]
        return made

    def flush(self) -> list[Row]:
        """Rows that were held back."""
        return []

    def change(self, row: Row) -> list[Row]:
        """Change a copy of a row of output."""
        if row["kind"] in _PULSES:
            row["points"] = self.points([list(point) for point in row["points"]])
        return [row]

    def points(self, points: Points) -> Points:
        """Change the points of a pulse, each us and uA."""
        return points


class Scaled(OutputStage):
    """Every current times permille."""

    def points(self, points: Points) -> Points:
        """Scale the currents."""
        return [[us, ua * self.parameters["permille"] // 1000] for us, ua in points]


class Widened(OutputStage):
    """Every phase as long times permille."""

    def points(self, points: Points) -> Points:
        """Scale the durations of what carries current."""
        return [[us * self.parameters["permille"] // 1000 if ua else us, ua] for us, ua in points]


class Unbalanced(OutputStage):
    """The second phase is weaker: permille of what it should be."""

    def points(self, points: Points) -> Points:
        """Scale what flows against the first phase."""
        first = next((ua for _, ua in points if ua), 0)
        share = self.parameters["permille"]
        return [[us, ua * share // 1000 if ua * first < 0 else ua] for us, ua in points]


class Rate(OutputStage):
    """Trains are faster: permille of their rate."""

    def change(self, row: Row) -> list[Row]:
        """Change the period, and how many pulses fit into the time of a train."""
        if "period_us" in row:
            row["period_us"] = max(1, row["period_us"] * 1000 // self.parameters["permille"])
        if "count" in row and row["kind"] == "train":
            row["count"] = max(1, row["count"] * self.parameters["permille"] // 1000)
        return [row]


class StepsMissing(OutputStage):
    """Levels between multiples of a step do not exist: the next lower one is given."""

    def points(self, points: Points) -> Points:
        """Go down to the grid."""
        step_ua = self.parameters["step_ua"]
        return [[us, (abs(ua) // step_ua) * step_ua * (1 if ua > 0 else -1)] for us, ua in points]

    def change(self, row: Row) -> list[Row]:
        """The same for a potentiometer."""
        if row["kind"] == "wiper":
            step = self.parameters["wiper_step"]
            value = min(_WEAKEST, -(-row["value"] // step) * step)
            return [{**row, "value": value, "permille": (_WEAKEST - value) * 1000 // _WEAKEST}]
        return super().change(row)


class Swapped(OutputStage):
    """What channel 1 is told comes out of channel 2, and the other way round."""

    def change(self, row: Row) -> list[Row]:
        """Change the number."""
        row["channel"] = {1: 2, 2: 1}.get(row["channel"], row["channel"])
        return [row]


class Prolonged(OutputStage):
    """Output goes on for a while after it has ended; `meant` says for which ends that is so.

    An end is known to be one a moment later: a train that is replaced by another one ends, too, and
    at the same time the other one begins.
    """

    def __init__(
        self, parameters: Parameters, recorder: Recorder, meant: Callable[[int, int], bool]
    ) -> None:
        super().__init__(parameters, recorder)
        self._meant = meant
        self._last: dict[int, Row] = {}
        self._ended: dict[int, list[Row]] = {}

    def rows(self, row: Row) -> list[Row]:
        """The rows in place of one, after those of an end that is one by now."""
        channel = row.get("channel", 0)
        if self.is_late:
            return [row]
        if row["kind"] in _OF_CHANNEL and channel in self._ended and not _is_off(row):
            return [*self._ended.pop(channel), row]  # replaced
        over = self.flush() if row["kind"] not in _OF_CHANNEL else []
        return [*over, *super().rows(row)]

    def flush(self) -> list[Row]:
        """What has ended goes on for a while."""
        rows: list[Row] = []
        for channel, held in self._ended.items():
            at_us, for_us = held[-1]["at_us"], self.parameters["lasts_us"]
            rows += self._more(self._last.get(channel), at_us, for_us)
            rows += [{**row, "at_us": at_us + for_us} for row in held]
            self.changed += 1
        self._ended.clear()
        return rows

    def change(self, row: Row) -> list[Row]:
        """Hold back the rows that say that output is over."""
        if row["kind"] in ("train", "train_open"):
            self._last[row["channel"]] = row
        if not _is_off(row) or not self._meant(row["at_us"], self.line_us):
            return [row]
        self._ended.setdefault(row["channel"], []).append(row)
        self.wake(row["at_us"] + 1)
        return []

    def _more(self, last: Row | None, at_us: int, for_us: int) -> list[Row]:
        if last is None or for_us < last["period_us"]:
            return []
        period_us = last["period_us"]
        passed = max(0, at_us - last["start_us"]) // period_us + 1
        more: dict[str, Any] = {
            "kind": "train",
            "id": self.recorder.next_train(),
            "channel": last["channel"],
            "period_us": period_us,
            "start_us": last["start_us"] + passed * period_us,
            "count": for_us // period_us,
            "points": [list(point) for point in last["points"]],
        }
        return [more]


def _is_off(row: Row) -> bool:
    """A relay that opens, a potentiometer that lets nothing through."""
    if row["kind"] == "wiper":
        return not row["permille"]
    return row["kind"] in ("output", "relay") and not row["on"]


def ends_late(parameters: Parameters, recorder: Recorder) -> Prolonged:
    """Every end that the host has asked for is late."""
    return Prolonged(parameters, recorder, lambda at_us, line_us: at_us - line_us < SILENT_US)


def outlives_host(parameters: Parameters, recorder: Recorder) -> Prolonged:
    """Every end without a host is late."""
    return Prolonged(parameters, recorder, lambda at_us, line_us: at_us - line_us >= SILENT_US)
