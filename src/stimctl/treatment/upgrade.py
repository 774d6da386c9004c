"""Writes a `treatment-v1` file as a `treatment-v2` file that does the same.

Comments, order and spacing stay. What is written in another way: sweeps and modulation (a table in
the place of the value), bursts (`nlet`), and the length (a stage). `session.contractions` goes: it
follows from the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import zip_longest
from typing import Any

from stimctl.errors import BugError, UsageError
from stimctl.quantity import format_duration, parse_frequency_mhz
from stimctl.safety import Electrode, Refusal
from stimctl.stimulus.level import CURRENT, Level
from stimctl.treatment.plan import ChannelSetup, compile_plan
from stimctl.treatment.program import MAIN_STAGE, CurrentPlan
from stimctl.treatment.schema import TreatmentProtocol
from stimctl.treatment.staged import StagedProtocol
from stimctl.treatment.timeline import moments

_US_MHZ = 10**9
_PROBE_UA = 4_000
_PROBE_AREA_MM2 = 9_600
_SWEEPS = (("frequency_sweep", "frequency"), ("phase_width_sweep", "phase_width"))


def upgraded(text: str) -> str:
    """The text of a valid v1 file as v2. UsageError where the editor of such files is not there,
    or a burst has an interval that is no whole number of microseconds."""
    tomlkit = _tomlkit()
    tree = tomlkit.parse(text.replace(f"./{TreatmentProtocol.schema_id}.json",
                                      f"./{StagedProtocol.schema_id}.json"))  # fmt: skip
    tree["schema"] = StagedProtocol.schema_id
    session = tree["session"]
    duration = session.pop("duration")
    session.pop("contractions", None)
    session["stretch"] = MAIN_STAGE
    for channel in tree["channels"]:
        _waveform(tomlkit, channel["waveform"])
    stages = tomlkit.aot()
    stages.append(tomlkit.item({"name": MAIN_STAGE, "duration": duration}))
    tree["stages"] = stages
    return str(tomlkit.dumps(tree))


def _waveform(tomlkit: Any, wave: Any) -> None:
    for old, new in _SWEEPS:
        if old in wave:
            sweep = wave[old]
            _replace(tomlkit, wave, old, new, {"sweep": [sweep["lowest"], sweep["highest"]]})
    if "amplitude_modulation" in wave:
        lowest = wave["amplitude_modulation"]["lowest"]
        _replace(tomlkit, wave, "amplitude_modulation", "level", {"sweep": ["100 %", lowest]})
    if "burst" in wave:
        burst, inside = wave["burst"], wave["frequency"]
        mhz = parse_frequency_mhz(str(inside))
        if _US_MHZ % mhz:
            raise UsageError(
                f"bursts of {inside} cannot be written with an interval",
                why="it is no whole number of microseconds",
                what_to_do="keep the file as it is: v1 files stay valid",
            )
        interval = format_duration(_US_MHZ // mhz)
        table = tomlkit.inline_table()
        table.update({"pulses": burst["pulses"], "interval": interval})
        # What was said of the rate inside a burst is about the interval now.
        of_inside, of_burst = (wave.item(name).trivia.comment for name in ("frequency", "burst"))
        wave["frequency"] = burst["frequency"]
        wave.pop("burst")
        wave["nlet"] = table
        for name, comment in (("frequency", of_burst), ("nlet", of_inside)):
            wave.item(name).trivia.comment_ws = "  " if comment else ""
            wave.item(name).trivia.comment = comment


def _replace(tomlkit: Any, wave: Any, old: str, new: str, first: dict[str, Any]) -> None:
    """The law that stood under another key, with its period and shape."""
    part = wave[old]
    table = tomlkit.inline_table()
    table.update(first)
    for name in ("period", "shape"):
        if name in part:
            table[name] = part[name]
    wave.pop(old)
    wave[new] = table


def difference(before: CurrentPlan, after: CurrentPlan) -> str | None:
    """Where two plans do not do the same, in words; None where they do at every moment."""
    for one, other in zip_longest(moments(before), moments(after)):
        if one != other:
            at_us = min(each.at_us for each in (one, other) if each is not None)
            return f"they differ {format_duration(at_us)} after the start"
    for one, other in zip_longest(before.channels, after.channels):
        if one is None or other is None or one.cleared.second != other.cleared.second:
            return "they do not count the same pulses in a second"
    return None


def _tomlkit() -> Any:
    try:
        import tomlkit
    except ImportError:
        raise UsageError(
            "a file cannot be rewritten here: tomlkit is missing",
            why="it is an extra of stimctl, because only this command needs it",
            what_to_do="pip install 'stimctl[upgrade]'",
        ) from None
    return tomlkit


def changes(before: str, after: str) -> Iterator[str]:
    """What differs between two texts, as `diff -u` shows it."""
    import difflib

    yield from difflib.unified_diff(
        before.splitlines(), after.splitlines(), "treatment-v1", "treatment-v2", lineterm=""
    )


def must_do_the_same(before: TreatmentProtocol, after: StagedProtocol) -> None:
    """On every device that can do the first file. BugError where they differ, UsageError where no
    device can do it."""
    from stimctl.devices.registry import FAMILIES  # loads every driver

    compared = 0
    for family, declared in FAMILIES.items():
        if declared.sheet.current is None:
            continue
        setups = [
            ChannelSetup(channel, Level(CURRENT, _PROBE_UA), Electrode(area_mm2=_PROBE_AREA_MM2))
            for channel in range(1, len(before.channels) + 1)
        ]
        # Who times the pulses of a group is not the question: by the host, as in the first file.
        by_host = replace(declared.sheet.current, form_points_max=0)
        sheet = replace(declared.sheet, current=by_host)
        old = compile_plan(before, sheet, setups)
        new = compile_plan(after, sheet, setups)
        if isinstance(old, Refusal):
            continue
        compared += 1
        why = new.message if isinstance(new, Refusal) else difference(old, new)
        if why is not None:
            raise BugError(f"the two files do not do the same on {family}", why=why)
    if not compared:
        raise UsageError(
            f"{before.id} cannot be compared",
            why="no device here can do it",
            what_to_do="stimctl check says what forbids it",
        )
