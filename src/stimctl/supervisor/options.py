"""What the face fixed when it started the supervisor."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stimctl.session.config import EngineConfig


@dataclass(frozen=True, slots=True)
class Options:
    """One session's fixed choices.

    `sim`: a twin that the supervisor started itself. `person`: a pseudonym, or "". `keys`: the face
    is one whose keys a person presses, if the process table agrees. `operator`: who is in charge at
    the beginning, by a code, or "".
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
