"""No state is told by colour alone: without any, no two states read the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from stimctl.supervisor.session_model import Channel
from stimctl.tui.model.live import Live
from stimctl.tui.model.text import Line, plain
from stimctl.tui.screens.run_table import Look, Phase, state_of
from stimctl.tui.themes import THEMES
from stimctl.tui.view import window_title
from tests.support.tui_desk import S, World

STATES = ("disconnected", "identified", "checked", "armed", "running", "paused", "stopped",
          "closed", "fault", "unknown")  # fmt: skip
NOW_NS = 100 * S


def in_state(live: Live, state: str) -> None:
    """As after the rows that lead there; `stopping` is running with zero being verified."""
    live.state = "running" if state == "stopping" else state
    live.stopping_ns = NOW_NS if state == "stopping" else None


def test_every_state_of_a_session_has_its_own_words_in_the_top_line(world: World) -> None:
    for size in ((80, 24), (100, 30), (140, 40), (20, 5)):
        read = {}
        for state in (*STATES, "stopping"):
            in_state(world.bed.live, state)
            # UNKNOWN has the whole screen; elsewhere the top line is the place of the state.
            rows = world.text(*size).splitlines()
            read[state] = rows[0] if state != "unknown" or size == (20, 5) else "\n".join(rows)
        for one, other in combinations(read, 2):
            assert read[one] != read[other], (size, one, other)


def test_a_state_in_which_current_may_flow_is_told_apart_by_its_first_glyph(world: World) -> None:
    glyphs: dict[str, set[str]] = {}
    for state in (*STATES, "stopping"):
        in_state(world.bed.live, state)
        said = world.text(20, 5).splitlines()[0].strip()
        glyphs.setdefault(said[0], set()).add(state)
    assert glyphs["●"] == {"running"}
    assert glyphs["?"] == {"unknown"}
    assert glyphs["…"] == {"stopping"}
    assert glyphs["▲"] == {"armed"}
    assert "running" not in glyphs["■"]


def test_the_windows_title_says_output_on_and_unknown_in_words(world: World) -> None:
    live = world.bed.live
    told = {}
    for state in STATES:
        in_state(live, state)
        told[state] = window_title(live)
    assert len(set(told.values())) == len(STATES)
    assert "OUTPUT ON" in told["running"]
    assert "OUTPUT UNKNOWN" in told["unknown"]


def channel_states() -> dict[str, tuple[Channel, Live, Look]]:
    """One of each thing that a row of the Run table can say."""
    live = Live()
    live.state = "running"
    unknown, stopped = Live(), Live()
    unknown.state, stopped.state = "unknown", "stopped"
    fresh = Channel(1, set_level=4_000, acked_level=4_000, acked_ns=NOW_NS, confirmed_ns=NOW_NS)
    look = Look(NOW_NS, 1, {}, {}, {1: Phase(1000, True, True)}, measures=True)
    rest = replace(look, phases={1: Phase(0, False, False, 5 * 1_000_000)})
    ramp = replace(look, phases={1: Phase(400, True, False)})
    return {
        "on": (fresh, live, look),
        "at zero": (replace(fresh, set_level=0, acked_level=0), live, look),
        "at zero in a ramp": (replace(fresh, set_level=0, acked_level=0), live, ramp),
        "ramping": (fresh, live, ramp),
        "resting": (fresh, live, rest),
        "waiting": (replace(fresh, set_ns=NOW_NS - S, confirmed_ns=0), live, look),
        "stale": (replace(fresh, acked_ns=NOW_NS - 3 * S), live, look),
        "pending": (replace(fresh, pending_level=5_000), live, look),
        "differing": (replace(fresh, measured_ua=9_000, measured_ns=NOW_NS), live, look),
        "off": (fresh, stopped, look),
        "unknown": (fresh, unknown, look),
    }


def test_every_state_of_a_channel_has_words_of_its_own() -> None:
    said = {name: state_of(*what).text for name, what in channel_states().items()}
    assert len(set(said.values())) == len(said), said
    heads = {name: text.split()[0] for name, text in said.items()}
    on = {name for name, glyph in heads.items() if glyph == "●"}
    assert on == {"on"}
    assert {name for name, glyph in heads.items() if glyph == "?"} == {"stale", "unknown"}


@pytest.mark.parametrize("page", ["chooser", "person", "precheck", "protocols", "setup", "adjust"])
def test_the_picked_line_is_marked_by_a_sign(world: World, page: str) -> None:
    world.to_run()
    world.desk.open(page)
    picked = [row for row in world.text().splitlines() if row.startswith("│ ▸")]
    assert len(picked) == 1


def test_the_hot_channel_is_marked_by_a_sign(world: World) -> None:
    world.to_running(steps=1)
    rows = [row for row in world.text().splitlines() if "1 pain" in row]
    assert rows[0].startswith("│ ▸")


def test_a_key_that_does_nothing_now_stands_in_brackets(world: World) -> None:
    world.to_run()
    world.desk.remote = ""
    world.desk.lines(80, 24)
    assert "   a ready" in world.text().splitlines()[-1]
    world.bed.plan = None
    assert "(a ready)" in world.text().splitlines()[-1]


def test_every_word_on_the_screen_is_the_same_in_every_theme(world: World) -> None:
    """A theme is a mapping of roles to looks: it has no say in the words."""
    world.to_running(steps=1)
    read = set()
    for theme in THEMES:
        world.desk.theme = theme
        lines: list[Line] = world.desk.lines(80, 24)
        read.add("\n".join(plain(one) for one in lines))
        roles = {span.role for one in lines for span in one}
        assert roles <= set(THEMES[theme])
    assert len(read) == 1
