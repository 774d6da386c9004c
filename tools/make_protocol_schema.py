"""Makes docs/reference/protocol-file.md from the JSON schemas of protocol files.

`python -m tools.make_protocol_schema` writes the page; a test says when it is not up to date.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.markdown import table

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "protocol-file.md"
_SCHEMAS = {
    "treatment-v1": "protocols/treatment-v1.json",
    "treatment-v2": "protocols/treatment-v2.json",
    "gated-v1": "protocols/gated/gated-v1.json",
}
_HEAD = """# Fields of a protocol file

Made by `python -m tools.make_protocol_schema` from the JSON schemas; do not edit. A file is TOML.
[How a file is written](../../protocols/README.md), and the rules beyond a single field, have
pages of their own; ids such as W5 are among the [rules](rules.md).

A number with a dimension is text with a unit (`"100 Hz"`, `"250 us"`, `"30 min"`, `"25 cm2"`,
`"90 %"`). Unknown keys are refused.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [_HEAD, *(part for name, path in _SCHEMAS.items() for part in _schema(name, path))]
    )


def _schema(name: str, path: str) -> Iterator[str]:
    whole = json.loads((ROOT / path).read_text(encoding="utf-8"))
    yield f"## {name}\n"
    yield f"{whole['description']} JSON Schema: [{path}](../../{path}).\n"
    yield _fields(whole)
    for title, part in whole["$defs"].items():
        if _as_before(name, title, part):
            yield f"`{title}`: as in treatment-v1.\n"
            continue
        yield f"### {title} in {name}\n"
        yield f"{part.get('description', '')}\n"
        if "enum" in part:
            yield ", ".join(f"`{one}`" for one in part["enum"]) + "\n"
        else:
            yield _fields(part)


def _as_before(name: str, title: str, part: Mapping[str, Any]) -> bool:
    """Whether another schema, which the page has already, says the same."""
    if name == "treatment-v1":
        return False
    first = json.loads((ROOT / _SCHEMAS["treatment-v1"]).read_text(encoding="utf-8"))
    return bool(name == "treatment-v2" and first["$defs"].get(title) == part)


def _fields(part: Mapping[str, Any]) -> str:
    needed = part.get("required", ())
    rows = []
    for name, field in part["properties"].items():
        kind, more = _kind(field)
        default = "required" if name in needed else _default(field)
        words = " ".join(one for one in (field.get("description", ""), more) if one)
        rows.append((f"`{name}`", kind, default, words))
    return table(("key", "what", "default", "meaning"), rows)


def _default(field: Mapping[str, Any]) -> str:
    value = field.get("default")
    return "" if value in (None, []) else f"`{json.dumps(value)}`"


def _kind(field: Mapping[str, Any]) -> tuple[str, str]:
    """What stands there, and its bounds."""
    choices = field.get("anyOf") or field.get("oneOf") or ()
    if choices:
        kinds = [_kind(one) for one in choices if one.get("type") != "null"]
        if len(kinds) == 1:
            return kinds[0]
        return " or ".join(kind for kind, _ in kinds), next((more for _, more in kinds if more), "")
    if "$ref" in field:
        return field["$ref"].rpartition("/")[2], ""
    if "const" in field:
        return f"`{json.dumps(field['const'])}`", ""
    if "enum" in field:
        return ", ".join(f"`{one}`" for one in field["enum"]), ""
    if "prefixItems" in field:
        parts = [_kind(one)[0] for one in field["prefixItems"]]
        return f"list of {len(parts)}: {', '.join(parts)}", _kind(field["prefixItems"][0])[1]
    if field.get("type") == "array":
        inner, more = _kind(field["items"])
        return f"list of {inner}", " ".join(filter(None, (_bounds(field, "Items"), more)))
    example = f"such as `{field['examples'][0]}`" if "examples" in field else ""
    pattern = f"pattern `{field['pattern']}`" if "pattern" in field and not example else ""
    more = "; ".join(filter(None, (example, pattern, _bounds(field, ""))))
    return field.get("type", "value"), f"({more})" if more else ""


def _bounds(field: Mapping[str, Any], what: str) -> str:
    low, high = field.get(f"min{what or 'imum'}"), field.get(f"max{what or 'imum'}")
    if low is None and high is None:
        return ""
    unit = " entries" if what else ""
    return f"{'' if low is None else low} to {'' if high is None else high}{unit}"


def main() -> int:
    """Write it."""
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
