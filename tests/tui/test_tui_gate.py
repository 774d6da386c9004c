"""The gate before hardware, from the screens: each gap in turn, with the key that closes it."""

from __future__ import annotations

import queue
from dataclasses import replace
from pathlib import Path

import pytest
from textual.events import Key, Paste

from stimctl.records.approvals import find_rehearsal, use_is_accepted
from stimctl.records.pads import Pads, Use, count_use, used
from stimctl.safety import QUESTIONS
from stimctl.session.confirmation import confirmation_of
from stimctl.tui.model.adjust import AdjustPage
from stimctl.tui.model.beginning import session_began
from stimctl.tui.model.chooser import ChooserPage
from stimctl.tui.model.electrodes import SetupPage
from stimctl.tui.model.papers import Papers
from stimctl.tui.model.person import PersonPage
from stimctl.tui.model.persons import now_s
from stimctl.tui.model.planning import choose
from stimctl.tui.model.precheck import PrecheckPage
from stimctl.tui.model.side import SidePage
from stimctl.tui.model.statement import StatementPage
from stimctl.tui.model.steps import go_on, next_gap, steps
from stimctl.tui.plain.face import PlainFace
from tests.support.broad import broad
from tests.support.commissioned_device import commissioned
from tests.support.headless import Headless
from tests.support.tui_desk import MS, S, World

# A file that is no port: not software, so the gate is closed.
DEVICE = f"p24:{Path(__file__)}"


def setup_of(world: World) -> SetupPage:
    page = world.desk.pages["setup"]
    assert isinstance(page, SetupPage)
    return page


def settled(world: World) -> Headless:
    """The screens, with what the model has in front."""
    world.ui.settle()
    return world.ui


def type_text(world: World, text: str) -> None:
    """Characters as a terminal sends them, a tenth of a second apart."""
    for character in text:
        world.pass_time(100 * MS)
        key = "minus" if character == "-" else character
        world.press(key)
        world.desk.take_rows()


def refusal(world: World) -> str:
    """What the Run screen says to `a`."""
    world.desk.open("run")
    world.key("a")
    assert world.bench.state.value != "armed"
    return world.desk.message


@pytest.fixture
def hardware(world: World, request: pytest.FixtureRequest) -> World:
    """A device on a line that may be hardware, with a protocol, and no paper at all."""
    world.begin(*getattr(request, "param", (DEVICE, "tens-conventional")))
    world.desk.open("run")
    world.pass_time(500 * MS)
    assert not world.bed.live.sim
    return world


def persons(world: World) -> PersonPage:
    """The screen of patients, open."""
    world.desk.open("person")
    page = world.desk.pages["person"]
    assert isinstance(page, PersonPage)
    return page


def questions(world: World) -> PrecheckPage:
    """The screening, open."""
    world.desk.open("precheck")
    page = world.desk.pages["precheck"]
    assert isinstance(page, PrecheckPage)
    return page


def use(world: World) -> None:
    """Accept the statement of use."""
    world.desk.open("connect")
    world.key("u")
    page = world.desk.front
    assert isinstance(page, StatementPage)
    page.accept("accept")


def commission(world: World) -> None:
    """It has passed on the bench."""
    commissioned(world.bed.state_folder, "SIM0000000")


def person(world: World, digits: str = "1961") -> None:
    """A code, and its PIN or none; then the connection is made for them."""
    page = persons(world)
    page.choose("K-17")
    if digits:
        page.confirm(digits)
    else:
        page.skip()


def connection(world: World) -> None:
    device = world.bed.device or DEVICE
    gated = device.startswith("openemsstim")
    world.begin(device, "gate-tens" if gated else "tens-conventional")
    world.desk.open("run")
    world.pass_time(500 * MS)


def screening(world: World) -> None:
    page = questions(world)
    while page.left:
        id_ = page.first_unanswered()
        page.answer(id_, present=id_ == "C13")


def caution(world: World) -> None:
    """It is read, and watched for."""
    questions(world).picked = "C13"
    world.key("w")


def apart(world: World) -> None:
    world.desk.open("setup")
    world.key("d")


def isolated(world: World) -> None:
    """Where no maker states it, somebody has looked at unit and computer."""
    world.desk.open("setup")
    assert world.desk.offers()["mains-isolated"] is None
    world.key("i")


def site(world: World) -> None:
    world.desk.open("setup")
    setup_of(world).set_site(1, "left-knee")


def side(world: World) -> None:
    world.desk.open("setup")
    world.key("s")
    page = world.desk.front
    assert isinstance(page, SidePage)
    page.answer("left")


def rehearsal(world: World) -> None:
    assert world.bed.choice is not None
    world.bed.take(replace(world.bed.choice, duration_us=60_000_000))  # a whole one takes long
    world.desk.open("adjust")
    world.key("r")


def confirmation(world: World) -> None:
    page = world.desk.pages["adjust"]
    assert isinstance(page, AdjustPage)
    assert page.asks_confirmation
    page.confirm(confirmation_of(world.bed.plan))


@pytest.mark.hazard("H25", "H30", "H32", "H41", "H45", "H54", "H56", "H78")
@pytest.mark.parametrize(
    "hardware",
    [(DEVICE, "tens-conventional"), (f"openemsstim:{__file__}", "gate-tens")],
    ids=["p24", "openemsstim"],
    indirect=True,
)
def test_each_gap_is_named_in_turn_and_then_hardware_is_armed(hardware: World) -> None:
    world = hardware
    for gap, close in (
        ("No patient code", lambda world: person(world, "")),
        ("not confirmed by the PIN", person),
        ("opened for another patient", connection),
        ("statement of use", use),
        ("not been commissioned on the bench", commission),
        ("questions left", screening),
        ("C13 epilepsy: read the caution", caution),
        ("how to stop", lambda world: (world.desk.open("precheck"), world.key("t"))),
        ("STOP key", lambda world: world.key("f12")),
        ("has no site", site),
        ("spacing is not confirmed", apart),
        ("isolation is not confirmed", isolated),
        ("side of channel 1", side),
        ("not simulated", rehearsal),
        ("four characters", confirmation),
    ):
        if close is isolated and world.bed.device == DEVICE:
            continue  # its maker states it
        if close is commission and world.bed.device != DEVICE:
            continue  # it tells no serial number, so only the supervisor knows
        assert gap in refusal(world)
        close(world)
        world.pass_time(1 * S)
    assert use_is_accepted(world.bed.state_folder)
    assert find_rehearsal(world.bed.state_folder, world.bed.plan.digest()) is not None
    world.desk.open("run")
    world.pass_time(500 * MS)
    world.key("a")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "armed"
    shown = "\n".join(world.desk.pages["armed"].facts())
    assert "REAL CURRENT" in shown
    assert "K-17 ✓" in shown
    notes = {f["topic"]: f["text"] for do, f in world.clients[-1].sent if do == "note"}
    assert notes["screening"].count("n") == len(world.bed.answers) - 1
    assert notes["sides"] == "ch1 left-knee"
    attended = " L-ATT" if world.bed.device.startswith("openemsstim") else ""
    assert ("H56" in notes.get("isolation", "")) is bool(attended)
    assert notes["acknowledged"] == f"C13{attended}"
    assert notes["pads"] == "a pad width apart"
    assert notes["stop key"].startswith("f12")
    assert confirmation_of(world.bed.plan) in notes["rehearsal"]
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "running"
    assert [one.sessions for one in uses(world)] == [1]


def uses(world: World) -> tuple[Use, ...]:
    return used(world.bed.state_folder, "K-17", [Pads("left-knee", 1_600)])


def test_worn_electrodes_are_named_in_the_set_up_and_new_ones_begin_anew(world: World) -> None:
    world.to_run("tens-conventional")
    world.bed.take_person("K-17")
    world.bed.take(choose("tens-conventional"))
    site(world)
    for _ in range(30):
        count_use(world.bed.state_folder, "K-17", [Pads("left-knee", 1_600)], now_s(), new=False)
    ui = settled(world)
    assert "used in 30 sessions" in ui.text
    ui.press("v")
    assert "used in 30 sessions" not in ui.text
    world.bed.live.sim = False
    session_began(world.bed)
    session_began(world.bed)  # a second start in the same session is no second use
    assert [one.sessions for one in uses(world)] == [1]


def test_another_site_or_pad_asks_again_whether_they_are_apart(world: World) -> None:
    world.to_run("nmes-tka")
    apart(world)
    assert world.bed.choice is not None
    assert world.bed.papers.spaced(world.bed.choice.seats)
    setup_of(world).set_maximum(1, "20 mA")
    assert world.bed.papers.spaced(world.bed.choice.seats)  # nothing has moved
    setup_of(world).set_area(1, "100 cm2")
    assert not world.bed.papers.spaced(world.bed.choice.seats)
    apart(world)
    setup_of(world).set_site(1, "right-quadriceps")
    assert not world.bed.papers.spaced(world.bed.choice.seats)
    apart(world)
    setup_of(world).add_channel()
    assert not world.bed.papers.spaced(world.bed.choice.seats)


KNOWN = [("A-1", "2026-11-20"), ("A-2", "2026-11-19")]


@pytest.mark.hazard("H25")
@pytest.mark.parametrize("code", broad(["K-17", "k-1", "j2", "b-9", "q9_0", "07-K"], every=3))
def test_a_typed_code_is_taken_as_it_was_typed(world: World, code: str) -> None:
    """No letter of it moves the list or leaves, and no digit opens a screen."""
    left: list[bool] = []
    with Headless(world) as ui:
        world.desk.leave = lambda: left.append(True)
        page = persons(world)
        page._found(KNOWN)
        ui.settle()
        ui.type(code)
        assert ui.name == "person"
        assert code in ui.text
        ui.press("enter")
        assert f"{code} is new on this computer" in ui.text
    assert page.waits == code
    assert not left


@pytest.mark.hazard("H25")
def test_nobody_is_picked_until_somebody_is(world: World) -> None:
    with Headless(world) as ui:
        persons(world)._found(KNOWN)
        ui.settle()
        ui.press("enter")  # nothing typed, nobody picked: on without a patient, for a simulation
        assert world.bed.person == ""
        assert ui.name == "connect"
        persons(world)._found(KNOWN)
        ui.settle()
        ui.press("down", "down", "enter")
        assert "A-2 has no PIN yet" in ui.text


@pytest.mark.hazard("H25")
def test_a_known_person_is_picked_with_arrows_before_and_after_a_code_was_begun(
    world: World,
) -> None:
    with Headless(world) as ui:
        page = persons(world)
        page._found(KNOWN)
        ui.settle()
        ui.press("down", "up")
        ui.type("A-2")
        assert "A-1" not in ui.text
        ui.press("down", "enter")
        assert page.waits == "A-2"


def test_a_code_begun_before_the_list_of_persons_is_read_stays_the_new_one(world: World) -> None:
    with Headless(world) as ui:
        waiting: list[object] = []
        world.bed.jobs.run = lambda *job: waiting.append(job)  # type: ignore[method-assign]
        page = persons(world)
        ui.settle()
        ui.type("K-1")
        assert waiting
        page._found([("A-1", "2026-11-20")])
        ui.settle()
        ui.type("7")
        ui.press("enter")
        assert page.waits == "K-17"


@pytest.mark.hazard("H25")
@pytest.mark.parametrize("how", ["keys", "paste"])
@pytest.mark.parametrize(
    "code", broad(["K-17", "K-12345", "AB-12345-99-X01", "K-17-TOO-LONG-FOR-A-CODE"], every=3)
)
def test_a_scan_or_a_paste_is_taken_whole_or_not_at_all(world: World, how: str, code: str) -> None:
    """A shorter code may be another person's."""
    with Headless(world) as ui:
        page = persons(world)
        ui.settle()
        if how == "paste":
            ui.send(Paste(code))
        else:
            for one in code:
                world.clock.now_ns += 1 * MS
                ui.send(Key("minus" if one == "-" else one, one))
        ui.settle()
        world.pass_time(1 * S)
        ui.press("enter")
        assert page.waits == ("" if "LONG" in code else code)


@pytest.mark.hazard("H25")
def test_several_lines_are_no_code(world: World) -> None:
    with Headless(world) as ui:
        page = persons(world)
        ui.settle()
        ui.send(Paste("K-17\n1961\n"))
        ui.settle()
        ui.press("enter")
        assert page.waits == ""
        assert not world.bed.papers.second


@pytest.mark.hazard("H25")
def test_the_demo_is_never_among_patients(world: World) -> None:
    from stimctl.errors import UsageError
    from stimctl.tui.model.persons import known_persons

    world.key("d")
    assert world.bed.person == "DEMO-1"
    assert "DEMO-1" not in dict(known_persons(world.bed.state_folder))
    with pytest.raises(UsageError, match="demo"):
        persons(world).choose("DEMO-1")


@pytest.mark.parametrize(("known", "code", "says"), [
    ([], "K-17", "Been here before? Then the code is wrong"),
    (KNOWN, "A-17", "Similar codes: A-1"),
    (KNOWN, "A1", "Similar codes: A-1"),
    (KNOWN, "A-1", "A-1 has no PIN yet"),
])  # fmt: skip
def test_what_a_new_code_may_be_is_said(
    world: World, known: list[tuple[str, str]], code: str, says: str
) -> None:
    page = persons(world)
    page._found(known)
    page.choose(code)
    assert says in page.question


def test_while_output_is_on_nothing_is_typed_where_persons_are(world: World) -> None:
    world.to_running(steps=1)
    with Headless(world) as ui:
        world.desk.open("person")
        ui.settle()
        ui.type("K")
        assert ui.app.screen.query_one("#code").disabled
        assert "K" not in ui.app.screen.query_one("#code").value  # type: ignore[attr-defined]
        ui.press("7")
        assert ui.name == "run"


@pytest.mark.hazard("H25")
def test_a_wrong_pin_takes_nobody_and_none_is_enough_for_a_twin_only(world: World) -> None:
    from stimctl.errors import UsageError

    person(world)
    assert world.bed.papers.second
    world.bed.take_person("K-18")
    page = persons(world)
    page.choose("K-17")
    for digits in ("1962", "19", "", "196100"):
        with pytest.raises(UsageError):
            page.confirm(digits)
        assert world.bed.person == "K-18"
    page.act("back")
    assert "No one selected" in world.desk.message
    page.choose("K-17")
    page.skip()
    assert world.bed.person == "K-17"
    assert not world.bed.papers.second


@pytest.mark.hazard("H25")
def test_the_pin_is_asked_on_the_screen_and_a_wrong_one_stays_there(world: World) -> None:
    person(world)
    world.bed.take_person("K-18")
    with Headless(world) as ui:
        persons(world)
        ui.settle()
        ui.type("K-17")
        ui.press("enter")
        assert "Ask the patient for the PIN of K-17" in ui.text
        ui.type("1962")
        ui.press("enter")
        assert "does not match" in ui.text
        assert world.bed.person == "K-18"
        ui.type("1961")
        ui.press("enter")
        assert world.bed.person == "K-17"
        assert world.bed.papers.second


@pytest.mark.hazard("H25", "H24")
def test_nothing_of_one_person_stays_for_the_next(world: World) -> None:
    person(world)
    connection(world)
    screening(world)
    world.key("t", "space")
    questions(world).set_pain("4")
    world.bed.papers.approvals.add("C01")
    world.bed.mark("motor", 1, 8_000)
    world.bed.take_person("K-18")
    bed = world.bed
    assert (bed.answers, bed.marks, bed.choice, bed.plan) == ({}, [], None, None)
    assert bed.papers == Papers()
    assert not bed.memory.marks
    assert "not confirmed by the PIN" in refusal(world)
    bed.take_person("K-17")
    assert [mark.amplitude_ua for mark in bed.memory.marks] == [8_000]  # shown, never set


@pytest.mark.hazard("H25")
@pytest.mark.parametrize(
    "page",
    broad(
        ["run", "connect", "precheck", "setup", "protocols", "adjust",
         "report", "thresholds", "service"], every=3,
    ),
)  # fmt: skip
def test_the_person_stands_on_every_screen(world: World, page: str) -> None:
    world.to_run("nmes-tka")
    world.desk.open(page)
    with Headless(world) as ui:
        assert "DEMO-1" in "\n".join(ui.lines[:2])


@pytest.mark.hazard("H41")
def test_a_side_that_is_not_in_the_set_up_is_refused_and_a_new_site_asks_again(
    world: World,
) -> None:
    world.to_run("tens-conventional")
    site(world)
    ui = settled(world)
    ui.press("s")
    asked = ui.text
    assert "on which side are the electrodes of channel 1" in asked
    for answer in ("left knee", "left-knee"):
        assert answer not in asked  # who types it looks at the person, not at the screen
    ui.type("right")
    ui.press("enter")
    assert "you typed right" in world.desk.message
    assert ui.name == "setup"
    assert world.bed.choice is not None
    assert world.bed.papers.open_sides(world.bed.choice.seats)
    side(world)
    assert not world.bed.papers.open_sides(world.bed.choice.seats)
    setup_of(world).set_site(1, "right-knee")
    assert world.bed.papers.open_sides(world.bed.choice.seats)
    setup_of(world).set_site(1, "left-knee")  # back where somebody has looked
    assert not world.bed.papers.open_sides(world.bed.choice.seats)


def test_the_statement_is_accepted_by_its_word_alone(world: World) -> None:
    with Headless(world) as ui:
        world.desk.open("connect")
        ui.settle()
        ui.press("u")
        assert "research and simulation" in ui.text
        for word in ("", "yes", "accepted"):
            ui.type(word)
            ui.press("enter")
            assert "type accept" in ui.text
            assert not use_is_accepted(world.bed.state_folder)
        ui.type("accept")
        ui.press("enter")
        assert use_is_accepted(world.bed.state_folder)
        assert "Accepted and recorded" in ui.text
        ui.press("u")
        assert "accepted on this computer" in ui.text
        ui.press("escape")
        assert ui.name == "connect"


def test_a_twin_needs_none_of_this(world: World) -> None:
    world.to_run("tens-conventional")
    world.key("a")
    assert world.bench.state.value == "armed"


@pytest.mark.hazard("H45")
def test_what_screening_blocks_blocks_a_twin_too(world: World) -> None:
    world.to_run("tens-conventional")
    world.bed.answered({"C02": True})
    assert "C02" in refusal(world)


@pytest.mark.hazard("H22")
def test_over_ssh_nothing_is_armed_unless_that_was_asked_for() -> None:
    from stimctl.tui.model.opening import Wishes, remote_refusal

    far = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}
    assert "--remote-ok" in remote_refusal(Wishes(), far)
    assert remote_refusal(Wishes(remote_ok=True), far) == ""
    assert remote_refusal(Wishes(), {}) == ""


@pytest.mark.broad
@pytest.mark.hazard("H25", "H28", "H32", "H41", "H45")
def test_the_plain_face_asks_for_the_same_papers_in_words(world: World) -> None:
    """Each gap by `arm`, and the words that close it."""
    commission(world)
    said: list[str] = []
    face = PlainFace(world.desk, queue.SimpleQueue())
    face.say = said.append  # type: ignore[method-assign, assignment]

    def type_lines(*lines: str) -> str:
        said.clear()
        for line in lines:
            world.pass_time(1 * S)
            face.obey(line)
            world.pass_time(100 * MS)
            face._speak()
        return "\n".join(said)

    answers = ["screen no"] * (len(QUESTIONS) - 1)
    for gap, *words in (
        ("No patient code", "person K-17"),
        ("not confirmed by the PIN", "person K-17 1961"),
        ("No device is connected", f"connect {DEVICE}", "protocol tens-conventional"),
        ("statement of use", "statement", "statement accept"),
        ("questions left", "screen C13 yes", "screen", *answers),
        ("C13 epilepsy: read the caution", "read C13"),
        ("how to stop", "instructed"),
        ("STOP key", "stop"),
        ("has no site", "site 1 left-knee"),
        ("spacing is not confirmed", "pads-spaced"),
        ("side of channel 1", "side left"),
        ("not simulated", "rehearse"),
        ("four characters", f"confirm {'????'}"),
    ):
        assert gap in type_lines("arm"), gap
        assert not world.clients or world.bench.state.value != "armed"
        if words == ["confirm ????"]:
            words = [f"confirm {confirmation_of(world.bed.plan)}"]
        assert "unknown command" not in type_lines(*words)
    type_lines("arm")
    world.pass_time(500 * MS)
    assert world.bench.state.value == "armed"


@pytest.mark.hazard("H28")
@pytest.mark.parametrize(("line", "says"), [
    ("person", "a code is needed"), ("person K-17 19", "four digits"),
    ("screen maybe", "unrecognised answer"),
    ("screen unchanged", "no screening of the last 90 days"),
    ("read C99", "no question C99"), ("side up", "is no side"),
    ("pads-spaced", "choose a protocol"),
    ("confirm ab12", "simulate first"), ("answer 9", "there is no number 9"),
])  # fmt: skip
def test_a_wrong_word_says_what_is_right(world: World, line: str, says: str) -> None:
    said: list[str] = []
    face = PlainFace(world.desk, queue.SimpleQueue())
    face.say = said.append  # type: ignore[method-assign, assignment]
    face.obey(line)
    assert says in "\n".join(said)


@pytest.mark.hazard("H24")
def test_a_known_person_finds_protocol_sites_and_pads_and_no_ceiling(world: World) -> None:
    from dataclasses import replace

    world.bed.take_person("K-17")
    world.bed.connect("sim:p24")
    world.desk.take_rows()
    world.bed.take(choose("tens-conventional"))
    assert world.bed.choice is not None
    seat = replace(world.bed.choice.seats[0], site="left-calf", area_mm2=5_000, ceiling_level=9_000)
    world.bed.take(world.bed.choice.with_seat(seat))
    world.desk.open("run")
    world.pass_time(500 * MS)
    world.key("a")
    world.pass_time(500 * MS)
    world.key("g")
    world.pass_time(500 * MS)
    world.key("space")
    world.pass_time(1 * S)
    later = World(world.bed.state_folder)
    later.bed.take_person("K-17")
    later.desk.open("protocols")
    later.key("enter")
    assert "Copied from last visit" in later.desk.message
    assert later.bed.choice is not None
    now = later.bed.choice.seats[0]
    assert (later.bed.choice.name, now.site, now.area_mm2) == (
        "tens-conventional",
        "left-calf",
        5_000,
    )
    assert now.ceiling_level == choose("tens-conventional").seats[0].ceiling_level
    assert later.bed.papers.open_sides(later.bed.choice.seats)  # the side is typed anew
    later.bed.take_person("K-18")
    assert later.bed.memory.places == {}


# -- the way in steps ------------------------------------------------------------------------------


def undone(world: World) -> list[str]:
    return [one.name for one in steps(world.desk) if one.gaps]


@pytest.mark.hazard("H25", "H45")
def test_the_steps_name_every_gap_at_once_and_enter_goes_to_the_next(hardware: World) -> None:
    """One list, of what the supervisor asks; each step with its gaps."""
    world = hardware
    commission(world)
    assert undone(world) == ["Patient", "Device", "Screening", "Electrodes", "Check"]
    gaps = {one.name: [gap.words for gap in one.gaps] for one in steps(world.desk)}
    assert gaps["Electrodes"] == ["Channel 1 has no site", "Electrode spacing is not confirmed"]
    assert len(gaps["Screening"]) == 3
    go_on(world.desk)
    assert world.desk.page.name == "person"
    person(world)
    assert world.desk.front.name == "connect"
    assert "opened for another patient" in world.desk.message
    connection(world)
    go_on(world.desk)
    assert world.desk.front.name == "statement"
    assert "Next: The statement of use" in world.desk.message
    use(world)
    go_on(world.desk)
    assert world.desk.page.name == "precheck"
    screening(world)
    assert "Screening" in undone(world)
    caution(world)
    world.key("t", "f12")
    assert [one.gaps for one in steps(world.desk) if one.name == "Screening"] == [()]
    world.desk.open("report")
    go_on(world.desk)
    assert world.desk.page.name == "setup"
    assert "has no site" in world.desk.message


def test_a_simulation_needs_a_device_and_a_protocol_only(world: World) -> None:
    world.bed.connect("sim:p24")
    world.desk.take_rows()
    assert undone(world) == ["Protocol"]
    world.bed.take(choose("tens-conventional"))
    assert undone(world) == []
    found = {one.name: one.is_done for one in steps(world.desk)}
    assert found["Device"]
    assert found["Protocol"]
    assert not found["Patient"]  # not needed, and not done
    go_on(world.desk)
    assert world.desk.page.name == "run"


@pytest.mark.hazard("H45")
@pytest.mark.parametrize("answers", [{"C02": True}, {"C01": True, "C02": False}, {"C24": True}])
def test_what_blocks_is_a_gap_of_a_simulation_too(world: World, answers: dict[str, bool]) -> None:
    world.to_run("tens-conventional")
    world.bed.answered(answers)
    gap = next_gap(world.desk)
    assert gap is not None
    assert gap.step == "Screening"
    assert "cannot be overridden" in gap.words


@pytest.mark.hazard("H25", "H24")
def test_same_as_last_time_asks_the_pin_and_then_what_of_it_holds(world: World) -> None:
    person(world)
    world.bed.connect("sim:p24")
    world.desk.take_rows()
    world.bed.take(choose("nmes-tka"))
    session_began(world.bed)
    later = World(world.bed.state_folder)
    start = later.desk.pages["chooser"]
    assert isinstance(start, ChooserPage)
    assert start.offers()["again"] is not None
    start._found([("K-17", "2026-11-28 nmes-tka")])
    later.key("r")
    assert later.bed.person == ""  # nobody before the PIN
    page = later.desk.pages["person"]
    assert isinstance(page, PersonPage)
    assert page.waits == "K-17"
    later.ui.type("1961")
    later.ui.press("enter")
    assert later.desk.front.name == "last-time"
    later.close()
    later.key("1", "2", "3", "enter")
    later.desk.take_rows()
    assert (later.bed.person, later.bed.device) == ("K-17", "sim:p24")
    assert later.bed.choice is not None
    assert later.bed.choice.name == "nmes-tka"
    assert later.bed.papers.apart == ()  # each is confirmed anew


def test_a_simulation_that_has_not_answered_yet_asks_for_no_pin(world: World) -> None:
    world.bed.take_person("DEMO-1")
    world.bed.connecting, world.bed.device = True, "sim:p24"
    gap = next_gap(world.desk)
    assert gap is not None
    assert (gap.step, gap.words) == ("Device", "The device has not answered yet: wait")
