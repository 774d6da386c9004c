"""Devices by serial number, who holds them, and what was checked of the link."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stimctl.tui.page import ListPage, Offers
from stimctl.tui.text import Line, line, safe

if TYPE_CHECKING:
    from stimctl.tui.desk import Desk

TWIN = "sim:p24"
_FAMILY = "p24"


class ConnectPage(ListPage):
    """Pick a device; its identity, zero and dead-man trip follow."""

    name = "connect"
    title = "CONNECT"
    footer = ("choose", "protocols")

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._ports: tuple[Any, ...] = ()

    def opened(self) -> None:
        """Look which ports there are; no port is opened by that."""

        def look() -> Any:
            from stimctl.supervisor.ports import list_ports

            return list_ports()

        self.bed.jobs.run(look, self._found, lambda error: self.desk.say(str(error)))

    def _found(self, ports: tuple[Any, ...]) -> None:
        self._ports = ports

    def count(self) -> int:
        """The ports, and the twin."""
        return len(self._ports) + 1

    def offers(self) -> Offers:
        """Connecting; not over a running session."""
        found = {**super().offers(), "statement": None}
        if self.desk.mode:
            found["choose"] = f"this is a {self.desk.mode} view: it connects to nothing"
        elif self.bed.output_may_be_on:
            found["choose"] = "output may be on: STOP first"
        elif self.bed.connecting:
            found["choose"] = "a connection is being made: wait for it"
        return found

    def act(self, action: str) -> None:
        """The statement of use, or as in every list."""
        if action == "statement":
            self.desk.open("statement")
        else:
            super().act(action)

    def chosen(self) -> None:
        """Connect."""
        if self.picked >= len(self._ports):
            self.bed.connect(TWIN)
            return
        port = self._ports[self.picked]
        if port.holder:
            self.desk.say(f"refused: {port.address} is in use by {port.holder}")
        elif not self.bed.person:
            self.desk.say("refused: hardware needs a person's code first (1 person)")
        else:
            self.bed.connect(f"{_FAMILY}:{port.stable_path or port.address}")

    def body(self, width: int, height: int) -> list[Line]:  # noqa: ARG002
        """Devices above, checks below."""
        rows = [self._port_line(port) for port in self._ports]
        rows.append(line((f"{TWIN:<14}", "strong"), "digital twin of the P24, on this computer"))
        lines = [line(("Devices", "title")), *self.rows(rows, max(3, height - 12)), ()]
        return [*lines, line(("Checks", "title")), *self._checks()]

    def _port_line(self, port: Any) -> Line:
        serial = port.serial_number or "no serial number"
        words = f"{safe(port.description)}  sn {safe(serial)}"
        if port.holder:
            words = f"✗ in use by {safe(port.holder)}"
        elif not port.may_open:
            words = f"✗ not yours to open (group {safe(port.group)})"
        return line((f"{safe(port.address):<14}", "strong"), words)

    def _checks(self) -> list[Line]:
        live, bed = self.bed.live, self.bed
        if bed.connecting:
            return [line(("… connecting", "wait"))]
        if live.failed:
            return [line(("✗ ", "wait"), (live.failed, "refused"))]
        if bed.client is None or not live.serial:
            return [line(("○ nothing is connected", "dim"))]
        zero = "✓ zero verified" if live.state != "unknown" else "? not confirmed"
        trip = {
            "passed": "✓ seen: the device stops by itself",
            "not due": "not due on a twin" if live.sim else "due when a plan is loaded",
            "begun": "… being observed",
        }.get(live.dead_man, f"✗ {live.dead_man}")
        return [
            line(f"identified     ✓ {live.device}  serial {live.serial}  firmware {live.firmware}"),
            line(f"output         {zero}"),
            line(f"link           {live.link or '–'} {live.link_why}"),
            line(f"dead-man trip  {trip}"),
            line(f"journal        {'✓ ' + live.session if live.session else '✗ none'}"),
            line(("4 protocols goes on", "dim")),
        ]
