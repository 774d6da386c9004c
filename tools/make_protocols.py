"""Makes the tables in protocols/README.md from the files that are shipped."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from stimctl.devices.registry import FAMILIES
from stimctl.records.protocol_files import (
    ProtocolSource,
    list_information,
    list_percent_protocols,
    list_protocols,
)
from stimctl.safety import Electrode, Profile
from stimctl.stimulus.level import Level
from stimctl.treatment.information import load_information
from stimctl.treatment.load import load_any
from stimctl.treatment.plan import compile_plan
from stimctl.treatment.program import ChannelSetup, Plan
from stimctl.treatment.schema import PercentProtocol
from stimctl.treatment.schemas import AnyFile

PAGE = Path(__file__).resolve().parents[1] / "protocols" / "README.md"
_FOLDER = PAGE.parent


def page(text: str) -> str:
    """The page with its tables as the files have them."""
    for name, rows in (
        ("protocols", _protocols(list_protocols(shipped=_FOLDER))),
        ("percent", _protocols(list_percent_protocols(shipped=_FOLDER))),
        ("information", _information()),
    ):
        begin, end = f"<!-- {name}: made by tools/make_protocols.py -->", f"<!-- end {name} -->"
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(end)
        text = f"{before}{begin}\n{rows}\n{end}{after}"
    return text


def fits(protocol: AnyFile, profile: Profile = Profile.CLINIC) -> tuple[str, ...]:
    """The device families that can give it, whatever its amplitude is raised to."""
    return tuple(
        name for name, family in FAMILIES.items() if _plan(protocol, family.sheet, profile)
    )


def _plan(protocol: AnyFile, sheet: object, profile: Profile) -> bool:
    in_percent = isinstance(protocol, PercentProtocol)
    if in_percent != (sheet.external_pulses is not None):  # type: ignore[attr-defined]
        return False
    if in_percent:
        return True
    electrode = Electrode(protocol.electrodes.minimum_area_mm2)
    setups = [
        ChannelSetup(number, Level(protocol.scale, 0), electrode)
        for number in range(1, len(protocol.channels) + 1)
    ]
    plan = compile_plan(protocol, sheet, setups, profile=profile)  # type: ignore[call-overload]
    return isinstance(plan, Plan)


def _protocols(sources: Iterable[ProtocolSource]) -> str:
    rows = []
    for source in sources:
        one = load_any(source.path.read_text(encoding="utf-8"), source.path.name)
        against = "; **a guideline recommends against it**" if "X" in one.evidence.grade else ""
        locked = one.locked.reason if one.locked else ""
        devices = ", ".join(fits(one))
        rows.append((f"`{one.id}`", one.title + against, one.evidence.grade, devices, locked))
    return _table(("file", "what for", "grade", "devices", "locked, because"), rows)


def _information() -> str:
    rows = []
    for source in list_information(shipped=_FOLDER):
        one = load_information(source.path.read_text(encoding="utf-8"), source.path.name)
        rows.append((f"`{one.id}`", one.title, one.grade, one.why_not, one.instead))
    return _table(("page", "treatment", "grade", "why not", "instead"), rows)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    """Write it."""
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
