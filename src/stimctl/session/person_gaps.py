"""What is missing because of what is kept of a person: PIN, maxima, electrodes, newer answers."""

from __future__ import annotations

from collections.abc import Iterator

from stimctl.quantity import format_area
from stimctl.safety.sites import PADS_APART
from stimctl.session.needs import Gap, KeptElectrodes, Known, Maximum, Need, Preparation
from stimctl.session.pin import pin_fits
from stimctl.stimulus.level import AnyLevel
from stimctl.treatment.program import AnyPlan


def about_second_identifier(
    plan: AnyPlan | None,  # noqa: ARG001
    said: Preparation,
    known: Known,
) -> Iterator[Gap]:
    """The digits that the person tells are not those that are kept."""
    if known.second and not pin_fits(said.second, known.second):
        yield Gap(
            Need.SECOND_IDENTIFIER,
            f"{known.person} is not confirmed by the second identifier",
            "a mistyped code can be another person's; four digits that the person tells are kept "
            f"with this code, and {'other ones' if said.second else 'none'} were given",
            "ask the person for the four digits, and give them",
        )


def about_maxima(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    """Channels that may go higher than what was set for this person at this site."""
    for one in () if plan is None else plan.channels:
        electrode = one.setup.electrode
        asked: AnyLevel = one.setup.most
        # A percent of a device's own scale says nothing of a current, nor the other way round.
        same_scale = tuple(each for each in known.maxima if each.level.scale is asked.scale)
        found = maximum_for(electrode.site or "", electrode.area_mm2, same_scale)
        if found is not None and asked.value > found.level.value:
            yield Gap(
                Need.PERSON_MAXIMUM,
                f"channel {one.channel} may go to {asked}, and the maximum of {known.person} at "
                f"{found.site} is {found.level}",
                f"it was set on {found.day} with electrodes of {format_area(found.area_mm2)}",
                f"set channel {one.channel} to {found.level} or less; where the maximum has "
                f"changed, set the new one: stimctl people maximum {known.person}",
                str(one.channel),
            )


def maximum_for(site: str, area_mm2: int, maxima: tuple[Maximum, ...]) -> Maximum | None:
    """The newest of this site and electrode size; where there is none of this size, the lowest of
    the newest ones of this site."""
    newest = {one.area_mm2: one for one in maxima if _places(one.site) == _places(site)}
    if area_mm2 in newest:
        return newest[area_mm2]
    return min(newest.values(), key=lambda one: one.level.value, default=None)


def about_newer_answers(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    """Answers that were given differently since."""
    if said.answered is None or known.kept_answered is None or not said.answers:
        return
    if said.answered >= known.kept_answered or said.answers_person != known.person:
        return
    for id_, present in sorted(known.kept_answers.items()):
        if said.answers.get(id_, present) is not present:
            yield Gap(
                Need.ANSWERS_CHANGED,
                f"{id_} was answered differently since",
                f"these answers are of {said.answered}, and on {known.kept_answered} {id_} was "
                f"answered {'yes' if present else 'no'}",
                "ask the screening questions today, and hand in the new answers",
                id_,
            )


def about_electrodes(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:
    """Electrodes that were named for a channel and are not to be used there."""
    planned = {one.channel: one.setup.electrode for one in plan.channels} if plan else {}
    for channel, name in sorted(said.electrodes.items()):
        kept = known.electrodes.get(name)
        if kept is not None and kept.of_other:
            yield Gap(
                Need.ELECTRODES_OTHER,
                f"electrodes {name} are another patient's",
                "electrodes are for one patient only (E1, RehaStim2 manual)",
                "take this patient's own or new ones; new ones are entered with: "
                f"stimctl people add-electrodes NAME --area {format_area(kept.area_mm2)}",
                str(channel),
            )
            continue
        why = _unusable(name, kept)
        electrode = planned.get(channel)
        if not why and kept and plan is not None:
            if electrode is None:
                why = f"there is no channel {channel} in this plan"
            elif electrode.area_mm2 != kept.area_mm2:
                planned_area = format_area(electrode.area_mm2)
                why = f"{name} have {format_area(kept.area_mm2)}, and the plan {planned_area}"
        if why:
            yield Gap(
                Need.ELECTRODES,
                f"electrodes {name} cannot be used on channel {channel}",
                why,
                "correct the name, or enter the electrodes: stimctl people add-electrodes; "
                "`stimctl people electrodes` lists them",
                str(channel),
            )


def _unusable(name: str, kept: KeptElectrodes | None) -> str:
    if kept is None:
        return f"there are no electrodes {name} on record here"
    return f"{name} were retired" if kept.retired else ""


def _places(site: str) -> frozenset[str]:
    return frozenset(site.split(PADS_APART))
