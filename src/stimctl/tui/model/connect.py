"""Devices by port, simulated ones, who holds them, what each can do, and what was checked."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from stimctl.errors import UsageError
from stimctl.tui.model.device_facts import adapter_words, families, likely_families, starting
from stimctl.tui.model.page import Offers, Page
from stimctl.tui.model.persons import last_device
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.steps import go_on
from stimctl.tui.model.text import safe

if TYPE_CHECKING:
    from stimctl.supervisor.ports import SerialPortInfo
    from stimctl.tui.model.desk import Desk


@dataclass(frozen=True, slots=True)
class Place:
    """A line of the list: a port (`port` is its address) or a simulated device.

    `device`: its name; "" where the family of a port is still open. `why_not`: why it cannot be
    connected now, and what to do. `about`: what its USB adapter says of itself.
    """

    device: str
    label: str
    words: str
    port: str = ""
    why_not: str = ""
    about: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the connection: passed, failed, or (None) not over yet."""

    label: str
    words: str
    passed: bool | None


class ConnectPage(Page):
    """Ports first, then simulated devices; identity, zero and the watchdog test follow."""

    name = "connect"
    title = "Device"
    actions: ClassVar[tuple[str, ...]] = ("choose", "less", "more", "statement")
    footer = ("choose", "statement")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._ports: tuple[SerialPortInfo, ...] = ()
        #: For each port the family that was chosen by hand, or is the only one of its USB ids.
        self._family: dict[str, str] = {}
        #: The line that is picked, from 0; what is said below is about it.
        self.picked = 0

    def opened(self) -> None:
        """Look which ports there are; no port is opened by that."""

        def look() -> Any:
            from stimctl.supervisor.ports import list_ports

            return list_ports()

        self.bed.jobs.run(look, self._found, lambda error: self.desk.say(str(error)))

    def _found(self, ports: tuple[SerialPortInfo, ...]) -> None:
        self._ports = ports
        for port in ports:
            likely = likely_families(port)
            if len(likely) == 1:
                self._family.setdefault(port.address, likely[0])
        wanted = self.bed.device or last_device(self.bed.memory)
        known = [one.device for one in self.places()]
        if wanted and wanted in known:
            self.picked = known.index(wanted)
        elif wanted and not wanted.startswith("sim:"):
            self.desk.say(f"The device of last time is not plugged in ({wanted}).")

    # -- the list ------------------------------------------------------------------------------

    def places(self) -> list[Place]:
        """What can be connected: every port, then a simulated device of every family."""
        twins = [
            Place(f"sim:{name}", f"sim:{name}", f"simulated {_model(name)}") for name in families()
        ]
        return [*(self._place(port) for port in self._ports), *twins]

    def _place(self, port: SerialPortInfo) -> Place:
        family = self._family.get(port.address, "")
        device = f"{family}:{port.stable_path or port.address}" if family else ""
        serial = f"serial {port.serial_number}" if port.serial_number else "no serial number"
        words, why_not = f"{_model(family) if family else 'which device?'}, {serial}", ""
        if port.holder:
            words = why_not = f"in use by {port.holder}. End that session first."
        elif port.trouble:
            words, why_not = port.trouble, f"{port.trouble}. See: stimctl doctor"
        elif not family:
            why_not = "Which device is it? Choose it with ← → first."
        elif not self.bed.person:
            why_not = "A real device needs a patient code first (1 Patient)."
        address, about = safe(port.address), safe(port.description)
        return Place(device, address, safe(words), port.address, safe(why_not), about)

    @property
    def place(self) -> Place:
        """The picked line."""
        places = self.places()
        return places[min(self.picked, len(places) - 1)]

    def turn(self, by: int) -> None:
        """Another family for the picked port. Raises UsageError where no port is picked."""
        port = self.place.port
        if not port:
            raise UsageError("only a port can hold any family", what_to_do="pick a port")
        known = self._family.get(port)
        at = families().index(known) if known else -1 if by > 0 else 0
        self.take_family(families()[(at + by) % len(families())])

    def take_family(self, name: str) -> None:
        """This is what is at the picked port."""
        if self.place.port:
            self._family[self.place.port] = name

    # -- keys ----------------------------------------------------------------------------------

    @property
    def busy(self) -> str | None:
        """Why nothing can be connected now."""
        if self.desk.mode:
            return f"this is a {self.desk.mode} view: it connects to nothing"
        if self.bed.output_may_be_on:
            return "output may be on: STOP first"
        return "a connection is being made: wait for it" if self.bed.connecting else None

    def offers(self) -> Offers:
        """Connecting; not over a running session."""
        port = None if self.place.port else "only a port can hold any family: pick one"
        return {"choose": self.busy, "less": port, "more": port, "statement": None}

    def act(self, action: str) -> None:
        """Connect or go on, another family for the picked port, or the statement of use."""
        if action in ("less", "more"):
            self.turn(1 if action == "more" else -1)
        elif action == "statement":
            self.desk.ask("statement")
        else:
            self.connect()

    def connect(self) -> None:
        """The picked device; where it is connected already, on to what is missing."""
        place = self.place
        if self.is_connected(place.device):
            go_on(self.desk)
        elif self.busy:
            self.desk.say(f"refused: {self.busy}")
        elif place.why_not:
            self.desk.say(f"refused: {place.label}: {place.why_not}")
        else:
            self.bed.connect(place.device)

    def check_name(self, text: str) -> str:
        """A device as typed, with its port there. Raises UsageError."""
        from stimctl.supervisor.device_names import parse_device

        name = parse_device(text.strip())
        if name.address.startswith("/") and not Path(name.address).exists():
            raise UsageError(f"there is no port {name.address}", why="no such file",
                             what_to_do="look at the cable, then choose from the list")  # fmt: skip
        if not name.is_twin and not self.bed.person:
            raise UsageError("a real device needs a patient code first", what_to_do="1 Patient")
        return str(name)

    def connect_to(self, text: str) -> None:
        """Another port, as typed. Raises UsageError, and what is connected stays so."""
        name = self.check_name(text)
        if self.busy:
            raise UsageError("nothing can be connected now", why=self.busy)
        self.bed.connect(name)

    def is_connected(self, device: str) -> bool:
        """This is the device that has answered, for this patient."""
        bed = self.bed
        return bool(
            bed.client and bed.live.identified and device == bed.device
            and bed.connected_for == bed.person
        )  # fmt: skip

    # -- what is said ----------------------------------------------------------------------------

    def facts(self) -> list[tuple[str, str]]:
        """What the picked device can do, in plain words; label and words."""
        from stimctl.tui.model.device_facts import plain_facts

        place = self.place
        found = [("Port", f"{place.label}, {place.about}")] if place.port else []
        if place.why_not:
            found.append(("Not now", place.why_not))
        return [*found, *(plain_facts(family_of(place.device)) if place.device else ())]

    def checks(self) -> list[Check]:
        """How far the connection is."""
        live, bed = self.bed.live, self.bed
        if bed.connecting:
            return [Check("Connection", "connecting …", None)]
        if live.failed:
            return [Check("Connection", live.failed, passed=False)]
        if bed.client is not None and live.state == "disconnected":
            why_long = starting(bed.device)
            return [Check("Connection", why_long or "asking the device who it is …", None)]
        if bed.client is None or not live.identified:
            return []
        return [
            Check("Identified", self._identity(), passed=True),
            Check("Output", *(("zero verified", True) if live.state != "unknown"
                              else ("zero is not confirmed", False))),
            Check("Link", f"{live.link}{adapter_words(live.line)}", live.link == "good"),
            self._watchdog(),
            Check("Record", live.session or "not recording", passed=bool(live.session)),
        ]  # fmt: skip

    def _identity(self) -> str:
        live = self.bed.live
        serial = f"serial {live.serial}" if live.serial else "no serial number"
        firmware = f"firmware {live.firmware}" if live.firmware else "firmware not reported"
        return f"{live.device}, {serial}, {firmware}"

    def _watchdog(self) -> Check:
        live = self.bed.live
        words, passed = {
            "passed": ("passed: the device stops by itself", True),
            "not due": ("not needed", True) if live.sim else ("follows with the plan", None),
            "begun": ("being observed …", None),
        }.get(live.dead_man, (live.dead_man, False))
        return Check("Watchdog test", words, passed)


def _model(family: str) -> str:
    from stimctl.supervisor.families import sheet_of

    return sheet_of(family).model
