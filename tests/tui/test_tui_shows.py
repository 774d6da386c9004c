"""What a person sees: text snapshots, and that no state is told by colour alone."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import pytest

from stimctl.tui.screens.run_table import Look, state_of
from stimctl.tui.themes import THEMES
from tests.support.tui_desk import MS, S, World

SNAPSHOTS = Path(__file__).with_name("snapshots")
SIZES = ((20, 5), (80, 24), (100, 30), (140, 40))
SCENES = ("chooser", "protocols", "setup", "adjust", "ready", "armed", "running", "cycle",
          "stopped", "unknown", "report", "help", "precheck", "service")  # fmt: skip


def scene(world: World, name: str) -> None:
    """Bring a desk to where the snapshot is taken."""
    if name in ("chooser", "precheck"):
        world.desk.open(name)
        return
    if name in ("protocols", "setup", "adjust", "ready", "armed", "service"):
        world.to_run("nmes-tka")
        if name == "armed":
            world.key("a")
            world.pass_time(500 * MS)
        elif name != "ready":
            world.desk.open(name)
        return
    world.to_running("nmes-tka" if name == "cycle" else "tens-conventional", steps=3)
    if name == "cycle":
        world.pass_time(5 * S)
        world.key("up")
        world.pass_time(2 * S)
    if name in ("stopped", "report"):
        world.key("space")
        world.pass_time(1 * S)
    if name == "report":
        world.desk.open("report")
    if name == "help":
        world.key("question_mark")
    if name == "unknown":
        world.bench.to_device.hook = lambda _now, _data: b""
        world.pass_time(2 * S)


def normal(text: str) -> str:
    """Without what differs from run to run."""
    text = re.sub(r"/[^ ]*/state\S*", "STATE", text)
    # Digests change with every sheet, limit and version; that they do is not this test's business.
    text = re.sub(r"plan [0-9a-f]{8,12}", lambda found: "plan " + "#" * (len(found[0]) - 5), text)
    return re.sub(r"stimctl \d+\.\d+\.\d+", "stimctl VERSION", text)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
def test_a_screen_looks_as_it_did(world: World, name: str, size: tuple[int, int]) -> None:
    scene(world, name)
    shown = normal(world.text(*size)) + "\n"
    if name == "service":  # the state folder's length decides where its line is cut
        shown = "\n".join(one for one in shown.splitlines() if "VERSION" not in one) + "\n"
    path = SNAPSHOTS / f"{name}-{size[0]}x{size[1]}.txt"
    if os.environ.get("STIMCTL_UPDATE_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(shown, "utf-8")
    assert shown == path.read_text("utf-8")


@pytest.mark.parametrize("size", SIZES[1:], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", SCENES)
def test_a_screen_fills_its_size_and_no_more(
    world: World, name: str, size: tuple[int, int]
) -> None:
    scene(world, name)
    lines = world.desk.lines(*size)
    assert len(lines) == size[1]
    for line in lines:
        assert sum(len(span.text) for span in line) == size[0]


@pytest.mark.hazard("H29")
@pytest.mark.parametrize("name", SCENES)
def test_stop_is_named_on_every_screen(world: World, name: str) -> None:
    scene(world, name)
    for size in SIZES:
        assert "STOP" in world.text(*size)


@pytest.mark.hazard("H11")
def test_unknown_is_full_screen_and_shows_no_amplitude_as_live(world: World) -> None:
    scene(world, "unknown")
    text = world.text()
    assert "OUTPUT UNKNOWN" in text
    assert "PULL THE ELECTRODE CABLE" in text
    assert "mA" not in text
    world.desk.open("run")
    from stimctl.tui.model.text import plain

    table = [plain(line) for line in world.desk.pages["run"].body(76, 20)]
    assert "––" in table[1]
    assert "UNKNOWN" in table[1]


@pytest.mark.hazard("H26", "H27")
def test_the_word_of_a_state_is_different_for_every_state(world: World) -> None:
    """Colour apart, two states never look the same at the place of the state word."""
    words = {}
    live = world.bed.live
    for state in ("disconnected", "identified", "checked", "armed", "running", "paused", "stopped",
                  "closed", "fault", "unknown"):  # fmt: skip
        live.state = state
        words[state] = world.text(20, 5).splitlines()[0]
    assert len(set(words.values())) == len(words)


@pytest.mark.hazard("H21")
def test_an_old_number_is_not_shown_as_current(world: World) -> None:
    world.to_running(steps=2)
    live = world.bed.live
    channel = live.channels[1]
    world.clock.now_ns += 3 * S  # and nobody tells anything new
    look = Look(world.clock.now_ns, 1, {}, {}, {}, measures=False)
    assert "stale" in state_of(channel, live, look).text
    assert "––" in world.text()


@pytest.mark.hazard("H10", "H59")
def test_set_and_acknowledged_are_told_apart(world: World) -> None:
    world.to_running(steps=2)
    world.pass_time(1 * S)
    channel = world.bed.live.channels[1]
    assert (channel.set_level, channel.acked_level) == (1_000, 1_000)
    channel.set_level, channel.set_ns = 1_500, world.clock.now_ns
    world.clock.now_ns += 300 * MS
    assert "WAIT" in world.text()
    assert "measures no current" in world.text(100, 30)


@pytest.mark.hazard("H10", "H21")
def test_every_value_of_the_hot_channel_has_its_own_age(world: World) -> None:
    """In 80 columns below it, from 100 on beside each value; also when it is not hot any more."""
    world.to_running(steps=2)
    world.pass_time(24 * S)
    assert world.desk.pages["run"].hot.now(world.clock.now_ns) is None  # type: ignore[attr-defined]
    channel = world.bed.live.channels[1]
    channel.acked_ns = world.clock.now_ns - 400 * MS
    assert "set 24 s ago · acked 0.4 s ago" in world.text()
    assert "measured" not in world.text()
    wide = world.text(100, 30).splitlines()
    assert wide[2].split()[4:9] == ["set", "age", "ack", "age", "ceiling"]
    assert wide[3].split("pain")[1].split()[:6] == ["1.0", "24", "s", "1.0", "0.4", "s"]
    channel.measured_ua, channel.measured_ns = 900, world.clock.now_ns - 900 * MS
    assert "set 24 s ago · acked 0.4 s ago · measured 0.9 s ago" in world.text()
    measured = world.text(100, 30).splitlines()[3].split()
    assert "0.9 0.9 s" in " ".join(measured)


def test_of_many_channels_the_hot_one_tells_its_ages_in_little_room(world: World) -> None:
    from stimctl.supervisor.session_model import Channel
    from stimctl.tui.model.text import plain
    from stimctl.tui.screens.run_table import table

    live = world.bed.live
    live.state = "running"
    live.channels = {n: Channel(n, set_ns=n * S, acked_ns=n * S) for n in range(1, 9)}
    look = Look(10 * S, 3, {}, {}, {}, measures=False)
    lines = [plain(one) for one in table(live, look, 76)]
    assert [one.strip() for one in lines if "ago" in one] == ["set 7.0 s ago · acked 7.0 s ago"]
    assert lines[3].startswith("▸  3")
    assert "ago" in lines[4]
    live.state = "unknown"
    assert not [one for one in table(live, look, 76) if "ago" in plain(one)]


def test_after_a_start_zero_is_what_was_set_then(world: World) -> None:
    world.to_run()
    assert "not set yet" in world.text()
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(3 * S)
    assert "set 3.0 s ago" in world.text()
    assert "WAIT" not in world.text()


@pytest.mark.hazard("H27")
def test_mono_has_no_colour_and_red_is_for_unconfirmed_output_alone() -> None:
    assert not any("#" in looks for looks in THEMES["mono"].values())
    for name in ("night", "day"):
        reds = [r for r, looks in THEMES[name].items() if re.search(r"#[ab][0-9a-f]0000", looks)]
        assert reds == ["alarm"]


@pytest.mark.hazard("H27")
@pytest.mark.parametrize("name", SCENES)
def test_the_drawn_screen_says_the_same_in_every_theme(world: World, name: str) -> None:
    """Through Textual itself, without its timers: at every size, with colour and without."""
    from textual.events import Resize
    from textual.geometry import Size

    from stimctl.tui.app import StimctlApp

    scene(world, name)
    app = StimctlApp(world.desk, timers=False)

    def drawn(height: int) -> tuple[str, bool]:
        strips = [app.sheet.render_line(y) for y in range(height)]
        coloured = any(
            segment.style is not None and segment.style.color is not None
            for strip in strips
            for segment in strip
        )
        return "\n".join(strip.text.rstrip() for strip in strips), coloured

    async def resized(size: tuple[int, int]) -> None:
        """Not with the pilot: that waits for an idle process, on a busy machine in vain."""
        app._driver._size = size
        app.post_message(Resize(Size(*size), Size(*size)))
        while app.sheet.size != size:
            await asyncio.sleep(0)

    async def look() -> None:
        async with app.run_test(size=SIZES[0]):
            for size in SIZES:
                await resized(size)
                meant = world.text(*size).rstrip()
                for theme in THEMES:
                    world.desk.theme = theme
                    app.draw()
                    said, coloured = drawn(size[1])
                    assert said.rstrip() == meant, (size, theme)
                    assert coloured == (theme != "mono"), (size, theme)

    asyncio.run(look())


def test_keys_reach_the_desk_through_textual(world: World) -> None:
    from stimctl.tui.app import StimctlApp

    world.to_running(steps=1)
    app = StimctlApp(world.desk, timers=False)

    async def press() -> None:
        async with app.run_test(size=(80, 24)) as pilot:
            await pilot.press("n")
            assert world.desk.front.name == "notes"
            await pilot.press("ctrl+c")

    asyncio.run(press())
    world.pass_time(1 * S)
    assert world.bench.state.value == "stopped"


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
        for second in range(0, 3_600, 12):
            at_ns = world.clock.now_ns + second * S
            live.take({**row, "mono_ns": at_ns})
            if not second % 120:
                live.take({**refused, "mono_ns": at_ns})
                world.desk.lines(80, 24)

    def ours() -> dict[str, int]:
        """What the program itself holds: the test runner's own threads allocate meanwhile."""
        gc.collect()
        only_ours = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(inclusive=True, filename_pattern="*/stimctl/*")]
        )
        return {str(one.traceback): one.size for one in only_ours.statistics("lineno")}

    tracemalloc.start()
    for _ in range(4):  # until everything that is bounded is full
        an_hour()
    before = ours()
    for _ in range(8):
        an_hour()
    after = ours()
    tracemalloc.stop()
    grown = {where: size - before.get(where, 0) for where, size in after.items()}
    most = sorted(grown.items(), key=lambda one: -one[1])[:5]
    assert sum(grown.values()) < 100_000, most


def test_text_from_outside_cannot_command_the_terminal() -> None:
    from stimctl.tui.model.text import safe

    assert safe("a\x1b[2Jb\r\n\u4e2dc") == "a?[2Jb???c"


@pytest.mark.parametrize("name", [one for one in SCENES if one not in ("armed", "unknown")])
def test_the_key_that_tells_all_keys_is_named_on_every_screen(world: World, name: str) -> None:
    """Only the question between arm and go has it not: there every other key goes back."""
    scene(world, name)
    assert "? keys" in world.text().splitlines()[-1]


@pytest.mark.parametrize("page", ["person", "palette"])
def test_no_key_is_named_that_would_be_typed_into_the_field(world: World, page: str) -> None:
    world.desk.open("chooser")
    if page == "palette":
        world.key("ctrl+p")
    else:
        world.desk.open(page)
    assert world.desk.front.takes_text
    words = world.text().splitlines()[-1].split("   ")[1:]
    named = [word.split()[0] for word in words if not set(word) <= set("─┘ ")]
    assert "q" not in named
    assert "b" not in named
    assert {"←", "Ctrl-Q"} <= set(named)


@pytest.mark.parametrize("number", range(27))
def test_the_picked_question_of_the_screening_is_read_in_full(world: World, number: int) -> None:
    from stimctl.safety import QUESTIONS

    assert len(QUESTIONS) == 27
    world.desk.open("precheck")
    world.desk.page.picked = number  # type: ignore[attr-defined]
    shown = " ".join(world.text().replace("│", " ").split())
    assert QUESTIONS[number].text in shown


def test_a_pause_says_how_to_go_on(world: World) -> None:
    world.to_running(steps=2)
    world.key("p")
    world.pass_time(1 * S)
    assert world.bench.state.value == "paused"
    assert "p go on" in world.text().splitlines()[-1]
    world.key("up")
    assert "p goes on" in world.desk.message


def test_what_the_last_session_asked_for_is_not_shown_in_the_next(world: World) -> None:
    world.to_running(steps=1)
    world.key("space")
    world.pass_time(1 * S)
    assert "please:" in world.text().splitlines()[1]
    world.key("a")
    world.pass_time(500 * MS)
    assert "please:" not in world.text().splitlines()[1]


def test_a_raise_right_after_go_is_told_to_come_again_in_a_moment(world: World) -> None:
    """The device takes some milliseconds to get ready; nothing about that is the person's fault."""
    world.to_run()
    world.key("a")
    world.pass_time(500 * MS)
    world.bench.to_host.latency_ns = 150 * MS
    world.key("g", "1", "up")
    shown = " ".join(world.text().replace("│", " ").split())
    assert "not ready yet: raise again in a moment" in shown
    assert world.set_level() == 0
    world.bench.to_host.latency_ns = 1 * MS
    world.pass_time(1 * S)
    world.key("up")
    world.pass_time(500 * MS)
    assert world.set_level() > 0, world.text()


def test_a_limit_names_its_unit_at_both_ends(world: World) -> None:
    scene(world, "adjust")
    assert "10 µs to 4.095 ms" in world.text()


def test_a_long_refusal_is_read_to_its_end(world: World) -> None:
    """What is to be done about it stands last."""
    world.to_run()
    words = "channel 1: 30 mA is not plausible: it is 10 times or more what the last session of "
    words += "this person reached, 0.5 mA, which is likelier a slip than a wish (w accepts it)"
    world.desk.say(words)
    shown = " ".join(world.text().replace("│", " ").split())
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
