"""A state folder with two people, a session of each, and one of a program that knew no keys."""

from __future__ import annotations

from pathlib import Path

from stimctl.records.catalogue import Catalogue
from stimctl.records.devices import remember_device
from stimctl.records.journal import Header, JournalWriter
from stimctl.records.pads import Pads, count_use
from stimctl.records.people.change import enrol
from stimctl.records.people.electrodes import add_electrodes, claim_electrodes
from stimctl.records.people.remembered import Mark, remember

NOW = "2026-11-30T12:00:00Z"
MARK = Mark("sensory", 1, "left-knee", 2_500, 1_764_500_000, amplitude_ua=5_000)


def session(folder: Path, person: str) -> str:
    """A recorded session whose header has this of its person; its name."""
    header = Header("sim:p24", sim=False, stimctl="0.1", python="3.11", person=person)
    writer = JournalWriter.open_session(folder, header)
    catalogue = Catalogue(folder)
    about = header.as_dict(writer.session)
    catalogue.begin(writer.session, about, "2026-11-01T10:00:00.0Z", writer.anchor)
    writer.append("state", {"state": "armed"})
    catalogue.finish(
        writer.session, "2026-11-01T10:30:00.0Z", "zero", writer.end({"outcome": "zero"})
    )
    return writer.session


def people(state: Path) -> dict[str, str]:
    """K-17 with everything that is kept of a person, and K-18; their keys."""
    journals = state / "journal"
    keys = {code: enrol(state, code) for code in ("K-17", "K-18")}
    for key in keys.values():
        session(journals, key)
    remember(state, "K-17", {"second": "1961", "marks": (MARK,), "answers": {"C01": False}})
    count_use(state, "K-17", [Pads("left-knee", 2_500)], 0, new=False)
    remember_device(state, "K-17", "tens", "serial 2103-17")
    add_electrodes(state, "E-12", 2_500, "self-adhesive")
    claim_electrodes(state, ["E-12"], keys["K-17"], 5)
    (state / "pages").mkdir()
    for path in journals.glob("*.jsonl"):
        (state / "pages" / f"{path.stem}.html").write_text("a report")
    return keys
