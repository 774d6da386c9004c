"""Rule N8: where output that inputs switch is refused on hardware, and why."""

from collections.abc import Iterator

from stimctl.quantity import format_duration
from stimctl.session.needs import Gap, Known, Need, Preparation
from stimctl.treatment.program import AnyPlan


def about_functional(plan: AnyPlan | None, said: Preparation, known: Known) -> Iterator[Gap]:  # noqa: ARG001
    """What a plan with functional stages needs besides what every plan needs."""
    if known.simulation or plan is None:
        return
    if not any(stage.switching is not None for stage in plan.stages):
        return
    sheet = plan.sheet
    if sheet.watchdog_us is None:
        yield Gap(
            Need.FUNCTIONAL,
            f"{sheet.family} has no watchdog, and inputs would switch its output",
            "output that a sensor starts must end when the computer dies",
            "use a device with a watchdog",
        )
    if not sheet.onset_measured:
        told = "" if sheet.onset_us is None else f" ({format_duration(sheet.onset_us)} is assumed)"
        yield Gap(
            Need.FUNCTIONAL,
            f"functional output is not possible on {sheet.family} yet",
            f"how soon it gives output after a command was measured on no device{told}, and output "
            "that comes too late makes a person stumble",
            "run it on the simulated device; a measured onset in the device sheet opens it",
        )
    if known.remote:
        yield Gap(
            Need.FUNCTIONAL,
            "functional output is not possible from a terminal that is not at the machine",
            f"{known.remote}; whoever resumes must see the person",
            "work at the machine",
        )
