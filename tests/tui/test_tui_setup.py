"""Setting a session up: protocols found, channels added, maxima, settings, and the last time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input, OptionList, Select

from stimctl.errors import StimctlError, UsageError
from stimctl.treatment.timeline import drive_at
from stimctl.tui.model.adjust import AdjustPage
from stimctl.tui.model.electrodes import SetupPage
from stimctl.tui.model.last_time import LastTimePage
from stimctl.tui.model.persons import Mark, Settings, remember, remembered
from stimctl.tui.model.planning import choose, compiled, protocol_names
from stimctl.tui.model.protocols import ProtocolsPage
from stimctl.tui.plain.face import PlainFace
from stimctl.tui.screens.trains import trains_of
from stimctl.tui.widgets.channel_card import ChannelCard
from stimctl.tui.widgets.train_view import overlap_words
from tests.support.broad import broad_rows
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World, type_lines

CURRENT = protocol_names("sim:p24")
CYCLED = [name for name in CURRENT if choose(name).protocol.channels[0].cycle is not None]


def setup_of(world: World) -> SetupPage:
    page = world.desk.pages["setup"]
    assert isinstance(page, SetupPage)
    return page


def settings_of(world: World) -> AdjustPage:
    page = world.desk.pages["adjust"]
    assert isinstance(page, AdjustPage)
    return page


def protocols_of(world: World) -> ProtocolsPage:
    page = world.desk.pages["protocols"]
    assert isinstance(page, ProtocolsPage)
    return page


def at(world: World, page: str, size: tuple[int, int] = (80, 24)) -> Headless:
    """The screens, with this page in front."""
    world.desk.open(page)
    world.ui.be_of_size(*size)
    return world.ui


# -- protocols -----------------------------------------------------------------------------------


def test_every_protocol_is_seen_or_said_to_be_below(world: World) -> None:
    world.begin("sim:p24", "tens-conventional")
    for size in ((80, 24), (100, 30), (140, 45)):
        shown = at(world, "protocols", size).text
        assert f"{len(CURRENT)} protocols" in shown
        assert all(name in shown for name in CURRENT) or "▼" in shown


def test_many_protocols_are_said_to_go_on_below(world: World, tmp_path: Path) -> None:
    folder = tmp_path / "protocols"
    folder.mkdir()
    text = choose("nmes-acl").origin.text
    for number in range(30):
        name = f"ours-{number:02d}"
        (folder / f"{name}.toml").write_text(text.replace('"nmes-acl"', f'"{name}"'), "utf-8")
    world.begin("sim:p24", "tens-conventional")
    ui = at(world, "protocols")
    assert f"{len(CURRENT) + 30} protocols" in ui.text
    assert "more, Enter chooses" in ui.text
    ui.press("end")
    assert "ttns-oab" in ui.text


@pytest.mark.parametrize(("typed", "left"), broad_rows([
    ("knee", {"nmes-tka", "tens-knee-oa", "tens-post-op"}), ("spast", {"tens-spasticity"}),
    ("quadriceps acl", {"nmes-acl"}), ("zzz", set()),
    ("low-back", {"tens-modulated", "tens-menstrual", "tens-post-op"}),
], every=2))  # fmt: skip
def test_search_as_it_is_typed(world: World, typed: str, left: set[str]) -> None:
    world.begin("sim:p24", "tens-conventional")
    ui = at(world, "protocols")
    ui.press("slash")
    ui.type(typed)
    there = ui.app.screen.query_one(OptionList)
    assert {there.get_option_at_index(one).id for one in range(there.option_count)} == left
    if not left:
        ui.press("enter")
        assert ui.name == "protocols"
        assert "Esc ends the search" in world.desk.message
    ui.press("escape")
    assert len(protocols_of(world).names) == len(CURRENT)
    assert ui.name == "protocols"


def test_what_is_found_is_chosen_by_enter(world: World) -> None:
    world.begin("sim:p24", "tens-conventional")
    ui = at(world, "protocols")
    ui.press("slash")
    ui.type("nmes")
    ui.press("down", "down", "enter")
    assert ui.name == "setup"
    assert world.bed.choice is not None
    assert world.bed.choice.name == [name for name in CURRENT if "nmes" in name][2]


def test_the_search_has_the_keys_that_come_with_its_own(world: World) -> None:
    world.begin("sim:p24", "tens-conventional")
    ui = at(world, "protocols")
    ui.burst("slash", "c", "o", "n", "v")
    assert protocols_of(world).names == ["tens-conventional"]


def test_a_list_keeps_a_key_that_comes_before_its_lines(world: World) -> None:
    world.begin("sim:p24", "tens-conventional")
    world.bed.choice = None
    ui = at(world, "chooser")
    ui.burst("4", "down", "down")
    assert protocols_of(world).picked == protocols_of(world).names[2]
    assert f"▸    {protocols_of(world).picked}" in ui.text


def test_a_favourite_stands_first_and_is_kept(world: World) -> None:
    world.begin("sim:p24", "tens-conventional")
    page = protocols_of(world)
    world.desk.open("protocols")
    page.pick("ttns-oab")
    world.key("f")
    assert page.names[0] == "ttns-oab"
    assert "★" in at(world, "protocols").text
    later = World(world.bed.state_folder)
    later.desk.open("protocols")
    assert protocols_of(later).names[0] == "ttns-oab"
    protocols_of(later).pick("ttns-oab")
    later.key("f")
    assert not protocols_of(later).favourites


@pytest.mark.hazard("H45")
@pytest.mark.parametrize(("device", "name", "answers", "says"), [
    ("sim:rehastim2", "tens-burst", {}, "groups of 2 to 3 pulses"),
    ("sim:rehastim2", "tens-modulated", {}, "pulse rate"),
    ("sim:p24", "tens-conventional", {"C02": True}, "screening:"),
    ("sim:p24", "nmes-tka", {"C01": True}, "screening:"),
])  # fmt: skip
def test_what_is_not_suitable_stays_in_the_list_with_its_reason(
    world: World, device: str, name: str, answers: dict[str, bool], says: str
) -> None:
    world.bed.connect(device)
    world.desk.take_rows()
    world.bed.answered(answers)
    ui = at(world, "protocols", (140, 45))
    page = protocols_of(world)
    page.pick(name)
    ui.settle()
    assert f"Not here: {page.why_not(name)[:20]}" in " ".join(ui.text.split())
    assert says in page.why_not(name)
    ui.press("enter")
    assert ui.name == "protocols"
    assert says in world.desk.message
    assert world.bed.choice is None or world.bed.choice.name != name


@pytest.mark.parametrize("name", [*CURRENT, "gate-tens", "gate-ems"])
def test_every_protocol_tells_aim_schedule_size_cautions_and_evidence(
    world: World, name: str
) -> None:
    page, protocol = protocols_of(world), choose(name).protocol
    told = dict(page.facts(name))
    assert {"Aim", "Session", "Electrodes", f"Evidence {protocol.evidence.grade}"} <= set(told)
    cautions = [words for label, words in page.facts(name) if label == "Caution"]
    assert len(cautions) == len(protocol.cautions)
    assert f"{protocol.electrodes.minimum_area_mm2 / 100:g} cm²" in told["Electrodes"]
    if name == "nmes-tka":
        assert "7.6 x 12.7 cm" in told["Electrodes"]
    if name.startswith("gate"):
        assert {"Unit", "Set on it", "Dial", "Percent"} <= set(told)
    assert not [words for words in told.values() if "(R" in words or "(C0" in words]


# -- maxima --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CURRENT)
def test_the_maximum_is_the_protocols_to_begin_with(name: str) -> None:
    choice = choose(name)
    cap = choice.protocol.channels[0].aim.cap
    assert [seat.ceiling_level for seat in choice.seats] == [cap]
    plan, why, warning = compiled(choice, "sim:p24")
    assert plan is not None, (why, warning)


@pytest.mark.hazard("H24")
@pytest.mark.parametrize(("mark", "site", "level"), [
    (Mark("tolerance", 1, "left-quadriceps", 2_500, 7, 42_000), "left-quadriceps", 42_000),
    (Mark("tolerance", 2, "left-quadriceps", 9_600, 7, 42_000), "left-quadriceps", 42_000),
    (Mark("tolerance", 1, "left-quadriceps", 2_500, 7, 42_000), "right-quadriceps", 100_000),
    (Mark("motor", 1, "left-quadriceps", 2_500, 7, 42_000), "left-quadriceps", 100_000),
    (Mark("tolerance", 1, "left-quadriceps", 2_500, 7, 120_000), "left-quadriceps", 100_000),
    (Mark("tolerance", 1, "left-quadriceps", 2_500, 7, None, 42), "left-quadriceps", 100_000),
])  # fmt: skip
def test_what_was_tolerated_there_is_the_maximum_and_output_begins_at_zero(
    world: World, mark: Mark, site: str, level: int
) -> None:
    world.bed.take_person("K-17")
    world.bed.marks = [mark]
    world.bed.keep()
    world.bed.connect("sim:p24")
    world.desk.take_rows()
    protocols_of(world).opened()
    protocols_of(world).choose("nmes-acl")
    setup_of(world).set_site(1, site)
    (seat,) = setup_of(world).seats
    assert seat.ceiling_level == level
    setup_of(world).set_maximum(1, "30 mA")
    setup_of(world).set_site(1, "right-calf")
    assert setup_of(world).seats[0].ceiling_level == 30_000  # set by hand, it stays
    world.desk.open("run")
    world.pass_time(500 * MS)
    assert all(one.set_level == 0 for one in world.bed.live.channels.values())


@pytest.mark.hazard("H18")
@pytest.mark.parametrize(("field", "text", "says"), [
    ("maximum", "101 mA", "100 mA"), ("maximum", "22", "no unit"), ("maximum", "9999 mA", ""),
    ("maximum", "-5 mA", ""), ("maximum", "12 %", "unit"), ("maximum", "", ""),
    ("maximum", "50.03 mA", ""), ("area", "25", "no unit"), ("area", "5 cm2", "25 cm2"),
    ("area", "4x4 cm", "16 cm2"), ("area", "0 cm2", ""), ("site", "head", ""),
    ("site", "left-nose", "unknown body site"),
])  # fmt: skip
def test_what_is_refused_stays_as_it_was_and_says_why(
    world: World, field: str, text: str, says: str
) -> None:
    world.begin("sim:p24", "nmes-tka")
    before = world.bed.choice
    with pytest.raises(StimctlError) as refused:
        getattr(setup_of(world), f"set_{field}")(1, text)
    assert says in str(refused.value)
    assert str(refused.value)
    assert world.bed.choice is before


def test_a_refused_maximum_is_told_while_it_is_typed(world: World) -> None:
    world.begin("sim:p24", "nmes-tka")
    ui = at(world, "setup")
    ui.press("tab", "tab", "tab")
    ui.type("101mA")
    assert "cap of nmes-tka" in " ".join(ui.text.split())
    ui.press("enter")
    assert "cap of nmes-tka" in world.desk.message
    assert setup_of(world).seats[0].ceiling_level == 100_000
    ui.press("escape")
    ui.settle()
    assert "100.0 mA" in ui.text


def test_sizes_are_chosen_or_typed(world: World) -> None:
    world.begin("sim:p24", "tens-conventional")
    ui = at(world, "setup")
    sizes = ui.app.screen.query(".size").first(Select)
    sizes.value = 5_000
    ui.settle()
    assert setup_of(world).seats[0].area_mm2 == 5_000
    sizes.value = 0
    ui.settle()
    ui.type("36cm2")
    ui.press("enter")
    assert setup_of(world).seats[0].area_mm2 == 3_600
    assert "36 cm²" in ui.text


# -- channels ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", CURRENT)
def test_a_channel_is_added_to_every_protocol_and_taken_away(world: World, name: str) -> None:
    world.begin("sim:p24", name)
    page = setup_of(world)
    page.set_site(1, page.seats[0].site or "low-back")
    first = page.seats
    page.add_channel()
    assert world.bed.plan is not None, world.bed.why_not
    assert [one.channel for one in world.bed.plan.channels] == [1, 2]
    assert page.seats[1].role == 0
    page.remove_channel(1)
    assert [one.channel for one in world.bed.plan.channels] == [2]
    page.add_channel()
    page.remove_channel(2)
    assert [one.place[0] for one in page.seats] == [1]
    assert page.seats[0].area_mm2 == first[0].area_mm2
    assert page.offers()["remove-channel"] == "one channel is needed"


def test_no_more_channels_than_the_device_has(world: World) -> None:
    world.begin("sim:rehamove3", "tens-conventional")
    page = setup_of(world)
    page.set_site(1, "low-back")
    while page.offers()["add-channel"] is None:
        page.add_channel()
    assert page.offers()["add-channel"] == f"the device has {len(page.seats)} channels"


@pytest.mark.broad
def test_four_electrodes_at_the_low_back_give_output_on_two_channels(world: World) -> None:
    world.begin("sim:p24", "tens-conventional")
    ui = at(world, "setup")
    ui.press("tab", "enter")
    ui.type("low")
    ui.press("enter", "escape", "a")
    assert [seat.site for seat in setup_of(world).seats] == ["low-back", "low-back"]
    world.desk.open("run")
    world.pass_time(500 * MS)
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    for channel in (1, 2):
        world.key(f"alt+{channel}")
        world.pass_time(S)
        world.key("up")
        world.pass_time(S)
        assert world.set_level(channel) > 0
    world.ui.settle()


@pytest.mark.parametrize("name", CYCLED)
@pytest.mark.parametrize("count", [2, 3])
def test_channels_that_take_turns_are_never_on_together(
    world: World, name: str, count: int
) -> None:
    world.begin("sim:p24", name)
    page = setup_of(world)
    while len(page.seats) < count:
        page.add_channel()
    assert "together for" in overlap_words(trains_of(page.choice).channels)
    cycle = page.choice.protocol.channels[0].on_off
    assert cycle is not None
    if cycle.on_us * count > cycle.period_us:  # so many do not fit into one cycle
        with pytest.raises(StimctlError, match="W8"):
            page.act("alternate")
        assert not page.choice.alternates
        return
    page.act("alternate")
    plan = world.bed.plan
    assert plan is not None, world.bed.why_not
    period_us = plan.channels[0].cycle.period_us
    for at_us in range(0, 2 * period_us, period_us // 60):
        on = [one.channel for one in plan.channels if drive_at(plan, one, at_us).level_permille]
        assert len(on) <= 1, at_us
    assert overlap_words(trains_of(page.choice).channels) == "never on together"
    page.act("alternate")
    assert not page.choice.adjusted  # the file's own again


@pytest.mark.broad
def test_both_thighs_taking_turns_run_on_the_twin(world: World) -> None:
    world.begin("sim:p24", "nmes-acl")
    ui = at(world, "setup", (100, 30))
    ui.press("a", "t")
    assert "never on together" in ui.text
    assert [seat.site for seat in setup_of(world).seats] == ["left-quadriceps", "right-quadriceps"]
    ui.press("enter")
    assert ui.name == "adjust"
    settings_of(world).set("cycle.on", "8 s")
    settings_of(world).set("cycle.off", "32 s")
    starts = [role.begins_us for role in setup_of(world).choice.protocol.channels]
    assert starts == [0, 20_000_000]  # moved with the cycle
    assert world.bed.plan is not None
    assert world.bed.plan.duration_us % 40_000_000 == 0
    world.desk.open("run")
    world.pass_time(500 * MS)
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "running"
    world.ui.settle()


def test_a_continuous_treatment_takes_no_turns(world: World) -> None:
    world.begin("sim:p24", "tens-conventional")
    page = setup_of(world)
    page.set_site(1, "low-back")
    page.add_channel()
    assert "continuous" in str(page.offers()["alternate"])


# -- settings ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "text", "says"), [
    ("waveform.frequency", "100", "no unit"), ("waveform.frequency", "fast", ""),
    ("waveform.frequency", "3000 Hz", ""), ("waveform.phase_width", "5 us", ""),
    ("waveform.phase_width", "80 Hz", "unit"), ("session", "3 h", ""), ("session", "1 s", ""),
    ("cycle.ramp_up", "100 ms", "ramp"), ("cycle.on", "2 s", ""), ("waveform.colour", "1 s", ""),
])  # fmt: skip
def test_a_setting_that_is_refused_stays_as_it_was(
    world: World, key: str, text: str, says: str
) -> None:
    world.begin("sim:p24", "nmes-tka")
    before = world.bed.choice
    assert says in settings_of(world).refusal(key, text)
    assert settings_of(world).refusal(key, text)
    with pytest.raises((StimctlError, ValueError)):
        settings_of(world).set(key, text)
    assert world.bed.choice is before


@pytest.mark.broad
def test_the_dose_follows_what_is_typed_and_is_taken_with_enter(world: World) -> None:
    world.begin("sim:p24", "nmes-tka")
    ui = at(world, "adjust", (140, 45))
    before = [one.now for one in settings_of(world).figures()]
    ui.press("tab", "tab")
    ui.type("200us")
    assert [one.now for one in settings_of(world).figures()] != before
    assert "standard" in ui.text
    assert not settings_of(world).choice.adjusted
    ui.press("enter")
    assert settings_of(world).choice.adjusted
    assert "standard 250 µs" in ui.text
    ui.press("escape", "z")
    assert not settings_of(world).choice.adjusted
    assert [one.now for one in settings_of(world).figures()] == before


@pytest.mark.parametrize(("asked", "given"), [
    ("97 Hz", "95.24 Hz"), ("64 Hz", "63.49"), ("50 Hz", ""), ("100 Hz", ""),
])  # fmt: skip
def test_the_frequency_that_the_device_gives_is_told_where_it_is_set(
    world: World, asked: str, given: str
) -> None:
    world.begin("sim:p24", "tens-conventional")
    settings_of(world).set("waveform.frequency", asked)
    limit = next(one.limit for one in settings_of(world).values() if "frequency" in one.key)
    if given:
        assert limit.startswith(f"{asked} requested, device gives ")
        assert limit.split("gives ")[1].startswith(given[:4])
        assert limit in " ".join(at(world, "adjust").text.split())
    else:
        assert "requested" not in limit


# -- the last time -------------------------------------------------------------------------------


def once(world: World) -> None:
    """A session of K-17: both thighs in turns, with other values than the file's."""
    world.bed.take_person("K-17")
    world.begin("sim:p24", "nmes-acl")
    page = setup_of(world)
    page.set_site(1, "right-quadriceps")
    page.set_area(1, "50 cm2")
    page.add_channel()
    page.act("alternate")
    settings_of(world).set("waveform.phase_width", "280 us")
    settings_of(world).set("session", "10 min")
    world.desk.open("run")
    world.pass_time(500 * MS)
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "running"
    world.key("space")
    world.pass_time(S)


def again(world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[World, LastTimePage]:
    del monkeypatch
    later = World(world.bed.state_folder)
    later.bed.take_person("K-17")
    later.desk.open("protocols")
    later.key("l")
    page = later.desk.front
    assert isinstance(page, LastTimePage)
    return later, page


@pytest.mark.broad
@pytest.mark.hazard("H24")
def test_all_of_the_last_time_comes_back_once_each_part_is_ticked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    once(world)
    later, page = again(world, monkeypatch)
    shown = later.ui.text if later.ui.settle() is None else ""
    for words in ("sim:p24", "right quadriceps", "left quadriceps", "50 cm", "280 µs", "10 min"):
        assert words in shown
    later.key("enter")
    assert "nothing is ticked" in later.desk.message
    assert later.bed.choice is None
    later.key(*(str(one) for one in range(1, len(page.parts) + 1)), "enter")
    choice = later.bed.choice
    assert choice is not None
    assert later.bed.device == "sim:p24"
    assert [seat.place for seat in choice.seats] == [
        (1, "right-quadriceps", 5_000), (2, "left-quadriceps", 5_000),
    ]  # fmt: skip
    assert choice.alternates
    assert choice.duration_us == 600_000_000
    assert choice.protocol.channels[0].waveform.phase_width_us == 280
    assert later.bed.plan is not None
    assert later.bed.plan.digest() == world.bed.plan.digest()
    assert later.bed.papers.open_sides(choice.seats)  # typed again
    assert not later.bed.papers.spaced(choice.seats)  # confirmed again
    assert later.desk.confirmed == ""
    later.ui.settle()
    later.close()


@pytest.mark.parametrize("left_out", [0, 1, 2, 3])
def test_a_part_that_is_not_ticked_does_not_come_back(
    world: World, monkeypatch: pytest.MonkeyPatch, left_out: int
) -> None:
    once(world)
    later, page = again(world, monkeypatch)
    for number, part in enumerate(page.parts):
        if number != left_out:
            page.tick(part.id)
    page.act("choose")
    choice = later.bed.choice
    assert choice is not None
    sites = [seat.site for seat in choice.seats]
    assert (later.bed.device == "sim:p24") is (left_out != 0)
    assert ("right-quadriceps" in sites) is (left_out != 1)
    assert choice.alternates is (left_out not in (2, 3))
    assert (choice.duration_us == 600_000_000) is (left_out != 3)


@pytest.mark.parametrize("settings", [
    None, {}, {"nmes-acl": {"device": "sim:p24", "duration_us": 1, "changes": [],
                            "alternates": False}},
])  # fmt: skip
def test_a_file_of_an_earlier_version_is_read(tmp_path: Path, settings: Any) -> None:
    (tmp_path / "persons").mkdir()
    told: dict[str, Any] = {"marks": [], "answers": {"C01": False}, "answered_s": 0,
                            "places": {"nmes-acl": [[1, "left-calf", 2500]]}}  # fmt: skip
    if settings is not None:
        told["settings"] = settings
    (tmp_path / "persons" / "K-17.json").write_text(json.dumps(told), "utf-8")
    found = remembered(tmp_path, "K-17")
    assert found.places == {"nmes-acl": ((1, "left-calf", 2_500),)}
    assert set(found.settings) == set(settings or {})
    key = remember(tmp_path, "K-17", {"answered_s": 5})
    assert remembered(tmp_path, "K-17") == replace(found, answered_s=5, key=key)


def test_what_is_kept_holds_no_amplitude(world: World) -> None:
    once(world)
    kept = world.bed.memory.settings["nmes-acl"]
    assert kept == Settings(
        "sim:p24", 600_000_000, ((0, "waveform", "phase_width", 280),), alternates=True
    )


# -- on record, and in words ---------------------------------------------------------------------


def test_the_cautions_of_the_treatment_are_ticked_and_on_record(world: World) -> None:
    from stimctl.tui.model.handing import papers_of

    world.begin("sim:p24", "nmes-tka")
    ui = at(world, "setup", (140, 45))
    assert "Screen for deep vein thrombosis before each session" in " ".join(ui.text.split())
    assert "cautions" not in papers_of(world.desk)
    ui.press("c")
    assert papers_of(world.desk)["cautions"] == "those of nmes-tka were read"
    protocols_of(world).opened()
    protocols_of(world).choose("nmes-acl")
    assert "cautions" not in papers_of(world.desk)  # of another treatment they are others


@pytest.mark.hazard("H28")
def test_the_plain_face_sets_up_the_same(world: World, face: PlainFace, said: list[str]) -> None:
    type_lines(
        world, face, "connect sim:p24", "protocol nmes-acl", "size 1 50cm2", "add-channel",
        "alternate", "maximum 2 40mA", "cautions-read", "adjust waveform.frequency 97 Hz",
    )  # fmt: skip
    told = "\n".join(said)
    assert "Caution: " in told
    assert "channels take turns" in told
    assert "97 Hz requested, device gives" in told
    choice = world.bed.choice
    assert choice is not None
    assert choice.alternates
    assert [seat.ceiling_level for seat in choice.seats] == [100_000, 40_000]
    assert world.bed.papers.cautions == "nmes-acl"
    said.clear()
    type_lines(world, face, "remove-channel 1", "remove-channel 2", "maximum 1", "size x 1")
    told = "\n".join(said)
    assert "one channel is needed" in told
    assert "a channel and a value are needed" in told
    assert "a channel is needed" in told


def test_a_protocol_with_several_roles_keeps_its_channels(world: World) -> None:
    from tests.tui.test_tui_hazards import TWO_CHANNELS, write_two_channels

    write_two_channels(Path(str(world.bed.state_folder)).parent / "protocols")
    world.begin("sim:p24", TWO_CHANNELS)
    page = setup_of(world)
    for action in ("add-channel", "remove-channel"):
        assert "exactly 2 channels" in str(page.offers()[action])
    with pytest.raises(UsageError, match="exactly 2 channels"):
        page.add_channel()


@pytest.mark.broad
def test_channels_come_and_go_while_the_screen_is_brought_up_to_date(world: World) -> None:
    world.to_run("nmes-tka")
    ui = at(world, "setup")
    for change in (setup_of(world).add_channel, lambda: setup_of(world).remove_channel(1)):
        change()
        ui.look_on()
        assert len(world.ui.app.screen.query("ChannelRow")) == len(setup_of(world).seats)


@pytest.mark.parametrize("field", [".site", ".size", ".maximum"])
def test_a_channel_that_is_taken_away_while_its_field_is_in_hand_ends_nothing(
    world: World, field: str
) -> None:
    """Its row hears that the field was left, and changed, when there is no such channel."""
    world.to_run("nmes-tka")
    setup_of(world).add_channel()
    ui = at(world, "setup")
    row = ui.app.screen.query("ChannelRow").last()
    row.query_one(field).focus()
    ui.settle()
    if field == ".maximum":
        ui.type("3")
    setup_of(world).remove_channel(2)
    one = row.query_one(".maximum", Input)
    row.post_message(Input.Blurred(one, one.value))
    row.post_message(Input.Submitted(one, "30"))
    site = row.query_one(".site", Select)
    row.post_message(Select.Changed(site, "left-knee"))
    ui.look_on()
    assert ui.app.return_code is None
    assert [one.channel for one in setup_of(world).seats] == [1]
    assert len(ui.app.screen.query("ChannelRow")) == 1


def test_a_row_of_a_protocol_that_was_chosen_away_shows_nothing_and_changes_nothing(
    world: World,
) -> None:
    world.to_run("nmes-tka")
    ui = at(world, "setup")
    row = ui.app.screen.query("ChannelRow").last()
    world.bed.take(choose("tens-conventional"))
    before = world.bed.choice
    one = row.query_one(".maximum", Input)
    one.value = "1"
    row.post_message(Input.Blurred(one, "1"))
    ui.look_on()
    assert ui.app.return_code is None
    assert world.bed.choice == before
    assert list(row.compose()) == []


@pytest.mark.broad
def test_a_plan_with_other_channels_shows_their_cards_at_once(world: World) -> None:
    world.to_run("nmes-tka")
    ui = at(world, "run")
    for count in (2, 3):
        setup_of(world).add_channel()
        world.desk.open("run")
        ui.look_on()
        assert [one.shown.channel for one in ui.app.screen.query(ChannelCard)] == [
            *range(1, count + 1)
        ]


def test_both_sides_are_asked_one_after_the_other(world: World) -> None:
    world.to_run("nmes-tka")
    setup_of(world).add_channel()
    ui = at(world, "setup")
    ui.press("s")
    ui.type("left")
    ui.press("enter")
    assert "electrodes of channel 2?" in ui.text
    ui.type("right")
    ui.press("enter")
    assert ui.name == "setup"
    assert not world.bed.papers.open_sides(setup_of(world).seats)
