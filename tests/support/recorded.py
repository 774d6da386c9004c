"""Journals of sessions on the bench, written as the supervisor writes them, with fixed clocks."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any

from stimctl.bench import Bench
from stimctl.records.journal import Clocks, Header, JournalWriter

_WALL_NS = 1_795_000_000 * 10**9
Extra = tuple[str, dict[str, Any]]


def record(
    bench: Bench,
    folder: Path,
    *,
    extra: Iterable[Extra] = (),
    person: str = "P-017",
    closed: bool = True,
    until: int | None = None,
    day: int = 0,
    **header: Any,
) -> Path:
    """The journal of what a bench has seen; `extra` rows come before the end, `until` cuts it. One
    of a later `day` has a higher number."""
    now = [0]
    wall_ns = _WALL_NS + day * 86_400 * 10**9
    clocks = Clocks(lambda: wall_ns + now[0], lambda: now[0])
    about: dict[str, Any] = {"device": "sim:p24", "sim": True, "stimctl": "0.1", "python": "3.11"}
    numbers = count(1 + day)
    writer = JournalWriter.open_session(
        folder,
        Header(**about | header, person=person),
        clocks=clocks,
        token=lambda: f"{next(numbers):08x}",
        number=lambda _folder: next(numbers),
    )
    for event in bench.events[:until]:
        now[0] = event.at_ns
        writer.append(event.kind.value, {"event": event.seq, "at_ns": event.at_ns, **event.data})
    for kind, data in extra:
        writer.append(kind, data)
    if closed:
        writer.end({"outcome": "closed"})
    else:
        writer.abandon()
    return writer.path
