"""Times, durations and alarm markers as the screens show them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from stimctl.quantity import format_clock, format_duration

Row = Mapping[str, Any]
_TYPED_MICRO = re.compile(r"(?<=\d )us\b")
_MARKERS = {"high": "!!!", "medium": "!!", "low": "!"}


def alarm_marker(priority: str) -> str:
    """What stands before an alarm, by the conventions of IEC 60601-1-8 (M+)."""
    return _MARKERS.get(priority, "")


def local_time(row: Row, *, thousandths: bool = False) -> str:
    """The local time of a row; of now where it has none (a row made by the face itself)."""
    try:
        at = datetime.fromisoformat(str(row["t"])[:26].rstrip("Z")).replace(tzinfo=UTC)
    except (KeyError, ValueError):
        at = datetime.now(UTC)
    local = at.astimezone()
    return (
        f"{local:%H:%M:%S}.{local.microsecond // 1000:03d}" if thousandths else f"{local:%H:%M:%S}"
    )


def clock_text(us: int) -> str:
    """Time as mm:ss: on a screen that is redrawn its width stays."""
    return format_clock(us, minute_digits=2)


def with_signs(text: str) -> str:
    """A text with numbers in us, with the unit's sign in place of its letters for typing."""
    return _TYPED_MICRO.sub("µs", text)


def duration_text(us: int) -> str:
    """A duration as a person reads it: with the unit's sign, not its letters for typing."""
    return format_duration(us).removesuffix("us") + "µs" if us < 1_000 else format_duration(us)
