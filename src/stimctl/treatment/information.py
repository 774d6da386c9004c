"""A treatment that is often asked for and is no protocol here, and why: schema `information-v1`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from stimctl.treatment.consistency import Finding
from stimctl.treatment.fields import MarkedText, Name, Text
from stimctl.treatment.load import load_model
from stimctl.treatment.part import GRADE, Part


class Information(Part):
    """Why there is no protocol for it, what there is instead, and what is known of it."""

    schema_name: Literal["information-v1"] = Field(alias="schema")
    id: Name
    title: Text
    why_not: MarkedText
    instead: Text
    grade: Annotated[str, Field(pattern=GRADE)]
    lines: Annotated[tuple[MarkedText, ...], Field(min_length=1, max_length=20)]
    sources: Annotated[tuple[Text, ...], Field(min_length=1, max_length=50)]


def load_information(text: str, file_name: str) -> Information:
    """The page in `text`; its id is the file's stem. Raises ProtocolFileError."""
    stem = re.split(r"[/\\]", file_name)[-1].removesuffix(".toml")

    def find(page: Information) -> Iterator[Finding]:
        if page.id != stem:
            yield Finding(("id",), f'is "{page.id}", but the file is named "{stem}.toml"')

    return load_model(Information, text, file_name, find)
