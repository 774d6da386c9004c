"""`stimctl protocols list|show`: the protocols there are, in mA and in percent, and their words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stimctl.cli.options import Json, Protocol
from stimctl.cli.output import put, put_json, put_table, say, styled
from stimctl.cli.page_output import Force, put_page
from stimctl.errors import ExitCode, StimctlError, UsageError
from stimctl.supervisor.device_names import EXAMPLE_WITHOUT_CURRENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stimctl.records.protocol_files import ProtocolSource, ProtocolText
    from stimctl.treatment.schema import PercentProtocol, TreatmentProtocol

group = typer.Typer(help="List and show treatment protocols.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    app.add_typer(group, name="protocols", rich_help_panel=None)


@group.command("list")
def list_all(as_json: Json = False) -> None:
    """List the shipped protocols and your own. Exit code 2 when a file of yours is wrong.

    Of the kind "current" are those in milliampere, for rehearse and run; of the kind "percent"
    those that let through what another unit gives.
    """
    from stimctl.records.places import user_protocol_folders
    from stimctl.records.protocol_files import list_percent_protocols, list_protocols

    folders = user_protocol_folders()
    sources = (*list_protocols(folders), *list_percent_protocols(folders))
    listed = [_entry(source) for source in sources]
    if as_json:
        put_json("stimctl.protocols/1", {"protocols": listed})
    else:
        rows = [
            (
                *(each[key] for key in ("name", "kind", "evidence", "duration")),
                each["title"] or each["error"],
            )
            for each in listed
        ]
        put_table(("NAME", "KIND", "EVIDENCE", "DURATION", "TITLE"), rows)
    if any(each["error"] for each in listed):
        raise typer.Exit(int(ExitCode.USAGE))


@group.command("show")
def show(
    protocol: Protocol,
    as_json: Json = False,
    source: Annotated[bool, typer.Option("--source", help="The file itself, as it is.")] = False,
    svg: Annotated[
        bool, typer.Option("--svg", help="Pulse, train and cycle, drawn to scale as SVG.")
    ] = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where the drawing of --svg goes."),
    ] = None,
    force: Force = False,
) -> None:
    """Show one protocol: its purpose, evidence, stimuli, contraindications."""
    from stimctl.cli.planning import read_named_protocol
    from stimctl.treatment.load import load_any

    text = read_named_protocol(protocol)
    if source:
        put(text.text.rstrip("\n"))
        return
    loaded = load_any(text.text, text.path.name)
    if svg:
        _put_drawing(loaded, output, force=force)
        return
    if as_json:
        put_json("stimctl.protocol/1", _described(text, loaded))
        return
    _put_protocol(text, loaded)


def _put_drawing(
    loaded: TreatmentProtocol | PercentProtocol, output: Path | None, *, force: bool
) -> None:
    from stimctl.report.drawing import draw_protocol
    from stimctl.treatment.schema import TreatmentProtocol

    if not isinstance(loaded, TreatmentProtocol):
        raise UsageError(
            f"{loaded.id} cannot be drawn",
            why="its pulses are another unit's, and not known here",
            what_to_do=f"Read it: stimctl protocols show {loaded.id}",
        )
    drawing = draw_protocol(loaded)
    if output is None:
        put(drawing.rstrip("\n"))
    else:
        put_page(drawing, output, force=force, open_it=False)


def _entry(source: ProtocolSource) -> dict[str, Any]:
    from stimctl.quantity import format_duration
    from stimctl.records.text_files import read_text_file
    from stimctl.treatment.load import load_any

    entry: dict[str, Any] = {
        "name": source.name,
        "path": str(source.path),
        "shipped": source.shipped,
        "kind": "",
        "title": "",
        "evidence": "",
        "duration": "",
        "error": "",
    }
    try:
        file = read_text_file(source.path, "protocol")
        loaded = load_any(file.text, source.path.name)
    except StimctlError as error:
        entry["error"] = str(error)
        say(f"{styled('warning:', 'yellow')} {error}")
        return entry
    entry["kind"] = _kind(loaded)
    entry["title"] = loaded.title
    entry["evidence"] = loaded.evidence.grade
    entry["duration"] = format_duration(loaded.session.duration_us)
    return entry


def _kind(loaded: TreatmentProtocol | PercentProtocol) -> str:
    """What the output of it is in, and so which devices and which verbs are for it."""
    from stimctl.stimulus.level import CURRENT

    return "current" if loaded.scale is CURRENT else "percent"


def _described(text: ProtocolText, loaded: TreatmentProtocol | PercentProtocol) -> dict[str, Any]:
    return {
        "name": text.name,
        "path": str(text.path),
        "shipped": text.shipped,
        "sha256": text.sha256,
        "kind": _kind(loaded),
        "protocol": loaded.model_dump(mode="json"),
    }


def _put_protocol(text: ProtocolText, loaded: TreatmentProtocol | PercentProtocol) -> None:
    from stimctl.quantity import format_area, format_duration
    from stimctl.treatment.schema import PercentProtocol

    session, pads = loaded.session, loaded.electrodes
    put(styled(f"{loaded.id} {loaded.version}: {loaded.title}", "bold"))
    put(loaded.purpose)
    put("A starting point for a qualified person, not a prescription.")
    if loaded.evidence.recommended_against:
        put(f"RECOMMENDED AGAINST: {loaded.evidence.recommended_against}")
    put(f"\nevidence {loaded.evidence.grade}")
    for line in loaded.evidence.lines:
        put(f"  - {line}")
    put(
        f"session   {format_duration(session.duration_us)} "
        f"({format_duration(session.shortest_us)} to {format_duration(session.longest_us)})"
    )
    put(f"electrodes {pads.count} per channel, at least {format_area(pads.minimum_area_mm2)}")
    put(f"          {pads.placement}")
    if isinstance(loaded, PercentProtocol):
        _put_external(loaded)
    channels: Sequence[Any] = loaded.channels
    for number, channel in enumerate(channels, 1):
        moves = " (moves a muscle)" if channel.moves_muscle else ""
        put(f"\nchannel {number}: {channel.role}{moves}")
        _put_channel(loaded, channel)
        if channel.sites:
            put(f"  sites      {', '.join(channel.sites)}")
    put(f"\ncontraindications to ask for: {', '.join(loaded.contraindications) or 'none'}")
    for label, lines in (("cautions", loaded.cautions), ("sources", loaded.sources)):
        if lines:
            put(label)
            for line in lines:
                put(f"  - {line}")
    put(f"\nfile {text.path}\nsha256 {text.sha256}")


def _put_external(loaded: PercentProtocol) -> None:
    """It has no pulses of its own, so what has to be said is about the unit that gives them."""
    external = loaded.external
    put("\nIn percent of what another unit gives; no current is known, and a percent is no dose.")
    put(f"unit      {external.unit}")
    put(f"settings  {external.settings}")
    put(f"dial      {external.dial}")
    put(
        f"raised by hand, with: stimctl run --manual {loaded.id} "
        f"--device sim:{EXAMPLE_WITHOUT_CURRENT} (see run --help)"
    )


def _put_channel(loaded: TreatmentProtocol | PercentProtocol, channel: Any) -> None:
    from stimctl.cli.stimulus_text import cycle_text, waveform_lines

    cap = loaded.cap_of(channel)
    most = f", never above {cap}" if cap is not None else ""
    put(f"  {loaded.scale.name}  raise by hand to: {channel.aim.target.value}{most}")
    if channel.aim.how:
        put(f"             {channel.aim.how}")
    if not hasattr(channel, "waveform"):
        if channel.cycle is not None:
            put(f"  cycle      {cycle_text(channel.cycle)}")
        return
    for line in waveform_lines(channel.waveform, channel.cycle):
        put(f"  {line}")
