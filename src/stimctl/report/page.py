"""Fills the templates of the pages: every value is text unless a template says otherwise.

The same values give the same bytes.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined


def fill(template: str, **values: Any) -> str:
    """A page of its own: no script, nothing loaded from outside."""
    return _environment().get_template(template).render(**values)


@cache
def _environment() -> Environment:
    folder = files("stimctl.report") / "templates"
    return Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
    )
