"""Makes docs/reference/published-treatments.md: which published treatments can be run, and how.

From docs/published-treatments.toml, and from the files that it names. `python -m
tools.make_published` writes it; a test says when it is not up to date.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from stimctl.safety import Profile
from stimctl.treatment.load import load_any
from tools.make_protocols import fits

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "published-treatments.md"
_ROWS = ROOT / "docs" / "published-treatments.toml"
_HEAD = ("treatment", "source", "certainty")
_TRY = (
    "# not run: in the folder of the sources, and tests/treatment/test_published.py rehearses all\n"
    "stimctl rehearse examples/protocols/nmes-copd-warm-up.toml --device sim:p24 "
    "--amplitude 1=20mA --area 1=25cm2"
)
SAID, NOT_YET, REFUSED = "said", "not yet", "refused"


@dataclass(frozen=True, slots=True)
class Row:
    """One treatment or experiment. `files`: paths in the repository; `why_not`: why none is."""

    number: int
    what: str
    source: str
    certainty: str
    state: str
    files: tuple[str, ...] = ()
    how: str = ""
    why_not: str = ""


def rows() -> list[Row]:
    """In the order of their numbers."""
    found = tomllib.loads(_ROWS.read_text("utf-8"))["treatment"]
    return [Row(**{**one, "files": tuple(one.get("files", ()))}) for one in found]


def page() -> str:
    """The text of the page."""
    every = rows()
    counted = Counter(one.state for one in every)
    counts = (counted[SAID], counted[NOT_YET], counted[REFUSED])
    parts = [
        "# Published treatments",
        "Made by `python -m tools.make_published` from `docs/published-treatments.toml`; "
        "do not edit.",
        f"{len(every)} treatments and experiments that somebody has published, and how each is "
        f"said in a [protocol file](protocol-file.md). {counts[0]} have a file, {counts[1]} need "
        f"words that the files do not have yet, {counts[2]} are refused.",
        "A file of `protocols/` ships with stimctl. Those of `examples/protocols/` are examples "
        "to read, check and rehearse. Each is delivered as planned by the simulated devices that "
        "stand beside it. No file here was tried on a person.",
        f"```sh\n{_TRY}\n```",
        "Certainty: **R** read in the source, **R2** quoted by another text, **unverified**: "
        "neither; the file says so.",
        "## Said",
        _table(("", *_HEAD, "file", "devices", "how"), _said(every)),
        "## Not yet",
        _table(("", *_HEAD, "why not"), _others(every, NOT_YET)),
        "## Refused",
        _table(("", *_HEAD, "why"), _others(every, REFUSED)),
    ]
    return "\n\n".join(parts) + "\n"


def _said(every: list[Row]) -> list[tuple[str, ...]]:
    return [
        (
            str(one.number), one.what, one.source, one.certainty,
            "<br>".join(f"[{Path(name).stem}](../../{name})" for name in one.files),
            "<br>".join(_devices(name) for name in one.files), one.how,
        )
        for one in every
        if one.state == SAID
    ]  # fmt: skip


def _devices(name: str) -> str:
    path = ROOT / name
    protocol = load_any(path.read_text("utf-8"), path.name)
    in_clinic = ", ".join(fits(protocol))
    return in_clinic or f"{', '.join(fits(protocol, Profile.RESEARCH))} (research profile)"


def _others(every: list[Row], state: str) -> list[tuple[str, ...]]:
    return [
        (str(one.number), one.what, one.source, one.certainty, one.why_not)
        for one in every
        if one.state == state
    ]


def _table(head: tuple[str, ...], lines: list[tuple[str, ...]]) -> str:
    every = [head, ("---",) * len(head), *lines]
    return "\n".join(f"| {' | '.join(line)} |" for line in every)


def main() -> int:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
