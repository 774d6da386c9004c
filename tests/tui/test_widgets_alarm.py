"""The alarm banner: there with an alarm only, the worst first, flashing by its priority."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot

from stimctl.tui.widgets.alarm_banner import AlarmBanner, AlarmShown, Priority
from tests.support.rendered import cells, text_of
from tests.support.widget_gallery import ELECTRODE, SLOW, UNCONFIRMED, Gallery, run


def alone(app: Gallery) -> AlarmBanner:
    """The first banner; the others of the scene are taken away."""
    first, *others = app.query(AlarmBanner)
    for one in others:
        one.show(())
    return first


def ground(app: Gallery) -> str:
    """The background of the first cell that shows something."""
    return next(cells(app)).back.hex


def test_without_an_alarm_it_takes_no_room() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        banner = alone(app)
        banner.show(())
        await pilot.pause()
        assert banner.region.height == 0
        assert text_of(app).strip() == ""

    run("alarms", check)


@pytest.mark.parametrize(
    ("told", "first"),
    [
        ((SLOW, ELECTRODE, UNCONFIRMED), UNCONFIRMED),
        ((ELECTRODE, SLOW), ELECTRODE),
        ((replace(UNCONFIRMED, acknowledged="17:28"), SLOW), SLOW),
        ((SLOW, replace(ELECTRODE, acknowledged="17:28")), SLOW),
    ],
)
def test_the_worst_that_is_not_acknowledged_stands_first(
    told: tuple[AlarmShown, ...], first: AlarmShown
) -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        alone(app).show(told)
        await pilot.pause()
        text = text_of(app).splitlines()
        assert text[0].strip().startswith(f"{'!' * first.priority} {first.what}")
        assert first.where in text[0]
        assert f"(+{len(told) - 1} more: l)" in text[0]
        assert text[1].strip() == first.do

    run("alarms", check)


def test_each_priority_has_a_ground_of_its_own_and_an_acknowledged_one_is_grey() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        banner, grounds = alone(app), []
        for told in (SLOW, ELECTRODE, UNCONFIRMED, replace(UNCONFIRMED, acknowledged="17:28")):
            banner.show((told,))
            await pilot.pause()
            grounds.append(ground(app))
        assert len(set(grounds)) == 4
        assert grounds[:3] == [app.theme_variables[f"alarm-{one}"].upper()
                               for one in ("low", "medium", "high")]  # fmt: skip
        assert "acknowledged 17:28" in text_of(app)

    run("alarms", check)


@pytest.mark.parametrize(
    ("told", "hertz"),
    [(UNCONFIRMED, 2.0), (ELECTRODE, 0.5), (SLOW, 0.0)],
)
def test_it_flashes_by_its_priority_and_not_when_acknowledged(
    told: AlarmShown, hertz: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[float] = []
    real = AlarmBanner.set_interval

    def noted(self: AlarmBanner, interval: float, *args: object, **named: object) -> object:
        started.append(interval)
        return real(self, interval, *args, **named)  # type: ignore[arg-type]

    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        banner = AlarmBanner()
        await app.mount(banner)
        monkeypatch.setattr(AlarmBanner, "set_interval", noted)
        banner.show((told,))
        banner.show((replace(told, since="17:30"),))
        assert [1 / (2 * one) for one in started] == ([hertz] if hertz else [])
        timer = banner._flash
        banner.show((replace(told, acknowledged="17:31"),))
        assert banner._flash is None
        assert timer is None or timer._task is None or timer._task.cancelling() > 0
        assert banner.lit

    run("alarms", check)


def test_the_other_half_of_a_flash_shows_the_same_words() -> None:
    async def check(app: Gallery, pilot: Pilot[None]) -> None:
        banner = alone(app)
        banner.show((UNCONFIRMED,))
        await pilot.pause()
        seen = [(text_of(app), ground(app))]
        banner.flash()
        await pilot.pause()
        seen.append((text_of(app), ground(app)))
        assert seen[0][0] == seen[1][0]
        assert seen[0][1] != seen[1][1]

    run("alarms", check)


def test_priorities_are_those_of_the_standard() -> None:
    assert [1 / (2 * one.half_period_s) for one in (Priority.HIGH, Priority.MEDIUM)] == [2.0, 0.5]
    assert Priority.LOW.half_period_s == 0
