"""Makes docs/reference/events.md from the event classes and the codes.

`python tools/make_events.py` writes the page; a test says when it is not up to date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import MISSING, fields
from inspect import cleandoc
from pathlib import Path

from stimctl.codes import Code
from stimctl.session.alarms import ALARMS
from stimctl.session.events import EVENTS, SCHEMA
from stimctl.session.needs import MEANINGS
from stimctl.session.prompts import TEXTS
from stimctl.session.row_base import Event, OpenEvent
from stimctl.session.rows import PlannedChannel

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "events.md"

_HEAD = f"""# Events of a session

Made by `python tools/make_events.py` from the classes of `stimctl.session.events.EVENTS`; do not
edit.

A face gets one JSON object a line (`{SCHEMA}`; `stimctl run --json` prints the same). Each has
`schema`, `t` (UTC), `mono_ns` (monotonic clock, nanoseconds), `kind`, the fields of its kind, and
`seq`, which counts a session's events from 1. Rows that name who was in charge have `who`. In a
journal the fields stand in `data`, with `event` for `seq` and `at_ns` for `mono_ns`.

A level is an integer in `unit`: `uA`, or `%` of the own scale of a device without current control.
Mappings have the number of the channel, as text, for a key. A field that may be left out has its
default then. `code` stands beside every reason: programs compare the code, never the words, which
may change. Journals of schema 1 have other names for the levels and no codes; `decode` of
`stimctl.session.events` reads both.
"""
_TYPES = {
    "int": "integer",
    "str": "text",
    "bool": "true or false",
    "Levels": "level by channel",
    "Reason": "text, with its `code`",
    "Mapping[str, Any]": "object",
    "tuple[PlannedChannel, ...]": "list of {"
    + ", ".join(one.name for one in fields(PlannedChannel))
    + "}",
    "tuple[tuple[int, ...], ...]": "list of lists of channels",
    "tuple[int, ...]": "list of channels",
    "LevelList": "list of levels",
}


def page() -> str:
    """The whole page."""
    return "\n".join(
        [
            _HEAD,
            *_events(),
            "## Codes of refusals and causes\n",
            *_table(("code", "meaning"), [(f"`{one}`", one.meaning) for one in Code]),
            "## Codes of alarms\n",
            *_table(
                ("code", "priority", "words", "what the session does"),
                [(f"`{code}`", one.priority, one.what, one.action) for code, one in ALARMS.items()],
            ),
            "## Codes of prompts\n",
            *_table(("code", "words"), [(f"`{code}`", text) for code, text in TEXTS.items()]),
            "## Codes of what is missing before output on hardware\n",
            *_table(("code", "meaning"), [(f"`{one}`", text) for one, text in MEANINGS.items()]),
        ]
    )


def _events() -> Iterator[str]:
    for one in EVENTS:
        yield f"## `{one.kind}`\n"
        yield cleandoc(one.__doc__ or "") + "\n"
        if not issubclass(one, OpenEvent):
            yield from _table(("field", "what", "default"), _fields(one))


def _fields(one: type[Event]) -> Iterator[tuple[str, str, str]]:
    for field in fields(one):
        name, _, empty = str(field.type).partition(" | ")
        default = "" if field.default is MISSING else f"`{field.default!r}`"
        yield f"`{field.name}`", _TYPES[name] + (" or null" if empty else ""), default


def _table(head: tuple[str, ...], rows: object) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:  # type: ignore[attr-defined]
        yield f"| {' | '.join(str(cell) for cell in row)} |"
    yield ""


def main() -> int:
    """Write it."""
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
