"""What the face fixed when it started the supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stimctl.session.config import EngineConfig
from stimctl.supervisor.stop_face_names import StopFaceName

PROGRAM = "api"
FACES = (PROGRAM, "run", "identify", "tui", "plain")
"""A program with the Python API, the commands of the CLI, and the two forms of the terminal UI."""


@dataclass(frozen=True, slots=True)
class Options:
    """One session's fixed choices.

    `sim`: a twin that the supervisor started itself. `person`: a pseudonym, or "";
    `person_key` is what the journal holds of it. `keys`: the face
    is one whose keys a person presses, if the process table agrees. `operator`: who is in charge at
    the beginning, by a code, or "". `face`: what operates the session: one of `FACES`, or "" where
    it was not told. `stop_faces`: pedals and buttons, by name, that are tested before arming.
    """

    device: str
    address: str
    sim: bool
    state_folder: Path
    journal_folder: Path
    person: str
    config: EngineConfig
    keys: bool = False
    operator: str = ""
    face: str = ""
    stop_faces: tuple[StopFaceName, ...] = ()
    person_key: str = ""
    bench: bool = False
