"""The record of what a twin did: rows as plain dictionaries, kept or handed on at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

Row = dict[str, Any]


def begins_us(row: Mapping[str, Any]) -> int:
    """Return when a pulse of a row begins, its test pulse included."""
    test = row.get("test")
    start_us: int = row["start_us"]
    return start_us if test is None else start_us - test["before_us"]


def all_points(row: Mapping[str, Any]) -> tuple[int, list[list[int]]]:
    """Return when a pulse of a row begins, and all its points, a test pulse and the pause after it
    first."""
    test = row.get("test")
    if test is None:
        return begins_us(row), row["points"]
    pause_us = test["before_us"] - sum(time_us for time_us, _ in test["points"])
    points = [*test["points"], [pause_us, 0], *row["points"]]
    return begins_us(row), points


class Recorder:
    """Collect rows, or pass each to `sink` the moment it is made.

    Times are us of the twin's clock, currents uA, durations us; `row_kinds` describes each kind.
    """

    __slots__ = ("__weakref__", "_line_listeners", "_rows", "_sink", "_trains")

    def __init__(self, sink: Callable[[Row], None] | None = None) -> None:
        self._rows: list[Row] = []
        self._sink = self._rows.append if sink is None else sink
        self._line_listeners: list[Callable[[Row], None]] = []
        self._trains = 0

    def add(self, row: Row) -> None:
        """Record one row."""
        self._sink(row)

    def tap(self, listener: Callable[[Row], None], *, line: bool = False) -> None:
        """Have each row heard by a listener too, the moment it is made.

        line: it also hears the bytes (rx, tx), whether they are recorded or not.
        """
        sink = self._sink

        def both(row: Row) -> None:
            sink(row)
            listener(row)

        def but_bytes(row: Row) -> None:
            sink(row)
            if row["kind"] not in ("rx", "tx"):
                listener(row)

        self._sink = but_bytes if line else both
        if line:
            self._line_listeners.append(listener)

    def alter(self, change: Callable[[Row], Iterable[Row]]) -> None:
        """From now on record in place of each row what this makes of it: what an output stage with
        a fault gives is another thing than what the firmware meant."""
        sink = self._sink

        def altered(row: Row) -> None:
            for one in change(row):
                sink(one)

        self._sink = altered

    def line(self, kind: str, at_us: int, data: bytes, *, keep: bool) -> None:
        """Take bytes of the line ("rx", "tx"): recorded if asked to, and told who wants to hear."""
        if not (data and (keep or self._line_listeners)):
            return
        row: Row = {"kind": kind, "at_us": at_us, "hex": data.hex()}
        if keep:
            self._sink(row)
        for listener in self._line_listeners:
            listener(row)

    def log(self, at_us: int, event: str, **fields: Any) -> None:
        """Record something worth knowing that is not output."""
        self._sink({"kind": "log", "at_us": at_us, "event": event, **fields})

    def next_train(self) -> int:
        """Return a number for a new train."""
        self._trains += 1
        return self._trains

    def rows(self) -> list[Row]:
        """Return all rows that are held."""
        return list(self._rows)

    def drain(self) -> list[Row]:
        """Return all rows that are held, and forget them."""
        rows = self._rows.copy()
        self._rows.clear()
        return rows
