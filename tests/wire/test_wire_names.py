"""The wire protocols by name: each is there, and a name that is none is refused."""

from __future__ import annotations

import pytest

from stimctl.wire.names import WIRES


def test_every_wire_protocol_is_listed_and_has_a_dissector() -> None:
    assert set(WIRES) == {"openemsstim", "sciencemode2", "sciencemode3", "sciencemode4"}
    assert len(WIRES) == 4
    assert len({id(WIRES[name]) for name in WIRES}) == 4


@pytest.mark.parametrize("name", ["sciencemode5", "", "dissector", "ScienceMode4"])
def test_a_name_that_is_no_wire_protocol_is_refused(name: str) -> None:
    assert name not in WIRES
    with pytest.raises(KeyError):
        WIRES[name]
