"""Bodies, pulses and trains for the tests; the golden figures."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from firmware_sim.body.body import Body
from firmware_sim.body.events import LoadEvent
from firmware_sim.body.interface import Contact
from firmware_sim.body.load import Points
from firmware_sim.body.person import Person, Site
from firmware_sim.body.region import BodyEvent
from firmware_sim.body.worn import WornTwin
from firmware_sim.firmware.p24 import P24Twin
from tests.support.paths import DATA

GOLDEN: dict[str, Any] = json.loads((DATA / "body_golden.json").read_text(encoding="utf-8"))
MS = 1_000
SECOND = 1_000_000
MINUTE = 60 * SECOND
WHOLE = Contact(1000)


def golden(name: str) -> list[tuple[Any, ...]]:
    """The rows of a golden table."""
    return [tuple(row) for row in GOLDEN[name]["rows"]]


def biphasic(peak_ma: float, width_us: int, gap_us: int = 100) -> Points:
    peak_ua = round(peak_ma * 1000)
    return ((width_us, peak_ua), (gap_us, 0), (width_us, -peak_ua))


def body(
    sites: Mapping[int, Site] | None = None,
    *,
    person: Person | None = None,
    seed: int = 1,
    events: Iterable[LoadEvent] = (),
    **more: Any,
) -> Body:
    """A person of median thresholds with whole pads on channel 1, unless told otherwise."""
    sites = {1: Site()} if sites is None else sites
    contacts = more.pop("contacts", dict.fromkeys(sites, WHOLE))
    more.setdefault("drifting", False)
    return Body(Random(seed), sites, person, contacts=contacts, events=events, **more)


def worn(the_body: Body) -> WornTwin:
    return WornTwin(P24Twin(), the_body)


class Output:
    """Feeds a body what a twin would record, without a twin."""

    def __init__(self, the_body: Body) -> None:
        self.body = the_body
        self.now_us = 0
        self.events: list[BodyEvent] = []
        self._trains = 0

    def train(
        self, points: Points, rate_hz: float, for_us: int, *, channel: int = 1, looks: int = 1
    ) -> Output:
        """Run a train for a while; the body is looked at so many times meanwhile."""
        self._trains += 1
        period_us = round(1e6 / rate_hz)
        passed = self.body.load(channel).through(points, 150_000)
        row = {
            "kind": "train_open",
            "id": self._trains,
            "channel": channel,
            "start_us": self.now_us,
            "period_us": period_us,
            "points": [list(point) for point in passed.points],
        }
        self.body.observe(row)
        start_us = self.now_us
        for number in range(1, looks + 1):
            self._look(start_us + for_us * number // looks)
        count = -(-for_us // period_us)
        self.body.observe({**row, "kind": "train", "count": count})
        return self

    def rest(self, for_us: int, *, looks: int = 1) -> Output:
        start_us = self.now_us
        for number in range(1, looks + 1):
            self._look(start_us + for_us * number // looks)
        return self

    def end(self) -> Output:
        self.body.finish(self.now_us)
        self.events += self.body.events()
        return self

    def of(self, kind: str) -> list[BodyEvent]:
        return [event for event in self.events if event.kind == kind]

    def words(self) -> list[str]:
        return [dict(event.data)["word"] for event in self.of("response")]

    def _look(self, at_us: int) -> None:
        self.now_us = at_us
        self.body.move(at_us)
        self.body.advance(at_us)
        self.events += self.body.events()
