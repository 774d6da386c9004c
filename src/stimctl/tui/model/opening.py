"""What was asked for on the command line, and what a face begins with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stimctl.supervisor.stop_face_names import stop_face_options
from stimctl.tui.model.client import Client

if TYPE_CHECKING:
    from stimctl.tui.model.manual import Manual


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for on the command line."""

    demo: bool = False
    watch: str | None = None
    plain: bool = False
    theme: str = ""
    remote_ok: bool = False
    stop_faces: tuple[str, ...] = ()
    find_channels: bool = False
    replay: str = ""
    speed: int = 1
    manual: Manual | None = None
    inputs: tuple[str, ...] = ()
    """Where inputs come from, in the words of `--input`."""


def parse_wishes(arguments: list[str]) -> Wishes | None:
    """The wishes of `stimctl [--demo] [--theme NAME] ...`; None where it is something else.

    A parser of its own: the command-line framework would cost a third of the time to first paint.
    """
    found: dict[str, object] = {}
    faces: list[str] = []
    inputs: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word in ("--demo", "--plain", "--remote-ok", "--find-channels"):
            found[word.removeprefix("--").replace("-", "_")] = True
        elif word == "--watch":
            found["watch"] = rest.pop(0) if rest and not rest[0].startswith("-") else ""
        elif word == "--theme" and rest:
            found["theme"] = rest.pop(0)
        elif word == "--stop-face" and rest:
            faces.append(rest.pop(0))
        elif word.startswith("--stop-face="):
            faces.append(word.partition("=")[2])
        elif word == "--input" and rest:
            inputs.append(rest.pop(0))
        elif word.startswith("--input="):
            inputs.append(word.partition("=")[2])
        elif word.startswith("--theme="):
            found["theme"] = word.partition("=")[2]
        else:
            return None
    return Wishes(stop_faces=tuple(faces), inputs=tuple(inputs), **found)  # type: ignore[arg-type]


def remote_refusal(wishes: Wishes, environ: Mapping[str, str]) -> str:
    """Why nothing is armed over SSH; "" where it may be."""
    if not environ.get("SSH_CONNECTION") or wishes.remote_ok:
        return ""
    return "this is an SSH session: arm at the device, or start with --remote-ok"


def make_client(
    device: str,
    options: list[str],
    on_row: object,
    *,
    face: str = "tui",
    stop_faces: Sequence[str] = (),
    operator: str = "",
) -> Client:
    """A supervisor's client that beats from our event loop, not from a thread."""
    from stimctl.supervisor.client import SupervisorClient

    options = ["--face-name", face, *stop_face_options(stop_faces), *options]
    options += ["--operator", operator] if operator else []
    return SupervisorClient(device, options, beats=False, on_row=on_row)  # type: ignore[arg-type]
