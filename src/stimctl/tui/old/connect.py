"""Devices by serial number, who holds them, what each family can do, and what was checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stimctl.errors import UsageError
from stimctl.tui.model.device_facts import (
    families,
    labelled,
    likely_families,
    sheet_lines,
    starting,
)
from stimctl.tui.model.planning import family_of
from stimctl.tui.model.text import Line, line, safe, wrap
from stimctl.tui.old.page import ListPage, Offers

if TYPE_CHECKING:
    from stimctl.supervisor.ports import SerialPortInfo
    from stimctl.tui.model.desk import Desk

_LONGEST_NAME = 120
#: Above this the adapter itself makes answers late (D; FTDI's own default is 16 ms, R).
_LATENCY_MS = 4


class ConnectPage(ListPage):
    """Ports, then twins, then a line to type in; identity, zero and dead-man trip follow."""

    name = "connect"
    title = "CONNECT"
    footer = ("choose", "less", "more", "protocols", "statement")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._ports: tuple[SerialPortInfo, ...] = ()
        #: For each port the family that was chosen by hand, or is the only one of its USB ids.
        self._family: dict[str, str] = {}
        self._typed = ""

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

    # -- which line is picked ------------------------------------------------------------------

    def count(self) -> int:
        """The ports, a twin of every family, and the line to type in."""
        return len(self._ports) + len(families()) + 1

    def _port(self) -> SerialPortInfo | None:
        return self._ports[self.picked] if self.picked < len(self._ports) else None

    def _device(self) -> str:
        """The name of what is picked; "" where its family or its name is still open."""
        port = self._port()
        if port is not None:
            family = self._family.get(port.address, "")
            return f"{family}:{port.stable_path or port.address}" if family else ""
        number = self.picked - len(self._ports)
        return f"sim:{families()[number]}" if number < len(families()) else self._typed

    @property
    def takes_text(self) -> bool:
        """On the last line, at zero only."""
        return self.picked == self.count() - 1 and not self.bed.output_may_be_on

    def typed(self, key: str, character: str | None) -> None:
        """One character of a device's name."""
        if key in ("backspace", "delete"):
            self._typed = self._typed[:-1]
        elif character:
            self._typed = f"{self._typed}{character}"[:_LONGEST_NAME]

    # -- keys ----------------------------------------------------------------------------------

    def offers(self) -> Offers:
        """Connecting; not over a running session."""
        busy = None
        if self.desk.mode:
            busy = f"this is a {self.desk.mode} view: it connects to nothing"
        elif self.bed.output_may_be_on:
            busy = "output may be on: STOP first"
        elif self.bed.connecting:
            busy = "a connection is being made: wait for it"
        family = None if self._port() else "only a port can hold any family: pick one"
        return {
            **super().offers(), "choose": busy, "less": family, "more": family,
            "statement": None, "back": None,
        }  # fmt: skip

    def act(self, action: str) -> None:
        """Another family for the picked port, the statement of use, or as in every list."""
        if action in ("less", "more"):
            self._turn(1 if action == "more" else -1)
        elif action == "statement":
            self.desk.open("statement")
        elif action == "back":
            self.desk.back()
        else:
            super().act(action)

    def _turn(self, by: int) -> None:
        port = self._port()
        assert port is not None
        known = self._family.get(port.address)
        at = families().index(known) if known else -1 if by > 0 else 0
        self._family[port.address] = families()[(at + by) % len(families())]

    def chosen(self) -> None:
        """Connect. Raises UsageError for a name that names no device."""
        from stimctl.supervisor.device_names import EXAMPLE, parse_device

        port, device = self._port(), self._device()
        if port is not None and port.holder:
            self.desk.say(f"refused: {port.address} is in use by {port.holder}")
        elif port is not None and port.trouble:
            self.desk.say(f"refused: {port.address}: {port.trouble}; see: stimctl doctor")
        elif port is not None and not device:
            self.desk.say("refused: which device is it? ← → choose the family first")
        elif not device:
            raise UsageError("type a device", what_to_do=f"for example {EXAMPLE}:/dev/ttyACM0")
        elif not parse_device(device).is_twin and not self.bed.person:
            self.desk.say("refused: hardware needs a person's code first (1 person)")
        else:
            self.bed.connect(device)

    # -- drawing -------------------------------------------------------------------------------

    def body(self, width: int, height: int) -> list[Line]:
        """Devices above, the picked one's sheet and the checks below."""
        below = [*self._sheet(width), (), *self._checks(width)]
        rows = [self._port_line(port) for port in self._ports]
        rows += [self._twin_line(f"sim:{name}") for name in families()]
        typing = f"{self._typed}{'_' if self.takes_text else ''}"
        rows.append(line(("another port     ", "strong"), typing or "FAMILY:/dev/... typed here"))
        return [*self.rows(rows, max(3, height - len(below) - 1)), (), *below]

    @staticmethod
    def _twin_line(device: str) -> Line:
        return line((f"{device:<17}", "strong"), f"twin of the {family_of(device).sheet.model}")

    def _port_line(self, port: SerialPortInfo) -> Line:
        family = self._family.get(port.address, "which?")
        serial = f"sn {safe(port.serial_number)}" if port.serial_number else "no serial number"
        words = f"{safe(port.description)}  {serial}"
        if port.holder:
            words = f"✗ in use by {safe(port.holder)}"
        elif port.trouble:
            words = f"✗ {safe(port.trouble)}"
        return line((f"{safe(port.address):<16} ", "strong"), f"◂ {family} ▸  {words}")

    def _sheet(self, width: int) -> list[Line]:
        from stimctl.supervisor.device_names import parse_device

        try:
            device = self._device()
            parse_device(device)
        except UsageError:
            likely = "its USB ids fit more than one device, or none" if self._port() else ""
            return [line((likely or "no device is named yet", "dim"))]
        return sheet_lines(family_of(device), width)

    def _checks(self, width: int) -> list[Line]:
        live, bed = self.bed.live, self.bed
        if bed.connecting:
            return [line(("… connecting", "wait"))]
        if live.failed:
            return [line((part, "refused")) for part in wrap(f"✗ {live.failed}", width)[:5]]
        if bed.client is not None and live.state == "disconnected":
            why_long = starting(bed.device)
            return [line((f"… {why_long or 'the device is asked who it is'}", "wait"))]
        if bed.client is None or not live.identified:
            return [line(("○ nothing is connected: Enter connects what is picked", "dim"))]
        zero = "✓ zero verified" if live.state != "unknown" else "? not confirmed"
        trip = {
            "passed": "✓ seen: the device stops by itself",
            "not due": "not due on a twin" if live.sim else "due when a plan is loaded",
            "begun": "… being observed",
        }.get(live.dead_man, f"✗ {live.dead_man}")
        serial = f"serial {live.serial}" if live.serial else "it reports no serial number"
        firmware = (
            f"firmware {live.firmware}" if live.firmware else "it reports no firmware version"
        )
        rows = (
            ("identified", f"✓ {live.device}, {serial}, {firmware}"),
            ("output", zero),
            ("link", f"{'✓ ' if live.link == 'good' else ''}{live.link}{_adapter(live.line)}"),
            ("watchdog test", trip),
            ("journal", f"✓ {live.session}" if live.session else "✗ none"),
        )  # fmt: skip
        return [*labelled(rows, width), line(("4 protocols goes on", "dim"))]


def _adapter(told: Any) -> str:
    """The USB adapter's own delay, where the system tells it."""
    timer_ms = told.get("latency_timer_ms")
    if not isinstance(timer_ms, int):
        return ""
    fine = "✓" if timer_ms <= _LATENCY_MS else "✗ slow, stimctl doctor says what to do:"
    return f"   {fine} adapter holds answers for {timer_ms} ms"
