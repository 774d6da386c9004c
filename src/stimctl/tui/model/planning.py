"""The chosen protocol, seats and changes, compiled here for the eye; the supervisor compiles again.

Both must come to the same digest, or nothing is armed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from stimctl.errors import StimctlError, UsageError
from stimctl.tui.model.adjusting import (
    Field,
    adjusted_path,
    alternated,
    changed,
    fields_of,
    save_adjusted,
    with_parent,
    with_parent_of,
)
from stimctl.tui.model.measure import Measure, measure_of_protocol
from stimctl.tui.model.seats import Seat, first_seats
from stimctl.tui.model.text import safe

if TYPE_CHECKING:
    from stimctl.records.protocol_files import LimitFile, ProtocolText
    from stimctl.safety import Refusal
    from stimctl.supervisor.families import Family
    from stimctl.treatment.program import AnyPlan
    from stimctl.treatment.schemas import AnyFile


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen so far. `origin` is the file as shipped, `text` as adjusted.

    `limit_files` (by layer) and `profile` are chosen on the command line only.
    """

    origin: ProtocolText
    text: str
    protocol: AnyFile
    seats: tuple[Seat, ...]
    duration_us: int
    acknowledged: frozenset[str] = frozenset()
    limit_files: tuple[tuple[str, LimitFile], ...] = ()
    profile: str = "clinic"

    @property
    def name(self) -> str:
        """The protocol's name."""
        return self.origin.name

    @property
    def measure(self) -> Measure:
        """In what its ceilings are."""
        return measure_of_protocol(self.protocol)

    @property
    def other_unit(self) -> tuple[tuple[str, str], ...]:
        """What a person has to see to on the unit whose pulses are let through; label and words."""
        from stimctl.treatment.schema import PercentProtocol

        if not isinstance(self.protocol, PercentProtocol):
            return ()
        external = self.protocol.external
        rows = (("unit", external.unit), ("set on it", external.settings), ("dial", external.dial))
        return tuple((label, safe(words, 400)) for label, words in rows)

    @property
    def stages(self) -> tuple[str, ...]:
        """What it does one after the other, in words; empty where that is the same all the time."""
        from stimctl.supervisor.stage_words import staged_lines
        from stimctl.treatment.staged import StagedProtocol
        from stimctl.tui.model.words import with_signs

        if not isinstance(self.protocol, StagedProtocol):
            return ()
        return tuple(with_signs(safe(line, 400)) for line in staged_lines(self.protocol))

    @property
    def adjusted(self) -> bool:
        """Whether any value differs from the file's."""
        return self.text != self.origin.text

    @property
    def short_hash(self) -> str:
        """The first four characters of the text's SHA-256, as shown beside the name."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:4]

    def file(self, folder: Path) -> tuple[Path, str]:
        """The file that holds the text, written where it is adjusted, and its SHA-256."""
        if not self.adjusted:
            return self.origin.path.resolve(), self.origin.sha256
        path = save_adjusted(folder, self.name, self.text)
        return path.resolve(), hashlib.sha256(self.text.encode()).hexdigest()

    def as_text(self, folder: Path) -> ProtocolText:
        """The same as the supervisor will read it from that file."""
        if not self.adjusted:
            return self.origin
        path = adjusted_path(folder, self.name, self.text)
        sha256 = hashlib.sha256(self.text.encode()).hexdigest()
        return replace(self.origin, path=path, shipped=False, text=self.text, sha256=sha256)

    def seat(self, channel: int) -> Seat:
        """What is set up for a channel. UsageError where it is none of them."""
        for one in self.seats:
            if one.channel == channel:
                return one
        raise UsageError(f"there is no channel {channel}", what_to_do="add it on Electrodes")

    def with_seat(self, seat: Seat) -> Choice:
        """The same with one channel set up otherwise."""
        seats = tuple(seat if one.channel == seat.channel else one for one in self.seats)
        return replace(self, seats=seats)

    @property
    def has_shared_role(self) -> bool:
        """Its file has one role, which any number of channels may have."""
        return len(self.filed.channels) == 1

    @property
    def filed(self) -> AnyFile:
        """The protocol as it is in its file."""
        return _filed(self.origin.text, self.name)

    @property
    def alternates(self) -> bool:
        """Its channels take turns: each has a role of its own, made from the one of the file."""
        return self.has_shared_role and len(self.protocol.channels) > 1

    def with_seats(self, seats: Sequence[Seat], *, alternate: bool) -> Choice:
        """The same for these channels, all on together or in turns. Raises what the protocol's own
        form refuses."""
        if not self.has_shared_role:
            raise UsageError(
                f"{self.name} is for exactly {len(self.seats)} channels",
                why="each of them has a part of its own in it",
            )
        alternate = alternate and len(seats) > 1
        text = self.text
        if alternate or self.alternates:
            text = self._alternated(len(seats) if alternate else 1)
        seats = tuple(replace(one, role=n if alternate else 0) for n, one in enumerate(seats))
        return replace(self._with_text(text), seats=seats)

    def fields(self, role: int) -> dict[Field, int]:
        """The adjustable values of one role; none where stages differ: they are the file's."""
        return {} if self.stages else fields_of(self.text, role)

    def with_field(self, role: int, field: Field, value: int) -> Choice:
        """The same with one value changed; channels that take turns keep the same values. Raises
        what the protocol's own form refuses."""
        if self.alternates:
            once = self._with_text(self._alternated(1)).with_field(0, field, value)
            return once.with_seats(self.seats, alternate=True)
        return self._with_text(changed(self.text, role, field, value))

    def _alternated(self, count: int) -> str:
        return alternated(self.text, self.filed.channels[0].role, count)

    def _with_text(self, text: str) -> Choice:
        from stimctl.treatment.load import load_any

        same = load_any(with_parent_of(text, self.origin.text), f"{self.name}.toml") == self.filed
        if same:
            text = self.origin.text
        else:
            text = with_parent(text, self.name, self.filed.version, self.origin.sha256)
        return replace(self, text=text, protocol=load_any(text, f"{self.name}.toml"))


@lru_cache(maxsize=16)
def _filed(text: str, name: str) -> AnyFile:
    from stimctl.treatment.load import load_any

    return load_any(text, f"{name}.toml")


def choose(name: str) -> Choice:
    """A protocol as it is in its file. Raises UsageError, ProtocolFileError."""
    from stimctl.records.places import user_protocol_folders
    from stimctl.records.protocol_files import read_protocol
    from stimctl.treatment.load import load_any

    origin = read_protocol(name, user_protocol_folders())
    protocol = load_any(origin.text, origin.path.name)
    return Choice(origin, origin.text, protocol, first_seats(protocol), protocol.usual_duration_us)


def family_of(device: str) -> Family:
    """The family of a device by its name. UsageError where none is chosen yet."""
    from stimctl.supervisor.device_names import parse_device
    from stimctl.supervisor.families import family_named

    if not device:
        raise UsageError("no device is chosen yet", what_to_do="connect one first")
    return family_named(parse_device(device).family)


def watches_contact(device: str) -> bool:
    """The device ends its output itself where an electrode is off."""
    return family_of(device).sheet.protections.no_load_trip.presence.value == "present"


def protocol_names(device: str) -> list[str]:
    """The protocols of the kind that a device takes, by name: in milliampere, or in percent; of
    both kinds where no device is chosen yet."""
    from stimctl.records.places import user_protocol_folders
    from stimctl.records.protocol_files import list_percent_protocols, list_protocols

    kinds = [list_protocols, list_percent_protocols]
    if device:
        kinds = kinds[1:] if family_of(device).sheet.external_pulses is not None else kinds[:1]
    folders = user_protocol_folders()
    return sorted({one.name for of_kind in kinds for one in of_kind(folders)})


def compiled(choice: Choice, device: str) -> tuple[AnyPlan | None, str, str]:
    """The plan, or why there is none in words, and the id of a warning that may be accepted."""
    from stimctl.safety import Refusal

    try:
        answer = _compiled(choice, device)
    except StimctlError as error:
        return None, safe(error, 400), ""
    if not isinstance(answer, Refusal):
        return answer, "", ""
    near = f" Nearest legal: {answer.nearest.text}." if answer.nearest else ""
    warning = answer.limit_id if answer.needs_acknowledgement else ""
    return None, safe(f"{answer.message}{near}", 400), warning


def _compiled(choice: Choice, device: str) -> AnyPlan | Refusal:
    """By the compiler for the protocol's kind; as the supervisor does it."""
    from stimctl.records.protocol_files import layers_of
    from stimctl.safety.limits import Profile
    from stimctl.treatment.plan import compile_plan

    protocol, sheet = choice.protocol, family_of(device).sheet
    layers = layers_of(choice.limit_files, sheet.current)
    return compile_plan(
        protocol,
        sheet,
        [seat.as_setup() for seat in choice.seats],
        duration_us=choice.duration_us,
        bounds=layers,
        profile=Profile(choice.profile),
        acknowledged=choice.acknowledged,
    )
