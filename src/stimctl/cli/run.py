"""`stimctl run`: a treatment protocol on a device, from the plan to verified zero."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stimctl.cli.options import (
    Acknowledge,
    Amplitudes,
    Areas,
    Contacts,
    Device,
    Duration,
    Intensities,
    Json,
    PersonLimits,
    ProfileName,
    Protocol,
    SiteLimits,
    Sites,
)
from stimctl.cli.person_code import HELP, code_from
from stimctl.errors import UsageError

Person = Annotated[
    str,
    typer.Option("--person", metavar="CODE", callback=code_from, help=HELP),
]
Confirm = Annotated[
    str,
    typer.Option("--confirm", metavar="HASH", help="The four characters of the rehearsal."),
]
Answers = Annotated[
    list[str] | None,
    typer.Option(
        "--answer",
        metavar="ID=yes|no",
        help="A screening answer, e.g. C01=no; --screening keeps it off the command line.",
    ),
]
Answered = Annotated[
    str,
    typer.Option("--answered", metavar="DAY", help="When --answer was asked, e.g. 2026-11-29."),
]
Side = Annotated[
    list[str] | None,
    typer.Option("--side", metavar="CH=SIDE", help="left or right, as seen at the person: 1=left."),
]
Operator = Annotated[
    str,
    typer.Option(
        "--operator", metavar="CODE", help="The operator's code; recorded with every raise."
    ),
]
StopFaces = Annotated[
    list[str] | None,
    typer.Option(
        "--stop-face", metavar="NAME", help="A pedal or button that stops; see stop-face list."
    ),
]
SecondIdentifier = Annotated[
    str,
    typer.Option(
        "--second-identifier",
        metavar="DIGITS",
        help="The person's 4-digit PIN, if one is kept with the code.",
    ),
]
SecondDevice = Annotated[
    bool,
    typer.Option("--second-device-on-person", help="Confirm a second device on the same person."),
]
FindChannels = Annotated[
    bool,
    typer.Option("--find-channels", help="The person says where each channel is felt (--manual)."),
]
ScreeningFile = Annotated[
    Path | None,
    typer.Option("--screening", metavar="FILE", help="Answers as `stimctl screening` prints."),
]
Approvals = Annotated[
    list[str] | None,
    typer.Option(
        "--specialist-approval", metavar="ID", help="A condition for which approval is on file."
    ),
]
AcceptUse = Annotated[
    bool,
    typer.Option("--accept-research-use", help="Accept the statement of use; needed once."),
]

Electrodes = Annotated[
    list[str] | None,
    typer.Option(
        "--electrodes",
        metavar="CH=NAME",
        help="Electrodes by their kept name: 1=E-12.",
    ),
]
NewPads = Annotated[
    bool,
    typer.Option("--new-pads", help="The electrodes are new: their use is counted from here."),
]
Manual = Annotated[
    bool, typer.Option("--manual", help="Increase and decrease by hand, by typed words.")
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option("--calibration", metavar="FILE", help="What a percent once came to (--manual)."),
]
Dial = Annotated[
    str, typer.Option("--dial", metavar="POSITION", help="Where the unit's dial is now (--manual).")
]
Inputs = Annotated[
    list[str] | None,
    typer.Option(
        "--input",
        metavar="INPUT=SOURCE",
        help="Where an input comes from: crank=sim:crank@50rpm, crank=udp:5005[:TOKEN-FILE], "
        "heel=line:/dev/ttyUSB1:cts, emg=lsl:STREAM; with --manual also go=key.",
    ),
]
RemoteOk = Annotated[bool, typer.Option("--remote-ok", help="Allow arming over SSH (--manual).")]


Markers = Annotated[
    list[str] | None,
    typer.Option(
        "--markers", metavar="OUTPUT", help="Markers out: lsl, lsl:NAME, line:/dev/ttyUSB1:rts."
    ),
]


def register(app: typer.Typer) -> None:
    app.command("run")(run)


def run(
    protocol: Protocol,
    device: Device,
    amplitude: Amplitudes = None,
    intensity: Intensities = None,
    area: Areas = None,
    site: Sites = None,
    contact: Contacts = None,
    duration: Duration = None,
    person: Person = "",
    second_identifier: SecondIdentifier = "",
    confirm: Confirm = "",
    answer: Answers = None,
    answered: Answered = "",
    screening: ScreeningFile = None,
    specialist_approval: Approvals = None,
    side: Side = None,
    operator: Operator = "",
    stop_face: StopFaces = None,
    second_device_on_person: SecondDevice = False,
    accept_research_use: AcceptUse = False,
    new_pads: NewPads = False,
    electrodes: Electrodes = None,
    site_limits: SiteLimits = None,
    person_limits: PersonLimits = None,
    profile: ProfileName = "clinic",
    acknowledge: Acknowledge = None,
    manual: Manual = False,
    find_channels: FindChannels = False,
    calibration: CalibrationFile = None,
    dial: Dial = "",
    remote_ok: RemoteOk = False,
    input_: Inputs = None,
    markers: Markers = None,
    as_json: Json = False,
) -> None:
    """Run a protocol. RAISES OUTPUT. Ctrl-C stops the device and verifies zero.

    The protocol's own schedule raises each channel. With --manual a person does, by words:
    arm, go, 1, up, down, status, quit; SPACE and an empty line are STOP, help lists the words.
    A device that counts in percent is run with --manual only.

    On a device it needs --person, --site and --side for each channel, the screening
    answers, --acknowledge E6 (the pads are one pad width apart) and N3 (the person knows
    how to stop), --confirm with the four characters of a rehearsal with the same options,
    and somebody at this terminal who types what is asked there. On sim:p24 it needs none
    of these. It never resumes.
    """
    from stimctl.cli.checklist import Preconditions
    from stimctl.cli.planning import Request
    from stimctl.cli.running import run_session
    from stimctl.supervisor.platform_support import need_session

    need_session("stimctl run")
    if not manual:
        _refuse_manual_options(find_channels, calibration, dial, remote_ok)
    request = Request(
        protocol=protocol, device=device, duration=duration, profile=profile,
        amplitudes=amplitude or (), intensities=intensity or (), areas=area or (),
        sites=site or (), contacts=contact or (),
        site_limits=site_limits, person_limits=person_limits, acknowledged=acknowledge or (),
    )  # fmt: skip
    preconditions = Preconditions(
        person=person, second=second_identifier, confirm=confirm,
        answers=answer or (), answered=answered,
        screening_file=screening, approvals=specialist_approval or (), sides=side or (),
        accept_use=accept_research_use, acknowledged=request.acknowledged, new_pads=new_pads,
        electrodes=electrodes or (),
        second_device=second_device_on_person, operator=operator, stop_faces=stop_face or (),
    )  # fmt: skip
    if not manual:
        raise typer.Exit(
            run_session(request, preconditions, markers or (), as_json=as_json, inputs=input_ or ())
        )
    if markers:
        raise UsageError(
            "--markers is not for --manual",
            why="the session by words hands out no events",
            what_to_do="Leave one of the two out, or use the Python API",
        )
    if as_json:
        raise UsageError(
            "--json is not for --manual",
            why="it is a session by words, for a person",
            what_to_do="Leave one of the two out",
        )
    from stimctl.cli.manual import run_manual

    raise typer.Exit(
        run_manual(request, preconditions, calibration, dial,
                   find_channels=find_channels, remote_ok=remote_ok, inputs=input_ or ())
    )  # fmt: skip


def _refuse_manual_options(
    find_channels: bool, calibration: Path | None, dial: str, remote_ok: bool
) -> None:
    given = {"--find-channels": find_channels, "--calibration": calibration, "--dial": dial,
             "--remote-ok": remote_ok}  # fmt: skip
    for option, value in given.items():
        if value:
            raise UsageError(
                f"{option} is for sessions that a hand raises",
                why="without --manual every channel is raised by the protocol's schedule, and "
                "nobody is asked",
                what_to_do="Add --manual, or use the terminal UI or the API",
            )
