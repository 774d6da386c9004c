"""`stimctl commission`: first contact with a device, on a resistor, never on a person."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stimctl.cli import completion
from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json, say, styled
from stimctl.cli.page_output import Force, Output
from stimctl.errors import ExitCode, UsageError
from stimctl.supervisor.device_names import EXAMPLE

if TYPE_CHECKING:
    from stimctl.commission.results import Result

Device = Annotated[
    str,
    typer.Argument(
        metavar="DEVICE",
        help=f"As for run: {EXAMPLE}:/dev/ttyACM0.",
        autocompletion=completion.devices,
    ),
]
Load = Annotated[
    int | None, typer.Option("--load", metavar="OHM", help="The resistor, measured with a meter.")
]
Nobody = Annotated[
    str,
    typer.Option(
        "--nobody", metavar="WORDS", help='Exactly "nobody is connected"; asked otherwise.'
    ),
]
Label = Annotated[
    str,
    typer.Option("--label", metavar="SERIAL", help="The serial number on the device, as printed."),
]
Readings = Annotated[
    Path | None,
    typer.Option(
        "--readings", metavar="FOLDER",
        help="Recordings come from files in this folder; nothing is asked.",
    ),
]  # fmt: skip
Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="STEP", help="This step only; such a run is never passed."),
]
Operator = Annotated[str, typer.Option("--operator", metavar="CODE", help="Who does it, by code.")]
AcceptUse = Annotated[
    bool, typer.Option("--accept-research-use", help="Accept the statement of use; needed once.")
]
AcceptWithout = Annotated[
    list[str] | None,
    typer.Option(
        "--accept-without", metavar="NAME",
        help='Accept the statement of use for a device without this: "serial 2103-17".',
    ),
]  # fmt: skip
Verify = Annotated[
    Path | None,
    typer.Option("--verify", metavar="FILE", help="Check a record and what belongs to it."),
]
Pdf = Annotated[bool, typer.Option("--pdf", help="The report as PDF; needs `stimctl[pdf]`.")]


def register(app: typer.Typer) -> None:
    app.command("commission")(commission)


def commission(
    device: Device = "",
    load: Load = None,
    nobody: Nobody = "",
    label: Label = "",
    readings: Readings = None,
    only: Only = None,
    operator: Operator = "",
    accept_research_use: AcceptUse = False,
    accept_without: AcceptWithout = None,
    verify: Verify = None,
    pdf: Pdf = False,
    output: Output = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Measure a device on the bench before it is used. ON A RESISTOR, NEVER ON A PERSON.

    Identity, line, watchdog, amplitude, width, frequency, balance, channels, stop, open electrode
    and the death of the host, each against the device's sheet, with an oscilloscope at a known
    resistor. The record is signed; with a report page it stays in the state folder. A device that
    has not passed is refused for people. docs/how-to/commission-a-device.md leads through it.
    """
    if accept_research_use or accept_without:
        _accept(accept_without or ())
    if verify is not None:
        _verify(verify, as_json=as_json)
        return
    if not device:
        if accept_without or accept_research_use:
            return
        raise UsageError("which device?", what_to_do=f"stimctl commission {EXAMPLE}:/dev/ttyACM0")
    _run(device, load, nobody, label, readings, tuple(only or ()), operator, pdf, output,
         force=force, as_json=as_json)  # fmt: skip


def _run(
    device: str, load: int | None, nobody: str, label: str, readings: Path | None,
    only: tuple[str, ...], operator: str, pdf: bool, output: Path | None, *, force: bool,
    as_json: bool,
) -> None:  # fmt: skip
    from stimctl.supervisor.platform_support import need_session

    need_session("stimctl commission")
    from stimctl.commission.results import MEANINGS, failed
    from stimctl.commission.run import Answers, commission
    from stimctl.keyboard import need_keyboard
    from stimctl.records.person import check_person_code
    from stimctl.session.commissioning import NOBODY

    by_hand = readings is None
    if by_hand:
        need_keyboard("stimctl commission")
        say(styled("ON A RESISTOR, NEVER ON A PERSON.", "bold", sys.stderr))
        load = _ohm(_ask("The resistor on the leads, in ohm")) if load is None else load
        nobody = nobody or _ask(f'Take every electrode off every person. Type "{NOBODY}"')
        label = label or _ask("The serial number on the device's label (Enter: it has none)")
    code = check_person_code(operator) if operator else ""
    answers = Answers(device, load, nobody.strip(), label.strip(), code, readings, only)
    done = commission(answers, question=_ask, say=say, tell=lambda one: _tell(one, as_json=as_json))
    page = _write_page(done.path, pdf=pdf, output=output, force=force)
    findings = failed(done.results)
    if as_json:
        put_json(
            "stimctl.commission/1",
            {"passed": done.passed, "findings": [one.value for one in findings],
             "record": str(done.path), "report": str(page)},
        )  # fmt: skip
    else:
        for one in findings:
            put(f"found  {one.value}: {MEANINGS[one]}")
        put(styled("PASSED" if done.passed else "NOT PASSED", "green" if done.passed else "red"))
        put(f"record {done.path}")
        put(f"report {page}")
    if not done.passed:
        raise typer.Exit(int(ExitCode.REFUSED))


def _ask(text: str) -> str:
    sys.stderr.write(f"{text}: ")
    sys.stderr.flush()
    typed = sys.stdin.readline()
    if not typed:
        raise UsageError(
            "the input has ended", why="an answer was expected",
            what_to_do="Run it in a terminal, or with --readings, --load and --nobody",
        )  # fmt: skip
    return typed.rstrip("\n")


def _ohm(text: str) -> int | None:
    number = text.lower().removesuffix("ohm").strip()
    return int(number) if number.isascii() and number.isdigit() else None


def _tell(one: Result, *, as_json: bool) -> None:
    if as_json:
        put_json("stimctl.commission-result/1", one.as_dict())
        return
    style = {"passed": "green", "failed": "red", "not-done": "yellow"}.get(one.verdict, "cyan")
    tolerance = f" (within {one.tolerance})" if one.tolerance else ""
    put(f"{styled(one.verdict.upper(), style)}  {one.step}: {one.about}, expected {one.expected}"
        f"{tolerance}, measured {one.measured}")  # fmt: skip


def _write_page(record: Path, *, pdf: bool, output: Path | None, force: bool) -> Path:
    from stimctl.records.commissioning import read_commissioning
    from stimctl.records.places import state_folder
    from stimctl.report.commissioning_page import render_commissioning
    from stimctl.report.file import write_page

    page: str | bytes = render_commissioning(read_commissioning(record, state_folder()))
    if pdf:
        from stimctl.report.pdf import render_pdf

        page = render_pdf(str(page))
    path = output or record.with_suffix(".pdf" if pdf else ".html")
    write_page(path, page, replace=force)
    return path


def _verify(path: Path, *, as_json: bool) -> None:
    from stimctl.errors import IntegrityError
    from stimctl.records.commissioning import check_evidence, check_sessions, read_commissioning
    from stimctl.records.places import journal_folder, state_folder

    state = state_folder()
    signed = read_commissioning(path, state)
    why = signed.why
    try:
        check_evidence(path, signed)
        check_sessions(journal_folder(state), signed)
    except IntegrityError as error:
        why = why or str(error)
    passed = signed.passed and not why
    if as_json:
        told = {"sound": not why, "passed": passed, "device": signed.name, "why": why}
        put_json("stimctl.commission-verification/1", told)
    else:
        put(f"{'sound' if not why else 'NOT SOUND'}  {signed.name or signed.told.get('family')}  "
            f"{'passed' if passed else 'not passed'}  {why}".rstrip())  # fmt: skip
    if why:
        raise typer.Exit(int(ExitCode.INTEGRITY))


def _accept(names: list[str] | tuple[()]) -> None:
    from stimctl.records.approvals import STATEMENT, accept_use
    from stimctl.records.places import state_folder
    from stimctl.records.rows import utc_text
    from stimctl.version import __version__

    say(STATEMENT)
    accept_use(state_folder(), utc_text(time.time_ns()), __version__, names)
    for name in names:
        say(f"named in it, and used without a commissioning: {name}")
