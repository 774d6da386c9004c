"""Makes docs/reference/json.md from what `python -m tools.record_json` has recorded.

`python -m tools.make_json` writes the page; tests say when it, or what was recorded, is not up to
date.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.markdown import table
from tools.record_json import RECORDED

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "json.md"
_HEAD = """# JSON output

Made by `python -m tools.make_json` from recorded output of the program; do not edit.

`--json` puts JSON on stdout, one object a line, and words stay on stderr. The first key of each
object is `schema`. Its number is raised when a field is taken away or gets another meaning; a
field may be added without. So a program looks at `schema`, takes the fields that it knows, and
leaves the others.

Units stand at the end of a name: `_ua` microampere, `_ma` milliampere, `_us` microseconds, `_ns`
nanoseconds, `_mhz` **millihertz**, `_mm2` square millimetres, `_uc` microcoulomb, `_mc`
millicoulomb. `t` and the names with `utc` are UTC, ISO 8601. An error is an object too, of the
schema `stimctl.error/1`, and the exit code is that of [the table](errors.md).

In the tables `[]` is each entry of a list, and `*` each number of a channel as text. Where a field
has two types it can be either. Lists and long texts of the examples are cut.
"""
#: What is printed, or written into a file, and has its page elsewhere.
ELSEWHERE = {
    "stimctl.event/2": "each row of `stimctl run --json`: [events](events.md)",
    "stimctl.export/1": "each line of an export as [JSON Lines](exports/jsonl.md)",
    "stimctl.redcap-map/1": "the field map of an export: [REDCap](exports/redcap.md)",
    "stimctl.devices-check/1": "`stimctl devices check FAMILY`: `family`, `ok`, `checks`",
    "stimctl.devices-trust/1": "`stimctl devices trust PACKAGE==VERSION`",
    "stimctl.capture/1": "a capture of a link: [captures](captures.md)",
    "stimctl.sim-compare/1": "`stimctl sim compare`: [captures](captures.md)",
    "stimctl.commission/1": "`stimctl commission DEVICE`: "
    "[how](../how-to/commission-a-device.md)",
    "stimctl.commission-result/1": "each step of it, as it ends",
    "stimctl.commission-verification/1": "`stimctl commission --verify FILE`",
    "stimctl.commissioning/1": "the record of a commissioning, in the state folder",
    "stimctl.results/1": "how tests ended, for [compliance](../how-to/compliance.md)",
    "stimctl.protocol-library/1": "`stimctl protocols sign` and `verify`; what a station trusts",
    "stimctl.sync/1": "`stimctl sync URL`: [many stations](../how-to/many-stations.md)",
    "stimctl.sync-verification/1": "`stimctl sync verify URL`: `ok`, `sessions`",
    "stimctl.stations/1": "`stimctl sync stations URL`: `stations`",
    "stimctl.wire-hex/1": "`stimctl wire encode WIRE`: `hex`",
    "stimctl.journal/1": "the first row of an old journal",
    "stimctl.journal/2": "the first row of a journal: [signatures](../explanation/signatures.md)",
    "stimctl.additions/1": "the file of signatures and amendments beside a journal",
    "stimctl.countersignature/1": "what a second person signs",
    "stimctl.acceptance/1": "a warning that was accepted, in the state folder",
    "stimctl.drivers/1": "the drivers that are trusted here, in the state folder",
    "stimctl.erased/1": "what is left of a person who was erased",
    "stimctl.favourites/1": "the favourites of the terminal UI",
    "stimctl.library/1": "the signed list of a library of protocols",
    "stimctl.person/2": "what is kept of a person, in the state folder",
    "stimctl.signer/1": "a key file",
}  # fmt: skip


def recorded() -> dict[str, Any]:
    """What was recorded, by schema."""
    found: dict[str, Any] = json.loads(RECORDED.read_text(encoding="utf-8"))
    return found


def page() -> str:
    """The whole page."""
    parts = [_HEAD]
    for schema, one in sorted(recorded().items()):
        parts += _schema(schema, one)
    parts.append("## Others\n")
    parts.append("Printed by other commands, or written into files of the state folder.\n")
    parts.append(table(("schema", "where"), [(f"`{one}`", to) for one, to in ELSEWHERE.items()]))
    return "\n".join(parts)


def _schema(schema: str, one: dict[str, Any]) -> Iterator[str]:
    yield f"## {schema}\n"
    verbs = dict.fromkeys(_verb(command) for command in one["commands"])
    yield f"Printed by {', '.join(f'`stimctl {verb} --json`' for verb in verbs)}.\n"
    rows = [(f"`{path}`", " or ".join(kinds)) for path, kinds in one["fields"].items()]
    yield table(("field", "type"), rows)
    yield "```json\n" + json.dumps(one["example"], indent=1, ensure_ascii=False) + "\n```\n"


def _verb(command: str) -> str:
    """`protocols show` of `protocols show nmes-tka`; with what makes another output of it."""
    asked = re.search(r"--(scenario|fault) list", command)
    words = re.match(r"[a-z-]+( [a-z]+(?= |$))?", command)
    first = words[0] if words else command
    if first.split()[0] in ("check", "rehearse", "run", "spec", "stop", "identify", "backup"):
        first = first.split()[0]
    return f"{first} {asked[0]}" if asked else first


def main() -> int:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
