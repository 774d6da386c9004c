"""What a person sees: snapshots of every scene, in room, in contrast, and in every theme."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from stimctl.tui.model.theme_names import THEME_NAMES
from tests.support.broad import broad
from tests.support.rendered import cut, unreadable
from tests.support.tui_desk import MS, S, World
from tests.support.tui_scenes import SCENES

SNAPSHOTS = Path(__file__).with_name("snapshots")
SIZES = ((80, 24), (100, 30), (140, 45))


def normal(text: str) -> str:
    """Without what differs from run to run, or with every version."""
    text = re.sub(r"/[^ ]*/state\S*", "STATE", text)
    text = re.sub(r"plan [0-9a-f]{8,12}", lambda found: "plan " + "#" * (len(found[0]) - 5), text)
    return re.sub(r"stimctl \d+\.\d+\.\d+", "stimctl VERSION", text)


def looked_at(world: World, name: str, size: tuple[int, int]) -> None:
    """The scene as it looks at a size, against the snapshot that somebody has looked at."""
    shown = normal(world.text(*size)) + "\n"
    path = SNAPSHOTS / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("STIMCTL_UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, "utf-8")
    assert shown == path.read_text("utf-8")


def in_order(world: World, size: tuple[int, int], theme: str) -> None:
    """Nothing is cut, everything can be read, STOP is in its place."""
    world.desk.theme = theme
    world.text(*size)
    world.ui.settle()
    assert cut(world.ui.app) == []
    assert unreadable(world.ui.app) == []
    assert "SPACE  STOP" in world.ui.lines[-1]


@pytest.mark.hazard("H27")
@pytest.mark.parametrize("name", broad(SCENES, every=2))
def test_a_scene_looks_as_it_did_and_is_in_order(world: World, name: str) -> None:
    """Each once: at the smallest size, in the theme that comes next in turn."""
    SCENES[name](world)
    looked_at(world, name, SIZES[0])
    in_order(world, SIZES[0], THEME_NAMES[list(SCENES).index(name) % len(THEME_NAMES)])


@pytest.mark.soak
@pytest.mark.hazard("H27")
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_in_order_at_every_size_in_every_theme(
    world: World, name: str, size: tuple[int, int]
) -> None:
    SCENES[name](world)
    looked_at(world, name, size)
    words = set()
    for theme in THEME_NAMES:
        in_order(world, size, theme)
        words.add(world.ui.text)
    assert len(words) == 1, "a theme has a say in the words"


@pytest.mark.hazard("H11")
def test_unknown_covers_everything_and_shows_no_amplitude_as_live(world: World) -> None:
    SCENES["unknown"](world)
    text = world.text()
    assert "OUTPUT UNKNOWN" in text.replace(" ", "").replace("OUTPUTUNKNOWN", "OUTPUT UNKNOWN")
    assert "mA" not in text
    world.desk.open("run")
    assert world.ui.name == "unknown"


@pytest.mark.hazard("H21")
def test_an_old_number_is_not_shown_as_current(world: World) -> None:
    world.to_running(steps=2)
    world.pass_time(S)
    assert "1.0 mA" in world.text()
    world.clock.now_ns += 3 * S  # and nobody tells anything new
    text = world.text()
    assert "no reply 3 s" in text
    assert "1 pain ?" in text
    assert "1.0 mA" not in text


@pytest.mark.hazard("H10", "H59")
def test_set_and_confirmed_are_told_apart(world: World) -> None:
    world.to_running(steps=2)
    world.pass_time(1 * S)
    channel = world.bed.live.channels[1]
    assert (channel.set_level, channel.acked_level) == (1_000, 1_000)
    assert "set 1.5" not in world.text()
    channel.set_level, channel.set_ns = 1_500, world.clock.now_ns
    world.clock.now_ns += 300 * MS
    text = world.text()
    assert "set 1.5" in text
    assert "waiting" in text


@pytest.mark.hazard("H27")
def test_red_is_for_unconfirmed_output_and_high_alarms_alone(world: World) -> None:
    from tests.support.rendered import cells

    SCENES["running"](world)
    for theme in ("night", "day"):
        world.desk.theme = theme
        world.text()
        reds = [one for one in cells(world.ui.app) if _is_red(one.back.rgb)]
        assert reds == []


def _is_red(rgb: tuple[int, int, int]) -> bool:
    red, green, blue = rgb
    return red > 120 and green < 60 and blue < 60


def test_text_from_outside_cannot_command_the_terminal() -> None:
    from stimctl.tui.model.text import safe

    assert safe("a\x1b[2Jb\r\n\u4e2dc") == "a?[2Jb???c"


def test_a_pause_says_how_to_go_on(world: World) -> None:
    world.to_running(steps=2)
    world.key("p")
    world.pass_time(1 * S)
    assert world.bench.state.value == "paused"
    assert "PAUSED" in world.text()
    world.key("up")
    assert "p goes on" in world.desk.message or "p resumes" in world.desk.message


def test_what_the_last_session_asked_for_is_not_shown_in_the_next(world: World) -> None:
    world.to_running(steps=1)
    world.key("space")
    world.pass_time(1 * S)
    assert "skin" in "\n".join(world.text().splitlines()[:5])
    world.key("a")
    world.pass_time(500 * MS)
    assert "skin" not in "\n".join(world.text().splitlines()[:5])


def test_a_raise_right_after_the_start_is_told_to_come_again_in_a_moment(world: World) -> None:
    """The device takes some milliseconds to get ready; nothing about that is the person's fault."""
    world.to_run()
    world.key("a")
    world.pass_time(500 * MS)
    world.bench.to_host.latency_ns = 150 * MS
    world.key("g", "alt+1", "up")
    assert "not ready yet" in " ".join(world.text().split())
    assert world.set_level() == 0
    world.bench.to_host.latency_ns = 1 * MS
    world.pass_time(1 * S)
    world.key("up")
    world.pass_time(500 * MS)
    assert world.set_level() > 0, world.text()


def test_a_long_refusal_is_read_to_its_end(world: World) -> None:
    """What is to be done about it stands last."""
    world.to_run()
    words = "channel 1: 30 mA is not plausible: it is 10 times or more what the last session of "
    words += "this person reached, 0.5 mA, which is likelier a slip than a wish (w accepts it)"
    world.desk.say(words)
    shown = " ".join(world.text().split())
    assert words in shown
    assert "SPACE STOP" in shown


@pytest.mark.parametrize("again", [False, True], ids=["first", "after a stop"])
def test_why_a_state_was_entered_is_told_in_words(world: World, again: bool) -> None:
    world.to_running(steps=1)
    if again:
        world.key("space")
        world.pass_time(10 * S)
        world.key("a")
        world.pass_time(500 * MS)
    told = [words for _, words in world.bed.live.log if words.partition(":")[0].isupper()]
    assert any(words.startswith("ARMED") for words in told)
    assert not [words for words in told if "_" in words]


def test_the_events_that_are_seen_go_on_and_do_not_grow_without_end(world: World) -> None:
    from textual.widgets import RichLog

    from stimctl.tui.model.live import LOG_LINES

    world.to_run()
    world.desk.open("log")
    for batch in range(12):
        world.bed.live.log.extend(("10:31:05", f"event {batch}.{n}") for n in range(50))
        world.ui.settle()
    assert len(world.ui.app.screen.query_one(RichLog).lines) <= 2 * LOG_LINES
    assert "event 11.49" in world.ui.text


@pytest.mark.soak
def test_memory_stays_flat_over_eight_hours_of_rows(world: World) -> None:
    import gc
    import tracemalloc

    world.to_running(steps=2)
    live = world.bed.live
    row = {"kind": "telemetry", "mono_ns": 0, "plan_time_us": 0, "set": {"1": 1_000},
           "acked": {"1": 1_000}, "measured": {"1": {"impedance_ohm": 1_000}},
           "plateau": {"1": 1_000}, "link": "good", "acknowledged": {}}  # fmt: skip
    refused = {"kind": "refused", "mono_ns": 0, "intent": "raise", "reason": "too early"}

    def an_hour() -> None:
        for second in range(0, 3_600, 24):
            at_ns = world.clock.now_ns + second * S
            live.take({**row, "mono_ns": at_ns, "plan_time_us": second * 1_000_000,
                       "acked": {"1": 1_000 * (second % 24)}})  # fmt: skip
            if not second % 120:
                live.take({**refused, "mono_ns": at_ns})

    def ours() -> dict[str, int]:
        """What the program itself holds: the test runner's own threads allocate meanwhile."""
        gc.collect()
        only_ours = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(inclusive=True, filename_pattern="*/stimctl/*")]
        )
        return {str(one.traceback): one.size for one in only_ours.statistics("lineno")}

    tracemalloc.start()
    for _ in range(30):  # until everything that is bounded is full
        an_hour()
    before = ours()
    for _ in range(16):
        an_hour()
    after = ours()
    tracemalloc.stop()
    grown = {where: size - before.get(where, 0) for where, size in after.items()}
    most = sorted(grown.items(), key=lambda one: -one[1])[:5]
    assert sum(grown.values()) < 400_000, most
