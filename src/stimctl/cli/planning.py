"""From the words of a command line to a compiled plan: the same way for check, rehearse and run."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stimctl.cli.options import by_channel, choice, parsed
from stimctl.errors import UsageError
from stimctl.quantity import (
    parse_area_mm2,
    parse_ratio_permille,
    parse_session_us,
)
from stimctl.records.places import user_protocol_folders
from stimctl.records.protocol_files import LimitFile, ProtocolText, read_limit_file, read_protocol
from stimctl.stimulus.level import CURRENT, PERCENT, SCALES, AnyScale, Level
from stimctl.supervisor.device_names import DeviceName, parse_device
from stimctl.supervisor.ports import may_be_software

if TYPE_CHECKING:
    from stimctl.safety import LayeredBounds
    from stimctl.supervisor.families import Family
    from stimctl.treatment.program import AnyPlan, ChannelSetup
    from stimctl.treatment.schemas import AnyFile


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked on the command line, still as text where it has a unit."""

    protocol: str
    device: str
    amplitudes: Sequence[str] = ()
    intensities: Sequence[str] = ()
    areas: Sequence[str] = ()
    sites: Sequence[str] = ()
    contacts: Sequence[str] = ()
    duration: str | None = None
    site_limits: Path | None = None
    person_limits: Path | None = None
    profile: str = "clinic"
    acknowledged: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """Everything a verb needs of a request; `preview` names what was assumed, not given."""

    device: DeviceName
    text: ProtocolText
    protocol: AnyFile
    family: Family
    setups: tuple[ChannelSetup[Any], ...]
    limit_files: tuple[tuple[str, LimitFile], ...]
    duration_us: int | None
    acknowledged: frozenset[str]
    profile: str
    preview: tuple[str, ...] = field(default=())

    @property
    def is_simulation(self) -> bool:
        """True for a twin that is started for the session. What is at the other end of any other
        line is known only when it has answered."""
        return self.device.is_twin

    @property
    def is_open(self) -> bool:
        """True for a line behind which a twin or a device may be."""
        return not self.is_simulation and may_be_software(self.device.address)

    @property
    def is_shortened(self) -> bool:
        """True when the session is not as long as the protocol says."""
        asked = self.duration_us
        return asked is not None and asked != self.protocol.usual_duration_us


def read_named_protocol(name_or_path: str) -> ProtocolText:
    """A protocol by name or path, the user's own folder included."""
    return read_protocol(name_or_path, user_protocol_folders())


def prepare(request: Request, *, preview: bool = False) -> Prepared:
    """Read files and options. With `preview`, what is missing is assumed and said; else refused.

    Raises UsageError, QuantityError, ProtocolFileError.
    """
    from stimctl.safety import Profile
    from stimctl.supervisor.families import family_named
    from stimctl.treatment.load import load_any

    device = parse_device(request.device)
    text = read_named_protocol(request.protocol)
    protocol = load_any(text.text, text.path.name)
    files = [("site", request.site_limits), ("person", request.person_limits)]
    setups, assumed = _setups(request, protocol, preview=preview)
    return Prepared(
        device=device,
        text=text,
        protocol=protocol,
        family=family_named(device.family),
        setups=setups,
        limit_files=tuple((layer, read_limit_file(path)) for layer, path in files if path),
        duration_us=None
        if request.duration is None
        else parsed("--duration", request.duration, parse_session_us),
        acknowledged=_acknowledged(request.acknowledged),
        profile=choice("--profile", request.profile, {each.value: each.value for each in Profile}),
        preview=assumed,
    )


def _acknowledged(given: Sequence[str]) -> frozenset[str]:
    """Ids of limits, of the checklist and of cautions: none mistyped looks accepted."""
    from stimctl.safety.limits import LIMITS
    from stimctl.safety.screening import QUESTIONS
    from stimctl.session.plausible import ACKNOWLEDGE
    from stimctl.session.readiness import ACKNOWLEDGEMENTS

    known = {ACKNOWLEDGE, *ACKNOWLEDGEMENTS}
    known |= {limit.id for limit in LIMITS} | {question.id for question in QUESTIONS}
    return frozenset(choice("--acknowledge", each, {id: id for id in known}) for each in given)


def compile_prepared(prepared: Prepared) -> AnyPlan:
    """The cleared plan. Raises LimitRefusedError that carries the refusal."""
    from stimctl.errors import LimitRefusedError
    from stimctl.safety import Profile, Refusal
    from stimctl.treatment.plan import compile_plan

    answer = compile_plan(
        prepared.protocol,
        prepared.family.sheet,
        list(prepared.setups),
        duration_us=prepared.duration_us,
        bounds=layered_bounds(prepared),
        profile=Profile(prepared.profile),
        acknowledged=prepared.acknowledged,
    )
    if not isinstance(answer, Refusal):
        return answer
    raise LimitRefusedError(
        "this plan exceeds a limit",
        why=answer.message,
        what_to_do="Change the value it names; nothing is ever lowered on its own"
        if not answer.needs_acknowledgement
        else f"Read the warning; if you accept it, add --acknowledge {answer.limit_id}",
        refusal=answer,
    )


def layered_bounds(prepared: Prepared) -> LayeredBounds:
    """The bounds of files and environment. They can lower a limit, never raise one."""
    from stimctl.records.protocol_files import layers_of

    return layers_of(prepared.limit_files, prepared.family.sheet.current)


def _setups(
    request: Request, protocol: AnyFile, *, preview: bool
) -> tuple[tuple[ChannelSetup[Any], ...], tuple[str, ...]]:
    from stimctl.safety import Electrode
    from stimctl.treatment.program import ChannelSetup

    scale = protocol.scale
    in_percent = scale == PERCENT
    option, example = f"--{scale.name}", "40%" if in_percent else "12mA"
    given = {CURRENT.name: request.amplitudes, PERCENT.name: request.intensities}
    _refuse_other_scale(given, scale, protocol.id)
    levels = by_channel(option, given[scale.name], scale.parse, f"1={example}")
    areas = by_channel("--area", request.areas, parse_area_mm2, "1=25cm2")
    sites = by_channel("--site", request.sites, str, "1=left-quadriceps")
    contacts = by_channel("--contact", request.contacts, parse_ratio_permille, "1=80%")
    channels = sorted(levels.keys() | areas.keys())
    _refuse_strays("--site", sites.keys() - set(channels))
    _refuse_strays("--contact", contacts.keys() - areas.keys())
    if not channels and preview:
        channels = list(range(1, len(protocol.channels) + 1))
    elif not channels:
        raise UsageError(
            "no channel was given",
            why=f"{protocol.id} needs {len(protocol.channels)}, each with {option} and --area",
            what_to_do=f"Write {option} 1={example} --area 1=25cm2, and so on for each channel",
        )
    without_area = [channel for channel in channels if channel not in areas]
    without_level = [channel for channel in channels if channel not in levels]
    if not preview:
        _refuse_gap("--area", without_area, "25cm2", option)
    if in_percent or not preview:  # how far a percent may go only a person can say
        _refuse_gap(option, without_level, example, option)
    smallest = protocol.electrodes.minimum_area_mm2
    setups = []
    for channel in channels:
        electrode = Electrode(
            areas.get(channel, smallest), contacts.get(channel, 1000), sites.get(channel)
        )
        setups.append(ChannelSetup(channel, Level(scale, levels.get(channel, 0)), electrode))
    return tuple(setups), _assumptions(without_area, without_level, smallest)


def _refuse_other_scale(given: Mapping[str, Sequence[str]], scale: AnyScale, protocol: str) -> None:
    """Percent and milliampere are never taken for each other."""
    for other in SCALES:
        if given[other.name] and other != scale:
            raise UsageError(
                f"--{other.name} is in {other.shown_unit}, and {protocol} is in {scale.shown_unit}",
                why="none of the two can be converted into the other",
                what_to_do=f"Give each channel --{scale.name}",
            )


def _assumptions(
    without_area: Sequence[int], without_amplitude: Sequence[int], smallest_mm2: int
) -> tuple[str, ...]:
    from stimctl.quantity import format_area

    assumed = []
    if without_area:
        assumed.append(
            f"no --area for channel {_listed(without_area)}: {format_area(smallest_mm2)} assumed, "
            "the smallest this protocol allows"
        )
    if without_amplitude:
        assumed.append(f"no --amplitude for channel {_listed(without_amplitude)}")
    return tuple(assumed)


def _refuse_strays(option: str, channels: Collection[int]) -> None:
    if channels:
        raise UsageError(
            f"{option} names channel {min(channels)}, which is not used",
            why="a used channel has --area, and --amplitude or --intensity",
            what_to_do=f"Correct the number, or leave this {option} out",
        )


def _refuse_gap(option: str, channels: Sequence[int], example: str, level: str) -> None:
    if channels:
        raise UsageError(
            f"channel {_listed(channels)} has no {option}",
            why=f"{level[2:]} and electrode area of every used channel must be known",
            what_to_do=f"Write {option} {channels[0]}={example}",
        )


def _listed(channels: Sequence[int]) -> str:
    return ", ".join(str(channel) for channel in channels)
