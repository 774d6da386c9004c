"""`stimctl run --manual`: the line mode with its choices from the command line, raised by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from stimctl.cli.checklist import Preconditions, said_by
from stimctl.cli.output import say
from stimctl.cli.planning import Prepared, Request, compile_prepared, prepare
from stimctl.cli.running import announce, checked, need_port
from stimctl.cli.watched import need_somebody
from stimctl.keyboard import need_keyboard
from stimctl.records.person import check_person_code

if TYPE_CHECKING:
    from stimctl.treatment.program import AnyPlan
    from stimctl.tui.model.planning import Choice

LevelText = Callable[[int, int], str]


def run_manual(
    request: Request,
    preconditions: Preconditions,
    calibration: Path | None,
    dial: str,
    *,
    find_channels: bool,
    remote_ok: bool,
    inputs: Sequence[str] = (),
) -> int:
    """Run it; the exit code. Raises StimctlError for what keeps it from starting."""
    from stimctl.inputs.bindings import check_bindings, parse_binding
    from stimctl.records.answers import Answers
    from stimctl.tui.model.manual import Manual
    from stimctl.tui.model.opening import Wishes
    from stimctl.tui.plain.face import run_plain

    if preconditions.person:
        check_person_code(preconditions.person)
    prepared = prepare(request)
    plan = compile_prepared(prepared)
    check_bindings(plan, tuple(map(parse_binding, inputs)), simulation=prepared.is_simulation)
    need_port(prepared)
    passed = checked(prepared, plan, preconditions)
    level_text = _calibrated(calibration, plan, preconditions.person, dial)
    said = said_by(preconditions, passed)
    need_keyboard("stimctl run --manual")
    if not prepared.is_simulation:
        need_somebody()
    announce(prepared, plan, preconditions, passed)
    say(f"at the unit: {plan.sheet.stop_instruction}")
    answers = Answers(said.answers, said.answers_person, said.answered, said.expires)
    manual = Manual(
        device=str(prepared.device),
        choice=_choice_of(prepared, plan),
        said=said,
        answers=answers.as_fields() if said.answers else {},
        person=preconditions.person,
        operator=preconditions.operator,
        new_pads=preconditions.new_pads,
        level_text=level_text,
    )
    return run_plain(
        Wishes(
            stop_faces=tuple(preconditions.stop_faces),
            find_channels=find_channels,
            remote_ok=remote_ok,
            manual=manual,
            inputs=tuple(inputs),
        )
    )


def _choice_of(prepared: Prepared, plan: AnyPlan) -> Choice:
    """What the screens call a choice: the same plan must come of it."""
    from stimctl.tui.model.measure import measure_of_protocol
    from stimctl.tui.model.planning import Choice
    from stimctl.tui.model.seats import Seat

    roles = [role.role for role in prepared.protocol.channels]
    measure = measure_of_protocol(prepared.protocol)
    seats = tuple(
        Seat(
            channel=one.channel,
            role=roles.index(one.role),
            role_name=one.role,
            site=one.setup.electrode.site,
            area_mm2=one.setup.electrode.area_mm2,
            ceiling_level=one.setup.most.value,
            measure=measure,
            contact_permille=one.setup.electrode.contact_permille,
        )
        for one in plan.channels
    )
    return Choice(
        origin=prepared.text,
        text=prepared.text.text,
        protocol=prepared.protocol,
        seats=seats,
        duration_us=plan.duration_us,
        acknowledged=prepared.acknowledged,
        limit_files=prepared.limit_files,
        profile=prepared.profile,
    )


def _calibrated(path: Path | None, plan: AnyPlan, person: str, dial: str) -> LevelText | None:
    """A level with what a calibration once found beside it, where it is about this session; why it
    is not is said."""
    from stimctl.records.text_files import read_text_file
    from stimctl.stimulus.level import PERCENT
    from stimctl.treatment.calibration import load_calibration, misfit, told

    if plan.scale != PERCENT:
        if path is not None:
            say("calibration not shown: this session is in milliampere, which needs none")
        return None
    calibration = None
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

    def text(channel: int, percent: int) -> str:
        if percent and calibration is not None and channel in fitting:
            return told(calibration, channel, percent)
        return PERCENT.format(percent)

    return text
