"""What is missing because of what a person was given today: the day budget (H67)."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.safety.day_budget import Asked, Weight, judge_day
from stimctl.safety.limits import Profile
from stimctl.session.needs import DAY_BUDGET, Gap, Known, Need, Preparation
from stimctl.treatment.program import AnyPlan, CurrentChannel


def about_day(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:
    """What a session of the day would add to those before it on the same site."""
    if plan is None:
        return
    for one in judge_day(_asked(plan), known.given, _profile_of(plan)):
        about = str(one.channel)
        if one.weight is Weight.REFUSE:
            yield Gap(
                Need.DAY_BUDGET, one.what, one.why, "go on tomorrow, or at another site", about
            )
        elif DAY_BUDGET not in said.acknowledged:
            yield Gap(
                Need.DAY_BUDGET, one.what, one.why,
                f"if it is intended, acknowledge {DAY_BUDGET}", about,
            )  # fmt: skip


def _asked(plan: AnyPlan) -> tuple[Asked, ...]:
    # What inputs will cause is not known: as if it were on all the time (N6).
    switched = any(stage.switching is not None for stage in plan.stages)
    return tuple(
        Asked(
            one.channel,
            one.setup.electrode.site,
            one.motor,
            None if switched else one.cycle,
            plan.duration_us,
        )
        for one in plan.channels
    )


def _profile_of(plan: AnyPlan) -> Profile:
    """The one that the channels were cleared in; the stricter one where no current is known."""
    cleared = [one.cleared for one in plan.channels if isinstance(one, CurrentChannel)]
    research = bool(cleared) and all(one.envelope.profile is Profile.RESEARCH for one in cleared)
    return Profile.RESEARCH if research else Profile.CLINIC
