"""`stimctl stop-face list|test`: which pedals and buttons can stop, and whether one is seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, put_table, say

if TYPE_CHECKING:
    from stimctl.supervisor.stop_face_readers import Reader

_WAIT_S = 0.1

group = typer.Typer(help="List and try pedals and buttons that stop.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="stop-face", rich_help_panel=None)


@group.command("list")
def list_all(as_json: Json = False) -> None:
    """List what could be a stop face. Opens nothing."""
    from stimctl.supervisor.platform_support import need_session
    from stimctl.supervisor.stop_face_list import list_stop_faces

    need_session("stimctl stop-face")
    found = list_stop_faces()
    if as_json:
        put_json("stimctl.stop-faces/1", {"stop_faces": [one.as_dict() for one in found]})
        return
    if not found:
        say("There is no input device with keys and no serial port. Plug the pedal in, try again.")
        return
    put_table(
        ("STOP FACE", "USB ID", "DESCRIPTION", "USE"),
        [(one.name, one.usb_id, one.description, one.trouble or "free") for one in found],
    )
    say("Try one: stimctl stop-face test NAME. Every key of a pedal is STOP, and types nowhere.")


@group.command("test")
def test(
    name: Annotated[
        str,
        typer.Argument(metavar="NAME", help="pedal:/dev/input/by-id/X or line:/dev/ttyUSB1:dsr."),
    ],
) -> None:
    """Show each press of a stop face, until one full press or Ctrl-C. Touches no device."""
    from stimctl.supervisor.platform_support import need_session
    from stimctl.supervisor.stop_face_names import parse_stop_face

    need_session("stimctl stop-face")
    from stimctl.supervisor.stop_face_readers import open_reader

    reader = open_reader(parse_stop_face(name))
    put(f"{name}: {reader.what}. Press it once and let go; Ctrl-C ends this.")
    try:
        follow(reader, put, time.monotonic_ns)
    finally:
        reader.close()
    put("That is a press that stops, and that tests it before arming.")


def follow(reader: Reader, show: Callable[[str], None], clock: Callable[[], int]) -> None:
    """Until one press that would test it. Raises `LinkError` where it is lost."""
    from stimctl.errors import LinkError
    from stimctl.supervisor.stop_face_events import Sign
    from stimctl.supervisor.stop_face_state import CAUSES, Cause, StopFaceState

    state = StopFaceState()
    state.take(clock(), Cause.ASK)
    down_ns = clock()
    while not state.is_tested:
        for sign in reader.read(_WAIT_S):
            now = clock()
            if sign is Sign.MISSED:
                raise LinkError("the stop face is lost", why="the system has thrown events away")
            if sign is Sign.UP:
                show(f"released after {(now - down_ns) // 1_000_000} ms")
            elif not state.is_down:
                down_ns = now
                show("STOP: pressed" if sign is Sign.DOWN else "STOP: it is held down")
            state.take(now, CAUSES[sign])
        state.take(clock(), Cause.ZERO)  # there is no device here whose zero is to be verified
