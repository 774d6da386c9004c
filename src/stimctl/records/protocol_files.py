"""Finds treatment protocols by name or path, and reads them and limit files from the disk."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from stimctl.errors import ProtocolFileError, UsageError
from stimctl.records.text_files import TextFile, read_text_file
from stimctl.suggestion import meant_by
from stimctl.toml_text import parse_toml

if TYPE_CHECKING:
    from stimctl.safety import DeviceBounds, LayeredBounds

SUFFIX: Final = ".toml"
GATED: Final = "gated"
INFO: Final = "info"
_PACKAGE: Final = Path(__file__).resolve().parents[1]
_PACKAGED: Final = "_protocols"
_NEARNESS: Final = 0.55
_TOML_LINE: Final = re.compile(r"at line (\d+)")


@dataclass(frozen=True, slots=True)
class ProtocolSource:
    """Where one protocol is: `shipped` with stimctl, or a user's own."""

    name: str
    path: Path
    shipped: bool


@dataclass(frozen=True, slots=True)
class ProtocolText:
    """One protocol as read: its text, and the SHA-256 (hex) of the file's bytes."""

    name: str
    path: Path
    shipped: bool
    text: str
    sha256: str


@dataclass(frozen=True, slots=True)
class LimitFile:
    """A site's or a person's limits as read: what they mean is for `safety` to say."""

    path: Path
    sha256: str
    mapping: Mapping[str, Any]


def shipped_folder() -> Path:
    """The folder of the shipped protocols: inside the wheel, or the checkout it runs from.

    Raises ProtocolFileError when neither is there.
    """
    folders = (_PACKAGE / _PACKAGED, _PACKAGE.parents[1] / "protocols")
    for folder in folders:
        if folder.is_dir():
            return folder
    raise ProtocolFileError(
        "the shipped protocols are not there",
        why=f"neither {folders[0]} nor {folders[1]} is a folder",
        what_to_do="Install stimctl again",
    )


def list_protocols(
    user_folders: Sequence[Path] = (), *, shipped: Path | None = None
) -> tuple[ProtocolSource, ...]:
    """All protocols that have a name, sorted by it; a user's may repeat a shipped name."""
    found = list(_in_folder(shipped or shipped_folder(), shipped=True))
    for folder in user_folders:
        found += _in_folder(folder, shipped=False)
    return tuple(sorted(found, key=lambda source: (source.name, not source.shipped)))


def list_percent_protocols(
    user_folders: Sequence[Path] = (), *, shipped: Path | None = None
) -> tuple[ProtocolSource, ...]:
    """The files for external pulses: those in a folder `gated` beside the treatment protocols."""
    folders = [folder / GATED for folder in user_folders]
    return list_protocols(folders, shipped=(shipped or shipped_folder()) / GATED)


def list_information(*, shipped: Path | None = None) -> tuple[ProtocolSource, ...]:
    """The pages on treatments that are no protocols here: those in the shipped folder `info`."""
    folder = (shipped or shipped_folder()) / INFO
    return tuple(sorted(_in_folder(folder, shipped=True), key=lambda source: source.name))


def read_information(name: str, *, shipped: Path | None = None) -> ProtocolText | None:
    """The page called `name`; None where there is none."""
    found = [one for one in list_information(shipped=shipped) if one.name == name]
    return _read(found[0]) if found else None


def read_protocol(
    name_or_path: str, user_folders: Sequence[Path] = (), *, shipped: Path | None = None
) -> ProtocolText:
    """Read a protocol by its name, or by a path (with a separator, or ending in .toml).

    Raises UsageError for an unknown or ambiguous name (with near names) and
    ProtocolFileError for a file that cannot be read.
    """
    if _is_path(name_or_path):
        path = Path(name_or_path)
        # Suggestions only where there is nothing: a folder or a bad file gets its own reason.
        if not path.exists():
            raise _no_file(path, user_folders, shipped)
        return _read(ProtocolSource(path.stem, path, shipped=_lies_in(path, shipped)))
    sources = list_protocols(user_folders, shipped=shipped)
    sources += list_percent_protocols(user_folders, shipped=shipped)
    matching = [source for source in sources if source.name == name_or_path]
    if len(matching) > 1:
        paths = ", ".join(str(source.path) for source in matching)
        raise UsageError(
            f"{name_or_path!r} names {len(matching)} protocols",
            why=f"there are {paths}",
            what_to_do="Give the path of the one you mean",
        )
    if not matching:
        raise _no_protocol(name_or_path, shipped) or _no_name(name_or_path, sources)
    return _read(matching[0])


def read_limit_file(path: Path) -> LimitFile:
    """A TOML file of limits as a mapping. Raises ProtocolFileError with the line of a mistake."""
    file = read_text_file(path, "limit file")
    try:
        mapping = parse_toml(file.text)
    except (RecursionError, ValueError) as error:
        found = _TOML_LINE.search(str(error))
        line = int(found[1]) if found else None
        raise ProtocolFileError(
            "the limit file is not TOML",
            why=str(error),
            what_to_do="Correct that line",
            file=str(path),
            line=line,
        ) from error
    return LimitFile(path, file.sha256, mapping)


def _in_folder(folder: Path, *, shipped: bool) -> list[ProtocolSource]:
    try:
        paths = [path for path in folder.glob("*" + SUFFIX) if path.is_file()]
    except PermissionError:  # a home folder that is somebody else's has nothing for us
        return []
    return [ProtocolSource(path.stem, path, shipped) for path in paths]


def _is_path(name_or_path: str) -> bool:
    separators = [os.sep, os.altsep] if os.altsep else [os.sep]
    return name_or_path.endswith(SUFFIX) or any(mark in name_or_path for mark in separators)


def _lies_in(path: Path, shipped: Path | None) -> bool:
    folder = (shipped or shipped_folder()).resolve()
    return path.resolve().parent in (folder, folder / GATED)


def _read(source: ProtocolSource) -> ProtocolText:
    file: TextFile = read_text_file(source.path, "protocol")
    return ProtocolText(source.name, source.path, source.shipped, file.text, file.sha256)


def _near(name: str, names: Sequence[str]) -> str:
    near = meant_by(name, names, most=3, cutoff=_NEARNESS)
    near += [known for known in names if name and name in known and known not in near][:3]
    return f"Did you mean {', '.join(near[:3])}? " if near else ""


def _no_protocol(name: str, shipped: Path | None) -> UsageError | None:
    """Of a treatment that has an information page only."""
    page = read_information(name, shipped=shipped)
    if page is None:
        return None
    from stimctl.treatment.information import load_information

    told = load_information(page.text, page.path.name)
    return UsageError(
        f"{name} is no protocol here",
        why=told.why_not,
        what_to_do=f"Instead: {told.instead} More: stimctl protocols show {name}",
    )


def _no_name(name: str, sources: Sequence[ProtocolSource]) -> UsageError:
    return UsageError(
        f"there is no protocol {name!r}",
        why="it is neither a shipped one nor one of yours",
        what_to_do=f"{_near(name, [source.name for source in sources])}"
        "See: stimctl protocols list. A file is given by its path (./mine.toml)",
    )


def _no_file(path: Path, user_folders: Sequence[Path], shipped: Path | None) -> ProtocolFileError:
    names = [source.name for source in list_protocols(user_folders, shipped=shipped)]
    beside = [each.name for each in path.parent.glob("*" + SUFFIX)] if path.parent.is_dir() else []
    hint = _near(path.name, beside) or _near(path.stem, names)
    return ProtocolFileError(
        "there is no such file",
        why="nothing is at that path",
        what_to_do=f"{hint}Check the path, or see: stimctl protocols list",
        file=str(path),
    )


def limit_source(layer: str, file: LimitFile) -> str:
    """How rows and messages name a limit file. A person's is named by no file: its name may hold
    the code, and a row is for ever."""
    return "the person's limits" if layer == "person" else file.path.name


def layers_of(
    limit_files: Iterable[tuple[str, LimitFile]], device: DeviceBounds | None
) -> LayeredBounds:
    """The bounds of the environment and of limit files. They can only lower a limit."""
    from stimctl.safety import (
        Layer,
        LayeredBounds,
        bounds_from_environment,
        layer_bounds_from_mapping,
    )

    found = {
        layer: layer_bounds_from_mapping(
            Layer(layer), file.mapping, limit_source(layer, file), device=device
        )
        for layer, file in limit_files
    }
    environment = bounds_from_environment(os.environ, device=device)
    return LayeredBounds(
        site=(*found.get("site", ()), *environment), person=found.get("person", ())
    )
