"""`stimctl protocols`: the protocols there are, their words, and copies of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stimctl.cli.options import Json, Protocol
from stimctl.cli.output import put, put_json, put_table, say, styled
from stimctl.cli.page_output import Force
from stimctl.cli.protocol_drawing import put_drawing
from stimctl.errors import ExitCode, StimctlError
from stimctl.supervisor.device_names import EXAMPLE_WITHOUT_CURRENT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stimctl.records.protocol_files import ProtocolSource, ProtocolText
    from stimctl.treatment.information import Information
    from stimctl.treatment.schema import PercentProtocol
    from stimctl.treatment.schemas import AnyFile

group = typer.Typer(help="List, show, copy and sign treatment protocols.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    from stimctl.cli import protocol_import, protocol_library, protocol_upgrade

    protocol_library.register(group)
    protocol_upgrade.register(group)
    protocol_import.register(group)
    app.add_typer(group, name="protocols", rich_help_panel=None)


@group.command("list")
def list_all(
    as_json: Json = False,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what is often asked for and is no protocol here.")
    ] = False,
) -> None:
    """List the shipped protocols and your own. Exit code 2 when a file of yours is wrong.

    Of the kind "current" are those in milliampere, for rehearse and run; of the kind "percent"
    those that let through what another unit gives. A locked one runs on hardware with an approval
    only. With --all, of the kind "information": why there is no such protocol.
    """
    from stimctl.records.places import user_protocol_folders
    from stimctl.records.protocol_files import (
        list_information,
        list_percent_protocols,
        list_protocols,
    )

    folders = user_protocol_folders()
    sources = (*list_protocols(folders), *list_percent_protocols(folders))
    listed = [_entry(source) for source in sources]
    names = [source.name for source in sources]
    for name in sorted({one for one in names if names.count(one) > 1}):
        say(
            f"{styled('warning:', 'yellow')} {name} is there {names.count(name)} times: no verb "
            "takes it by its name. Rename your own, and its id"
        )
    if everything:
        listed += [_information_entry(source) for source in list_information()]
    if as_json:
        put_json("stimctl.protocols/1", {"protocols": listed})
    else:
        rows = [
            (
                *(each[key] for key in ("name", "kind", "evidence", "duration")),
                f"{'locked: ' if each['locked'] else ''}{each['title'] or each['error']}",
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
    """Show one protocol: its purpose, evidence, stimuli, contraindications; of a fork, its parent.

    Of a treatment that is no protocol here: why not, and what there is instead.
    """
    from stimctl.cli.planning import read_named_protocol
    from stimctl.records.protocol_files import read_information
    from stimctl.treatment.load import load_any

    page = read_information(protocol)
    if page is not None:
        _show_information(page, as_json=as_json, source=source)
        return
    text = read_named_protocol(protocol)
    if source:
        put(text.text.rstrip("\n"))
        return
    loaded = load_any(text.text, text.path.name)
    if svg:
        put_drawing(loaded, output, force=force)
        return
    if as_json:
        put_json("stimctl.protocol/1", _described(text, loaded))
        return
    _put_protocol(text, loaded)


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
        "locked": False,
        "parent": "",
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
    entry["duration"] = format_duration(loaded.usual_duration_us)
    entry["locked"] = loaded.locked is not None
    entry["parent"] = loaded.parent.id if loaded.parent else ""
    return entry


def _information_entry(source: ProtocolSource) -> dict[str, Any]:
    from stimctl.records.text_files import read_text_file
    from stimctl.treatment.information import load_information

    page = load_information(read_text_file(source.path, "page").text, source.path.name)
    return {
        "name": source.name,
        "path": str(source.path),
        "shipped": True,
        "kind": "information",
        "title": page.title,
        "evidence": page.grade,
        "duration": "",
        "error": "",
        "locked": False,
        "parent": "",
    }


def _show_information(page: ProtocolText, *, as_json: bool, source: bool) -> None:
    from stimctl.treatment.information import load_information

    loaded: Information = load_information(page.text, page.path.name)
    if source:
        put(page.text.rstrip("\n"))
        return
    if as_json:
        told = {"name": page.name, "kind": "information", "page": loaded.model_dump(mode="json")}
        put_json("stimctl.protocol/1", told)
        return
    put(styled(f"{loaded.id}: {loaded.title}", "bold"))
    put(f"NO PROTOCOL HERE: {loaded.why_not}")
    put(f"instead   {loaded.instead}")
    put(f"\nevidence {loaded.grade}")
    for line in (*loaded.lines, "sources:", *loaded.sources):
        put(f"  - {line}" if line != "sources:" else "sources")


def _kind(loaded: AnyFile) -> str:
    """What the output of it is in, and so which devices and which verbs are for it."""
    from stimctl.stimulus.level import CURRENT

    return "current" if loaded.scale is CURRENT else "percent"


def _described(text: ProtocolText, loaded: AnyFile) -> dict[str, Any]:
    return {
        "name": text.name,
        "path": str(text.path),
        "shipped": text.shipped,
        "sha256": text.sha256,
        "kind": _kind(loaded),
        "protocol": loaded.model_dump(mode="json"),
        "parent": _parent_dict(loaded),
    }


def _parent_dict(loaded: AnyFile) -> dict[str, Any] | None:
    from stimctl.records.forks import ancestry
    from stimctl.records.places import user_protocol_folders

    found = ancestry(loaded, user_protocol_folders())
    if found is None or loaded.parent is None:
        return None
    return {
        **loaded.parent.model_dump(),
        "found": found.found,
        "same": found.same,
        "differences": [
            {"field": one.field, "here": one.here, "parent": one.parent}
            for one in found.differences
        ],
    }


def _put_parent(parent: dict[str, Any]) -> None:
    """Where it comes from, whether that is still there as it was, and what was changed."""
    whose = {"shipped": "the shipped one", "own": "one of yours"}.get(parent["found"], "")
    put(f"\nmade from {parent['id']} {parent['version']}, sha256 {parent['sha256']}")
    if not whose:
        put("          no protocol has that name now, so what was changed is not known")
        return
    put(
        f"          {whose}, as it was then"
        if parent["same"]
        else f"          {whose} HAS CHANGED SINCE; below is what differs from it as it is now"
    )
    for one in parent["differences"]:
        there, here = (_with_unit(one["field"], one[side]) for side in ("parent", "here"))
        put(f"  - {one['field']}: {there} there, {here} here")
    if not parent["differences"]:
        put("  - no value differs")


def _put_protocol(text: ProtocolText, loaded: AnyFile) -> None:
    from stimctl.quantity import format_area, format_duration
    from stimctl.supervisor.stage_words import staged_lines
    from stimctl.treatment.schema import PercentProtocol
    from stimctl.treatment.staged import StagedProtocol

    session, pads = loaded.session, loaded.electrodes
    put(styled(f"{loaded.id} {loaded.version}: {loaded.title}", "bold"))
    put(loaded.purpose)
    put("A starting point for a qualified person, not a prescription.")
    if loaded.evidence.recommended_against:
        put(f"RECOMMENDED AGAINST: {loaded.evidence.recommended_against}")
    if loaded.locked is not None:
        _put_lock(loaded)
    put(f"\nevidence {loaded.evidence.grade}")
    for line in loaded.evidence.lines:
        put(f"  - {line}")
    put(
        f"session   {format_duration(loaded.usual_duration_us)} "
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
    if isinstance(loaded, StagedProtocol):
        put("")
        for line in staged_lines(loaded):
            put(line)
    put(f"\ncontraindications to ask for: {', '.join(loaded.contraindications) or 'none'}")
    for label, lines in (("cautions", loaded.cautions), ("sources", loaded.sources)):
        if lines:
            put(label)
            for line in lines:
                put(f"  - {line}")
    parent = _parent_dict(loaded)
    if parent is not None:
        _put_parent(parent)
    put(f"\nfile {text.path}\nsha256 {text.sha256}")


def _put_lock(loaded: AnyFile) -> None:
    from stimctl.session.protocol_locks import approval_of

    assert loaded.locked is not None
    put(f"LOCKED on hardware: {loaded.locked.reason}")
    for need in loaded.locked.needs:
        put(f"  - {need}")
    put(
        f"  approved by: {loaded.locked.unlocked_by} With that on file: "
        f"--specialist-approval {approval_of(loaded)}"
    )


def _with_unit(field: str, value: Any) -> str:
    """A value of a file as it would be written there; its key ends with its unit."""
    from stimctl import quantity

    formats = {
        "_us": quantity.format_duration,
        "_mhz": quantity.format_frequency,
        "_mm2": quantity.format_area,
        "_permille": quantity.format_permille,
    }
    if value is None:
        return "nothing"
    write = next((one for end, one in formats.items() if field.endswith(end)), None)
    return write(value) if write and isinstance(value, int) else str(value)


@group.command("fork")
def fork(
    protocol: Protocol,
    name: Annotated[str, typer.Argument(metavar="NEW-NAME", help="Of the copy; also its id.")],
) -> None:
    """Copy a protocol into your own folder, to be changed there. It keeps its parent's hash.

    A lock stays: it is that of the parent, and no copy is without it.
    """
    from stimctl.cli.planning import read_named_protocol
    from stimctl.records import forks, protocol_files
    from stimctl.records.places import user_protocol_folder, user_protocol_folders
    from stimctl.treatment.load import load_any

    text, folders = read_named_protocol(protocol), user_protocol_folders()
    taken = [
        one.name
        for one in (
            *protocol_files.list_protocols(folders),
            *protocol_files.list_percent_protocols(folders),
            *protocol_files.list_information(),
        )
    ]
    folder = user_protocol_folder()
    if _kind(load_any(text.text, text.path.name)) == "percent":
        folder /= protocol_files.GATED
    put(str(forks.fork(text, name, folder, taken)))
    say(f"A copy of {text.name}. Change it, then: stimctl protocols show {name}")


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


def _put_channel(loaded: AnyFile, channel: Any) -> None:
    from stimctl.cli.stimulus_text import waveform_lines
    from stimctl.supervisor.stage_words import cycle_text
    from stimctl.treatment.schema import Waveform

    cap = loaded.cap_of(channel)
    most = f", never above {cap}" if cap is not None else ""
    put(f"  {loaded.scale.name}  raise by hand to: {channel.aim.target.value}{most}")
    if channel.aim.how:
        put(f"             {channel.aim.how}")
    if not hasattr(channel, "waveform"):
        if channel.cycle is not None:
            put(f"  cycle      {cycle_text(channel.cycle)}")
        return
    if not isinstance(channel.waveform, Waveform):
        return  # what it does is told stage by stage
    for line in waveform_lines(channel.waveform, channel.cycle):
        put(f"  {line}")
