"""Published pulse profiles as protocol files: a form to find by hand, never currents to go to.

A profile of pyScienceMode (`pysciencemode.stimulation_profile`, version 1) says when each muscle
gets which pulse. Its times, widths and shares are taken; its amplitudes become a maximum, and
shares of the level that a person finds (A11, A13). What a protocol cannot say is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NoReturn

from stimctl.errors import ProtocolFileError, UsageError
from stimctl.quantity import format_current, format_duration, format_frequency, format_permille
from stimctl.records.adjusted_files import toml_text

FORMAT: Final = "pysciencemode.stimulation_profile"
VERSION: Final = 1
_SAME_S = 1e-4
"""Intervals that differ by less are one rate, as its own player has it (R: profiles.py there)."""
_SHORTEST_US: Final = 10_000_000
"""Of a session (`session.shortest` of a file)."""
_ALL: Final = [f"C{number:02}" for number in range(1, 31)]


@dataclass(frozen=True, slots=True)
class ImportSettings:
    """What a profile does not say. `sites`: by muscle, where its electrodes may be."""

    name: str
    rest_us: int
    repeats: int
    sites: Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Pulse:
    at_s: float
    width_us: float
    amplitude_ma: float


@dataclass(frozen=True, slots=True)
class _Part:
    """Pulses of one rate, width and amplitude."""

    start_us: int
    length_us: int
    frequency_mhz: int
    width_us: int
    amplitude_ua: int


def protocol_text(profile: str, file: str, settings: ImportSettings) -> str:
    """The protocol file for a profile. ProtocolFileError where it is none, or cannot be said so."""
    told = _read(profile, file)
    channels = [(str(one["name"]), _pulses(one, file)) for one in told["channels"]]
    without = [name for name, _ in channels if name not in settings.sites]
    unknown = [name for name in settings.sites if name not in {name for name, _ in channels}]
    if without or unknown:
        raise UsageError(
            "muscles and sites do not match",
            why=f"no site for {', '.join(without)}" if without else f"no {', '.join(unknown)}",
            what_to_do=f"the profile has {', '.join(name for name, _ in channels)}",
        )
    if not channels or len({name for name, _ in channels}) != len(channels):
        _refuse(file, "its channels have no names that tell them apart")
    length_us = _length_us(told, channels)
    parts = {name: _parts(name, pulses, length_us, file) for name, pulses in channels}
    on_us = length_us + 1_000_000  # the ramps are outside of what the profile says
    once_us, count = on_us + settings.rest_us, settings.repeats
    if once_us * count < _SHORTEST_US:
        raise UsageError(
            "the profile is too short for a session",
            why=f"with its ramps and rest it takes {format_duration(once_us)}, of 10 s at least",
            what_to_do=f"repeat it {-(-_SHORTEST_US // once_us)} times or more",
        )
    mapping: dict[str, Any] = {
        "schema": "treatment-v2",
        "id": settings.name,
        "version": "0.1",
        "title": f"Profile {settings.name}",
        "purpose": "A pulse profile that another program has made.",
        "sources": [f"{FORMAT} {VERSION}: {file}", *_metadata(told)],
        "contraindications": _ALL,
        "cautions": ["Nobody has judged it. A profile is as good as the model it was made with."],
        "evidence": {
            "grade": "D",
            "lines": ["Imported; the ramps, the rest and the maxima are D."],
        },
        "electrodes": {"minimum_area": "10 cm2", "count": 2, "placement": "Over the muscle."},
        "session": {
            "shortest": format_duration(max(_SHORTEST_US, once_us)),
            "longest": "30 min",
            "stretch": "profile",
        },
        "channels": [_channel(name, parts[name], on_us, settings) for name, _ in channels],
        "stages": [{"name": "profile", "duration": format_duration(count * once_us)}],
    }
    return toml_text(mapping)


def _channel(
    name: str, parts: Sequence[_Part], on_us: int, settings: ImportSettings
) -> dict[str, Any]:
    most_ua = max(part.amplitude_ua for part in parts)
    shares = [part.amplitude_ua * 1_000 // most_ua for part in parts]
    waveform: dict[str, Any] = {"shape": "biphasic-symmetric"}
    if len(parts) == 1:
        waveform["frequency"] = format_frequency(parts[0].frequency_mhz)
        waveform["phase_width"] = format_duration(parts[0].width_us)
    else:
        # The ramp up has the first part's pulses; the last value stays until the ramp is down.
        dwells = [part.length_us for part in parts]
        dwells[0] += _RAMP_US
        waveform["frequency"] = {
            "list": [format_frequency(part.frequency_mhz) for part in parts],
            "dwell": [format_duration(one) for one in dwells],
            "since": "on",
        }
        waveform["phase_width"] = {
            "list": [format_duration(part.width_us) for part in parts], "with": "frequency",
        }  # fmt: skip
        if len(set(shares)) > 1:
            waveform["level"] = {
                "list": [format_permille(one) for one in shares], "with": "frequency",
            }  # fmt: skip
    return {
        "role": name.lower().replace(" ", "-").replace("_", "-"),
        "sites": list(settings.sites[name]),
        "motor": True,
        "amplitude": {
            "target": "motor-threshold",
            "cap": format_current(most_ua),
            "how": "Raise until the movement that the profile is for; no further.",
        },
        "waveform": waveform,
        "cycle": {
            "on": format_duration(on_us),
            "off": format_duration(settings.rest_us),
            "ramp_up": format_duration(_RAMP_US),
            "ramp_down": format_duration(_RAMP_US),
        },
    }


_RAMP_US: Final = 500_000
"""The shortest ramp there is (A3)."""


def _read(profile: str, file: str) -> dict[str, Any]:
    try:
        told = json.loads(profile, parse_constant=lambda word: _refuse(file, f"it has a {word}"))
    except (ValueError, RecursionError) as error:
        _refuse(file, f"it is not JSON: {error}")
    if not isinstance(told, dict) or told.get("format") != FORMAT:
        _refuse(file, f'its format is not "{FORMAT}"')
    if told.get("version") != VERSION:
        _refuse(file, f"its version is {told.get('version')!r}, and {VERSION} is known")
    if not isinstance(told.get("channels"), list):
        _refuse(file, "it has no channels")
    for one in told["channels"]:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str) or not one["name"]:
            _refuse(file, "a channel has no name")
    return told


def _pulses(channel: Mapping[str, Any], file: str) -> list[_Pulse]:
    name = channel["name"]
    try:
        if "pulse_times_s" in channel:
            found = _listed(channel)
        else:
            found = _from_segments(channel["segments"])
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        _refuse(file, f"channel {name!r} has no pulses that can be read: {error!r}")
    if not found or not all(
        math.isfinite(value)
        for one in found
        for value in (one.at_s, one.width_us, one.amplitude_ma)
    ):
        _refuse(file, f"channel {name!r} has no pulses, or numbers that are none")
    if found[0].at_s < 0 or any(after.at_s <= before.at_s for before, after in pairwise(found)):
        _refuse(file, f"the pulses of channel {name!r} are not one after the other")
    return found


def _listed(channel: Mapping[str, Any]) -> list[_Pulse]:
    times = [float(one) for one in channel["pulse_times_s"]]

    def each(key: str) -> list[float]:
        told = channel[key]
        values = [float(one) for one in (told if isinstance(told, list) else [told])]
        values = values * len(times) if len(values) == 1 else values
        if len(values) != len(times):
            raise ValueError(f"{key} has {len(values)} values for {len(times)} pulses")
        return values

    columns = zip(times, each("pulse_widths_us"), each("amplitudes_mA"), strict=True)
    return [_Pulse(*one) for one in columns]


def _from_segments(segments: Sequence[Mapping[str, Any]]) -> list[_Pulse]:
    found = []
    for one in segments:
        start_s, rate_hz, length_s = (float(one[key]) for key in ("start", "frequency", "duration"))
        if not 0 < rate_hz <= 2_000 or not 0 < length_s <= 3_600:
            raise ValueError("a segment without pulses, or longer than an hour")
        found += [
            _Pulse(start_s + number / rate_hz, float(one["pulse_width"]), float(one["amplitude"]))
            for number in range(math.ceil(length_s * rate_hz - 1e-9))
        ]
    return sorted(found, key=lambda pulse: pulse.at_s)


def _length_us(told: Mapping[str, Any], channels: Sequence[tuple[str, list[_Pulse]]]) -> int:
    ends = [
        pulses[-1].at_s + (pulses[-1].at_s - pulses[-2].at_s if len(pulses) > 1 else 0.05)
        for _, pulses in channels
    ]
    return round(float(told.get("duration_s") or max(ends)) * 1e6)


def _parts(name: str, pulses: Sequence[_Pulse], length_us: int, file: str) -> list[_Part]:
    """Where rate, width or amplitude change; a rate is between a pulse and the next one."""
    if len(pulses) < 2:
        _refuse(file, f"channel {name!r} has one pulse, which is no train")
    gaps = [after.at_s - before.at_s for before, after in pairwise(pulses)]
    gaps.append(gaps[-1])
    begins = [0]
    for number in range(1, len(pulses)):
        here, before = pulses[number], pulses[number - 1]
        same = (here.width_us, here.amplitude_ma) == (before.width_us, before.amplitude_ma)
        if not same or abs(gaps[number] - gaps[number - 1]) > _SAME_S:
            begins.append(number)
    found = []
    for first, after in pairwise([*begins, len(pulses)]):
        end_us = round(pulses[after].at_s * 1e6) if after < len(pulses) else length_us
        start_us = round(pulses[first].at_s * 1e6)
        one = pulses[first]
        if one.amplitude_ma <= 0 or one.width_us < 1:
            _refuse(file, f"channel {name!r} has pulses without current or width")
        rate = round(1_000 / (sum(gaps[first:after]) / (after - first)))
        width_us, amplitude_ua = round(one.width_us), round(one.amplitude_ma * 1_000)
        found.append(_Part(start_us, end_us - start_us, rate, width_us, amplitude_ua))
    if found[0].start_us > round(gaps[0] * 1e6):
        _refuse(file, f"channel {name!r} begins later than the profile: write it as start_after")
    return found


def _metadata(told: Mapping[str, Any]) -> list[str]:
    said = told.get("metadata")
    if not isinstance(said, dict):
        return []
    return [f"{key}: {value}"[:200] for key, value in sorted(said.items())][:10]


def _refuse(file: str, why: str) -> NoReturn:
    raise ProtocolFileError(
        "the profile cannot be imported",
        why=why,
        what_to_do=f"It has to be of {FORMAT}, version {VERSION}",
        file=file,
    )
