"""The pulse to scale, and the body with its electrodes on the right side."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from stimctl.safety.sites import SITES
from stimctl.tui.widgets.body_figure import (
    _OUTLINE,
    BACK,
    FRONT,
    PLACES,
    WIDTH,
    BodyChannel,
    BodyFigure,
)  # fmt: skip
from stimctl.tui.widgets.pulse_view import PulseShown, PulseView, _curve
from tests.support.rendered import text_of
from tests.support.widget_gallery import NMES, SINGLE, SLANTED, TENS, Gallery, run


def tops(shown: PulseShown, width: int = 100, height: int = 9) -> tuple[int, int]:
    """How wide the first phase is drawn, and the second."""
    rows = ["".join(row) for row in _curve(shown, width, height)]
    first = rows[0].rindex("┐") - rows[0].index("┌")
    low = max((row for row in rows if "└" in row), key=rows.index)
    return first, low.rindex("┘") - low.index("└")


@pytest.mark.parametrize("shown", [TENS, NMES, SLANTED])
def test_both_phases_are_to_scale(shown: PulseShown) -> None:
    first, second = tops(shown)
    per_us = 94 / shown.scale_us
    assert first == pytest.approx(shown.phase_us * per_us, abs=1)
    assert second == pytest.approx(shown.balance_us * per_us, abs=1)


def test_a_wider_pulse_is_drawn_wider() -> None:
    """100 and 150 µs do not look alike."""
    widths = [tops(PulseShown(one, 0, one))[0] for one in (60, 80, 100)]
    assert widths == sorted(set(widths))
    assert PulseShown(150, 0, 150).scale_us != PulseShown(100, 0, 100).scale_us


def test_the_second_phase_is_as_high_as_its_share() -> None:
    rows = ["".join(row) for row in _curve(SLANTED, 100, 9)]
    lowest = max(number for number, row in enumerate(rows) if row.strip())
    assert lowest - 4 == 1  # a quarter of the four rows above
    assert max(n for n, row in enumerate(_curve(NMES, 100, 9)) if "".join(row).strip()) == 8


def test_one_phase_alone_returns_to_the_base_line() -> None:
    rows = ["".join(row) for row in _curve(SINGLE, 60, 7)]
    assert rows[-1].count("┘") == rows[-1].count("└") == 1
    assert all(len(row) == 60 for row in rows)


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (TENS, ("12.0 mA · 80 Hz", "100 µs + 100 µs reversed", "250 µs")),
        (NMES, ("300 µs + gap 100 µs + 300 µs reversed", "1 ms")),
        (SLANTED, ("bursts of 7 at 2 Hz", "200 µs + gap 20 µs + 800 µs reversed")),
    ],
)
def test_a_pulse_has_its_words_below(shown: PulseShown, words: tuple[str, ...]) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        view = app.query(PulseView).first()
        view.show(shown)
        await pilot.pause()
        assert [word for word in words if word not in text_of(app)] == []
        view.show(None)
        await pilot.pause()
        assert view.render().plain == ""

    run("pulses", check)


def test_every_site_has_its_place_within_the_figure() -> None:
    assert set(PLACES) == set(SITES)
    for name, places in PLACES.items():
        for view, column, row in places:
            assert view in (FRONT, BACK), name
            assert 0 <= column < WIDTH, name
            assert 0 <= row < len(_OUTLINE), name
    assert {len(line) for line in _OUTLINE} == {WIDTH}


@pytest.mark.parametrize("site", [one for one in SITES if SITES[one].side in ("left", "right")])
def test_left_is_left_as_the_eye_meets_it(site: str) -> None:
    """On the back the patient's left is at the viewer's left; from the front at the right."""
    middle, is_left = WIDTH // 2, SITES[site].side == "left"
    for view, column, _ in PLACES[site][:1]:
        assert (column < middle) == (is_left == (view == BACK)), site


def test_two_sites_have_no_first_electrode_in_common() -> None:
    sided = [one for one in SITES if SITES[one].side in ("left", "right")]
    first = [PLACES[one][0] for one in sided]
    assert len(set(first)) == len(sided)


def test_an_electrode_is_drawn_at_each_of_two_sites() -> None:
    one = BodyChannel(1, ("left-forearm-flexor", "left-biceps"))
    assert one.cells == (PLACES["left-forearm-flexor"][0], PLACES["left-biceps"][0])
    assert BodyChannel(1, ("low-back",)).cells == PLACES["low-back"]
    assert BodyChannel(1, ("",)).cells == ()


def test_the_figure_shows_both_electrodes_by_the_number_of_their_channel() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        figure = app.query_one(BodyFigure)
        text = text_of(app)
        assert [text.count(number) for number in "123"] == [2, 2, 2]
        figure.show((BodyChannel(7, ("right-knee",)),))
        await pilot.pause()
        lines = text_of(app).splitlines()
        row = lines[12]  # one line of headings above
        assert row.count("7") == 2
        assert row.rindex("7") < WIDTH // 2, "the right knee is at the left, seen from the front"
        assert lines[0].split() == ["R", "front", "L", "L", "back", "R"]

    run("body", check)
