"""`stimctl stop-face`: what is listed, and what a trial of one shows."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from stimctl.cli.stop_face import follow
from stimctl.codes import Code
from stimctl.errors import LinkError
from stimctl.supervisor import stop_face_list
from stimctl.supervisor.ports import SerialPortInfo
from stimctl.supervisor.session_model import SessionModel
from stimctl.supervisor.stop_face_events import Sign
from stimctl.supervisor.stop_face_list import list_stop_faces
from stimctl.supervisor.stop_face_names import parse_stop_face, pressed, stop_face_options
from stimctl.tui.model.opening import make_client, parse_wishes

DOWN, UP, HELD, MISSED = Sign.DOWN, Sign.UP, Sign.HELD, Sign.MISSED


def an_input(inputs: Path, number: int, name: str, keys: str) -> None:
    device = inputs / f"event{number}" / "device"
    (device / "capabilities").mkdir(parents=True)
    (device / "id").mkdir()
    for file, text in (
        ("name", name), ("id/vendor", "05f3"), ("id/product", "00ff"), ("capabilities/key", keys)
    ):  # fmt: skip
        (device / file).write_text(text + "\n")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    inputs, nodes = tmp_path / "class", tmp_path / "dev"
    (nodes / "by-id").mkdir(parents=True)
    an_input(inputs, 10, "Footpedal", "7 0 0 0 0")
    an_input(inputs, 2, "Keyboard", "fffffffffffffffe")
    an_input(inputs, 3, "Lid Switch", "0")
    an_input(inputs, 4, "Broken", "what")
    for number in (2, 3, 4, 10):
        (nodes / f"event{number}").write_bytes(b"")
    (nodes / "by-id" / "usb-Footpedal-event-if00").symlink_to(nodes / "event10")
    port = SerialPortInfo(
        "/dev/ttyUSB1", "FTDI USB Serial", "0403", "6001", "A1", "ftdi_sio", "", True, "dialout", ""
    )
    monkeypatch.setattr(stop_face_list, "list_ports", lambda: (port,))
    return inputs, nodes


def test_what_has_keys_and_each_serial_port_is_listed_by_a_name_that_is_taken(
    machine: tuple[Path, Path],
) -> None:
    found = list_stop_faces(*machine)
    nodes = machine[1]
    assert [one.name for one in found] == [
        f"pedal:{nodes}/event2",
        f"pedal:{nodes}/by-id/usb-Footpedal-event-if00",
        "line:/dev/ttyUSB1:dsr",
    ]
    assert [str(parse_stop_face(one.name)) for one in found] == [one.name for one in found]
    assert "whole keyboard" in found[0].description
    assert "keyboard" not in found[1].description
    assert found[1].usb_id == "05f3:00ff"
    assert found[2].description.startswith("FTDI USB Serial")


def test_a_machine_without_any_is_listed_empty(tmp_path: Path) -> None:
    assert [
        one for one in list_stop_faces(tmp_path, tmp_path) if one.name.startswith("pedal")
    ] == []


def test_the_list_is_json_too(cli: Callable[..., object]) -> None:
    told = cli("stop-face", "list", "--json")
    assert told.code == 0  # type: ignore[attr-defined]
    assert told.data["schema"] == "stimctl.stop-faces/1"  # type: ignore[attr-defined]


class _Script:
    what = "made by hand"

    def __init__(self, *reads: Sequence[Sign]) -> None:
        self._reads = iter(reads)

    def read(self, _timeout_s: float) -> Sequence[Sign]:
        return next(self._reads)

    def close(self) -> None:
        pass


def shown(*reads: Sequence[Sign]) -> list[str]:
    said: list[str] = []
    clock = itertools.count(0, 30_000_000)
    follow(_Script(*reads), said.append, lambda: next(clock))
    return said


def test_a_trial_ends_with_one_full_press() -> None:
    said = shown([], [DOWN], [], [UP], [])
    assert said[0] == "STOP: pressed"
    assert said[1].startswith("released after ")


def test_a_trial_goes_on_where_it_was_held_down_at_the_beginning() -> None:
    said = shown([HELD], [UP], [DOWN], [UP], [])
    assert said[0] == "STOP: it is held down"
    assert said[2] == "STOP: pressed"
    with pytest.raises(StopIteration):
        shown([HELD], [UP], [], [])


def test_a_trial_ends_where_events_were_lost() -> None:
    with pytest.raises(LinkError, match="thrown events away"):
        shown([DOWN, MISSED])


def test_the_terminal_ui_takes_stop_faces_too() -> None:
    wishes = parse_wishes(["--stop-face", "pedal:/dev/a", "--plain", "--stop-face=line:/b:dsr"])
    assert wishes is not None
    assert wishes.stop_faces == ("pedal:/dev/a", "line:/b:dsr")
    assert stop_face_options(wishes.stop_faces) == [
        "--stop-face", "pedal:/dev/a", "--stop-face", "line:/b:dsr"
    ]  # fmt: skip
    assert parse_wishes(["--stop-face"]) is None


def test_the_terminal_ui_hands_them_to_its_supervisor() -> None:
    client = make_client("sim:p24", ["--keys"], print, stop_faces=("pedal:/dev/a",))
    assert client._options[-3:] == ["--stop-face", "pedal:/dev/a", "--keys"]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("code", "press"),
    [
        (Code.STOP_FACE_PRESSED, True),
        (Code.STOP_FACE_GONE, False),
        (Code.STOP_PATH, False),
        (Code.STOP_ASKED, False),
    ],
)
@pytest.mark.parametrize("words", [pressed("pedal:/dev/a"), "anything", ""])
def test_a_press_is_known_by_its_code_whatever_the_words(
    code: Code, press: bool, words: str
) -> None:
    model = SessionModel()
    model.take({"kind": "stopping", "reason": words, "code": code.value, "purpose": "stop"})
    assert model.other_stop == ("" if press else words)
