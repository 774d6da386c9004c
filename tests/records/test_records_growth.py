"""How fast a journal grows: as docs/how-to/backup.md says, for each device, within its bound."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from stimctl.records.rows import FIRST_PREVIOUS, pack_row
from stimctl.session.config import SECOND
from stimctl.session.rows import Kind
from tests.support.broad import broad_rows
from tests.support.long_session import events_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "backup.md"
_ROW = re.compile(r"^\| (\w+) \| (\d+) \| ([\d.]+) \| ([\d.]+) \|$", re.M)
STATED = _ROW.findall(PAGE.read_text("utf-8"))
LENGTH_S, LAST_S = 120, 40
PROTOCOLS = {("openemsstim", 1): "gate-tens", ("openemsstim", 2): "gate-tens"} | {
    ("rehastim2", 8): "nmes-tka"  # eight channels of it cannot be given at 100 Hz
}


def megabytes_per_hour(device: str, channels: int) -> float:
    """Of the last part of a session, when every channel is at its plateau."""
    protocol = PROTOCOLS.get((device, channels), "tens-conventional")
    events = events_of(device, protocol, channels, LENGTH_S)
    start_ns = next(one.at_ns for one in events if one.kind is Kind.START)
    end_ns = start_ns + LENGTH_S * SECOND
    total = sum(
        len(
            pack_row(
                one.seq, FIRST_PREVIOUS, one.at_ns, one.at_ns, one.kind.value,
                {"event": one.seq, "at_ns": one.at_ns, **one.data},
            )
        )
        for one in events
        if end_ns - LAST_S * SECOND <= one.at_ns < end_ns
    )  # fmt: skip
    return total * 3600 / LAST_S / 1e6


def test_every_device_is_in_the_table() -> None:
    assert {device for device, *_ in STATED} == {"p24", "rehamove3", "rehastim2", "openemsstim"}


@pytest.mark.broad
@pytest.mark.parametrize(
    ("device", "channels", "stated", "bound"),
    broad_rows(
        [
            # Two channels that a hand raises one after the other take half of the time of all.
            pytest.param(*row, marks=[pytest.mark.soak] if row[:2] == ("openemsstim", "2") else [])
            for row in STATED
        ],
        every=2,
    ),
)
def test_a_journal_grows_as_stated_and_not_above_its_bound(
    device: str, channels: str, stated: str, bound: str
) -> None:
    found = megabytes_per_hour(device, int(channels))
    assert found <= float(bound)
    assert found == pytest.approx(float(stated), rel=0.1), (
        "docs/how-to/backup.md says something else"
    )
