"""No state is told by colour alone: without any, no two states read the same."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest

from stimctl.supervisor.session_model import Channel
from stimctl.tui.model.live import Live
from stimctl.tui.model.theme_names import THEME_NAMES
from stimctl.tui.screens.cards import channel_state
from stimctl.tui.screens.shown import state_words, window_title
from stimctl.tui.widgets.card_shown import CardState
from tests.support.tui_desk import S, World

STATES = ("disconnected", "identified", "checked", "armed", "running", "paused", "stopped",
          "closed", "fault", "unknown")  # fmt: skip
NOW_NS = 100 * S


def in_state(live: Live, state: str) -> None:
    """As after the rows that lead there; `stopping` is running with zero being verified."""
    live.state = "running" if state == "stopping" else state
    live.stopping_ns = NOW_NS if state == "stopping" else None


@pytest.mark.hazard("H26", "H27")
def test_every_state_of_a_session_has_its_own_words_in_the_head(world: World) -> None:
    for size in ((80, 24), (140, 45), (20, 5)):
        read = {}
        for state in (*STATES, "stopping"):
            in_state(world.bed.live, state)
            # UNKNOWN has the whole screen; elsewhere the first rows are the place of the state.
            rows = world.text(*size).splitlines()
            read[state] = "\n".join(rows[:3]) if state != "unknown" else "\n".join(rows)
        for one, other in combinations(read, 2):
            assert read[one] != read[other], (size, one, other)


def test_a_state_in_which_current_may_flow_is_told_apart_by_its_first_glyph() -> None:
    glyphs: dict[str, set[str]] = {}
    live = Live()
    for state in (*STATES, "stopping"):
        in_state(live, state)
        said, _ = state_words(live)
        glyphs.setdefault(said[0], set()).add(state)
    assert glyphs["●"] == {"running"}
    assert glyphs["?"] == {"unknown"}
    assert glyphs["…"] == {"stopping"}
    assert glyphs["▲"] == {"armed"}
    assert "running" not in glyphs["■"]


def test_a_plan_that_has_ended_looks_different_from_one_that_was_stopped(world: World) -> None:
    world.to_running(steps=1)
    world.key("space")
    world.pass_time(S)
    stopped, tone = state_words(world.bed.live)
    world.to_running(steps=1)
    world.pass_time((world.bed.live.duration_us + 1_000_000) * 1_000, S)
    if world.bed.live.plan_ended:
        completed, other = state_words(world.bed.live)
        assert completed != stopped
        assert tone is not other
        assert "COMPLETED" in completed


def test_the_windows_title_says_output_on_and_unknown_in_words(world: World) -> None:
    live = world.bed.live
    told = {}
    for state in STATES:
        in_state(live, state)
        told[state] = window_title(live)
    assert len(set(told.values())) == len(STATES)
    assert "OUTPUT ON" in told["running"]
    assert "OUTPUT UNKNOWN" in told["unknown"]


class Drive:
    """What the plan has a channel do."""

    def __init__(self, level_permille: int, *, is_on: bool, may_raise: bool) -> None:
        self.level_permille, self.is_on, self.may_raise = level_permille, is_on, may_raise


def channel_states() -> dict[str, tuple[Live, Channel, Drive | None]]:
    """One of each thing that a card can say."""
    live = Live()
    live.state = "running"
    unknown, stopped, paused = Live(), Live(), Live()
    unknown.state, stopped.state, paused.state = "unknown", "stopped", "paused"
    fresh = Channel(1, set_level=4_000, acked_level=4_000, acked_ns=NOW_NS, confirmed_ns=NOW_NS)
    full = Drive(1000, is_on=True, may_raise=True)
    return {
        "on": (live, fresh, full),
        "at zero": (live, replace(fresh, set_level=0, acked_level=0), full),
        "rising": (live, fresh, Drive(400, is_on=True, may_raise=False)),
        "resting": (live, fresh, Drive(0, is_on=False, may_raise=False)),
        "waiting": (live, replace(fresh, set_ns=NOW_NS - S, confirmed_ns=0), full),
        "stale": (live, replace(fresh, acked_ns=NOW_NS - 3 * S), full),
        "pending": (live, replace(fresh, pending_level=5_000), full),
        "paused": (paused, fresh, None),
        "unknown": (unknown, fresh, None),
    }


def test_every_state_of_a_channel_has_words_of_its_own() -> None:
    said = {name: channel_state(*what, NOW_NS)[0] for name, what in channel_states().items()}
    assert len(set(said.values())) == len(said), said
    heads = {name: state.value.split()[0] for name, state in said.items()}
    assert {name for name, glyph in heads.items() if glyph == "●"} == {"on"}
    assert {name for name, glyph in heads.items() if glyph == "?"} == {"stale", "unknown"}
    assert len({state.value for state in CardState}) == len(CardState)


def test_the_marked_line_of_a_list_is_told_by_its_brightness(world: World) -> None:
    world.to_run()
    world.desk.open("protocols")
    for theme in THEME_NAMES:
        world.desk.theme = theme
        world.text()
        grounds = [
            style.bgcolor
            for strip in world.ui.app.screen._compositor.render_strips()
            for text, style, _ in strip
            if style is not None and "tens-conventional" in text and style.bgcolor is not None
        ]
        assert grounds, theme


def test_the_selected_channel_is_marked_by_a_sign(world: World) -> None:
    world.to_running(steps=1)
    assert "▸ 1" in world.text()


def test_every_word_on_the_screen_is_the_same_in_every_theme(world: World) -> None:
    world.to_running(steps=1)
    read = set()
    for theme in THEME_NAMES:
        world.desk.theme = theme
        read.add(world.text())
    assert len(read) == 1
