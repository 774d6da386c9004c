"""`stimctl protocols show --drawing`: the plan of a protocol as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

from stimctl.cli.output import put
from stimctl.cli.page_output import put_page
from stimctl.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from stimctl.treatment.schemas import AnyFile


def put_drawing(loaded: AnyFile, output: Path | None, *, force: bool) -> None:
    """Write the picture to a file, or to the output where no file is named."""
    from stimctl.report.drawing import draw_protocol
    from stimctl.report.stage_drawing import draw_stages
    from stimctl.treatment.schema import TreatmentProtocol
    from stimctl.treatment.staged import StagedProtocol

    if isinstance(loaded, StagedProtocol):
        drawing = draw_stages(loaded)
    elif isinstance(loaded, TreatmentProtocol):
        drawing = draw_protocol(loaded)
    else:
        raise UsageError(
            f"{loaded.id} cannot be drawn",
            why="its pulses are another unit's, and not known here",
            what_to_do="Read it: the same command without --svg.",
        )
    if output is None:
        put(drawing.rstrip("\n"))
    else:
        put_page(drawing, output, force=force, open_it=False)
