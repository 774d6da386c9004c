"""The twin beside a captured device: its options, and what it takes from the capture."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from firmware_sim.faults import FaultError
from firmware_sim.options import make_parser, own_options
from firmware_sim.situation import faulty_twin
from firmware_sim.twin import LocalTwin
from stimctl.bench.captured_frames import Frames, Said, dissector_of
from stimctl.bench.families import twin_of
from stimctl.devices.family import family_row
from stimctl.errors import UsageError
from stimctl.wire.not_compared import Repeated

# A twin that stands beside a capture has no line, no process and no file of its own.
_NOT_HERE = ("link", "tcp", "lock_step", "record", "idle_exit_ns", "owner", "wiretap", "json")
_SIM_NUMBER = re.compile(r"(?:SIM|99)(\d{7})\Z")


class Standing(NamedTuple):
    """A twin, and how long it has run when the capture begins. `taken`: what of it was taken from
    the capture, in words."""

    twin: LocalTwin
    shift_ns: int
    taken: tuple[str, ...]


def twin_beside(family: str, captured: Frames, options: Sequence[str]) -> Standing:
    """A new twin of a family for a capture; `options` as on the twin's own command line."""
    name = family_row(family).twin
    given = _parsed(name, options)
    seed, shift_ns, taken = _from_capture(captured, dissector_of(family).repeated)
    if given.seed is not None:
        seed, taken = given.seed, tuple(one for one in taken if not one.startswith("seed"))
    told: dict[str, Any] = own_options(given)
    scenario = getattr(given, "scenario", None)
    if not given.faults and scenario is None:
        return Standing(twin_of(family, seed, **told), shift_ns, taken)
    try:
        return Standing(
            faulty_twin(name, scenario, given.faults, seed=seed, **told), shift_ns, taken
        )
    except FaultError as error:
        raise _refused(str(error)) from error


def _from_capture(captured: Frames, repeated: Repeated | None) -> tuple[int, int, tuple[str, ...]]:
    """Seed of the twin, how long it has run before, and both in words."""
    for said in captured.said:
        if repeated is not None and said.name == repeated.message:
            return _by_first(said, repeated)
        told = str(said.row.get("fields", {}).get("device_id", ""))
        if said.name == "get_device_id_ack" and (found := _SIM_NUMBER.match(told)):
            return int(found[1]), 0, (f"seed {int(found[1])}: the capture is of a twin",)
    return 0, 0, ()


def _by_first(said: Said, repeated: Repeated) -> tuple[int, int, tuple[str, ...]]:
    """It counts its own packets, and repeats the first one until a host accepts it."""
    before = -(-said.t_ns // repeated.every_ns)
    number = said.row["fields"]["packet_number"]
    seed = (number - before) % 256
    words = f"seed {seed} and phase: the first {said.name} has packet number {number}"
    return seed, before * repeated.every_ns - said.t_ns, (words,)


def _parsed(name: str, options: Sequence[str]) -> Any:
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            given = make_parser(name).parse_args([name, *options])
    except SystemExit as error:
        raise _refused(said.getvalue().strip().splitlines()[-1]) from error
    for option in _NOT_HERE:
        value = getattr(given, option, None)
        if value is not None and value is not False:
            raise _refused(f"{option.split('_')[0]!r} is for a twin on a port")
    return given


def _refused(why: str) -> UsageError:
    return UsageError(
        "these options of the twin cannot be used here",
        why=why,
        what_to_do="`stimctl sim FAMILY --help` shows a twin's options",
    )
