"""What the operator's hands and eyes are kept from: wrong channel, unseen output, lost STOP."""

from __future__ import annotations

from pathlib import Path

import pytest

from stimctl.tui.model.live import Live
from stimctl.tui.model.opening import Wishes
from stimctl.tui.model.run import RunPage
from stimctl.tui.model.theme_names import THEME_NAMES
from stimctl.tui.program import theme_for
from stimctl.tui.screens.shown import window_title
from stimctl.tui.widgets.alarm_banner import AlarmBanner
from stimctl.tui.widgets.state_banner import StateBanner
from tests.support.broad import broad_rows
from tests.support.rendered import contrast
from tests.support.tui_desk import MS, S, World
from tests.support.tui_pages import DIALOGS, PAGES, TWO_CHANNELS, write_two_channels


@pytest.fixture
def two(world: World) -> World:
    """A session of two channels at their plateau, both at 0 mA, none of them hot."""
    world.to_run("nmes-tka")
    assert world.bed.choice is not None
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(4 * S)
    return world


def sets(world: World) -> dict[int, int]:
    return {number: one.set_level for number, one in world.bed.live.channels.items()}


@pytest.mark.hazard("H20")
@pytest.mark.parametrize("page", [*PAGES, *DIALOGS])
def test_only_the_run_screen_with_a_hot_channel_raises(two: World, page: str) -> None:
    before, run = sets(two), two.desk.pages["run"]
    assert isinstance(run, RunPage)
    run.hot.select(None, two.clock.now_ns)
    if page in PAGES:
        two.desk.open(page)
    else:
        two.desk.overlay = two.desk.pages[page]
    for key in ("up", "plus", "pageup"):  # nothing is hot: the first only selects
        two.press(key)
    two.pass_time(300 * MS)
    assert sets(two) == before


@pytest.mark.hazard("H20")
def test_the_selected_channel_is_marked_and_named_by_its_place_on_the_body(two: World) -> None:
    two.key("alt+1")
    assert "left-quadriceps" in two.desk.message
    marked = [one for one in two.text().splitlines() if "▸ 1" in one]
    assert len(marked) == 1
    assert "left quadriceps" in marked[0]
    two.key("up")
    two.pass_time(300 * MS)
    assert "ch1" in two.bed.live.last


@pytest.mark.hazard("H20")
def test_a_raise_touches_the_hot_channel_alone(world: World, tmp_path: Path) -> None:
    from stimctl.tui.model.planning import choose

    write_two_channels(tmp_path / "protocols")
    world.bed.take_person("DEMO-1")
    world.bed.connect("sim:p24")
    world.desk.take_rows()
    world.bed.take(choose(TWO_CHANNELS))
    world.bed.accept_warning()
    assert world.bed.plan is not None, world.bed.why_not
    world.desk.open("run")
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(6 * S)
    for hot, other in ((1, 2), (2, 1)):
        before = sets(world)
        world.key(f"alt+{hot}")
        world.pass_time(1 * S)
        world.key("up")
        world.pass_time(500 * MS)
        assert sets(world)[other] == before[other]
        assert "ch" + str(hot) in world.bed.live.last


@pytest.mark.broad
@pytest.mark.hazard("H26")
def test_output_on_stands_at_one_place_on_every_screen_in_words_and_reverse(world: World) -> None:
    """First in the first rows, on a ground of its own; and in the window's title."""
    world.to_running(steps=2)
    world.pass_time(S)
    for number, page in enumerate(PAGES):
        world.desk.open(page)
        for size in ((80, 24), (140, 45))[:: -1 if number % 2 else 1]:
            world.text(*size)
            place = world.ui.app.screen.query_one(".state").region
            said = "\n".join(world.ui.lines[: place.bottom])
            assert "● ON" in said, page
            assert place.x == 0
            assert place.y == 0
    state = world.ui.app.screen.query_one(".state")
    for theme in THEME_NAMES:
        world.desk.theme = theme
        world.ui.settle()
        ground = state.background_colors[1]
        beside = world.ui.app.screen.query_one(".middle").background_colors[1]
        assert contrast(ground, beside) > 3, theme
    assert window_title(world.bed.live).startswith("SIM OUTPUT ON CH1 1.0 mA")


@pytest.mark.hazard("H26")
def test_a_long_log_never_moves_the_state_or_the_stop_key(world: World) -> None:
    world.to_running(steps=1)
    for number in range(300):
        world.bed.live.log.append(("10:31:05", f"line {number} " + "x" * 200))
    lines = world.text().splitlines()
    assert len(lines) == 24
    assert "● ON" in lines[0]
    assert lines[-1].startswith(" SPACE  STOP")


@pytest.mark.hazard("H31")
@pytest.mark.parametrize(
    ("width", "height"), broad_rows([(79, 24), (80, 23), (40, 40), (20, 5), (140, 10)], every=3)
)
def test_below_80_by_24_nothing_is_armed_and_what_runs_stays_seen(
    world: World, width: int, height: int
) -> None:
    world.to_run()
    world.text(width, height)
    world.key("a")
    assert "too small" in world.desk.message
    assert world.bench.state.value == "checked"
    world.text()
    world.to_running(steps=1)
    for size in ((width, height), (80, 24), (width, height)):  # a storm of sizes
        shown = world.text(*size)
        assert "ON" in shown
        assert "STOP" in shown
    world.pass_time(1 * S)
    assert world.bench.state.value == "running"


@pytest.mark.hazard("H31")
@pytest.mark.parametrize(("width", "height"), [(9, 24), (80, 1)])
def test_a_window_in_which_nothing_can_be_read_stops_what_is_on(
    world: World, width: int, height: int
) -> None:
    world.to_running(steps=1)
    world.text(width, height)
    world.pass_time(500 * MS)
    assert world.bench.state.value == "stopped"


@pytest.mark.hazard("H27")
def test_no_color_is_heard_and_a_wish_goes_before_it() -> None:
    assert theme_for(Wishes(), {"NO_COLOR": "1"}) == "mono"
    assert theme_for(Wishes(theme="cvd"), {"NO_COLOR": "1"}) == "cvd"
    assert theme_for(Wishes(), {"STIMCTL_THEME": "day"}) == "day"


@pytest.mark.hazard("H27")
@pytest.mark.parametrize(("priority", "pages"), [
    ("high", PAGES[::3]), ("medium", PAGES[1::3]), ("low", PAGES[2::3]),
    *(pytest.param(one, PAGES, marks=pytest.mark.soak) for one in ("high", "medium", "low")),
])  # fmt: skip
def test_an_alarm_has_marker_words_and_a_place_of_its_own(
    world: World, priority: str, pages: tuple[str, ...]
) -> None:
    world.to_running(steps=1)
    marker = {"high": "!!!", "medium": "!!", "low": "!"}[priority]
    row = {"kind": "alarm", "mono_ns": world.clock.now_ns, "priority": priority,
           "what": "electrode contact lost", "action": "output is being stopped"}  # fmt: skip
    world.bed.live.take(row)
    for page in pages:
        world.desk.open(page)
        world.text()
        place = world.ui.app.screen.query_one(AlarmBanner).region
        said = "\n".join(world.ui.lines[place.y : place.bottom])
        assert f"{marker} electrode contact lost" in said, page
        assert "output is being stopped" in said
        head = world.ui.app.screen.query_one(StateBanner).region
        assert place.y == head.bottom


@pytest.mark.hazard("H59")
def test_what_is_measured_is_never_taken_for_what_is_confirmed(world: World) -> None:
    world.to_running(steps=1)
    world.pass_time(S)
    live = Live()
    live.take({"kind": "telemetry", "mono_ns": 0, "plan_time_us": 0, "set": {}, "acked": {},
               "plateau": {"1": 1_000}, "measured": {"1": {"current_ua": 900}},
               "link": "good", "acknowledged": {}})  # fmt: skip
    assert live.channels[1].measured_ua == 900
    assert not live.channels[1].acked_level
    world.bed.live.channels[1].measured_ua = 900
    assert "0.9" not in world.text()


@pytest.mark.hazard("H28")
def test_the_plain_transcript_of_a_session_with_an_alarm(world: World) -> None:
    """One line for each change, alarms marked, no cursor is addressed; golden."""
    import queue

    from stimctl.tui.plain.face import PlainFace

    said: list[str] = []
    face = PlainFace(world.desk, queue.SimpleQueue())
    face.say = said.append  # type: ignore[method-assign, assignment]
    for line in ("demo", "arm", "go", "1", "up", "up"):
        world.pass_time(800 * MS)
        face.obey(line)
        world.pass_time(100 * MS)
        face._speak()
    world.pass_time(3 * S)  # nothing changes: nothing is said
    world.bench.to_device.hook = lambda _now, _data: b""
    world.pass_time(2 * S)
    face.obey("status")
    golden = Path(__file__).with_name("plain-alarm.txt")
    told = "\n".join(said) + "\n"
    if not golden.exists():
        golden.write_text(told, "utf-8")
    assert "\x1b" not in told
    assert told == golden.read_text("utf-8")


def test_a_measured_impedance_stands_on_the_card_of_its_channel(world: World) -> None:
    world.to_running(steps=1)
    for ohm in (1_000, 1_400, 400):
        world.bed.live.take({
            "kind": "telemetry", "mono_ns": world.clock.now_ns, "plan_time_us": 0, "set": {},
            "acked": {}, "plateau": {"1": 500}, "measured": {"1": {"impedance_ohm": ohm}},
            "link": "good", "acknowledged": {},
        })  # fmt: skip
        assert f"{ohm / 1000:.1f} kΩ" in world.text()
