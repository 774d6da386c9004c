"""Everything that `stimctl compliance` tells, gathered once for its file and its page."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from typing import Any

from stimctl.compliance.as_soup import AsSoup, as_soup
from stimctl.compliance.hazards import HazardRow, hazard_rows
from stimctl.compliance.output_table import output_table
from stimctl.compliance.soup import Soup, soup
from stimctl.supervisor.families import every_family, family_named


@dataclass(frozen=True, slots=True)
class Compliance:
    """`made_utc` and `machine`: when and where the page was made, not where tests ran."""

    made_utc: str
    machine: str
    own: AsSoup
    hazards: tuple[HazardRow, ...]
    soup: Soup
    outputs: tuple[dict[str, Any], ...]


def gather(made_utc: str) -> Compliance:
    """What is known now, on this machine."""
    return Compliance(
        made_utc=made_utc,
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        own=as_soup(),
        hazards=hazard_rows(),
        soup=soup(),
        outputs=tuple(output_table(family_named(name).sheet) for name in every_family()),
    )
