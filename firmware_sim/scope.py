"""What an oscilloscope at the load would show of a twin's record, as CSV.

    python -m firmware_sim.scope RECORD --channel 1 --ohm 1000 --from 2.5s --for 200ms > shot.csv

Two columns, `time_s,voltage_V`: time from the beginning of the shot, voltage at the load. Between
pulses there is one sample each millisecond, around and in a pulse one each `every_us`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .faults.model import parse_time_us
from .ledger import Ledger

HEADER = "time_s,voltage_V"
#: A pulse is seen from so much before it to so much after it.
MARGIN_US = 20
_REST_US = 1_000


@dataclass(frozen=True, slots=True)
class ExternalUnit:
    """The unit whose pulses an attenuator lets through: symmetric biphasic, at its full output."""

    amplitude_ua: int = 20_000
    width_us: int = 200
    period_us: int = 25_000

    @property
    def points(self) -> tuple[tuple[int, int], ...]:
        """One pulse."""
        return ((self.width_us, self.amplitude_ua), (self.width_us, -self.amplitude_ua))


@dataclass(frozen=True, slots=True)
class Shot:
    """What is recorded: a channel from a time on, for a time, at a load."""

    channel: int
    from_us: int
    for_us: int
    ohm: int = 1_000
    every_us: int = 2

    @property
    def until_us(self) -> int:
        """Its end."""
        return self.from_us + self.for_us


_Pulse = tuple[int, Sequence[Sequence[int]]]


def pulses(
    rows: Iterable[dict[str, Any]], shot: Shot, unit: ExternalUnit | None = None
) -> list[_Pulse]:
    """The pulses that begin within a shot: when (us), and their points in us and uA."""
    rows = list(rows)
    if any(row["kind"] == "wiper" for row in rows):
        found = list(_let_through(rows, shot, unit or ExternalUnit()))
    else:
        found = list(_own(rows, shot))
    return sorted(found, key=lambda one: one[0])


def _own(rows: list[dict[str, Any]], shot: Shot) -> Iterator[_Pulse]:
    for run in Ledger(rows, until_us=shot.until_us)[shot.channel].runs:
        first = max(0, -(-(shot.from_us - run.start_us) // run.period_us))
        for number in range(first, run.count):
            at_us = run.start_us + number * run.period_us
            if at_us >= shot.until_us:
                break
            yield at_us, run.points


def _let_through(rows: list[dict[str, Any]], shot: Shot, unit: ExternalUnit) -> Iterator[_Pulse]:
    """Of an attenuator: the unit's pulses while the relay is on, as the potentiometer stands."""
    changes = [row for row in rows if row["kind"] in ("relay", "wiper")]
    changes = sorted(
        (row for row in changes if row["channel"] == shot.channel), key=lambda row: row["at_us"]
    )
    on, permille, next_change = False, 0, 0
    for number in range(shot.until_us // unit.period_us + 1):
        at_us = number * unit.period_us
        while next_change < len(changes) and changes[next_change]["at_us"] <= at_us:
            row = changes[next_change]
            on = row["on"] if row["kind"] == "relay" else on
            permille = row.get("permille", permille)
            next_change += 1
        if on and permille and shot.from_us <= at_us < shot.until_us:
            yield at_us, [(us, ua * permille // 1000) for us, ua in unit.points]


def csv_of(rows: Iterable[dict[str, Any]], shot: Shot, unit: ExternalUnit | None = None) -> str:
    """The shot as CSV."""
    lines = [HEADER]
    time_us = shown_us = shot.from_us
    found = pulses(rows, shot, unit)
    for (at_us, points), after in zip(found, [*found[1:], None], strict=False):
        begins_us = max(shown_us, at_us - MARGIN_US)
        while time_us < begins_us:
            lines.append(_line(shot, time_us, 0))
            time_us += _REST_US
        time_us = begins_us
        end_us = at_us + sum(us for us, _ in points) + MARGIN_US
        if after is not None:  # pulses of a group may follow each other within the margin
            end_us = min(end_us, after[0])
        while time_us < end_us:
            lines.append(_line(shot, time_us, _current_ua(points, time_us - at_us)))
            time_us += shot.every_us
        shown_us = time_us
    while time_us < shot.until_us:
        lines.append(_line(shot, time_us, 0))
        time_us += _REST_US
    return "\n".join(lines) + "\n"


def _current_ua(points: Sequence[Sequence[int]], at_us: int) -> int:
    if at_us < 0:
        return 0
    for us, ua in points:
        if at_us < us:
            return ua
        at_us -= us
    return 0


def _line(shot: Shot, time_us: int, current_ua: int) -> str:
    return f"{(time_us - shot.from_us) / 1e6:.6f},{current_ua * shot.ohm / 1e6:.6g}"


def main(arguments: Sequence[str]) -> int:
    """Print the CSV of one shot of a record, or answer requests for shots until it is ended."""
    parser = argparse.ArgumentParser(prog="firmware_sim.scope", description=__doc__)
    parser.add_argument("record", type=Path, help="a twin's record, or a folder: its newest one")
    parser.add_argument("--channel", type=int, default=1)
    parser.add_argument("--ohm", type=int, default=1_000)
    parser.add_argument("--from", type=parse_time_us, default=0, dest="from_us")
    parser.add_argument("--for", type=parse_time_us, default=200_000, dest="for_us")
    parser.add_argument(
        "--answer", type=Path, metavar="FOLDER",
        help="answer the requests that `stimctl commission --readings FOLDER` puts there",
    )  # fmt: skip
    told = parser.parse_args(arguments)
    if told.answer is not None:
        Answerer(told.record, told.answer, told.ohm).run()
        return 0
    shot = Shot(told.channel, told.from_us, told.for_us, told.ohm)
    sys.stdout.write(csv_of(rows_of(told.record), shot))
    return 0


#: What a reading of a steady train shows.
WATCH_US = 450_000
_POLL_S = 0.05
LEADS = "leads"


class Answerer:
    """Answers requests in a folder from the record of a twin that runs in real time.

    A lead is pulled off by FOLDER/leads, where the twin was told of it (`--leads FOLDER/leads`).
    """

    def __init__(self, record: Path, folder: Path, ohm: int) -> None:
        self._record = record
        self._folder = folder
        self._ohm = ohm
        self._ready_ns = time.monotonic_ns()

    def run(self) -> None:
        """Until somebody ends it."""
        while True:
            self.look()
            time.sleep(_POLL_S)

    def look(self) -> None:
        """Answer what is asked for now."""
        for path in sorted(self._folder.glob("*.request")):
            try:
                asked = json.loads(path.read_text("utf-8"))
            except FileNotFoundError:
                continue  # it was answered a moment ago, and taken back
            self._answer(path, asked)

    def _answer(self, path: Path, asked: dict[str, Any]) -> None:
        answer = path.with_suffix(".csv" if asked["what"] in ("read", "train") else ".done")
        if answer.exists():
            return
        text = ""
        if asked["what"] == "read":
            time.sleep(WATCH_US / 1e6)
            text = self._shot(asked["channel"], time.monotonic_ns() - WATCH_US * 1_000, 2)
        elif asked["what"] == "train":
            text = self._shot(asked["channel"], self._ready_ns, 10)
        elif asked["what"] == "ready":
            self._ready_ns = time.monotonic_ns()
        elif asked["what"] == "open":
            (self._folder / LEADS).write_text(f"{asked['channel']}\n", "ascii")
        elif asked["what"] == "restore":
            (self._folder / LEADS).unlink(missing_ok=True)
        beside = path.with_suffix(".writing")
        beside.write_text(text, encoding="utf-8")
        beside.replace(answer)

    def _shot(self, channel: int, from_ns: int, every_us: int) -> str:
        rows = rows_of(_newest(self._record))
        zero_ns = next(row["monotonic_ns"] for row in rows if row["kind"] == "clock")
        from_us, until_us = ((at - zero_ns) // 1_000 for at in (from_ns, time.monotonic_ns()))
        from_us = max(0, from_us)
        shot = Shot(channel, from_us, until_us - from_us, self._ohm, every_us)
        return csv_of(rows, shot)


def _newest(place: Path) -> Path:
    if not place.is_dir():
        return place
    return max(place.glob("*.jsonl"), key=_began_ns)


def _began_ns(record: Path) -> int:
    """When a twin was started; an older one may have written later."""
    with record.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line) if line.endswith("\n") else {}
            if row.get("kind") == "clock":
                return int(row["monotonic_ns"])
    return 0


def rows_of(record: Path) -> list[dict[str, Any]]:
    """The rows of a record's file; a last line that is still being written is left out."""
    text = record.read_text(encoding="utf-8")
    return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
