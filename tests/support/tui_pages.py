"""Every screen and dialog of the terminal UI, and a protocol with two channels."""

from __future__ import annotations

import tomllib
from pathlib import Path

from stimctl.tui.model import pages
from stimctl.tui.model.adjusting import toml_text
from stimctl.tui.model.planning import choose

PAGES, DIALOGS = tuple(pages.PAGES), tuple(pages.QUESTIONS)
TWO_CHANNELS = "both-knees"


def write_two_channels(folder: Path) -> None:
    """The knee protocol for both legs at once."""
    mapping = tomllib.loads(choose("nmes-tka").text)
    mapping["id"] = TWO_CHANNELS
    left = mapping["channels"][0]
    mapping["channels"] = [
        {**left, "role": f"{side}-quadriceps", "sites": [f"{side}-quadriceps"]}
        for side in ("left", "right")
    ]
    folder.mkdir(exist_ok=True)
    (folder / f"{TWO_CHANNELS}.toml").write_text(toml_text(mapping), "utf-8")


EIGHT_CHANNELS = "eight-places"
_PLACES = ("quadriceps", "calf", "hamstrings", "tibialis-anterior")


def write_eight_channels(folder: Path) -> None:
    """Conventional TENS at four places on each side, so that there are eight cards."""
    mapping = tomllib.loads(choose("tens-conventional").text)
    mapping["id"] = EIGHT_CHANNELS
    one = mapping["channels"][0]
    mapping["channels"] = [
        {**one, "role": f"{side}-{place}", "sites": [f"{side}-{place}"]}
        for side in ("left", "right")
        for place in _PLACES
    ]
    folder.mkdir(exist_ok=True)
    (folder / f"{EIGHT_CHANNELS}.toml").write_text(toml_text(mapping), "utf-8")
