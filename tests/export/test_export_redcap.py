"""The REDCap row: every field as the map says, nothing lost, a map that is wrong says where."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files

import jsonschema
import pytest

from stimctl.errors import UsageError
from stimctl.export.redcap import redcap_files, shipped_map
from stimctl.export.redcap_map import read_field_map
from tests.support.exported import Recorded, table
from tools.make_exports import FOLDER

Sessions = Callable[[str], Recorded]
HEAD = 'schema = "stimctl.redcap-map/1"\ninstrument = "i"\nrecord_id = "id"\n'
SHIPPED = files("stimctl.export").joinpath("redcap.toml").read_text("utf-8")


def test_the_shipped_map_keeps_its_schema_and_rules_of_redcap() -> None:
    schema = json.loads((FOLDER / "redcap-map.schema.json").read_text("utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.Draft202012Validator(schema).validate(tomllib.loads(SHIPPED))
    mapped = shipped_map()
    assert all(re.fullmatch("[a-z][a-z0-9_]{0,25}", one) for one in mapped.fields)


def test_the_row_has_exactly_the_fields_of_the_dictionary(session: Sessions) -> None:
    made = redcap_files(session("link ended").content)
    (row,) = table(made["redcap-row.csv"])
    fields = table(made["redcap-dictionary.csv"])
    assert [one["Variable / Field Name"] for one in fields] == list(row)
    assert row["record_id"] == "P-017"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row["st_started_utc"])
    assert row["st_simulation"] == "1"
    assert row["st_c2_ack_pulses"] == ""
    labels = [one["Field Label"] for one in fields]
    assert len(set(labels)) == len(labels)


def test_a_map_of_ones_own_gives_its_fields_and_fixed_texts(session: Sessions) -> None:
    mapped = read_field_map(
        f'{HEAD}channels = [1]\n[fixed]\nredcap_event_name = "visit_1_arm_1"\n'
        '[channel_fields]\n"c{n}_most" = "channel.{n}.acknowledged.at_most.pulses"\n',
        "mine.toml",
    )
    (row,) = table(redcap_files(session("link ended").content, mapped)["redcap-row.csv"])
    most = session("link ended").content.report.channels[0].most
    assert row == {"id": "P-017", "redcap_event_name": "visit_1_arm_1", "c1_most": str(most.pulses)}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("schema = ", "not TOML"),
        ('schema = "other/1"', "expected 'stimctl.redcap-map/1'"),
        (f"{HEAD}colour = 1", "'colour' is no key"),
        (f"{HEAD}channels = [0]", "list of channel numbers"),
        (f'{HEAD}[fields]\nGood = "session.outcome"', "'Good' is no name in REDCap"),
        (f'{HEAD}[fields]\nx = "session.colour"', "x: no session has the figure 'session.colour'"),
        (f'{HEAD}[fields]\nx = "channel.1.delivered.pulses"', "no session has the figure"),
        (f'{HEAD}[fields]\nid = "session.outcome"', "'id' stands there twice"),
        (f"{HEAD}[fields]\nx = 1", "holds texts only"),
        (f'{HEAD}[channel_fields]\nx = "channel.1.planned.pulses"', "both sides need {n}"),
    ],
)
def test_a_wrong_map_says_what_is_wrong(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_field_map(text, "mine.toml")
    assert why in caught.value.why
    assert "mine.toml" in caught.value.what
    assert caught.value.what_to_do


def test_a_session_that_would_lose_figures_or_has_no_person_has_no_row(session: Sessions) -> None:
    content = session("two channels, completed").content
    with pytest.raises(UsageError, match="channel 2"):
        redcap_files(content, read_field_map(f"{HEAD}channels = [1]", "mine.toml"))
    nobody = replace(content, report=replace(content.report, person=""))
    with pytest.raises(UsageError, match="no person"):
        redcap_files(nobody)
