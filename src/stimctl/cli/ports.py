"""`stimctl ports` and `stimctl identify`: what is plugged in, and what answers as which device."""

from __future__ import annotations

from typing import Annotated

import typer

from stimctl.cli import completion
from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, put_table, say
from stimctl.supervisor.device_names import EXAMPLE, FAMILIES


def register(app: typer.Typer) -> None:
    app.command("ports")(ports)
    app.command("identify")(identify)


def ports(as_json: Json = False) -> None:
    """List serial ports, what is plugged in, and who uses it. Opens none."""
    from stimctl.supervisor.platform_support import need_session
    from stimctl.supervisor.ports import list_ports, usb_without_port

    need_session("stimctl ports")
    found, without = list_ports(), usb_without_port()
    for usb in without:
        say(f"{usb.vendor}:{usb.product} {usb.description} is plugged in and has no serial port.")
    if without:
        say("`stimctl doctor` shows what may be the cause.")
    if as_json:
        put_json("stimctl.ports/1", {"ports": [port.as_dict() for port in found]})
        return
    if not found:
        say("No serial port has anything behind it. Plug the device in, then try again;")
        say(f"without a device, sim:{EXAMPLE} is the digital twin of one.")
        return
    rows = [
        (
            port.address,
            f"{port.vendor}:{port.product}" if port.vendor else "",
            port.description,
            port.serial_number,
            port.trouble or port.holder or "free",
        )
        for port in found
    ]
    put_table(("PORT", "USB ID", "DESCRIPTION", "SERIAL", "USE"), rows)
    say("A USB id is no proof of a device. Ask it: stimctl identify FAMILY:PORT")


def identify(
    device: Annotated[
        str,
        typer.Argument(
            metavar="DEVICE",
            help=f"sim:FAMILY or FAMILY:PORT, such as {EXAMPLE}:/dev/ttyACM0. "
            f"Families: {', '.join(FAMILIES)}.",
            autocompletion=completion.devices,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Identify a device, with its output at zero."""
    from stimctl.cli.identity import identify_device
    from stimctl.supervisor.platform_support import need_session

    need_session("stimctl identify")
    identity = identify_device(device)
    if as_json:
        put_json("stimctl.identity/1", identity)
        return
    width = max(len(name) for name in identity)
    for name, value in identity.items():
        put(f"{name.replace('_', ' '):<{width}}  {value}")
