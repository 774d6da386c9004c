"""`stimctl spec`: what a device family can put out, as the FDA's output table asks for it."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from stimctl.cli import completion
from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, put_table
from stimctl.supervisor.device_names import FAMILIES


def register(app: typer.Typer) -> None:
    app.command("spec")(spec)


def spec(
    device: Annotated[
        str,
        typer.Argument(
            metavar="DEVICE",
            help=f"A family ({', '.join(FAMILIES)}), or a device of it.",
            autocompletion=completion.devices,
        ),
    ],
    as_json: Json = False,
) -> None:
    """Show a device family's outputs, protections, assumptions. Opens no port."""
    from stimctl.compliance.output_table import output_table
    from stimctl.supervisor.device_names import parse_device
    from stimctl.supervisor.families import family_named

    name = parse_device(device).family if ":" in device else device
    table = output_table(family_named(name).sheet)
    if as_json:
        put_json("stimctl.spec/1", table)
        return
    _put(table)


def _put(table: dict[str, Any]) -> None:
    put(f"{table['device']} ({table['family']}), {table['wire']}, {table['intended_use']}")
    for title in ("output", "basic_unit", "output_after_host_death"):
        put(f"\n{title.replace('_', ' ')}")
        put_table(("", ""), [(f"  {name}", text) for name, text in table[title].items()])
    if table["max_output"]:
        _put_most(table)
    put("\nprotections of the person")
    for name, one in table["protections"].items():
        put(f"  {name}: {one['presence']}. {one['note']}")
    put("\nfacts, with source and certainty")
    put_table(
        ("", "", ""),
        [
            (f"  {one['name']}", one["value"], f"{one['source']} {one['certainty']}")
            for one in table["facts"]
        ],
    )


def _put_most(table: dict[str, Any]) -> None:
    from stimctl.compliance.output_table import RATE_HZ, SMALLEST_CM2

    put(f"\nmost it could put out: widest pulse at {RATE_HZ} Hz, one channel, {SMALLEST_CM2} cm2")
    rows = [
        (
            f"  {one['load_ohm']} ohm", f"{one['current_ma']:g} mA", f"{one['voltage_v']:g} V",
            f"{one['phase_charge_uc']:g} uC", f"{one['rms_ma']:.4g} mA",
            f"{one['average_ma']:.4g} mA", f"{one['current_density_ma_cm2']:.3g} mA/cm2",
            f"{one['power_density_w_cm2']:.3g} W/cm2",
        )
        for one in table["max_output"]
    ]  # fmt: skip
    put_table(
        ("  LOAD", "CURRENT", "VOLTAGE", "PHASE CHARGE", "R.M.S.", "AVERAGE", "DENSITY", "POWER"),
        rows,
    )
    put("  stimctl's own limits are far below this: stimctl check PROTOCOL shows them.")
