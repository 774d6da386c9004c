"""Stop faces without a device: their names, what their bytes and levels mean, what a test takes."""

from __future__ import annotations

import itertools
import struct

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stimctl.errors import UsageError
from stimctl.supervisor.stop_face_events import EVENT_BYTES, KeyEvents, LineLevels, Sign
from stimctl.supervisor.stop_face_names import StopFaceName, parse_stop_face, parse_stop_faces
from stimctl.supervisor.stop_face_state import (
    BOUNCE_NS,
    LONGEST_TEST_NS,
    Cause,
    Deed,
    Phase,
    Polls,
    StopFaceState,
)

MS = 1_000_000
modest = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
DOWN, UP, REPEAT = 1, 0, 2


def event(kind: int, code: int, value: int) -> bytes:
    return struct.pack("@llHHi", 5, 6, kind, code, value)


def key(value: int, code: int = 30) -> bytes:
    return event(1, code, value)


# -- names


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("pedal:/dev/input/event3", StopFaceName("pedal", "/dev/input/event3")),
        ("pedal:/dev/input/by-path/pci-0000:00:14.0-usb", StopFaceName(
            "pedal", "/dev/input/by-path/pci-0000:00:14.0-usb")),
        ("line:/dev/ttyUSB1:dsr", StopFaceName("line", "/dev/ttyUSB1", "dsr")),
        ("line:/dev/ttyUSB1:cts:normally-open", StopFaceName("line", "/dev/ttyUSB1", "cts", True)),
        ("line:/dev/ttyUSB1:dsr:normally-closed", StopFaceName("line", "/dev/ttyUSB1", "dsr")),
        ("line:/dev/serial/by-path/pci-0000:00-usb-0:1:1.0-port0:cts", StopFaceName(
            "line", "/dev/serial/by-path/pci-0000:00-usb-0:1:1.0-port0", "cts")),
    ],
)  # fmt: skip
def test_a_name_is_read_and_written_alike(text: str, name: StopFaceName) -> None:
    assert parse_stop_face(text) == name
    assert parse_stop_face(str(name)) == name


@pytest.mark.parametrize(
    "text",
    ["", "pedal", "pedal:", "pedal:event3", "line:/dev/ttyUSB1", "line:/dev/ttyUSB1:rts",
     "line:dsr", "line::dsr", "line:/dev/ttyUSB1:dsr:open", "button:/dev/input/event3",
     "pedal:/dev/a\0b", 7],
)  # fmt: skip
def test_what_names_no_stop_face_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"does not name a stop face.*stop-face list"):
        parse_stop_face(text)


@modest
@given(st.text())
def test_any_text_is_a_name_or_is_refused(text: str) -> None:
    try:
        name = parse_stop_face(text)
    except UsageError:
        return
    assert parse_stop_face(str(name)) == name


def test_a_stop_face_that_is_named_twice_is_one() -> None:
    assert len(parse_stop_faces(["pedal:/dev/a", "pedal:/dev/b", "pedal:/dev/a"])) == 2


# -- input events


def test_an_event_has_the_size_of_this_machine() -> None:
    assert 2 * struct.calcsize("l") + 8 == EVENT_BYTES


@modest
@given(st.binary(max_size=40 * EVENT_BYTES), st.lists(st.integers(1, 70), min_size=1))
def test_any_bytes_in_any_portions_mean_the_same(data: bytes, sizes: list[int]) -> None:
    whole, parts = KeyEvents(), KeyEvents()
    signs = []
    rest, size = data, itertools.cycle(sizes)
    while rest:
        n = next(size)
        signs += parts.feed(rest[:n])
        rest = rest[n:]
    assert signs == whole.feed(data)
    assert parts.down == whole.down


EVENTS = st.tuples(
    st.sampled_from([0, 1, 1, 1, 2, 3, 4]),
    st.integers(0, 4),
    st.sampled_from([0, 1, 2, 3, -1, 2**31 - 1]),
)


@pytest.mark.hazard("H72")
@modest
@given(st.lists(EVENTS, max_size=40))
def test_every_press_of_every_key_is_a_sign_and_only_the_last_release(
    events: list[tuple[int, int, int]],
) -> None:
    decoder = KeyEvents()
    down: set[int] = set()
    for kind, code, value in events:
        signs = decoder.feed(event(kind, code, value))
        if kind == 0 and code == 3:
            assert signs == [Sign.MISSED]
        elif kind != 1:
            assert signs == []
        elif value == UP:
            assert signs == ([Sign.UP] if down == {code} else [])
            down.discard(code)
        else:
            held = [] if code in down else [Sign.HELD]
            assert signs == (held if value == REPEAT else [Sign.DOWN])
            down.add(code)


# -- control lines


@pytest.mark.parametrize("normally_open", [True, False])
@modest
@given(st.lists(st.booleans(), min_size=1))
def test_each_change_of_a_line_is_a_sign_in_both_wirings(
    normally_open: bool, pressed: list[bool]
) -> None:
    levels = LineLevels(normally_open=normally_open)
    before = None
    for now in pressed:
        signs = levels.feed(raised=now is normally_open)
        if before is None:
            assert signs == ([Sign.HELD] if now else [])
        else:
            assert signs == ([] if now is before else [Sign.DOWN if now else Sign.UP])
        before = now


@pytest.mark.hazard("H72")
def test_a_pulled_plug_is_a_press_where_the_contact_is_normally_closed() -> None:
    levels = LineLevels(normally_open=False)
    assert levels.feed(raised=True) == []
    assert levels.feed(raised=False) == [Sign.DOWN]


# -- the machine


def machine(phase: Phase, *, is_down: bool, at_ns: int = 0) -> StopFaceState:
    state = StopFaceState()
    state.phase, state.is_down = phase, is_down
    state._pressed_ns = state._released_ns = at_ns
    return state


SITUATIONS = list(itertools.product(Phase, (False, True)))


@pytest.mark.hazard("H72")
@pytest.mark.parametrize(("phase", "is_down"), SITUATIONS)
@pytest.mark.parametrize("after_ns", [0, BOUNCE_NS - 1, BOUNCE_NS, LONGEST_TEST_NS + 1])
def test_a_press_is_a_stop_in_every_phase_at_any_time(
    phase: Phase, is_down: bool, after_ns: int
) -> None:
    state = machine(phase, is_down=is_down)
    assert state.take(after_ns, Cause.DOWN) == (Deed.STOP,)
    assert state.is_down


@pytest.mark.hazard("H72")
@pytest.mark.parametrize(("phase", "is_down"), SITUATIONS)
def test_lost_is_a_stop_once_and_no_longer_tested(phase: Phase, is_down: bool) -> None:
    state = machine(phase, is_down=is_down)
    deeds = state.take(1, Cause.LOSE)
    assert deeds == (() if phase is Phase.LOST else (Deed.STOP, Deed.LOST))
    assert state.phase is Phase.LOST
    assert not state.is_tested
    assert state.take(2, Cause.LOSE) == ()


@pytest.mark.parametrize(("phase", "is_down"), SITUATIONS)
@pytest.mark.parametrize("cause", Cause)
def test_the_machine_is_total(phase: Phase, is_down: bool, cause: Cause) -> None:
    state = machine(phase, is_down=is_down)
    deeds = state.take(BOUNCE_NS, cause)
    expected: dict[Cause, dict[Phase, Phase]] = {
        Cause.ASK: {Phase.UNTESTED: Phase.ASKED},
        Cause.DOWN: {} if is_down else {
            Phase.ASKED: Phase.PRESSED, Phase.RELEASED: Phase.PRESSED},
        Cause.HELD: {Phase.RELEASED: Phase.ASKED},
        Cause.UP: {Phase.PRESSED: Phase.RELEASED},
        Cause.ZERO: {Phase.RELEASED: Phase.WATCHING},
        Cause.LOSE: dict.fromkeys(Phase, Phase.LOST),
        Cause.BACK: {Phase.LOST: Phase.UNTESTED},
        Cause.CONNECT: {one: Phase.UNTESTED for one in Phase if one is not Phase.LOST},
    }  # fmt: skip
    assert state.phase is expected[cause].get(phase, phase)
    assert (Deed.TESTED in deeds) is (cause is Cause.ZERO and phase is Phase.RELEASED)


STEPS = st.lists(
    st.tuples(st.sampled_from(Cause), st.sampled_from([0, MS, BOUNCE_NS, 300 * MS, 6_000 * MS])),
    max_size=40,
)


@pytest.mark.hazard("H72")
@modest
@given(STEPS)
def test_no_course_is_tested_without_a_press_after_it_was_asked_a_release_and_a_zero(
    steps: list[tuple[Cause, int]],
) -> None:
    state, now, seen = StopFaceState(), 0, [""]
    for cause, later in steps:
        now += later
        deeds = state.take(now, cause)
        if cause in (Cause.LOSE, Cause.CONNECT, Cause.BACK):
            seen = [""]
        seen.append(cause.name)
        if Deed.TESTED in deeds:
            asked, zero = seen.index("ASK"), len(seen) - 1
            pressed = seen.index("DOWN", asked)
            assert seen.index("UP", pressed) < zero
            assert cause is Cause.ZERO
            assert not state.is_down


def is_tested_by(*steps: tuple[Cause, int]) -> bool:
    state, now = StopFaceState(), 0
    for cause, later_ms in steps:
        now += later_ms * MS
        state.take(now, cause)
    return state.is_tested


ASK, DOWNS, HELD, UPS, ZERO = Cause.ASK, Cause.DOWN, Cause.HELD, Cause.UP, Cause.ZERO


@pytest.mark.hazard("H72")
@pytest.mark.parametrize(
    ("steps", "passes"),
    [
        ([(ASK, 0), (DOWNS, 9), (UPS, 200), (ZERO, 100)], True),
        ([(DOWNS, 0), (UPS, 200), (ASK, 9), (ZERO, 100)], False),  # before it was asked
        ([(DOWNS, 0), (ASK, 9), (UPS, 200), (ZERO, 100)], False),  # held down when it was asked
        ([(HELD, 0), (ASK, 9), (UPS, 200), (ZERO, 100)], False),
        ([(HELD, 0), (ASK, 9), (DOWNS, 9), (UPS, 200), (ZERO, 100)], False),  # a second key
        ([(ASK, 0), (DOWNS, 9), (ZERO, 400)], False),  # never let go
        ([(ASK, 0), (DOWNS, 9), (UPS, 6_000), (ZERO, 100)], False),  # something lies on it
        ([(ASK, 0), (HELD, 9), (UPS, 200), (ZERO, 100)], False),  # an autorepeat is no press
        ([(ASK, 0), (DOWNS, 9), (UPS, 200)], False),  # zero was not verified
        ([(ASK, 0), (DOWNS, 9), (UPS, 5), (ZERO, 100)], False),  # a spike on the line
        # contacts that bounce, at either end of a press
        ([(ASK, 0), (DOWNS, 9), (UPS, 2), (DOWNS, 2), (UPS, 200), (ZERO, 100)], True),
        ([(ASK, 0), (DOWNS, 9), (UPS, 200), (DOWNS, 2), (UPS, 2), (ZERO, 100)], True),
        ([(ASK, 0), (DOWNS, 9), (UPS, 200), (ZERO, 1), (DOWNS, 2), (ZERO, 100)], False),
    ],
)
def test_what_tests_a_stop_face(steps: list[tuple[Cause, int]], passes: bool) -> None:
    assert is_tested_by(*steps) is passes


# -- polls


@pytest.mark.hazard("H72")
def test_500_ms_without_a_poll_are_silence_and_a_poll_ends_it() -> None:
    polls = Polls()
    assert not any(polls.are_silent(at * MS, 7) for at in range(0, 501, 100))
    assert polls.are_silent(600 * MS, 7)
    assert not polls.are_silent(700 * MS, 8)


def test_a_process_that_stood_still_takes_no_reader_for_silent() -> None:
    polls = Polls()
    assert not polls.are_silent(0, 1)
    assert not polls.are_silent(30_000 * MS, 1)
    assert not polls.are_silent(30_001 * MS, 2)
