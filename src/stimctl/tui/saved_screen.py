"""Saves the screen as a picture, with the person's code blacked out."""

from __future__ import annotations

import os

from stimctl.tui.model.desk import Desk


def save_screen(desk: Desk, picture: str) -> None:
    """Write the SVG `picture` into the state folder, and say where it is or why it is not."""
    folder, person = desk.bed.state_folder / "screens", desk.bed.person
    path = folder / f"{desk.front.name}-{os.getpid()}-{desk.clock.mono_ns()}.svg"
    hidden = picture.replace(person, "█" * len(person)) if person else picture
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_text(hidden, "utf-8")
        desk.say(f"saved {path}, the patient's code blacked out")
    except OSError as error:
        desk.say(f"not saved: {error}")
