"""What a session is set up with, as one row: everything that decides what the device will do."""

from stimctl.session.events import Json
from stimctl.treatment.program import AnyPlan, CurrentChannel, plain


def setup_of(plan: AnyPlan, digest: str) -> dict[str, Json]:
    """The plan: how long, and for each channel the stimulus, its maximum and its electrodes."""
    channels: list[Json] = []
    for one in plan.channels:
        row: dict[str, Json] = {
            "channel": one.channel,
            "role": one.role,
            "cleared": one.most,
            "electrode": plain(one.setup.electrode),
            "start_after_us": one.start_after_us,
        }
        if isinstance(one, CurrentChannel):
            row |= {"stimulus": plain(one.stimulus), "period_us": one.period_us}
            row["step_ua"] = one.step
        else:
            row |= {"motor": one.motor, "cycle": plain(one.cycle)}
        channels.append(row)
    return {
        "protocol_id": plan.protocol.id,
        "protocol_version": str(plan.protocol.version),
        "plan_digest": digest,
        "duration_us": plan.duration_us,
        "notes": list(plan.notes),
        "unit": plan.scale.unit,
        "channels": channels,
    }
