"""The shipped protocols, the library they are in, and the schema editors use."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stimctl.errors import ProtocolFileError, UsageError
from stimctl.treatment import Library, moments, predict, schema_text
from stimctl.treatment.load import load_protocol
from stimctl.treatment.staged import StagedProtocol
from tests.support.broad import broad
from tests.support.treatment_samples import (
    PROTOCOLS,
    SHIPPED,
    plan_of,
    setup,
    shipped,
    shipped_text,
    usual_ua,
)
from tools import make_protocols

REQUIRED = {
    "tens-conventional", "tens-al", "tens-burst", "tens-modulated", "tens-knee-oa", "tens-post-op",
    "tens-menstrual", "tens-spasticity", "nmes-acl", "nmes-tka", "nmes-strength", "nmes-endurance",
    "nmes-wrist-ext", "nmes-shoulder", "fes-dropfoot", "ttns-oab", "custom",
}  # fmt: skip
LOCKED = {
    "nmes-icu", "nmes-venous", "tens-brief-intense", "tens-dpn", "tens-edema", "tens-parasacral",
    "tens-stump",
}  # fmt: skip


def test_the_schema_file_is_the_schema_of_the_models() -> None:
    committed = (PROTOCOLS / "treatment-v1.json").read_text(encoding="utf-8")
    assert committed == schema_text(), (
        'make it anew: python -c "from stimctl.treatment import schema_text; '
        "print(schema_text(), end='')\" > protocols/treatment-v1.json"
    )


def test_the_schema_of_files_with_stages_is_that_of_their_models() -> None:
    committed = (PROTOCOLS / "treatment-v2.json").read_text(encoding="utf-8")
    assert committed == schema_text(StagedProtocol), (
        'make it anew: python -c "from stimctl.treatment.json_schema import schema_text; '
        "from stimctl.treatment.staged import StagedProtocol; "
        "print(schema_text(StagedProtocol), end='')\" > protocols/treatment-v2.json"
    )


def test_the_schema_wants_text_for_every_quantity() -> None:
    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if "pattern" in node and "examples" in node:
                assert node["type"] == "string"
                assert "minimum" not in node
            for item in node.values():
                walk(item)
        elif isinstance(node, list):
            for item in node:
                walk(item)

    schema = json.loads(schema_text())
    walk(schema)
    assert schema["additionalProperties"] is False
    assert "schema" in schema["required"]


def test_what_must_be_shipped_is_shipped() -> None:
    assert set(SHIPPED) == REQUIRED | LOCKED
    assert {name for name in SHIPPED if shipped(name).locked} == LOCKED


def test_the_tables_of_the_page_are_those_of_the_files() -> None:
    text = make_protocols.PAGE.read_text(encoding="utf-8")
    assert text == make_protocols.page(text), "make it anew: python tools/make_protocols.py"


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ("[locked]\nreason = 'Because.'\nneeds = ['x']\nunlocked_by = 'y'", "how certain it is"),
        ("[locked]\nreason = 'So (D).'\nneeds = []\nunlocked_by = 'y'", "must not be empty"),
        ("[locked]\nreason = 'So (D).'\nneeds = ['x']", "is missing"),
        ("[parent]\nid = 'a'\nversion = '1.0'\nsha256 = 'abcd'", "64 characters"),
    ],
)
def test_a_lock_without_reason_needs_or_approver_and_a_wrong_parent_are_refused(
    part: str, says: str
) -> None:
    with pytest.raises(ProtocolFileError, match=says):
        load_protocol(f"{shipped_text('tens-al')}\n{part}\n", "tens-al.toml")


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_is_complete_and_honest(name: str) -> None:
    text, protocol = shipped_text(name), shipped(name)
    assert text.startswith("#:schema ./treatment-v1.json\n")
    assert {"C01", "C02", "C04", "C05", "C06", "C07", "C24", "C26"} <= set(
        protocol.contraindications
    )
    assert protocol.evidence.lines
    assert protocol.electrodes.minimum_area_mm2 >= 1_000
    if "X" in protocol.evidence.grade:
        assert protocol.evidence.recommended_against
    # Short enough to be tried out, which the plan then says.
    assert protocol.session.shortest_us <= 60_000_000
    assert f"`{name}`" in (PROTOCOLS / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", broad(SHIPPED, every=3))
def test_a_shipped_protocol_clears_on_a_p24_at_a_usual_amplitude(name: str) -> None:
    protocol = shipped(name)
    setups = [setup(n + 1, usual_ua(name)) for n in range(len(protocol.channels))]
    plan = plan_of(protocol, *setups)
    assert plan.duration_us == protocol.session.duration_us
    *_, last = moments(plan)
    assert all(drive.level_permille == 0 for drive in last.drives)
    for dose in predict(plan):
        assert dose.peak_ua == usual_ua(name)
        assert dose.pulses > 0
        assert 0 < dose.rms_session_ma <= dose.rms_plateau_ma <= 50


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_protocol_clears_up_to_its_cap_on_its_smallest_pad(name: str) -> None:
    protocol = shipped(name)
    area_mm2 = protocol.electrodes.minimum_area_mm2
    setups = [
        setup(n + 1, role.amplitude.cap or usual_ua(name), area_mm2)
        for n, role in enumerate(protocol.channels)
    ]
    plan_of(protocol, *setups)


def test_modulated_tens_lasts_half_an_hour() -> None:
    assert shipped("tens-modulated").session.duration_us == 30 * 60_000_000


def test_the_library_lists_in_order_and_a_broken_file_hides_no_other() -> None:
    library = Library({"ttns-oab": shipped_text("ttns-oab"), "broken": "title = ", "a": ""})
    entries = library.list()
    assert [entry.name for entry in entries] == ["a", "broken", "ttns-oab"]
    assert [entry.protocol is None for entry in entries] == [True, True, False]
    assert entries[1].error is not None
    assert entries[1].error.file == "broken.toml"
    assert entries[2].error is None
    assert len(entries[2].sha256) == 64
    assert library.show("ttns-oab") == load_protocol(shipped_text("ttns-oab"), "ttns-oab.toml")
    with pytest.raises(ProtocolFileError):
        library.show("broken")


def test_a_name_that_is_not_there_gets_a_suggestion() -> None:
    library = Library({name: shipped_text(name) for name in SHIPPED})
    with pytest.raises(UsageError, match='did you mean "nmes-tka"'):
        library.show("nmes-tkr")
    with pytest.raises(UsageError, match="known are: none"):
        Library({}).entry("anything")
