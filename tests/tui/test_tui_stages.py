"""A treatment of stages on the screens: what is told, shown and drawn is what each stage does."""

from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stimctl.records import sessions
from stimctl.tui.model import replay
from stimctl.tui.model.lookout import Lookout
from stimctl.tui.model.planning import choose
from stimctl.tui.model.probe import TerminalProbe
from stimctl.tui.plain.face import PlainFace
from stimctl.tui.screens.cards import cards_shown
from stimctl.tui.screens.drawn import plot_shown
from tests.support.broad import broad
from tests.support.headless import Headless
from tests.support.paths import ROOT
from tests.support.staged_samples import CYCLE, stage, staged_text
from tests.support.tui_desk import MS, S, World, type_lines

EXAMPLES = sorted((ROOT / "tests/treatment/data").glob("v2-*.toml"))
CYCLIC = [path for path in EXAMPLES if path.stem in ("v2-copd-active-rest", "v2-icu-two-periods")]
PROCEDURES = [
    path for path in EXAMPLES if path.stem in ("v2-recruitment-curve", "v2-sensory-staircase")
]
SIZES = ((80, 24), (100, 30), (140, 45))
TEXT = staged_text(
    stage("warm-up", "20 s", 'waveform = { frequency = "5 Hz" }')
    + stage("work", "30 s", f"cycle = {CYCLE}")
    + stage(
        "cool-down",
        "20 s",
        'plateau = "warm-up"\nlevel = "50 %"\nwaveform = { frequency = "5 Hz" }',
    ),
    session='shortest = "70 s", longest = "70 s"',
    rate="50 Hz",
)


@pytest.fixture
def own(world: World, tmp_path: Path) -> Path:
    """The person's own folder of protocols, which the program reads."""
    folder = tmp_path / "protocols"
    folder.mkdir()
    (folder / "sample.toml").write_text(TEXT, "utf-8")
    return folder


@pytest.mark.broad
@pytest.mark.parametrize("size", broad(SIZES, every=3))
@pytest.mark.parametrize("path", CYCLIC + PROCEDURES, ids=lambda path: path.stem)
def test_every_screen_before_a_session_can_be_opened_with_it(
    world: World, own: Path, path: Path, size: tuple[int, int]
) -> None:
    shutil.copy(path, own)
    world.bed.connect("sim:p24")
    world.desk.take_rows()
    page = world.desk.pages["protocols"]
    world.desk.open("protocols")
    page.pick(path.stem)
    shown = world.text(*size)
    assert "continuous: on all the time" not in shown
    world.bed.take(choose(path.stem))
    for name in ("setup", "adjust", "run", "report", "service"):
        world.desk.open(name)
        assert world.text(*size)


def test_the_list_tells_each_stage(world: World, own: Path) -> None:
    world.bed.connect("sim:p24")
    world.desk.open("protocols")
    facts = dict(world.desk.pages["protocols"].facts("sample"))
    assert facts["Stage warm-up"] == "20 s; raised by hand"
    assert facts["Stage cool-down"] == "20 s; 50 % of the plateau of warm-up"
    told = world.desk.pages["protocols"].facts("sample")
    does = [words for label, words in told if label == "One"]
    assert ["5 Hz" in words for words in does] == [True, False, True]
    assert all("200 µs" in words and " us" not in words for words in does)


def test_of_its_settings_only_the_length_can_be_changed(world: World, own: Path) -> None:
    choice = choose("sample")
    assert choice.fields(0) == {}
    world.bed.connect("sim:p24")
    world.desk.take_rows()
    world.bed.take(choice)
    world.desk.open("adjust")
    assert [one.label for one in world.desk.pages["adjust"].values()] == ["length of session"]
    assert any("is changed in its file" in one for one in world.desk.pages["adjust"].notes())
    assert all(one.standard == one.now for one in world.desk.pages["adjust"].figures())


def test_its_channels_take_no_turns_of_their_own(world: World, own: Path) -> None:
    world.bed.take(choose("sample"))
    page = world.desk.pages["setup"]
    assert page.offers()["alternate"] == "the stages of this treatment say what is on when"


def test_a_card_shows_the_stage_that_is_now(world: World, own: Path) -> None:
    world.to_running("sample", steps=4)
    assert world.bench.engine.plateau(1) == 2_000
    shown = cards_shown(world.desk.pages["run"])[0]
    assert shown.aim.startswith("warm-up  ")
    assert shown.aim.endswith("5 Hz")
    assert shown.cycle is None
    world.pass_time(22 * S)
    shown = cards_shown(world.desk.pages["run"])[0]
    assert shown.aim.startswith("work  ")
    assert shown.aim.endswith("50 Hz")
    assert shown.cycle is not None
    world.pass_time(30 * S)
    shown = cards_shown(world.desk.pages["run"])[0]
    assert shown.aim.startswith("cool-down  ")
    assert shown.cycle is None


def test_what_is_drawn_ahead_ends_with_the_stage_but_for_what_takes_its_plateau(
    world: World, own: Path
) -> None:
    world.to_running("sample", steps=4)
    world.pass_time(2 * S)
    (curve,) = plot_shown(world.desk.pages["run"]).curves
    heights = {round(at_min * 60): level for at_min, level in curve.planned}
    assert heights[20] == 0  # the end of the warm-up
    assert not [at_s for at_s in heights if 20 < at_s < 51]  # the work is still to be raised
    assert heights[51] == 1.0  # half of 2 mA, after a second of zero
    assert max(heights) == 70


def test_what_is_drawn_ahead_without_stages_goes_on_to_the_end_while_it_runs(world: World) -> None:
    world.to_running(steps=4)
    world.pass_time(2 * S)
    shown = plot_shown(world.desk.pages["run"])
    (curve,) = shown.curves
    assert curve.planned[0] == (shown.now_min, 2.0)
    assert curve.planned[-1] == (30.0, 0)


def test_in_words_the_status_says_which_stage_it_is(
    world: World, own: Path, face: PlainFace, said: list[str]
) -> None:
    world.to_running("sample", steps=4)
    type_lines(world, face, "status")
    world.pass_time(22 * S)
    type_lines(world, face, "status")
    told = "\n".join(said)
    assert "stage 1 of 3: warm-up" in told
    assert "stage 2 of 3: work" in told


def test_watched_and_replayed_its_stages_are_told(
    world: World, own: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rows: list[Any] = []
    world.desk.heard = rows.append
    world.to_running("sample", steps=4)
    world.pass_time(54 * S)
    world.key("space")
    world.pass_time(1 * S)
    told = [row for row in rows if row["kind"] != "hello"]
    entry = SimpleNamespace(file=tmp_path / "none", person="K-17", session="s1")
    monkeypatch.setattr(sessions, "show_session", lambda *_: SimpleNamespace(entry=entry))
    monkeypatch.setattr(replay, "rows_of_journal", lambda _path: (told, ""))
    other = World(tmp_path / "state", mode="replay", lookout=Lookout(TerminalProbe()))
    replay.open_replay(other.desk, "last", 64)
    for _ in range(20):
        other.desk.tick()
        other.clock.now_ns += 100 * MS
    with Headless(other) as ui:
        assert "REPLAY" in "".join(ui.lines[:2])
        ui.press("9")
        assert ui.name == "report"
        ui.press("h")
        assert "STAGE 2: work" in ui.text
        assert "STAGE 3: cool-down" in ui.text
