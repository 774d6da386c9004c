"""What a session is set up with, as one row: everything that decides what the device will do."""

from stimctl.session.events import Json
from stimctl.treatment.program import AnyPlan, CurrentChannel, PlanChannel, Stage, plain


def setup_of(plan: AnyPlan, digest: str) -> dict[str, Json]:
    """The plan: how long, and for each channel the stimulus, its maximum and its electrodes; with
    stages the strongest stimulus of each channel, and for each stage what is done in it."""
    channels: list[Json] = []
    for one in plan.channels:
        row: dict[str, Json] = {
            "channel": one.channel,
            "role": one.role,
            "cleared": one.most,
            "electrode": plain(one.setup.electrode),
            "start_after_us": one.start_after_us,
        }
        channels.append(row | _does(one))
    stages: dict[str, Json] = (
        {"stages": [_stage(one) for one in plan.named_stages]} if plan.named_stages else {}
    )
    return stages | {
        "protocol_id": plan.protocol.id,
        "protocol_version": str(plan.protocol.version),
        "plan_digest": digest,
        "duration_us": plan.duration_us,
        "notes": list(plan.notes),
        "unit": plan.scale.unit,
        "channels": channels,
    }


def _does(one: PlanChannel) -> dict[str, Json]:
    if isinstance(one, CurrentChannel):
        return {
            "stimulus": plain(one.stimulus),
            "period_us": one.period_us,
            "step_ua": one.step,
        }
    return {"motor": one.motor, "cycle": plain(one.cycle)}


def stage_of(stage: Stage[PlanChannel]) -> dict[str, Json]:
    """When a stage is, and where its plateaus come from."""
    return {
        "name": stage.name,
        "kind": stage.kind.value,
        "start_us": stage.start_us,
        "duration_us": stage.duration_us,
        "zero_us": stage.zero_us,
        "carried": plain(stage.carried),
        **({} if stage.events is None else {"events": plain(stage.events)}),
    }


def _stage(stage: Stage[PlanChannel]) -> Json:
    return stage_of(stage) | {
        "ends_by_operator": stage.ends_by_operator,
        "channels": [
            {"channel": one.channel, "start_after_us": one.start_after_us, **_does(one)}
            for one in stage.channels
        ],
    }
