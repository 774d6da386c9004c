"""`stimctl check`: what a session would do and deliver, and how far away every limit is."""

from __future__ import annotations

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
from stimctl.cli.output import put_json


def register(app: typer.Typer) -> None:
    app.command("check")(check)


def check(
    protocol: Protocol,
    device: Device,
    amplitude: Amplitudes = None,
    intensity: Intensities = None,
    area: Areas = None,
    site: Sites = None,
    contact: Contacts = None,
    duration: Duration = None,
    site_limits: SiteLimits = None,
    person_limits: PersonLimits = None,
    profile: ProfileName = "clinic",
    acknowledge: Acknowledge = None,
    as_json: Json = False,
) -> None:
    """Show plan, dose, and the distance to every limit. Moves no device. Exit code 4: refused.

    What is left out is assumed and said: the smallest electrode the protocol allows, and the
    highest amplitude that all limits allow (--intensity is never assumed).
    """
    from stimctl.cli.planning import Request, prepare
    from stimctl.cli.preview import plan_or_ceiling
    from stimctl.cli.report import plan_as_dict, put_plan

    request = Request(
        protocol=protocol, device=device, duration=duration, profile=profile,
        amplitudes=amplitude or (), intensities=intensity or (), areas=area or (),
        sites=site or (), contacts=contact or (),
        site_limits=site_limits, person_limits=person_limits, acknowledged=acknowledge or (),
    )  # fmt: skip
    prepared = prepare(request, preview=True)
    plan, assumptions = plan_or_ceiling(prepared)
    if as_json:
        put_json("stimctl.check/1", plan_as_dict(prepared, plan, assumptions))
    else:
        put_plan(prepared, plan, assumptions)
