"""A protocol with other values as a file of its own, which says what it was made from.

The supervisor reads protocols from files, so a changed one becomes one under the state folder. The
same text is the same file, so that it can be rehearsed before it is used.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stimctl.errors import UsageError
from stimctl.records.protocol_files import ProtocolText
from stimctl.records.whole_file import write_whole

PARENT: Final = "parent"


def with_waveform(text: ProtocolText, role: int, values: Mapping[str, str]) -> str:
    """The text with other values of one role's waveform, and its parent in it.

    Only values that the file states as they are: UsageError where it has them by a sweep or by
    stages. Whether they are allowed is for others to say.
    """
    mapping = tomllib.loads(text.text)
    waveform = mapping["channels"][role].get("waveform", {})
    for key, value in values.items():
        if key not in waveform:
            raise UsageError(
                f"{text.name} has no {key.replace('_', ' ')} that could be changed",
                why="it is not one value there, but a sweep or a matter of stages",
                what_to_do="write a file for each of the waveforms, and load it",
            )
        waveform[key] = value
    parent = mapping.get(PARENT) or {
        "id": mapping["id"], "version": mapping["version"], "sha256": text.sha256,
    }  # fmt: skip
    return toml_text({**mapping, PARENT: parent})


def with_parent(text: str, id_: str, version: str, sha256: str) -> str:
    """The text with the protocol that it was made from; `sha256` is that of its file."""
    parent = {"id": id_, "version": version, "sha256": sha256}
    return toml_text({**tomllib.loads(text), PARENT: parent})


def adjusted_path(folder: Path, name: str, text: str) -> Path:
    """Where a changed protocol is kept."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return folder / "adjusted" / digest / f"{name}.toml"


def save_adjusted(folder: Path, name: str, text: str) -> Path:
    """Write a changed protocol where the supervisor can read it; the same text, the same file."""
    path = adjusted_path(folder, name, text)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_whole(path, text)
    return path


def toml_text(mapping: Mapping[str, Any]) -> str:
    """A mapping as TOML; for the kinds of value a protocol file has."""
    return "\n".join(_lines(mapping, ())) + "\n"


def _lines(mapping: Mapping[str, Any], place: tuple[str, ...]) -> list[str]:
    found = [f"{key} = {_value(one)}" for key, one in mapping.items() if not _is_table(one)]
    for key, one in mapping.items():
        inner = (*place, key)
        if isinstance(one, Mapping):
            found += ["", f"[{'.'.join(inner)}]", *_lines(one, inner)]
        elif _is_table(one):
            for item in one:
                found += ["", f"[[{'.'.join(inner)}]]", *_lines(item, inner)]
    return found


def _is_table(value: Any) -> bool:
    tables = isinstance(value, list) and bool(value) and isinstance(value[0], Mapping)
    return isinstance(value, Mapping) or tables


def _value(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(one) for one in value) + "]"
    # A JSON text is a TOML basic string too, with non-ASCII characters written as they are.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
