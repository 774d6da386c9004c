"""The sources `line` and `lsl`: scripted readers and inlets, and what their samples come to."""

from __future__ import annotations

import math
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from stimctl.errors import LinkError, NoDeviceError, UsageError
from stimctl.inputs.bindings import Binding, check_bindings, parse_binding
from stimctl.inputs.line import AGAIN_NS, QUIET_NS, LineSamples
from stimctl.inputs.lsl import LslSamples, inlet_of, open_lsl
from stimctl.inputs.threaded import ThreadedReader
from stimctl.session.facts import InputSample
from stimctl.supervisor.stop_face_events import Sign
from tests.support.functional_world import ON_WHILE, STATE, functional_plan

BY_LINE = STATE.replace('["api", "udp"]', '["line"]')
HEEL = Binding("in", "line", path="/dev/ttyUSB1", signal="cts", kind="state")


class ScriptedLine:
    """A reader of lines that says what a test wrote down, a turn each."""

    what = "scripted"

    def __init__(self, *turns: Sequence[Sign], then: Exception | None = None) -> None:
        self._turns, self._then = list(turns), then

    def read(self, timeout_s: float) -> Sequence[Sign]:
        if self._turns:
            return self._turns.pop(0)
        if self._then is not None:
            raise self._then
        return ()

    def close(self) -> None:
        """Nothing is open."""


def clock_of(step_ns: int) -> Callable[[], int]:
    """A clock that goes on by this much each time it is asked."""
    now_ns = 0

    def clock() -> int:
        nonlocal now_ns
        now_ns += step_ns
        return now_ns

    return clock


def until_read(reader: ThreadedReader) -> dict[str, Any]:
    give_up = time.monotonic() + 10
    while (said := reader.read()) is None:
        assert time.monotonic() < give_up, "not in time"
        time.sleep(0.001)
    return said


@pytest.mark.hazard("H82")
def test_a_line_that_stays_says_so_again_and_again_with_rising_numbers() -> None:
    """K11: a heel that stands is no silence."""
    samples = LineSamples(HEEL, ScriptedLine((Sign.HELD,), (), (), (Sign.UP,)), clock_of(AGAIN_NS))
    found = [one for _ in range(6) for one in samples.poll()]
    assert [one["value"] for one in found] == [1, 1, 1, 0, 0, 0]
    assert [one["seq"] for one in found] == list(range(1, 7))
    assert {one["source"] for one in found} == {"line"}


def test_a_line_that_rests_says_no_more_than_it_has_to() -> None:
    samples = LineSamples(HEEL, ScriptedLine(), clock_of(AGAIN_NS // 5))
    assert 4 <= sum(len(samples.poll()) for _ in range(25)) <= 6


@pytest.mark.hazard("H82")
def test_a_button_that_bounces_is_one_event_and_one_held_from_the_start_is_none() -> None:
    """K13: what is down at the beginning starts nothing."""
    down, up = (Sign.DOWN,), (Sign.UP,)
    turns = [(Sign.HELD,), up, *[()] * 10, down, up, down, up, *[()] * 10, down]
    button = Binding("in", "line", kind="event")
    samples = LineSamples(button, ScriptedLine(*turns), clock_of(QUIET_NS // 10))
    found = [one for _ in turns for one in samples.poll()]
    assert sum("beat" not in one for one in found) == 2
    assert any(one.get("beat") for one in found)
    assert "value" not in found[0]


@pytest.mark.hazard("H82")
def test_a_line_whose_adapter_is_torn_out_ends_the_reading() -> None:
    """K11: nothing more comes, so that its roles go to zero."""
    lost = LinkError("the input line:/dev/ttyUSB1:cts is lost", why="No such device")
    samples = LineSamples(HEEL, ScriptedLine((Sign.DOWN,), then=lost))
    reader = ThreadedReader(samples.poll, lambda: None)
    assert until_read(reader)["value"] == 1
    with pytest.raises(EOFError, match="is lost"):
        until_read(reader)
    reader.close()


def test_what_waits_to_be_read_grows_old() -> None:
    """K12."""
    said: list[list[dict[str, Any]]] = [[{"seq": 1, "age_us": 7}]]

    def poll() -> list[dict[str, Any]]:
        time.sleep(0.001)
        return said.pop() if said else []

    reader = ThreadedReader(poll, lambda: None)
    while said:
        time.sleep(0.001)
    heard_ns = time.monotonic_ns()
    while time.monotonic_ns() - heard_ns < 5_000_000:
        time.sleep(0.001)
    assert until_read(reader)["age_us"] >= 5_000
    reader.close()


class Inlet:
    """Brings the pairs of values and stamps that a test wrote down, then nothing, or an error."""

    def __init__(self, *pairs: tuple[Any, float], then: Exception | None = None) -> None:
        self._pairs, self._then = list(pairs), then

    def pull_sample(self, timeout: float) -> tuple[Any, Any]:
        if self._pairs:
            value, stamp = self._pairs.pop(0)
            return [value], stamp
        if self._then is not None:
            raise self._then
        return None, None


@pytest.mark.hazard("H82")
def test_a_stream_is_believed_while_its_stamps_rise() -> None:
    """K12: replayed, old, and timeless samples are none; a stamp ahead makes nothing younger."""
    stamps = (9.0, 9.5, 9.5, 9.2, math.nan, math.inf, 9.9, 11.0)
    inlet = Inlet(*((float(number), stamp) for number, stamp in enumerate(stamps)))
    samples = LslSamples(Binding("in", "lsl", kind="level"), inlet, lambda: 10.0)
    found = [one for _ in range(10) for one in samples.poll()]
    assert [one["value"] for one in found] == [0, 1, 6, 7]
    assert [one["age_us"] for one in found] == [1_000_000, 500_000, 99_999, 0]
    assert [one["seq"] for one in found] == [1, 2, 3, 4]


@pytest.mark.hazard("H82")
def test_a_stream_of_events_lives_by_its_beats() -> None:
    inlet = Inlet(("beat", 1.0), ("FES_GO", 2.0), then=RuntimeError("lost"))
    samples = LslSamples(Binding("in", "lsl", kind="event"), inlet, lambda: 2.0)
    first, second = samples.poll()[0], samples.poll()[0]
    assert first["beat"] is True
    assert "beat" not in second
    assert "value" not in first
    assert "value" not in second
    with pytest.raises(LinkError, match="is lost"):
        samples.poll()


def test_nonsense_of_a_stream_is_said_and_not_believed() -> None:
    inlet = Inlet((math.inf, 1.0), (math.nan, 2.0), ("7", 3.0))
    samples = LslSamples(Binding("in", "lsl", kind="level"), inlet, lambda: 3.0)
    assert all(math.isnan(one["value"]) for _ in range(3) for one in samples.poll())


class Stream:
    """What the library tells of a stream."""

    def __init__(self, host: str = "here", channels: int = 1, texts: int = 0) -> None:
        self.host, self.channels, self.texts = host, channels, texts

    def hostname(self) -> str:
        return self.host

    def channel_count(self) -> int:
        return self.channels

    def channel_format(self) -> int:
        return self.texts


class Library:
    """pylsl, as far as it is asked."""

    cf_string, proc_clocksync = 3, 1

    def __init__(self, *found: Stream) -> None:
        self.found = found

    def resolve_byprop(self, *_asked: object, **_more: object) -> tuple[Stream, ...]:
        return self.found


@pytest.mark.hazard("H82")
@pytest.mark.parametrize(
    ("found", "why"),
    [
        ((), "none was found"),
        ((Stream(), Stream()), "2 streams"),
        ((Stream(host="there"),), "comes from there"),
        ((Stream(channels=2),), "2 channels"),
        ((Stream(texts=3),), "as numbers"),
    ],
)
def test_a_stream_is_taken_where_it_is_the_only_one_and_of_this_computer(
    found: tuple[Stream, ...], why: str
) -> None:
    binding = Binding("in", "lsl", path="crank", kind="phase")
    with pytest.raises(NoDeviceError) as caught:
        inlet_of(Library(*found), binding, "here")
    assert why in str(caught.value)


@pytest.mark.broad
def test_a_real_stream_on_this_computer_is_read() -> None:
    lsl = pytest.importorskip("pylsl")
    name = f"stimctl-test-{time.monotonic_ns()}"
    info = lsl.StreamInfo(name, "Level", 1, 100, lsl.cf_float32, name)
    if info.hostname() not in ("", socket.gethostname()):
        pytest.skip("the library names this computer otherwise")
    outlet = lsl.StreamOutlet(info)
    reader = open_lsl(Binding("in", "lsl", path=name, kind="level"))
    outlet.wait_for_consumers(5)
    outlet.push_sample([42.0])
    said = until_read(reader)
    assert said["value"] == 42.0
    assert said["age_us"] < 5_000_000
    reader.close()


def test_bindings_of_lines_streams_and_keys_are_read_and_checked() -> None:
    heel = parse_binding("in=line:/dev/serial/by-path/pci-0:1.0:dsr")
    assert (heel.path, heel.signal) == ("/dev/serial/by-path/pci-0:1.0", "dsr")
    assert parse_binding("emg=lsl:My Stream").path == "My Stream"
    assert parse_binding("go=key").source == "key"
    for bad in ("in=line:ttyUSB1:cts", "in=line:/dev/x:dtr", "in=line:/dev/x", "in=lsl:",
                "in=key:5", "in=line:/dev/\0x:cts"):  # fmt: skip
        with pytest.raises(UsageError):
            parse_binding(bad)
    plan = functional_plan({"one": ON_WHILE}, BY_LINE)
    (bound,) = check_bindings(plan, (heel,), simulation=True)
    assert bound.kind == "state"
    with pytest.raises(UsageError, match="does not allow"):
        check_bindings(plan, (Binding("in", "lsl", path="x"),), simulation=True)


@pytest.mark.hazard("H82")
@pytest.mark.hazard("H82")
def test_a_key_is_told_by_a_face_alone() -> None:
    """It needs no heartbeat, so that nobody outside may say that one was pressed."""
    from stimctl.supervisor.face_input import item_of
    from stimctl.supervisor.input_socket import sample_of

    pressed = item_of(b'{"id": 1, "do": "sample", "input": "go", "seq": 3, "key": true}')
    assert pressed == InputSample("go", 3, keyed=True, source="key")
    assert sample_of(b'{"input": "go", "seq": 3, "source": "key", "key": true}') is None
    row = b'{"input": "go", "seq": 3, "source": "udp", "key": true, "keyed": true}'
    outside = sample_of(row)
    assert outside is not None
    assert not outside.keyed
