"""A drawn protocol: its times are to scale, and every protocol that is shipped can be drawn."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

from stimctl.records.protocol_files import list_protocols
from stimctl.report.drawing import draw_protocol
from stimctl.report.panel import round_ticks
from stimctl.report.stage_drawing import draw_stages
from tests.support.staged_samples import CYCLE, stage, staged, staged_text
from tests.support.treatment_samples import loaded_v1

SHIPPED = list_protocols([])


def drawn(name: str) -> str:
    path = next(one.path for one in SHIPPED if one.name == name)
    return draw_protocol(loaded_v1(path.read_text("utf-8"), path.name))


def lines(picture: str) -> list[list[tuple[float, float]]]:
    found = re.findall(r'<polyline class="drawn" points="([^"]+)"', picture)
    points = [[one.partition(",") for one in line.split()] for line in found]
    return [[(float(x), float(y)) for x, _, y in line] for line in points]


@pytest.mark.parametrize("name", [one.name for one in SHIPPED])
def test_every_shipped_protocol_can_be_drawn(name: str) -> None:
    picture = drawn(name)
    root = ElementTree.fromstring(picture)
    assert [child.tag.rpartition("}")[2] for child in root][:3] == ["title", "desc", "style"]
    left, top, width, height = map(float, root.attrib["viewBox"].split())
    numbers = [float(x) for x in re.findall(r' [xy][12]?="(-?[\d.]+)"', picture)]
    assert (left, top) == (0, 0)
    assert all(0 <= one <= max(width, height) for one in numbers)
    assert "% of amplitude" in picture
    assert not re.search(r"\bmA\b", picture)  # a protocol has no amplitude


def staged_picture() -> str:
    text = staged_text(
        stage("warm-up", "1 min", 'waveform = { frequency = "5 Hz" }')
        + stage(
            "work",
            "3 min",
            f'cycle = {CYCLE[:-2]}, rest = {{ frequency = "4 Hz", level = "60 %" }} }}',
        )
        + stage("pause", "1 min", 'kind = "rest"'),
        session='shortest = "5 min", longest = "5 min"',
    )
    return draw_stages(staged(text))


def test_each_stage_is_drawn_with_what_it_does_and_as_long_as_it_lasts() -> None:
    picture = staged_picture()
    ElementTree.fromstring(picture)
    for words in ("Stage 1 warm-up: 1 min; raised by hand", "Stage 2 work", "Stage 3 pause: 1 min"):
        assert words in picture
    strip = [float(x) for x in re.findall(r'<rect class="frame" [^>]*width="([\d.]+)"', picture)]
    assert strip[1] == pytest.approx(3 * strip[0], rel=0.01)
    assert strip[2] == pytest.approx(strip[0], rel=0.01)
    trains = re.findall(r'<path class="thin" d="([^"]+)"', picture)
    assert len(trains) == 2  # of the rest none
    assert "% of amplitude" in picture
    assert not re.search(r"\bmA\b", picture)


def test_slow_pulses_of_an_off_time_are_drawn_at_their_share() -> None:
    cycle = lines(staged_picture())[-1]
    heights = [y for _, y in cycle]
    zero, full = max(heights), min(heights)
    assert any(y == pytest.approx(zero - 0.6 * (zero - full), abs=0.2) for y in heights)


def test_the_phases_of_a_pulse_are_as_wide_as_their_times() -> None:
    pulse, cycle = lines(drawn("nmes-tka"))
    xs = sorted({x for x, _ in pulse})
    first, second = xs[1] - xs[0], xs[2] - xs[1]
    assert first == pytest.approx(second, abs=0.2)  # 250 us each
    on, off = cycle[4][0] - cycle[1][0], cycle[5][0] - cycle[4][0]
    assert off / on == pytest.approx(45 / 15, rel=0.01)
    up, down = cycle[2][0] - cycle[1][0], cycle[4][0] - cycle[3][0]
    assert up / down == pytest.approx(3, rel=0.05)


def test_the_pulses_of_a_train_stand_at_their_times() -> None:
    (path,) = re.findall(r'<path class="thin" d="([^"]+)"', drawn("tens-burst"))
    xs = [float(x) for x in re.findall(r"M([\d.]+) ", path)]
    assert len(xs) == 20  # two bursts of ten
    within, between = xs[1] - xs[0], xs[10] - xs[0]
    assert between / within == pytest.approx(500 / 10, rel=0.05)


@pytest.mark.parametrize(
    ("until", "ticks"), [(560.0, [0, 100, 200, 300, 400, 500]), (2.0, [0, 0.5, 1, 1.5, 2])]
)
def test_ticks_are_round(until: float, ticks: list[float]) -> None:
    assert round_ticks(until) == pytest.approx(ticks)
