"""What a session is set up with, read and compiled by the supervisor itself.

A plan or a clearance never crosses a process border: the face names files and their SHA-256, and
the supervisor reads them again. A file that has changed in between is refused.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stimctl.codes import Code
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import LimitRefusedError, StateError, UsageError
from stimctl.quantity import parse_area_mm2, parse_ratio_permille
from stimctl.records.protocol_files import (
    ProtocolText,
    limit_source,
    read_limit_file,
    read_protocol,
)
from stimctl.safety.bounds import Bound, Layer
from stimctl.safety.electrodes import Electrode
from stimctl.safety.envelope import LayeredBounds
from stimctl.safety.layers import bounds_from_environment, layer_bounds_from_mapping
from stimctl.safety.limits import Profile
from stimctl.safety.refusal import Refusal
from stimctl.session.adjusting import check_scale
from stimctl.session.events import Json
from stimctl.session.states import State
from stimctl.supervisor.options import Options
from stimctl.treatment.load import load_any
from stimctl.treatment.plan import compile_plan
from stimctl.treatment.program import AnyPlan, ChannelSetup
from stimctl.version import __version__, code_digest

_FROM_FILES = {"site": Layer.SITE, "person": Layer.PERSON, "session": Layer.SESSION}


TAKES_PLANS = (State.IDENTIFIED, State.CHECKED, State.STOPPED)


def check_may_prepare(state: State) -> None:
    """Reading and checking a plan takes time that a device with output on may need: StateError."""
    if state not in (State.DISCONNECTED, *TAKES_PLANS):
        raise StateError(
            "no plan is loaded now",
            code=Code.NOT_WHILE_ACTIVE,
            why=f"the session is {state}",
            what_to_do="stop first",
        )


class SessionSetup:
    """Collects the face's choices; `compile` turns them into a cleared plan."""

    def __init__(self, sheet: CapabilitySheet) -> None:
        self._sheet = sheet
        self._protocol: ProtocolText | None = None
        self._channels: dict[int, ChannelSetup[Any]] = {}
        self._limit_files: dict[str, Json] = {}
        self._bounds: dict[Layer, tuple[Bound, ...]] = {}
        self._duration_us: int | None = None
        self._profile = Profile.CLINIC
        self._acknowledged: frozenset[str] = frozenset()
        self.acknowledged_now: frozenset[str] = frozenset()
        """What was acknowledged since the protocol was loaded: of pads and places it says nothing
        about the next plan."""

    @property
    def protocol_name(self) -> str:
        """The name of the loaded protocol, as the journal and the catalogue know it."""
        return "" if self._protocol is None else self._protocol.name

    @property
    def protocol_text(self) -> ProtocolText | None:
        """The loaded protocol, as it was read."""
        return self._protocol

    @property
    def acknowledged(self) -> frozenset[str]:
        """The ids of everything that the face has acknowledged."""
        return self._acknowledged

    def load(self, path: str, sha256: str) -> Mapping[str, Any]:
        """Read a protocol file. `UsageError` if its bytes are not those the face has read."""
        text = read_protocol(_absolute(path))
        _same(text.sha256, sha256, path)
        load_any(text.text, text.path.name)
        self._protocol = text
        self.acknowledged_now = frozenset()
        self._channels.clear()
        return {"protocol": text.name, "sha256": text.sha256}

    def limits(self, layer: str, path: str, sha256: str) -> Mapping[str, Any]:
        """Read a limit file of layer site, person or session; it can only lower limits."""
        if layer not in _FROM_FILES:
            raise UsageError(
                f"{layer!r} is no layer of limits",
                what_to_do=f"Choose from {', '.join(_FROM_FILES)}",
            )
        file = read_limit_file(Path(_absolute(path)))
        _same(file.sha256, sha256, path)
        bounds = layer_bounds_from_mapping(
            _FROM_FILES[layer],
            file.mapping,
            source=limit_source(layer, file),
            device=self._sheet.current,
        )
        self._bounds[_FROM_FILES[layer]] = tuple(bounds)
        self._limit_files[layer] = {"file": limit_source(layer, file), "sha256": sha256}
        return {"layer": layer, "bounds": len(bounds)}

    def channel(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set one channel: its highest level, electrode area, and where the electrode is."""
        number = fields["channel"]
        self._channels[number] = ChannelSetup(number, fields["level"], _electrode(fields))
        return {"channel": number}

    def options(self, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Set duration (shorter than the protocol's), profile, and acknowledged warnings."""
        if "profile" in fields:
            try:
                self._profile = Profile(fields["profile"])
            except ValueError as error:
                known = ", ".join(Profile)
                raise UsageError(str(error), what_to_do=f"Choose from {known}") from error
        self._duration_us = fields.get("duration", self._duration_us)
        words = fields.get("acknowledge", "").replace(",", " ").split()
        self._acknowledged |= frozenset(words)
        self.acknowledged_now |= frozenset(words)
        return {"profile": self._profile.value}

    def compile(self) -> AnyPlan:
        """The cleared plan. Raises `LimitRefusedError` that carries the refusal."""
        if self._protocol is None:
            raise StateError(
                "there is no protocol to compile",
                code=Code.NO_PROTOCOL,
                what_to_do="load one first",
            )
        protocol = load_any(self._protocol.text, self._protocol.path.name)
        for setup in self._channels.values():
            check_scale(f"channel {setup.channel} refused", setup.most, protocol.scale)
        plan = compile_plan(
            protocol,
            self._sheet,
            list(self._channels.values()),
            duration_us=self._duration_us,
            bounds=self._layered(),
            profile=self._profile,
            acknowledged=self._acknowledged,
        )
        if not isinstance(plan, Refusal):
            return plan
        raise LimitRefusedError("this plan exceeds a limit", why=plan.message, refusal=plan)

    def header(self, plan: AnyPlan | None) -> dict[str, str]:
        """What the journal's first row says of protocol and limits; empty texts where unknown."""
        if self._protocol is None or plan is None:
            return {}
        limits = "".join(one.cleared.digest() for one in plan.channels)
        return {
            "protocol": self._protocol.name,
            "protocol_sha256": self._protocol.sha256,
            "plan_digest": plan.digest(),
            "limits_digest": hashlib.sha256(limits.encode()).hexdigest(),
        }

    def about(self, plan: AnyPlan, options: Options) -> dict[str, Json]:
        """What the setup row says besides the plan: files, limits, program, and who operates."""
        assert self._protocol is not None
        header = self.header(plan)
        return {
            "face": options.face,
            "operated_by": options.config.operated_by,
            "find_channels": options.config.find_channels,
            "follow": options.config.follow,
            "person": options.person_key,
            "device": options.device,
            "sim": options.sim,
            "stimctl": __version__,
            "code_sha256": code_digest(),
            "protocol": {
                "name": self._protocol.name,
                "file": self._protocol.path.name,
                "sha256": self._protocol.sha256,
            },
            "limits_digest": header["limits_digest"],
            "limit_files": self._limit_files,
            "profile": self._profile.value,
            "acknowledged": list[Json](sorted(self._acknowledged)),
        }

    def _layered(self) -> LayeredBounds:
        environment = bounds_from_environment(os.environ, device=self._sheet.current)
        return LayeredBounds(
            site=(*self._bounds.get(Layer.SITE, ()), *environment),
            person=self._bounds.get(Layer.PERSON, ()),
            session=self._bounds.get(Layer.SESSION, ()),
        )


def _electrode(fields: Mapping[str, Any]) -> Electrode:
    contact = parse_ratio_permille(fields["contact"]) if "contact" in fields else 1000
    return Electrode(parse_area_mm2(fields["area"]), contact, fields.get("site"))


def _absolute(path: str) -> str:
    if not Path(path).is_absolute():
        raise UsageError(
            f"{path!r} is not an absolute path", why="face and supervisor differ in cwd"
        )
    return path


def _same(found: str, named: str, path: str) -> None:
    if found != named:
        raise UsageError(
            f"{path} has changed",
            why="its SHA-256 is not the one that was checked",
            what_to_do="Check it again and start over",
        )
