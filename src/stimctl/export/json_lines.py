"""JSON Lines: the rows of the six tables, each an object that names its table."""

from __future__ import annotations

import json

from stimctl.export.content import SessionContent
from stimctl.export.tables import tables_of

SCHEMA = "stimctl.export/1"


def jsonl_files(content: SessionContent) -> dict[str, bytes]:
    """One file; `schema` and `table` come first in every line."""
    lines = [
        json.dumps({"schema": SCHEMA, "table": one.shape.name, **row}, allow_nan=False)
        for one in tables_of(content)
        for row in one.rows
    ]
    return {"session.jsonl": "".join(f"{line}\n" for line in lines).encode()}
