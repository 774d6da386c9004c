"""The gate before hardware, from the screens: each gap in turn, with the key that closes it."""

from __future__ import annotations

import queue
from dataclasses import replace
from pathlib import Path

import pytest

from stimctl.records.approvals import find_rehearsal, use_is_accepted
from stimctl.records.pads import Pads, Use, count_use, used
from stimctl.safety import QUESTIONS
from stimctl.session.confirmation import confirmation_of
from stimctl.tui.model.beginning import session_began
from stimctl.tui.model.papers import Papers
from stimctl.tui.model.persons import now_s
from stimctl.tui.model.planning import choose
from stimctl.tui.plain.face import PlainFace
from tests.support.tui_desk import MS, S, World

# A file that is no port: not software, so the gate is closed.
DEVICE = f"p24:{Path(__file__)}"


def type_text(world: World, text: str) -> None:
    """Characters as a terminal sends them, a tenth of a second apart."""
    for character in text:
        world.pass_time(100 * MS)
        key = "minus" if character == "-" else character
        world.desk.key(key, character, world.clock.now_ns)
        world.desk.take_rows()


def refusal(world: World) -> str:
    """What the Run screen says to `a`."""
    world.desk.open("run")
    world.text()
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


def use(world: World) -> None:
    """Accept the statement of use."""
    world.desk.open("connect")
    world.key("u")
    type_text(world, "accept")
    world.key("enter")


def person(world: World, digits: str = "1961") -> None:
    """A new code, and its second identifier; then the connection is made for them."""
    world.desk.open("person")
    type_text(world, "K-17")
    world.key("enter")
    type_text(world, digits)
    world.key("enter")


def connection(world: World) -> None:
    device = world.bed.device or DEVICE
    gated = device.startswith("openemsstim")
    world.begin(device, "gate-tens" if gated else "tens-conventional")
    world.desk.open("run")
    world.pass_time(500 * MS)


def screening(world: World) -> None:
    world.desk.open("precheck")
    for _ in range(30):
        world.pass_time(700 * MS)
        world.key("n")
    page = world.desk.pages["precheck"]
    page.picked = [one.id for one in QUESTIONS].index("C13")  # type: ignore[attr-defined]
    world.pass_time(700 * MS)
    world.key("y")


def caution(world: World) -> None:
    """It is read, and watched for."""
    world.desk.open("precheck")
    page = world.desk.pages["precheck"]
    page.picked = [one.id for one in QUESTIONS].index("C13")  # type: ignore[attr-defined]
    world.key("w")


def apart(world: World) -> None:
    world.desk.open("setup")
    world.key("d")


def isolated(world: World) -> None:
    """Where no maker states it, somebody has looked at unit and computer."""
    world.desk.open("setup")
    assert "i = no mains" in world.text()
    world.key("i")


def site(world: World) -> None:
    world.desk.open("setup")
    while world.bed.choice is not None and world.bed.choice.seats[0].site != "left-knee":
        world.key("right")


def side(world: World) -> None:
    world.desk.open("setup")
    world.key("s")
    type_text(world, "left")
    world.key("enter")


def rehearsal(world: World) -> None:
    assert world.bed.choice is not None
    world.bed.take(replace(world.bed.choice, duration_us=60_000_000))  # a whole one takes long
    world.desk.open("adjust")
    world.key("r")


def confirmation(world: World) -> None:
    world.desk.open("adjust")
    type_text(world, confirmation_of(world.bed.plan))


@pytest.mark.hazard("H25", "H30", "H32", "H41", "H45", "H54", "H56")
@pytest.mark.parametrize(
    "hardware",
    [(DEVICE, "tens-conventional"), (f"openemsstim:{__file__}", "gate-tens")],
    ids=["p24", "openemsstim"],
    indirect=True,
)
def test_each_gap_is_named_in_turn_and_then_hardware_is_armed(hardware: World) -> None:
    world = hardware
    for gap, close in (
        ("statement of use", use),
        ("STOP key", lambda world: world.key("space")),
        ("a person's code", lambda world: person(world, "")),
        ("opened for another person", connection),
        ("STOP key", lambda world: world.key("f12")),  # tested for the last one is not for this one
        ("second identifier", person),
        ("STOP key", lambda world: world.key("f12")),
        ("questions are open", screening),
        ("C13 epilepsy: watch for it", caution),
        ("how to stop", lambda world: (world.desk.open("precheck"), world.key("t"))),
        ("has no site", site),
        ("electrode spacing", apart),
        ("mains isolation", isolated),
        ("side of ch1", side),
        ("not been rehearsed", rehearsal),
        ("not confirmed", confirmation),
    ):
        if close is isolated and world.bed.device == DEVICE:
            continue  # its maker states it
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
    shown = world.text()
    assert "REAL CURRENT" in shown
    assert "K-17 ✓ two identifiers" in shown
    notes = {f["topic"]: f["text"] for do, f in world.clients[-1].sent if do == "note"}
    assert notes["screening"].count("n") == len(world.bed.answers) - 1
    assert "C13 epilepsy" in shown
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
    assert "used in 30 sessions" in world.text()
    world.key("v")
    assert "used in 30 sessions" not in world.text()
    world.bed.live.sim = False
    session_began(world.bed)
    session_began(world.bed)  # a second start in the same session is no second use
    assert [one.sessions for one in uses(world)] == [1]


def test_another_site_or_pad_asks_again_whether_they_are_apart(world: World) -> None:
    world.to_run("nmes-tka")
    apart(world)
    assert "✓ spacing confirmed" in world.text()
    world.key("down", "right")
    assert "✓ spacing confirmed" not in world.text()


@pytest.mark.hazard("H25")
@pytest.mark.parametrize("code", ["K-17", "k-1", "j2", "b-9", "q9_0", "07-K"])
def test_a_typed_code_goes_to_the_new_code_whatever_is_picked(world: World, code: str) -> None:
    """No letter of it moves the list or leaves, and no digit opens a screen."""
    left: list[bool] = []
    world.desk.leave = lambda: left.append(True)
    world.desk.open("person")
    page = world.desk.pages["person"]
    page._found([("A-1", "2026-11-20"), ("A-2", "2026-11-19")])  # type: ignore[attr-defined]
    type_text(world, code)
    assert world.desk.front is page
    assert f"▸ new code: {code}_" in world.text()
    world.key("enter")
    assert f"{code} has no second identifier" in " ".join(world.text().replace("│", " ").split())
    assert not left


def test_a_known_person_is_picked_with_arrows_before_and_after_a_code_was_begun(
    world: World,
) -> None:
    world.desk.open("person")
    page = world.desk.pages["person"]
    page._found([("A-1", "2026-11-20"), ("A-2", "2026-11-19")])  # type: ignore[attr-defined]
    world.key("down")
    assert "▸ A-2" in world.text()
    type_text(world, "K")
    world.key("up", "up", "enter")
    assert "A-1 has no second identifier" in world.text()


def test_a_code_begun_before_the_list_of_persons_is_read_stays_the_new_one(world: World) -> None:
    waiting: list[object] = []
    world.bed.jobs.run = lambda *job: waiting.append(job)  # type: ignore[method-assign]
    world.desk.open("person")
    type_text(world, "K-1")
    assert waiting
    world.desk.pages["person"]._found([("A-1", "2026-11-20")])  # type: ignore[attr-defined]
    type_text(world, "7")
    assert "▸ new code: K-17_" in world.text()


def test_while_output_is_on_nothing_is_typed_where_persons_are(world: World) -> None:
    world.to_running(steps=1)
    world.desk.open("person")
    type_text(world, "K")
    assert "new code: K" not in world.text()
    world.key("7")
    assert world.page_is_run()


@pytest.mark.hazard("H25")
def test_wrong_digits_take_nobody_and_none_are_enough_for_a_twin_only(world: World) -> None:
    person(world)
    assert world.bed.papers.second
    world.bed.take_person("K-18")
    world.desk.open("person")
    world.desk.pages["person"]._found([("K-17", "2026-11-20")])  # type: ignore[attr-defined]
    world.key("enter")
    type_text(world, "1962")
    world.key("enter")
    assert "not the digits" in world.desk.message
    assert world.bed.person == "K-18"
    world.key("left")
    assert "nobody is chosen" in world.desk.message
    world.key("enter", "enter")
    assert world.bed.person == "K-17"
    assert not world.bed.papers.second


@pytest.mark.hazard("H25", "H24")
def test_nothing_of_one_person_stays_for_the_next(world: World) -> None:
    person(world)
    connection(world)
    screening(world)
    world.key("t", "space")
    world.bed.papers.approvals.add("C01")
    world.bed.mark("motor", 1, 8_000)
    world.bed.take_person("K-18")
    bed = world.bed
    assert (bed.answers, bed.marks, bed.choice, bed.plan) == ({}, [], None, None)
    assert bed.papers == Papers()
    assert not bed.memory.marks
    assert "another person" in refusal(world)
    bed.take_person("K-17")
    assert [mark.amplitude_ua for mark in bed.memory.marks] == [8_000]  # shown, never set


@pytest.mark.hazard("H25")
@pytest.mark.parametrize("page", ["connect", "precheck", "protocols", "setup", "adjust", "run",
                                  "thresholds", "report", "service"])  # fmt: skip
def test_the_person_stands_on_every_screen(world: World, page: str) -> None:
    world.to_run("nmes-tka")
    world.desk.open(page)
    for size in ((80, 24), (140, 40)):
        assert "DEMO-1" in world.text(*size).splitlines()[0]


@pytest.mark.hazard("H41")
def test_a_side_that_is_not_in_the_set_up_is_refused_and_a_new_site_asks_again(
    world: World,
) -> None:
    world.to_run("tens-conventional")
    site(world)
    world.key("s")
    assert "left-knee" not in world.text()  # who types it looks at the person, not at the screen
    type_text(world, "right")
    world.key("enter")
    assert "no channel is on the right" in world.desk.message
    assert world.bed.choice is not None
    assert world.bed.papers.open_sides(world.bed.choice.seats)
    side(world)
    assert not world.bed.papers.open_sides(world.bed.choice.seats)
    world.key("right", "left")
    assert not world.bed.papers.open_sides(world.bed.choice.seats)
    world.key("right")
    assert world.bed.papers.open_sides(world.bed.choice.seats)


def test_the_statement_is_accepted_by_its_word_alone(world: World) -> None:
    world.desk.open("connect")
    world.key("u", "enter")
    assert "type accept first" in world.desk.message
    type_text(world, "yes")
    world.key("enter")
    assert not use_is_accepted(world.bed.state_folder)
    assert "research and simulation" in world.text()


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
    from stimctl.tui.program import Wishes, remote_refusal

    far = {"SSH_CONNECTION": "10.0.0.1 50000 10.0.0.2 22"}
    assert "--remote-ok" in remote_refusal(Wishes(), far)
    assert remote_refusal(Wishes(remote_ok=True), far) == ""
    assert remote_refusal(Wishes(), {}) == ""


@pytest.mark.hazard("H25", "H28", "H32", "H41", "H45")
def test_the_plain_face_asks_for_the_same_papers_in_words(world: World) -> None:
    """Each gap by `arm`, and the words that close it."""
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
        ("no device is connected", f"connect {DEVICE}", "protocol tens-conventional"),
        ("statement of use", "statement", "statement accept"),
        ("STOP key", ""),
        ("person's code", "person K-17"),
        ("opened for another person", f"connect {DEVICE}", "protocol tens-conventional"),
        ("STOP key", "stop"),
        ("second identifier", "person K-17 1961"),
        ("STOP key", "stop"),
        ("questions are open", "screen C13 yes", "screen", *answers),
        ("C13 epilepsy: watch for it", "read C13"),
        ("how to stop", "instructed"),
        ("has no site", "site 1 left-knee"),
        ("electrode spacing", "pads-spaced"),
        ("side of ch1", "side left"),
        ("not been rehearsed", "rehearse"),
        ("not confirmed", f"confirm {'????'}"),
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
    ("confirm ab12", "rehearse first"), ("answer 9", "there is no number 9"),
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
    assert "as last time" in later.desk.message
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
