"""The Python API, `with stimctl.connect("sim:p24") as device: ...`: errors raised, zero verified.

Amplitudes, areas and durations are texts with a unit ("12 mA", "25 cm2", "30 s"). A program keeps
output on by renewing `hold()`; where it hangs, the hold lapses and the session stops by itself.
"""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from stimctl.codes import Code
from stimctl.errors import (
    LinkError,
    OutputUnknownError,
    StateError,
    UsageError,
)
from stimctl.markers.heard import Heard
from stimctl.markers.marker import Marker
from stimctl.markers.names import parse_markers
from stimctl.markers.open import MarkerOutput, open_markers
from stimctl.records.answers import read_answers
from stimctl.records.places import user_protocol_folders
from stimctl.records.protocol_files import read_limit_file, read_protocol
from stimctl.stimulus.level import CURRENT, PERCENT
from stimctl.supervisor.api_arming import ApiArming
from stimctl.supervisor.api_follow import FollowRange, Follows, Turn
from stimctl.supervisor.api_procedure import Procedures
from stimctl.supervisor.api_requests import Requested
from stimctl.supervisor.child_process import refuse_copy
from stimctl.supervisor.client import Row, SupervisorClient
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.platform_support import need_session
from stimctl.supervisor.reach import NOTHING, Reach, checked_channels
from stimctl.supervisor.stop_face_names import stop_face_options
from stimctl.supervisor.view import GivenPulse, Reading, SessionView

__all__ = [
    "Device",
    "FollowRange",
    "GivenPulse",
    "Marker",
    "Reading",
    "Requested",
    "Turn",
    "connect",
]


def connect(
    device: str,
    *,
    person: str = "",
    journal: Path | None = None,
    single_pulses: bool = False,
    operator: str = "",
    stop_face: str | Sequence[str] = (),
    find_channels: bool = False,
    follow: bool = False,
    markers: Sequence[MarkerOutput] = (),
    capture: Path | None = None,
) -> Device:
    """Describe a session with a device, for a `with` block that ends at verified zero.

    Nothing is opened before the block is entered.

    Args:
        device: `sim:p24` (simulated) or `p24:/dev/ttyACM0`, and so for every family.
        person: a pseudonym; needed on hardware.
        journal: folder for the record of the session; the usual one where it is not given.
        single_pulses: `pulse()` instead of trains.
        operator: who is in charge, by a code; named in every row of output.
        stop_face: a pedal or button that stops, by its name, or several.
        find_channels: a channel rises only after `found` has told where the one before it is felt.
        follow: `follow` and `loop` may move a channel a little by the data of the program.
        markers: where the events of the session go as markers: "lsl", "lsl:NAME",
            "line:/dev/ttyUSB1:rts", or a function that is called with each `Marker`, in a thread
            of its own.
        capture: a new file for the bytes of the link, or a folder for one file each session.

    Raises:
        UsageError: a name that is not of the form above.
        NotOnThisSystemError: this operating system has not what a session needs (Windows).
    """
    need_session("stimctl.connect()")
    return Device(
        device, person=person, journal=journal, single_pulses=single_pulses, operator=operator,
        stop_face=stop_face, find_channels=find_channels, follow=follow,
        markers=markers, capture=capture,
    )  # fmt: skip


class Device(Follows, Procedures):
    """One session with one device. A method that cannot do its work raises a `StimctlError`."""

    def __init__(
        self,
        device: str,
        *,
        person: str,
        journal: Path | None,
        single_pulses: bool,
        operator: str = "",
        stop_face: str | Sequence[str] = (),
        find_channels: bool = False,
        follow: bool = False,
        markers: Sequence[MarkerOutput] = (),
        capture: Path | None = None,
        bench: bool = False,
    ) -> None:
        faces = stop_face_options([stop_face] if isinstance(stop_face, str) else stop_face)
        options = ["--face-name", "api", "--requires-hold"]
        options += ["--person", person] if person else []
        options += ["--journal", str(journal)] if journal is not None else []
        options += ["--single-pulses"] if single_pulses else []
        options += ["--operator", operator] if operator else []
        options += faces
        options += ["--find-channels"] if find_channels else []
        options += ["--follow"] if follow else []
        options += ["--capture", str(capture.absolute())] if capture is not None else []
        options += ["--bench", "--watchdog-test"] if bench else []
        self._address = parse_device(device).address
        if parse_device(device).is_twin:
            options.append("--no-attendance-prompt")  # nobody is at the electrodes of a twin
        self._has_stop_face = bool(faces)
        parse_markers([one for one in markers if isinstance(one, str)])
        self._view, self._marker_outputs = SessionView(), tuple(markers)
        self._heard = Heard(self._view)
        self._client = SupervisorClient(device, options, on_row=self._heard.take)
        self._reach = NOTHING
        self._is_open = False
        self._hold_us, self._held_s = 0, 0.0
        self._one_pulse = threading.Lock()
        # A session that no variable holds any more is nobody's: it ends.
        weakref.finalize(self, self._client.abandon)

    def __enter__(self) -> Self:
        """Take the port, identify the device and verify zero.

        Raises:
            StateError: the session was opened before.
            PortBusyError: another program is using the port.
            NoDeviceError: nothing answers there, or another device than the name says; or an output
                for markers is not there.
            LinkError: the link was lost meanwhile.
        """
        if self._is_open:
            raise StateError(
                "this session has been opened before",
                code=Code.OPENED_BEFORE,
                what_to_do="connect again",
            )
        try:
            self._heard.markers = open_markers(self._marker_outputs, self._address)
            self._client.start()
            self._is_open = True
            self._client.ask("connect")
            self._until("identified")
        except BaseException:  # Ctrl-C too: nothing of the session is left
            if self._client.is_mine:
                self._client.abandon()  # should a second Ctrl-C cut short what follows
                self._client.close()
                self._heard.close_markers()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop and verify zero. In a fork of the process it does nothing.

        Raises:
            OutputUnknownError: zero could not be verified.
        """
        if not self._client.is_mine:
            return
        self._client.abandon()  # should Ctrl-C cut short what follows
        code = self._client.close()
        self._heard.close_markers()
        if code == OutputUnknownError.exit_code:
            raise self._view.not_confirmed() from error

    # -- before output ------------------------------------------------------------------------

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
        return compiled

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

    def arm(self) -> None:
        """Arm: the first of the two steps to output. Zero is verified once more.

        On hardware everything has to be handed in before. Then whoever sits at the terminal of
        this program is asked there to type what it shows, or presses the stop face. A session with
        a stop face waits 2 minutes for its first press, on a twin too.

        Raises:
            NotReadyError: something is missing; `needs` has the code of each item.
            OutputUnknownError: zero could not be verified.
        """
        has_face = self._has_stop_face
        ApiArming(self._ask, self._view, self._still, has_stop_face=has_face).arm()
        self._until("armed")

    def start(self, hold: str = "10 s", *, start_from: str = "") -> None:
        """Start: the second step. The plan runs, all channels at zero, while `hold` is renewed.

        Args:
            hold: as in `hold()`.
            start_from: after a stop in the middle of the plan "beginning" or "what-is-left".

        Raises:
            StateError: the session is not armed, or `start_from` is needed.
            QuantityError: the hold is not a duration.
        """
        self.hold(hold)
        self._ask("start", **({"from": start_from} if start_from else {}))
        self._until("running")

    # -- what is known ------------------------------------------------------------------------

    @property
    def readings(self) -> Mapping[int, Reading]:
        """By channel of the plan: what was commanded, and what the device has acknowledged, now."""
        self._client.check_owner()
        if not self._is_open:
            return {}
        try:
            told = self._client.ask("readings")
        except LinkError:  # the session is over
            acked = None if self._client.output_may_be_on else 0
            return self._reach.readings_at_the_end(acked)
        return self._reach.readings(told["channels"], time.monotonic_ns())

    def events(self) -> Iterator[Row]:
        """The events since the last call, oldest first (docs/reference/events.md)."""
        self._client.check_owner()
        return iter(self._view.take_events())

    def __reduce__(self) -> str:
        refuse_copy("device")

    # -- inside -------------------------------------------------------------------------------

    def _ask(self, do: str, **fields: Any) -> Row:
        if not self._is_open:
            raise StateError(
                f"{do} refused",
                code=Code.NOT_OPEN,
                why="the session is not open",
                what_to_do="use it in a block: with stimctl.connect(...) as device: ...",
            )
        return self._client.ask(do, **fields)
