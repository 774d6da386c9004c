"""Stop faces stop the device, whatever else goes on: judged by the twin's own record."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from firmware_sim.process import TwinProcess
from stimctl.errors import NoDeviceError, NotReadyError, StateError
from stimctl.records.verify import read_rows, verify_journal
from stimctl.supervisor.stop_face_events import Sign
from stimctl.supervisor.stop_face_state import Cause, FaceSign
from stimctl.supervisor.stop_faces import StopFaces
from tests.support.stop_face_rig import Begin, HandFace, Session

pytestmark = pytest.mark.pty
PEDAL = "pedal:/dev/input/by-id/usb-VEC"
BUTTON = "line:/dev/ttyUSB1:dsr"
EVENTS_LOST = "the system has thrown away what it sent"
DOWN, UP, HELD, MISSED = Sign.DOWN, Sign.UP, Sign.HELD, Sign.MISSED


@pytest.fixture
def begin(runtime: Path, tmp_path: Path) -> Iterator[Begin]:
    with ExitStack() as stack:
        twin = stack.enter_context(TwinProcess(record=tmp_path / "electrodes.jsonl", device="p24"))

        def make(*names: str) -> Session:
            faces = {name: HandFace() for name in names}
            return stack.enter_context(Session(runtime, twin, faces))

        yield make


def recorded(session: Session) -> list[tuple[str, str]]:
    """Stop faces in the journal: name and state of each row."""
    (path,) = session.journal.glob("*.jsonl")
    rows = [row for row in read_rows(path) if getattr(row, "kind", "") == "stop_face"]
    return [(row.data["name"], row.data["state"]) for row in rows]  # type: ignore[union-attr]


# -- before arming


@pytest.mark.hazard("H72")
def test_a_session_is_not_armed_before_its_stop_face_was_pressed_on_a_twin_too(
    begin: Begin,
) -> None:
    session = begin(PEDAL).checked()
    refused = session.refused()
    assert isinstance(refused, NotReadyError)
    assert refused.needs == ("stop-face",)
    assert PEDAL in str(refused)
    assert "press it once and let go" in str(refused)
    with pytest.raises(NotReadyError):
        session.ask("ready")
    session.faces[PEDAL].tap()
    session.wait_for("stop_face", name=PEDAL, state="tested")
    session.running()
    session.ask("stop")
    session.wait_for("ended")
    assert recorded(session) == [(PEDAL, "open"), (PEDAL, "tested")]


@pytest.mark.hazard("H72")
@pytest.mark.parametrize(
    "signs",
    [(DOWN,), (HELD,), (HELD, UP), (DOWN, UP, MISSED), (DOWN, HELD)],
    ids=["held", "autorepeat", "an autorepeat let go", "lost after it", "held and repeating"],
)
def test_a_press_that_proves_nothing_is_no_test(begin: Begin, signs: tuple[Sign, ...]) -> None:
    session = begin(PEDAL).checked()
    session.refused()
    session.faces[PEDAL].give(*signs[:1])
    time.sleep(0.05)
    session.faces[PEDAL].give(*signs[1:])
    session.wait_for("stopping", purpose="stop")
    session.wait_for("zero_verified", purpose="stop")
    if MISSED in signs:
        session.wait_for("stopping", reason=f"stop face {PEDAL} is lost: {EVENTS_LOST}")
    again = session.refused()
    assert isinstance(again, NotReadyError)
    assert again.needs == ("stop-face",)


@pytest.mark.hazard("H72")
def test_a_press_before_it_was_asked_is_no_test(begin: Begin) -> None:
    session = begin(PEDAL).checked()
    session.faces[PEDAL].tap()
    session.wait_for("state", state="stopped")
    refused = session.refused()
    assert isinstance(refused, NotReadyError)
    assert refused.needs == ("stop-face",)


@pytest.mark.hazard("H72")
def test_a_stop_face_that_is_held_down_at_arm_is_named_so(begin: Begin) -> None:
    session = begin(PEDAL).checked().tested()
    count = len(session.rows)
    session.faces[PEDAL].give(DOWN)
    session.wait_for("zero_verified", count, purpose="stop")
    assert "is held down" in str(session.refused())
    session.faces[PEDAL].give(UP)
    session.let_go()
    session.running()


@pytest.mark.hazard("H72")
def test_every_stop_face_has_to_be_tested(begin: Begin) -> None:
    session = begin(PEDAL, BUTTON).checked()
    session.refused()
    session.faces[PEDAL].tap()
    session.wait_for("stop_face", name=PEDAL, state="tested")
    assert BUTTON in str(session.refused())
    session.faces[BUTTON].tap()
    session.wait_for("stop_face", name=BUTTON, state="tested")
    session.running()


@pytest.mark.hazard("H72")
def test_each_connection_and_each_return_of_it_need_a_test_of_their_own(begin: Begin) -> None:
    session = begin(PEDAL).checked().tested()
    count = len(session.rows)
    session.ask("connect")
    session.wait_for("state", count, state="identified")
    assert "has not been tried" in str(session.refused())
    session.faces[PEDAL].lose()
    session.wait_for("stopping", count, purpose="stop")
    assert "is lost" in str(session.refused())
    session.faces[PEDAL].absent = False
    session.wait_for("stop_face", count, name=PEDAL, state="back")
    assert "has not been tried" in str(session.refused())


@pytest.mark.hazard("H72")
def test_one_that_is_lost_stays_lost_until_it_is_open_again() -> None:
    signs: queue.SimpleQueue[FaceSign] = queue.SimpleQueue()
    face = HandFace()
    faces = StopFaces({PEDAL: face.open}, signs.put)
    faces.wire(lambda _asked: None, lambda _fact: None, lambda _row: None)
    try:
        face.lose()
        faces.heard(signs.get(timeout=30))
        for at_ms in range(0, 5_000, 100):
            faces.look(at_ms * 1_000_000, stopping=False)
            (untested,) = faces.ask(at_ms * 1_000_000)
            assert untested.why_not == "is lost"
        face.absent = False
        faces.heard(signs.get(timeout=30))
        (untested,) = faces.ask(0)
        assert untested.why_not != "is lost"
    finally:
        faces.close()


@pytest.mark.hazard("H72")
def test_one_whose_reader_fails_in_any_way_is_lost() -> None:
    class Broken(HandFace):
        def read(self, timeout_s: float) -> list[Sign]:
            raise RuntimeError("a bug")

    signs: queue.SimpleQueue[FaceSign] = queue.SimpleQueue()
    faces = StopFaces({PEDAL: Broken().open}, signs.put)
    faces.wire(lambda _asked: None, lambda _fact: None, lambda _row: None)
    assert signs.get(timeout=30).cause is Cause.LOSE
    faces.close()


def test_a_session_does_not_begin_without_its_stop_face(runtime: Path, tmp_path: Path) -> None:
    face = HandFace()
    face.absent = True
    with TwinProcess(device="p24") as twin, pytest.raises(NoDeviceError):
        Session(runtime, twin, {PEDAL: face})


# -- while output is on


@pytest.mark.hazard("H72")
def test_a_press_stops_the_output_and_the_record_names_the_face(
    begin: Begin, record_property: Callable[[str, object], None]
) -> None:
    session = begin(PEDAL).checked().tested().running()
    pressed_ns = session.faces[PEDAL].give(DOWN)
    after_ms = session.zero_after_ms(pressed_ns)
    record_property("H72", f"zero {after_ms:.0f} ms after the press of a stop face")
    assert after_ms <= 300
    ended = session.wait_for("ended")
    assert f"stop face {PEDAL} was pressed" in ended["reason"]
    assert f"stop face {PEDAL} was pressed" in session.told("stopping", "reason")
    (path,) = session.journal.glob("*.jsonl")
    assert verify_journal(path).unfinished_only


@pytest.mark.hazard("H72", "H57")
def test_after_a_press_nothing_goes_on_without_a_reason(begin: Begin) -> None:
    session = begin(PEDAL).checked().tested().running()
    session.faces[PEDAL].tap()
    session.wait_for("ended")
    assert session.state == "fault"
    for do in ("arm", "acknowledge", "start", "resume"):
        with pytest.raises(StateError):
            session.ask(do)
    session.ask("acknowledge", reason="it was too strong")
    session.let_go()
    count = len(session.rows)
    session.ask("arm")
    session.wait_for("state", count, state="armed")


@pytest.mark.hazard("H72")
@pytest.mark.parametrize("how", ["unplugged", "events lost", "no more polls"])
def test_a_stop_face_that_is_lost_stops_the_output(begin: Begin, how: str) -> None:
    session = begin(PEDAL).checked().tested().running()
    face = session.faces[PEDAL]
    since_ns = {
        "unplugged": face.lose, "events lost": lambda: face.give(MISSED), "no more polls": face.hang
    }[how]()  # fmt: skip
    # 500 ms without a poll, seen in one of the next turns of the loop.
    assert session.zero_after_ms(since_ns) <= (1000 if how == "no more polls" else 300)
    ended = session.wait_for("ended")
    assert f"stop face {PEDAL} is lost" in session.told("stopping", "reason")[-1]
    assert "is gone" in ended["reason"]
    assert session.state == "fault"
    assert (PEDAL, "lost") in recorded(session)


@pytest.mark.hazard("H72")
@pytest.mark.parametrize("states", ["armed", "paused"])
def test_a_press_stops_in_every_state_before_and_between_output(begin: Begin, states: str) -> None:
    session = begin(PEDAL).checked().tested()
    if states == "armed":
        session.ask("arm")
        session.wait_for("state", state="armed")
    else:
        session.running().ask("pause")
        session.wait_for("zero_verified", purpose="pause")
    session.faces[PEDAL].tap()
    session.wait_for("state", state="fault")
    for do in ("start", "resume"):
        with pytest.raises(StateError):
            session.ask(do)


@pytest.mark.hazard("H72")
def test_two_faces_at_once_and_pressed_again_are_still_one_zero(begin: Begin) -> None:
    session = begin(PEDAL, BUTTON).checked().tested().running()
    pressed_ns = session.faces[PEDAL].give(DOWN, UP, DOWN, UP, DOWN)
    session.faces[BUTTON].give(DOWN, UP)
    session.faces[BUTTON].lose()
    assert session.zero_after_ms(pressed_ns) <= 300
    session.wait_for("ended")
    session.wait_for("stop_face", name=BUTTON, state="lost")
    reasons = session.told("stopping", "reason")
    assert f"stop face {PEDAL} was pressed" in reasons
    assert f"stop face {BUTTON} was pressed" in reasons
    assert session.state == "fault"


@pytest.mark.hazard("H72")
def test_one_of_two_is_lost_and_the_other_is_pressed(begin: Begin) -> None:
    session = begin(PEDAL, BUTTON).checked().tested().running()
    lost_ns = session.faces[BUTTON].lose()
    session.faces[PEDAL].give(DOWN)
    assert session.zero_after_ms(lost_ns) <= 300


@pytest.mark.hazard("H72")
def test_a_press_overtakes_what_waits_and_takes_raises_with_it(begin: Begin) -> None:
    session = begin(PEDAL).checked().tested().running()
    face = session.faces[PEDAL]
    pressed_ns = face.give(*[DOWN, UP] * 200)  # a contact that chatters
    with pytest.raises(StateError):
        session.ask("raise", channel=1, level="1.5 mA", since=0)
    assert session.zero_after_ms(pressed_ns) <= 300
