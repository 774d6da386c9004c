"""Makes every page of the documentation that is made from the program: `make pages`.

A test says of each when it is not up to date.
"""

from __future__ import annotations

import sys
from pathlib import Path

from tools import (
    make_cli,
    make_devices,
    make_errors,
    make_events,
    make_exports,
    make_hazards,
    make_json,
    make_keys,
    make_protocol_schema,
    make_protocols,
    make_published,
    make_reference,
)

LOOKED_UP = (make_cli, make_devices, make_errors, make_json, make_protocol_schema)
"""The tools of one page each, whose test is tests/test_made_pages.py."""


def pages() -> dict[Path, str]:
    """The text of each page of `LOOKED_UP`."""
    return {tool.PAGE: tool.page() for tool in LOOKED_UP}


def main() -> int:
    """Write all of them."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")
    make_events.main()
    make_exports.main()
    make_hazards.main()
    make_keys.main()
    make_protocols.main()
    make_published.main()
    make_reference.main()
    return 0


if __name__ == "__main__":
    sys.exit(main())
