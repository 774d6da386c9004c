"""What each export says was acknowledged is what the electrodes had, by the twin's own record."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stimctl.export.formats import Format
from stimctl.session.events import Kind
from tests.support.broad import broad
from tests.support.delivered import FIGURES, given
from tests.support.exported import SESSIONS, Recorded, delivered_in


def check(one: Recorded, form: Format) -> None:
    """Bounds hold the twin's value; where every answer came, the figure is within 1 % of it, or one
    pulse a contraction."""
    told = delivered_in(one.content, form)
    assert told.keys() == {channel.number for channel in one.content.report.channels}
    contractions = max(1, len(one.bench.told(Kind.CONTRACTION)))
    for channel, figures in told.items():
        at_electrodes = given(one.bench, str(channel))
        each_nc = at_electrodes["charge_nc"] / max(1, at_electrodes["pulses"])
        more = {"pulses": 1.0, "charge_nc": each_nc, "peak_ua": 0}
        for name in FIGURES:
            value, low, high = figures[name]
            twin = at_electrodes[name]
            assert low <= twin + 1, (channel, name, figures, twin)
            assert high is None or twin <= high + 1, (channel, name, figures, twin)
            if one.whole:
                near = max(twin / 100, contractions * more[name])
                assert abs(value - twin) <= near, (channel, name, figures, twin)


@pytest.mark.parametrize("form", list(Format))
@pytest.mark.parametrize("name", broad(SESSIONS, every=2))
def test_every_export_tells_what_the_electrodes_had(
    name: str, form: Format, session: Callable[[str], Recorded]
) -> None:
    check(session(name), form)


@pytest.mark.broad
def test_the_sessions_are_twelve_with_stops_faults_and_bursts_in_cycles(
    session: Callable[[str], Recorded],
) -> None:
    outcomes = [session(name).content.report.outcome for name in SESSIONS]
    assert len(outcomes) >= 12
    assert {"completed", "stopped", "fault"} <= set(outcomes)
    states = {session(name).content.report.state for name in SESSIONS}
    assert states == {"complete", "unfinished"}


@pytest.mark.parametrize("form", list(Format))
def test_where_the_link_ended_the_bounds_lie_apart_in_every_export(
    form: Format, session: Callable[[str], Recorded]
) -> None:
    figures = delivered_in(session("link ended").content, form)[1]
    for name in ("pulses", "charge_nc"):
        value, low, high = figures[name]
        assert low < high, name
        assert low <= value <= high, name
    assert figures["pulses"][2] - figures["pulses"][1] > 100
