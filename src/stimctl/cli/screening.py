"""`stimctl screening`: the questions to answer before a run on hardware, as a form."""

from __future__ import annotations

import typer

from stimctl.cli.options import Json
from stimctl.cli.output import put, put_json


def register(app: typer.Typer) -> None:
    app.command("screening")(screening)


def screening(as_json: Json = False) -> None:
    """Print the screening questions as a form to fill in."""
    from stimctl.safety.screening import QUESTIONS

    if as_json:
        asked = [{"id": q.id, "text": q.text, "basis": q.basis} for q in QUESTIONS]
        put_json("stimctl.screening/1", {"questions": asked})
        return
    put("# Is this present? Write yes or no between the quotes, then:")
    put("# stimctl run ... --screening THIS-FILE")
    put("# They are the answers of this person on this day, and count for 90 days from then.")
    put('person = ""')
    put('answered = ""  # such as 2026-11-29')
    for question in QUESTIONS:
        put(f'\n# {question.text}\n{question.id} = ""')
