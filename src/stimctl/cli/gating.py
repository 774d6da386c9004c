"""`stimctl gate`: a session in percent, raised by hand, on a device that attenuates another."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stimctl.cli.disturbance_options import LockStep
from stimctl.cli.options import (
    Acknowledge,
    Areas,
    Device,
    Duration,
    GatedProtocol,
    Json,
    PersonLimits,
    SiteLimits,
    Sites,
    by_channel,
    parsed,
)
from stimctl.cli.output import put, say, styled
from stimctl.cli.run import (
    AcceptUse,
    Answered,
    Answers,
    Approvals,
    Confirm,
    FindChannels,
    NewPads,
    Operator,
    Person,
    ScreeningFile,
    SecondDevice,
    SecondIdentifier,
    Side,
    StopFaces,
)
from stimctl.errors import ExitCode, IntegrityError, LimitRefusedError, LinkError, UsageError
from stimctl.keyboard import need_keyboard

if TYPE_CHECKING:
    from stimctl.cli.gate import Papers
    from stimctl.multiplexer import Multiplexers
    from stimctl.safety import LayeredBounds
    from stimctl.supervisor.client import SupervisorClient
    from stimctl.treatment.calibration import Calibration
    from stimctl.treatment.program import PercentPlan

Intensities = Annotated[
    list[str] | None,
    typer.Option("--intensity", "-i", metavar="CH=PERCENT", help="Ceiling, e.g. 1=40%."),
]
CalibrationFile = Annotated[
    Path | None,
    typer.Option("--calibration", metavar="FILE", help="What a percent once came to."),
]
Dial = Annotated[
    str, typer.Option("--dial", metavar="POSITION", help="Where the unit's dial is now.")
]
_CONNECT_WITHIN_S = 30.0


def register(app: typer.Typer) -> None:
    app.command("gate")(gate)


def gate(
    protocol: GatedProtocol,
    device: Device,
    intensity: Intensities = None,
    area: Areas = None,
    site: Sites = None,
    duration: Duration = None,
    calibration: CalibrationFile = None,
    dial: Dial = "",
    rehearse: Annotated[
        bool, typer.Option("--rehearse", help="On the twin, in virtual time; prints --confirm.")
    ] = False,
    lock_step: LockStep = None,
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
    site_limits: SiteLimits = None,
    person_limits: PersonLimits = None,
    acknowledge: Acknowledge = None,
    find_channels: FindChannels = False,
    as_json: Json = False,
) -> None:
    """Gate another unit's pulses by hand. RAISES OUTPUT. SPACE, an empty line and Ctrl-C are STOP.

    For devices that know no current (openemsstim): percent of the board's own scale, never mA.
    It needs --acknowledge L-ATT: somebody attends, with a hand on the unit's own switch.

    A first session, on the twin: stimctl gate gate-tens -d sim:openemsstim -i 1=40%
    --area 1=25cm2 --acknowledge L-ATT. Then type arm, go, 1, up, down, status, stop, quit;
    help lists the words. It starts at 0 %; -i says only how far up may go.
    """
    from stimctl.cli.gate import Papers, pass_gate
    from stimctl.cli.gate_rehearse import rehearse_plan
    from stimctl.cli.watched import need_somebody
    from stimctl.records.places import state_folder

    if as_json and not rehearse:
        raise UsageError(
            "--json tells of a rehearsal", what_to_do="Add --rehearse, or leave --json away"
        )
    if lock_step is not None and not rehearse:
        raise UsageError(
            "--lock-step is for a rehearsal", what_to_do="Add --rehearse, or leave it away"
        )

    papers = Papers(
        person=person, second=second_identifier, confirm=confirm,
        answers=answer or (), answered=answered,
        screening_file=screening, approvals=specialist_approval or (), sides=side or (),
        accept_use=accept_research_use, acknowledged=acknowledge or (), new_pads=new_pads,
        second_device=second_device_on_person, operator=operator, stop_faces=stop_face or (),
    )  # fmt: skip
    session = _Session(protocol, device, intensity, area, site, duration, acknowledge or [])
    plan = session.compile((("site", site_limits), ("person", person_limits)))
    if rehearse:
        address = session.device.address
        raise typer.Exit(rehearse_plan(plan, address, as_json=as_json, lock_step=lock_step))
    unsure = session.device.is_twin or session.is_open
    passed = None if unsure else pass_gate(plan, papers, state_folder())
    words = _calibrated(calibration, plan, person, dial)
    need_keyboard("stimctl gate")
    between = None if session.device.is_twin else need_somebody()
    session.announce(plan, passed.cautions if passed else ())
    notes = passed.notes() if passed else {}
    raise typer.Exit(session.run(plan, words, papers, notes, between,
                                 find_channels=find_channels))  # fmt: skip


class _Session:
    """What was asked for, and the session made of it."""

    def __init__(
        self,
        protocol: str,
        device: str,
        intensities: list[str] | None,
        areas: list[str] | None,
        sites: list[str] | None,
        duration: str | None,
        acknowledged: list[str],
    ) -> None:
        from stimctl.cli.planning import read_named_protocol
        from stimctl.quantity import parse_area_mm2, parse_intensity_percent, parse_session_us
        from stimctl.safety import Electrode
        from stimctl.stimulus.level import PERCENT, Level
        from stimctl.supervisor.device_names import parse_device
        from stimctl.supervisor.ports import may_be_software
        from stimctl.treatment.program import ChannelSetup

        self.device = parse_device(device)
        self.is_open = may_be_software(self.device.address)
        self._text = read_named_protocol(protocol)
        percents = by_channel("--intensity", intensities, parse_intensity_percent, "1=40%")
        pads = by_channel("--area", areas, parse_area_mm2, "1=25cm2")
        places = by_channel("--site", sites, str, "1=left-quadriceps")
        if not percents or percents.keys() != pads.keys():
            raise UsageError(
                "each channel needs --intensity and --area",
                what_to_do="Write --intensity 1=40% --area 1=25cm2, and so on for each channel",
            )
        self._setups = [
            ChannelSetup(
                channel,
                Level(PERCENT, percents[channel]),
                Electrode(pads[channel], 1000, places.get(channel)),
            )
            for channel in sorted(percents)
        ]
        self._duration_us = (
            None if duration is None else parsed("--duration", duration, parse_session_us)
        )
        self._acknowledged = frozenset(acknowledged)
        self._limit_files: list[tuple[str, Any]] = []

    def compile(self, files: tuple[tuple[str, Path | None], ...]) -> PercentPlan:
        """The cleared plan. LimitRefusedError or ProtocolFileError."""
        from stimctl.records.protocol_files import read_limit_file
        from stimctl.safety import Refusal
        from stimctl.supervisor.families import family_named
        from stimctl.treatment.load import load_gated
        from stimctl.treatment.plan import compile_plan

        self._limit_files = [(layer, read_limit_file(path)) for layer, path in files if path]
        answer = compile_plan(
            load_gated(self._text.text, self._text.path.name),
            family_named(self.device.family).sheet,
            self._setups,
            duration_us=self._duration_us,
            bounds=self._bounds(),
            acknowledged=self._acknowledged,
        )
        if not isinstance(answer, Refusal):
            return answer
        raise LimitRefusedError(
            "a limit refuses this plan",
            why=answer.message,
            what_to_do=f"Read it; if it is so, add --acknowledge {answer.limit_id}"
            if answer.needs_acknowledgement
            else "Change the value it names; nothing is ever lowered on its own",
            refusal=answer,
        )

    def _bounds(self) -> LayeredBounds:
        import os

        from stimctl.safety import (
            Layer,
            LayeredBounds,
            bounds_from_environment,
            layer_bounds_from_mapping,
        )

        found = {
            layer: layer_bounds_from_mapping(Layer(layer), file.mapping, file.path.name)
            for layer, file in self._limit_files
        }
        environment = bounds_from_environment(os.environ)
        return LayeredBounds(
            site=(*found.get("site", ()), *environment), person=found.get("person", ())
        )

    def announce(self, plan: PercentPlan, cautions: tuple[str, ...]) -> None:
        """What is about to be done, and what is not known about it."""
        from stimctl.quantity import format_duration

        kind = "REAL OUTPUT, unless a twin answers, on" if self.is_open else "REAL OUTPUT on"
        kind = "SIMULATION on" if self.device.is_twin else kind
        say(styled(f"{kind} {self.device}: {plan.protocol.id} {plan.protocol.version}", "bold"))
        say(f"duration {format_duration(plan.duration_us)}")
        for one in plan.channels:
            place = one.setup.electrode.site or "a place not given"
            say(f"channel {one.channel} {one.role} at {place}: 0 % to {one.most} %")
        for note in (*plan.notes, *cautions):
            say(f"note: {note}")
        say(f"at the unit: {plan.sheet.stop_instruction}")

    def run(
        self, plan: PercentPlan, words: Any, papers: Papers, notes: dict[str, str],
        between: Multiplexers | None,
        *, find_channels: bool = False,
    ) -> int:  # fmt: skip
        """To verified zero; the exit code."""
        from stimctl.cli.gate import commands_of, said_by
        from stimctl.cli.gate_face import HELP, GateFace
        from stimctl.cli.signals import StopSignals
        from stimctl.supervisor.client import SupervisorClient
        from stimctl.supervisor.stop_face_names import stop_face_options

        options = ["--face-name", "gate", *stop_face_options(papers.stop_faces)]
        options += ["--person", papers.person] if papers.person else []
        options += ["--operator", papers.operator] if papers.operator else []
        options += ["--find-channels"] if find_channels else []
        options += ["--keys"]  # counts where the supervisor sees a person's terminal here
        client = SupervisorClient(str(self.device), options, beats=False)

        def on_stop(name: str) -> None:
            with contextlib.suppress(LinkError):
                client.send("stop", reason=name)

        with StopSignals(on_stop, lambda: None) as signals:
            client.start()
            if between is not None:
                between.begin(on_stop)
            try:
                self._set_up(client, plan)
                for fields in commands_of(said_by(papers)):
                    client.ask("prepare", **fields)
                longest = client.runs_after_host_death_us
                if longest is not None:
                    put(f"if this computer dies, output goes on for at most {longest / 1e6:g} s")
                put("connecting; the board takes 11 s to start")
                client.ask("connect")
                for topic, text in notes.items():
                    client.ask("note", topic=topic, text=text)
                put(HELP)
                face = GateFace(client, words, [one.channel for one in plan.channels])
                face.run()
            finally:
                code = client.close()
        face.put_acknowledged()
        put("ended: zero verified" if code != ExitCode.NOT_CONFIRMED_ZERO else "OUTPUT UNKNOWN")
        return code or int(signals.exit_code or 0)

    def _set_up(self, client: SupervisorClient, plan: PercentPlan) -> None:
        from stimctl.quantity import format_area, format_duration

        client.ask("load", path=str(self._text.path.resolve()), sha256=self._text.sha256)
        for layer, file in self._limit_files:
            client.ask("limits", layer=layer, path=str(file.path.resolve()), sha256=file.sha256)
        for setup in self._setups:
            fields: dict[str, Any] = {"level": str(setup.most)}
            fields["area"] = format_area(setup.electrode.area_mm2)
            if setup.electrode.site is not None:
                fields["site"] = setup.electrode.site
            client.ask("channel", channel=setup.channel, **fields)
        options: dict[str, Any] = {"acknowledge": " ".join(sorted(self._acknowledged))}
        if self._duration_us is not None:
            options["duration"] = format_duration(self._duration_us)
        client.ask("options", **options)
        if client.ask("compile")["digest"] != plan.digest():
            raise IntegrityError("the supervisor has compiled another plan than the one shown")


def _calibrated(path: Path | None, plan: PercentPlan, person: str, dial: str) -> Any:
    """Words with the calibration beside them, where it is about this session; why not is said."""
    from stimctl.cli.gate_words import GateWords
    from stimctl.records.text_files import read_text_file
    from stimctl.treatment.calibration import load_calibration, misfit

    calibration: Calibration | None = None
    fitting: set[int] = set()
    if path is not None:
        calibration = load_calibration(read_text_file(path, "calibration file").text, path.name)
        for one in plan.channels:
            why = misfit(
                calibration, device=plan.sheet.family, person=person, dial=dial,
                channel=one.channel, pads=one.setup.electrode,
            )  # fmt: skip
            if why is None:
                fitting.add(one.channel)
            else:
                say(f"calibration not shown for channel {one.channel}: {why}")
    if not fitting:
        say("no calibration: no dose is known")
    return GateWords(calibration, frozenset(fitting))
