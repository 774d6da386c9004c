"""Turns the text of a protocol file into a protocol, or into an error that names lines.

All problems of a file are reported at once, one line each. Nothing but ProtocolFileError comes
out, whatever the text is.
"""

from __future__ import annotations

import re
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from stimctl.errors import ProtocolFileError
from stimctl.suggestion import meant_by
from stimctl.toml_text import MOST_CHARACTERS, TomlBoundError, parse_toml
from stimctl.treatment.consistency import Finding, findings
from stimctl.treatment.law_parts import TAG
from stimctl.treatment.locate import Path, key_lines, line_of
from stimctl.treatment.schema import PercentProtocol, ProtocolBase, TreatmentProtocol
from stimctl.treatment.schemas import SCHEMAS, AnyFile, CurrentFile
from stimctl.treatment.staged import StagedProtocol
from stimctl.treatment.staged_findings import staged_findings

_MOST_PROBLEMS = 50
_SUFFIX = ".toml"
_TOML_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")
# Keys by which a file might try to say how many mA to go to.
_CURRENT_WORDS = re.compile(r"amplitude|current|intensity|milliamp|(^|_)(m|u)a($|_)", re.IGNORECASE)
_T = typing.TypeVar("_T", bound=AnyFile)
_M = typing.TypeVar("_M", bound=BaseModel)
_PLAIN = {
    "missing": "is missing",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number without quotes",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list in square brackets",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "union_tag_invalid": "must be a table",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}
_PATTERNS = {
    "id": "must be lower-case words joined by hyphens",
    "role": "must be lower-case words joined by hyphens",
    "sites": "must be lower-case words joined by hyphens",
    "antagonist_of": "must be lower-case words joined by hyphens",
    "version": 'must be text such as "1.0"',
    "sha256": "must be the 64 characters of a SHA-256",
    "grade": "must be A, B, C, D or X, or two of them such as B/C",
    "contraindications": "must be an id from C01 to C30",
}


class _Problem(NamedTuple):
    line: int
    field: str
    message: str


def load_protocol(text: str, file_name: str) -> CurrentFile:
    """The protocol in `text`, with stages or without.

    `file_name` serves the messages, and its stem must be the id.

    Raises ProtocolFileError, with the file, the line and the field of the first problem; its text
    lists every problem.
    """
    tree = _parse(text, file_name)
    _refuse_external_pulses(tree, text, file_name)
    if str(tree.get("schema")) == StagedProtocol.schema_id:
        return _load(StagedProtocol, tree, text, file_name)
    return _load(TreatmentProtocol, tree, text, file_name)


@lru_cache(maxsize=64)
def load_any(text: str, file_name: str) -> AnyFile:
    """The file of whichever kind its `schema` names (the first where it names none).

    The same text is not read twice: a screen that lists a library asks for all of it again and
    again. What is loaded is frozen.
    """
    tree = _parse(text, file_name)
    model = SCHEMAS.get(str(tree.get("schema")), TreatmentProtocol)
    return _load(model, tree, text, file_name)


def load_model(
    model: type[_M], text: str, file_name: str, find: Callable[[_M], Iterable[Finding]]
) -> _M:
    """Any strict file: `text` as `model`, with what `find` has against it. ProtocolFileError."""
    return _checked(model, _parse(text, file_name), text, file_name, find)


def _load(model: type[_T], tree: dict[str, Any], text: str, file_name: str) -> _T:
    def find(protocol: _T) -> Iterator[Finding]:
        yield from _findings_of(protocol)
        stem = _stem(file_name)
        if stem is not None and protocol.id != stem:
            message = f'is "{protocol.id}", but the file is named "{stem}{_SUFFIX}"'
            yield Finding(("id",), message)

    return _checked(model, tree, text, file_name, find)


def _findings_of(protocol: AnyFile) -> tuple[Finding, ...]:
    return staged_findings(protocol) if isinstance(protocol, StagedProtocol) else findings(protocol)


def _checked(
    model: type[_M],
    tree: dict[str, Any],
    text: str,
    file_name: str,
    find: Callable[[_M], Iterable[Finding]],
) -> _M:
    lines = key_lines(text)
    try:
        loaded = model.model_validate(_tuples(tree))
    except ValidationError as error:
        details = _relevant(error.errors(include_url=False))
        raise _error(file_name, [_problem(lines, detail, model) for detail in details]) from None
    problems = [
        _Problem(line_of(lines, found.path), _field(found.path), found.message)
        for found in find(loaded)
    ]
    if problems:
        raise _error(file_name, problems)
    return loaded


def _refuse_external_pulses(tree: Mapping[str, Any], text: str, file_name: str) -> None:
    """The other kind of file is no mistake in a file: say so, not what is missing in it."""
    if SCHEMAS.get(str(tree.get("schema"))) is PercentProtocol:
        message = (
            f"this is {PercentProtocol.meant_for}; {TreatmentProtocol.meant_for} is needed here. "
            "It is raised by hand, in the terminal UI or with `stimctl run --manual`: no script "
            "raises a device that has no watchdog (rule K3)"
        )
        problem = _Problem(line_of(key_lines(text), ("schema",)), "schema", message)
        raise _error(file_name, [problem])


def _stem(file_name: str) -> str | None:
    base = re.split(r"[/\\]", file_name)[-1]
    return base.removesuffix(_SUFFIX) if base.endswith(_SUFFIX) else None


def _parse(text: str, file_name: str) -> dict[str, Any]:
    try:
        return parse_toml(text)
    except TomlBoundError as error:
        raise ProtocolFileError(
            f"not a protocol file: {error}",
            why=f"a protocol file has at most {MOST_CHARACTERS} characters, and keys of few parts",
            what_to_do="check that this is a treatment protocol",
            file=file_name,
            line=error.line,
        ) from None
    except RecursionError:
        what, line = "tables or lists are nested too deeply", 1
    except ValueError as error:  # TOMLDecodeError is one; absurdly long numbers raise plain ones
        what = str(error)
        place = _TOML_PLACE.search(what)
        what = _TOML_PLACE.sub("", what)
        at_end = text.count("\n") + 1
        line = int(place[1]) if place and place[1] else at_end if place else 1
    raise ProtocolFileError(
        f"not valid TOML: {what}",
        what_to_do="see toml.io for the syntax; a quantity is text in quotes, such as "
        'frequency = "100 Hz"',
        file=file_name,
        line=line,
    )


def _tuples(value: Any) -> Any:
    """Lists as tuples, for the strict and frozen models."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    if isinstance(value, list):
        return tuple(_tuples(item) for item in value)
    return value


def _error(file_name: str, problems: list[_Problem]) -> ProtocolFileError:
    first, *others = sorted(dict.fromkeys(problems))
    what = first.message
    if others:
        shown = [f"  line {p.line}: {p.field}: {p.message}" for p in others[:_MOST_PROBLEMS]]
        if len(others) > _MOST_PROBLEMS:
            shown.append(f"  and {len(others) - _MOST_PROBLEMS} more")
        what = "\n".join((what, f"{len(others)} more in this file:", *shown))
    return ProtocolFileError(what, file=file_name, line=first.line, field=first.field)


def _relevant(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """A list whose items were refused is not also too short."""
    places = [detail["loc"] for detail in details]
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(
            len(p) > len(detail["loc"]) and p[: len(detail["loc"])] == detail["loc"] for p in places
        )
    ]


def _field(path: Path) -> str:
    """("channels", 0, "waveform") -> "channels[0].waveform"."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        key = part if part.isprintable() else ascii(part)
        text += f".{key}" if text else key
    return text


def _problem(lines: Mapping[Path, int], detail: ErrorDetails, model: type[BaseModel]) -> _Problem:
    path = _in_file(detail["loc"])
    return _Problem(line_of(lines, path), _field(path) or "file", _message(path, detail, model))


def _in_file(path: Path) -> Path:
    """The place in the file; which kind of law was tried is no key of it."""
    return tuple(part for part in path if not str(part).startswith(TAG))


def _message(path: Path, detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind = detail["type"]
    if kind == "extra_forbidden":
        return _unknown_key(path, model)
    if kind == "missing" and path[-1:] == ("schema",):
        name = model.schema_id if issubclass(model, ProtocolBase) else "..."
        return f'is missing; write schema = "{name}"'
    if kind in _PLAIN:
        return _PLAIN[kind]
    name = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "string_pattern_mismatch" and name in _PATTERNS:
        return f"{_PATTERNS[name]}; it is {_shown(detail['input'])}"
    if kind in ("greater_than_equal", "less_than_equal"):
        size = "small" if kind == "greater_than_equal" else "large"
        return f"{_shown(detail['input'])} is too {size}"
    message = detail["msg"]
    return message if kind == "stimctl" else f"{message}; it is {_shown(detail['input'])}"


def _shown(value: Any) -> str:
    text = ascii(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _unknown_key(path: Path, root: type[BaseModel]) -> str:
    key = str(path[-1])
    known = _keys_of(_model_at(path[:-1], root))
    near = meant_by(key, known)
    if near:
        text = f'is not a key of this schema; did you mean "{near[0]}"?'
    else:
        text = f"is not a key of this schema; here it knows {', '.join(known)}"
    if path[0] == "channels" and issubclass(root, ProtocolBase) and _CURRENT_WORDS.search(key):
        text += f" And {root.hint}"
    return text


def _model_at(path: Path, model: type[BaseModel]) -> type[BaseModel]:
    """The model that holds the keys at `path` below `model`."""
    for part in path:
        for name, field in model.model_fields.items():
            if part == (field.alias or name):
                model = _model_in(field.annotation) or model
    return model


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in typing.get_args(annotation):
        found = _model_in(inner)
        if found is not None:
            return found
    return None


def _keys_of(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]
