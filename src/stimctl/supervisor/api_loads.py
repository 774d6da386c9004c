"""What a program hands in before output: a protocol with its limits, other pulses, and answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from stimctl.codes import Code
from stimctl.errors import StateError, UsageError
from stimctl.records.adjusted_files import save_adjusted, with_waveform
from stimctl.records.answers import read_answers
from stimctl.records.places import state_folder, user_protocol_folders
from stimctl.records.protocol_files import ProtocolText, read_limit_file, read_protocol
from stimctl.stimulus.level import CURRENT, PERCENT
from stimctl.supervisor.api_follow import Follows
from stimctl.supervisor.client import Row
from stimctl.supervisor.reach import Reach, checked_channels
from stimctl.treatment.load import load_any


@dataclass(frozen=True, slots=True)
class _Loaded:
    """What was loaded last, and how."""

    text: ProtocolText
    chosen: dict[str, Any]

    def changed(self, number: int, phase_width: str, frequency: str) -> Path:
        """The file with other pulses for the channel that is number so many in the plan."""
        given = {"phase_width": phase_width, "frequency": frequency}
        values = {key: value for key, value in given.items() if value}
        roles = len(load_any(self.text.text, self.text.path.name).channels)
        text = with_waveform(self.text, number if roles > 1 else 0, values)
        path = save_adjusted(state_folder(), self.text.name, text)
        load_any(text, path.name)  # what is wrong with it is told before anything stops
        return path


class Loads(Follows):
    """These methods of a `Device`."""

    _loaded: _Loaded | None

    def load(
        self,
        protocol: str | Path,
        *,
        amplitudes: Mapping[int, str] = MappingProxyType({}),
        intensities: Mapping[int, str] = MappingProxyType({}),
        areas: Mapping[int, str],
        sites: Mapping[int, str] | None = None,
        contacts: Mapping[int, str] = MappingProxyType({}),
        duration: str = "",
        acknowledge: Sequence[str] = (),
        limits: Mapping[str, Path] = MappingProxyType({}),
        profile: str = "",
        confirm: str = "",
    ) -> Row:
        """Compile a treatment protocol for this device. Nothing is put out.

        Args:
            protocol: a name from `stimctl protocols list`, or the path of a file.
            amplitudes: the maximum of each channel ("12 mA").
            intensities: the same in percent ("40 %"), on a device without current control.
            areas: the area of the smaller electrode of each channel ("25 cm2").
            sites: body sites ("left-calf", or "left-calf/left-foot" for electrodes apart).
            contacts: how much of the electrode touches the skin ("80 %"), where that is not all.
            duration: how long ("30 min"), where the protocol leaves a choice.
            acknowledge: ids of warnings that are accepted.
            limits: files of limits of the "site", the "person" or the "session". They only lower
                what is allowed.
            profile: "home", "clinic" (as without it) or "research".
            confirm: the four characters that the rehearsal of this plan has printed. On hardware
                `arm` demands them, and what `prepare` hands in.

        Returns:
            A row with `digest`, `duration_us` and `channels`.

        Raises:
            LimitRefusedError: a limit is exceeded; it names the limit, its source and the nearest
                legal value.
            ProtocolFileError: the file is invalid.
            QuantityError, UsageError: a value cannot be read, or the channels do not match.
        """
        if amplitudes and intensities:
            raise UsageError("amplitudes and intensities are of different kinds of devices")
        scale, ceilings = (PERCENT, intensities) if intensities else (CURRENT, amplitudes)
        ceilings, areas = checked_channels(ceilings), checked_channels(areas)
        sites = checked_channels(sites or {})
        for ceiling in ceilings.values():
            scale.parse(ceiling)
        if ceilings.keys() != areas.keys():
            raise UsageError(f"{scale.name}s and areas name different channels")
        text = read_protocol(str(protocol), user_protocol_folders())
        ask = self._ask
        ask("load", path=str(text.path.resolve()), sha256=text.sha256)
        for layer, path in limits.items():
            file = read_limit_file(path)
            ask("limits", layer=layer, path=str(file.path.resolve()), sha256=file.sha256)
        for channel, ceiling in ceilings.items():
            at = {"site": sites[channel]} if channel in sites else {}
            at |= {"contact": contacts[channel]} if channel in contacts else {}
            ask("channel", channel=channel, level=ceiling, area=areas[channel], **at)
        chosen: dict[str, Any] = {"duration": duration} if duration else {}
        chosen |= {"profile": profile} if profile else {}
        ask("options", acknowledge=" ".join(acknowledge), **chosen)
        compiled = ask("compile")
        self._reach = Reach.of(compiled)
        if confirm:
            ask("prepare", confirm=confirm)
        self._until("checked")
        chosen_once = {
            "amplitudes": amplitudes, "intensities": intensities, "areas": areas, "sites": sites,
            "contacts": contacts, "duration": duration, "acknowledge": acknowledge,
            "limits": limits, "profile": profile,
        }  # fmt: skip
        self._loaded = _Loaded(text, chosen_once)
        return compiled

    def change(
        self, channel: int, *, phase_width: str = "", frequency: str = "", confirm: str = ""
    ) -> Path:
        """Stop, verify zero, and have the plan cleared with other pulses on a channel (rule A6).

        Pulses change at zero only. Nothing of the levels is kept: `arm`, `start` and `raise_to`
        begin again. The rest is as it was loaded; what `prepare` had is handed in again. Where
        the protocol has one role for all channels it changes for all.

        A protocol with stages changes its pulses between them, and may take levels along (A12).

        Args:
            channel: a channel of the plan, from 1.
            phase_width: the width of a phase ("300 us").
            frequency: how many pulses in a second ("35 Hz").
            confirm: as in `load`; on hardware the changed plan is rehearsed, too.

        Returns:
            The file of the changed protocol, which `stimctl rehearse` takes as any other. It says
            what it was made from.

        Raises:
            StateError: nothing was loaded yet.
            OutputUnknownError: zero could not be verified; nothing is changed.
            LimitRefusedError, ProtocolFileError: it is not allowed with these pulses. The plan is
                the one of before, at zero.
            QuantityError, UsageError: a value cannot be read, or is not one value in the file.
        """
        if self._loaded is None:
            raise StateError(
                "change refused", code=Code.NO_PROTOCOL, what_to_do="load a protocol first"
            )
        channel = self._reach.channel(channel)
        path = self._loaded.changed(
            sorted(self._reach.steps).index(channel), phase_width, frequency
        )
        self._stop_for_a_load()
        self.load(path, **self._loaded.chosen, confirm=confirm)
        return path

    def prepare(
        self,
        *,
        screening: Path | None = None,
        approvals: Sequence[str] = (),
        acknowledge: Sequence[str] = (),
        sides: Mapping[int, str] = MappingProxyType({}),
        second_identifier: str = "",
        electrodes: Mapping[int, str] = MappingProxyType({}),
    ) -> None:
        """Hand in what people have said, after `load`. Needed on hardware, harmless on a twin.

        `arm` says what is missing.

        Args:
            screening: a file of answers as `stimctl screening` prints it, with the person's code
                and the day.
            approvals: ids of conditions for which a specialist's approval is on file.
            acknowledge: ids that `arm` names ("E6": the electrodes are one width apart).
            sides: "left" or "right" for each channel, given by who looks at the person.
            second_identifier: the four digits that the person tells, where they are kept with the
                code.
            electrodes: for each channel the name under which its electrodes are kept
                (`stimctl people electrodes`), where they are.

        Raises:
            ProtocolFileError: the file of answers is invalid.
            UsageError: a side is invalid, or a name of electrodes.
        """
        ask = self._ask
        if screening is not None:
            ask("prepare", **read_answers(screening).as_fields())
        told: dict[str, Any] = {"approvals": " ".join(approvals)} if approvals else {}
        told |= {"acknowledge": " ".join(acknowledge)} if acknowledge else {}
        told |= {"sides": " ".join(f"{one}={side}" for one, side in sides.items())} if sides else {}
        told |= {"second": second_identifier} if second_identifier else {}
        named = " ".join(f"{one}={name}" for one, name in electrodes.items())
        told |= {"electrodes": named} if named else {}
        ask("prepare", **told)
