"""Every kind of protocol file, by the name in its first line."""

from __future__ import annotations

from collections.abc import Mapping

from stimctl.treatment.schema import PercentProtocol, TreatmentProtocol
from stimctl.treatment.staged import StagedProtocol

CurrentFile = TreatmentProtocol | StagedProtocol
"""What a device with current control takes."""
AnyFile = TreatmentProtocol | StagedProtocol | PercentProtocol

SCHEMAS: Mapping[str, type[AnyFile]] = {
    one.schema_id: one for one in (TreatmentProtocol, StagedProtocol, PercentProtocol)
}
