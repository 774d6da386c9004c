"""Markers out: the right moments, and nobody who hears the events waits for an output."""

from __future__ import annotations

import importlib
import os
import sys
import threading
import time
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import stimctl
from stimctl.api import Marker
from stimctl.errors import NoDeviceError, PortBusyError, UsageError
from stimctl.markers.line import LineOutlet, SerialLine
from stimctl.markers.lsl import LslOutlet
from stimctl.markers.marker import marker_of
from stimctl.markers.names import parse_marker, parse_markers
from stimctl.markers.open import open_markers
from stimctl.markers.reader import MarkerReader, MarkerReaders
from stimctl.session import host_rows, rows
from stimctl.session.events import Event, encode
from stimctl.session.reasons import Reason
from tests.support.own_pty import own_pty
from tests.support.own_twins import end_twins

NOBODY = Reason("", "")


def row(event: Event, mono_ns: int = 7) -> dict[str, Any]:
    return {"kind": event.kind.value, "mono_ns": mono_ns, **encode(event)}


class Collected:
    """An output that keeps what it is given, once it may."""

    def __init__(self, *, at_once: bool = True) -> None:
        self.markers: list[Marker] = []
        self.closed = threading.Event()
        self.may = threading.Event()
        if at_once:
            self.may.set()

    def put(self, marker: Marker) -> None:
        self.may.wait(10)
        self.markers.append(marker)

    def close(self) -> None:
        self.closed.set()


class ScriptedLine:
    """A control line: what a pty has not."""

    def __init__(self) -> None:
        self.levels: list[tuple[bool, int]] = []
        self.closed = False

    def set(self, *, raised: bool) -> None:
        self.levels.append((raised, time.monotonic_ns()))

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("event", "text", "edge"),
    [
        (rows.PulseAcked(2, 1_500, 9, 1, 3, 5), "pulse channel=2 level_ua=1500", True),
        (rows.LevelSet(1, 500, "uA", "program"), "level channel=1 level_ua=500 by=program", False),
        (rows.LevelSet(1, 4, "%", "hand"), "level channel=1 level_percent=4 by=hand", False),
        (rows.Contraction(1, 3, 5_000, "uA"), "contraction channel=1 number=3", True),
        (rows.StageBegun(2, "work", "program", 5), "stage number=2 name=work", True),
        (
            rows.Followed(1, 500, "uA", "keeps", 1, 2, NOBODY),
            "follow channel=1 phase=keeps",
            False,
        ),
        (rows.StateEntered("running", "armed", NOBODY), "state state=running", True),
        (rows.StateEntered("stopped", "running", NOBODY), "state state=stopped", False),
        (rows.Stopping(NOBODY, "stop"), "stop", False),
        (rows.ZeroVerified(3, "stop"), "zero", False),
        (
            host_rows.Note({"topic": "mark", "text": "trial 3,\n left", "at_ns": 3}),
            "mark text=trial 3; left",
            True,
        ),
    ],
)
def test_a_marker_has_the_moment_of_its_event_and_says_what_it_was(
    event: Event, text: str, edge: bool
) -> None:
    marker = marker_of(row(event))
    assert marker is not None
    own_moment = isinstance(event, rows.PulseAcked | host_rows.Note)
    assert marker.at_ns == (3 if own_moment else 7)
    assert (marker.text, marker.edge) == (text, edge)
    assert marker.kind == text.partition(" ")[0]


def test_what_is_no_marker_gives_none() -> None:
    for event in (host_rows.Note({"topic": "note", "text": "x"}), rows.Unlocked(1, 5, "uA")):
        assert marker_of(row(event)) is None


def test_whoever_hears_the_events_never_waits_for_an_output() -> None:
    stuck, good = Collected(at_once=False), Collected()
    readers = [MarkerReader("stuck", stuck, most_waiting=10), MarkerReader("good", good)]
    markers = MarkerReaders(readers)
    pulse = row(rows.PulseAcked(1, 500, 1, 1, 3, 5))
    for _ in range(50):  # it would hang here
        markers.take(pulse)
    assert readers[0].lost >= 39
    stuck.may.set()
    (told,) = markers.close()
    assert told.startswith("stuck: ")
    assert len(good.markers) == 50
    assert len(stuck.markers) + readers[0].lost == 50
    assert stuck.closed.wait(10)
    assert good.closed.wait(10)


def test_an_output_that_fails_is_told_and_takes_no_more() -> None:
    given: list[Marker] = []

    def call(marker: Marker) -> None:
        given.append(marker)
        raise ZeroDivisionError("oh")

    markers = open_markers([call], "")
    for _ in range(3):
        markers.take(row(rows.ZeroVerified(3, "stop")))
    assert markers.close() == ["a function of the program: 3 markers are lost: oh"]
    assert len(given) == 1


def test_each_edge_raises_the_line_for_a_moment_and_levels_raise_none() -> None:
    line = ScriptedLine()
    outlet = LineOutlet(line)
    outlet.put(Marker(1, "level", "level", edge=False))
    outlet.put(Marker(2, "pulse", "pulse", edge=True))
    outlet.close()
    assert [raised for raised, _ in line.levels] == [False, True, False, False]
    assert line.levels[2][1] - line.levels[1][1] >= 5_000_000
    assert line.closed


def test_a_port_without_control_lines_or_that_is_not_there_is_refused(tmp_path: Path) -> None:
    for path in (os.ttyname(own_pty()[1]), str(tmp_path / "nothing")):
        with pytest.raises(NoDeviceError, match="cannot put out markers"):
            SerialLine(parse_marker(f"line:{path}:rts"), "")


@pytest.mark.hazard("H25")
def test_the_port_of_the_stimulator_is_no_marker_output() -> None:
    path = os.ttyname(own_pty()[1])
    with pytest.raises(PortBusyError, match="the stimulator's own port"):
        SerialLine(parse_marker(f"line:{path}:dtr"), path)


@pytest.mark.parametrize(
    "text", ["", "osc", "line", "line:/dev/ttyUSB0", "line:ttyUSB0:rts", "line:/a:cts"]
)
def test_a_name_that_is_none_is_refused_with_the_right_form(text: str) -> None:
    with pytest.raises(UsageError, match="Write lsl, or line:"):
        parse_marker(text)


def test_names_are_read_again_as_they_are_written() -> None:
    texts = ["lsl", "lsl:lab 3", "line:/dev/serial/by-path/pci-0:1:RTS", "lsl:stimctl"]
    names = parse_markers(texts)
    assert [str(name) for name in names] == [
        "lsl:stimctl",
        "lsl:lab 3",
        "line:/dev/serial/by-path/pci-0:1:rts",
    ]
    assert parse_markers([str(name) for name in names]) == names


class FakeLsl(types.ModuleType):
    """What of pylsl is used, with a clock that is 100 s ahead."""

    IRREGULAR_RATE, cf_string = 0.0, 3

    def __init__(self) -> None:
        super().__init__("pylsl")
        self.info: tuple[Any, ...] = ()
        self.samples: list[tuple[list[str], float]] = []

    def StreamInfo(self, *about: Any) -> tuple[Any, ...]:
        self.info = about
        return about

    def StreamOutlet(self, _info: object) -> FakeLsl:
        return self

    def push_sample(self, sample: list[str], stamp_s: float) -> None:
        self.samples.append((sample, stamp_s))

    def local_clock(self) -> float:
        return time.monotonic() + 100


def test_an_lsl_sample_has_the_moment_of_the_event_on_the_clock_of_lsl(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lsl = FakeLsl()
    monkeypatch.setitem(sys.modules, "pylsl", lsl)
    outlet = LslOutlet("lab", "stimctl /dev/ttyACM0")
    outlet.put(Marker(5_000_000_000, "zero", "zero", edge=False))
    assert lsl.info == ("lab", "Markers", 1, 0.0, 3, "stimctl /dev/ttyACM0")
    ((sample, stamp_s),) = lsl.samples
    assert sample == ["zero"]
    assert stamp_s == pytest.approx(105, abs=0.05)


def test_without_pylsl_the_error_says_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pylsl", None)
    with pytest.raises(UsageError, match=r"pip install 'stimctl\[lsl\]'"):
        open_markers(["lsl"], "")


def test_the_real_library_takes_the_samples_and_its_clock_is_that_of_the_rows() -> None:
    try:
        pylsl = importlib.import_module("pylsl")
    except (ImportError, RuntimeError, OSError) as error:
        pytest.skip(f"NOT RUN: the real LSL library, because pylsl cannot be loaded here: {error}")
    outlet = LslOutlet("stimctl-test", "test")
    outlet.put(Marker(time.monotonic_ns(), "zero", "zero", edge=False))
    if sys.platform == "linux":
        assert abs(pylsl.local_clock() - time.monotonic()) < 1
    outlet.close()


@pytest.fixture
def _twins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("STIMCTL_TWIN_RECORD", str(tmp_path / "electrodes.jsonl"))
    yield
    end_twins()


@pytest.mark.pty
@pytest.mark.usefixtures("_twins")
def test_a_program_gets_the_markers_of_its_pulses_in_the_time_of_its_calls(tmp_path: Path) -> None:
    markers: list[Marker] = []
    device = stimctl.connect(
        "sim:p24", journal=tmp_path / "journal", single_pulses=True, markers=[markers.append]
    )
    with device:
        device.load("tens-conventional", amplitudes={1: "2 mA"}, areas={1: "25 cm2"})
        device.arm()
        device.start(hold="10 s")
        device.raise_to(1, "1 mA")
        at_ns = device.mark("trial 1")
        given = device.pulse(1, "1 mA")
    told = {marker.kind: marker for marker in markers}
    assert told["mark"].at_ns == at_ns
    assert told["pulse"].at_ns == given.sent_ns
    assert told["pulse"].text == "pulse channel=1 level_ua=1000"
    assert given.asked_ns <= given.sent_ns <= given.acked_ns
    states = [marker.text for marker in markers if marker.kind == "state"]
    assert states[-1] in ("state state=stopped", "state state=closed")
    assert "state state=running" in states
    assert "zero" in told
