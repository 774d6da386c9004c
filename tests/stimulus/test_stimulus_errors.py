"""Every error says what, why and what to do, and has an exit code."""

import copy
import pickle

import pytest

from stimctl import errors
from stimctl.errors import ExitCode

EXITS = {
    errors.QuantityError: 2,
    errors.UsageError: 2,
    errors.WireFormatError: 2,
    errors.ProtocolFileError: 2,
    errors.NoDeviceError: 3,
    errors.PortBusyError: 3,
    errors.LinkError: 3,
    errors.LimitRefusedError: 4,
    errors.StateError: 1,
    errors.DeviceFaultError: 5,
    errors.OutputUnknownError: 6,
    errors.JournalError: 7,
    errors.IntegrityError: 7,
    errors.BugError: 70,
}


@pytest.mark.parametrize(("kind", "code"), EXITS.items())
def test_each_error_has_its_exit_code_and_three_parts(
    kind: type[errors.StimctlError], code: int
) -> None:
    coded = {"code": "broken"} if issubclass(kind, errors.StateError) else {}
    error = kind("it broke", **coded, why="it was old", what_to_do="buy a new one")
    assert int(error.exit_code) == code
    assert str(error) == "it broke: it was old. buy a new one"
    shown = error.as_dict()
    assert (shown["error"], shown["exit_code"]) == (kind.__name__, code)
    assert (shown["what"], shown["why"], shown["what_to_do"]) == (
        "it broke", "it was old", "buy a new one",
    )  # fmt: skip


def test_parts_that_are_missing_leave_no_punctuation_behind() -> None:
    assert str(errors.StateError("no", code="x")) == "no"
    assert str(errors.StateError("no", code="x", why="so")) == "no: so"
    assert str(errors.StateError("no", code="x", what_to_do="wait")) == "no: wait"


def test_a_protocol_file_error_says_where() -> None:
    error = errors.ProtocolFileError("bad", file="a.toml", line=3, field="channel.1.amplitude")
    assert str(error) == "a.toml:3: channel.1.amplitude: bad"
    assert error.as_dict()["line"] == 3
    assert str(errors.ProtocolFileError("bad", file="a.toml")) == "a.toml: bad"


def test_a_busy_port_names_its_holder() -> None:
    error = errors.PortBusyError("busy", holder="stimctl 4711")
    assert error.as_dict()["holder"] == "stimctl 4711"
    assert isinstance(error, errors.NoDeviceError)


def test_errors_survive_copying_and_pickling() -> None:
    error = errors.PortBusyError("busy", why="w", holder="me")
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert twin.as_dict() == error.as_dict()


def test_exit_codes_are_the_documented_ones() -> None:
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 6, 7, 69, 70, 130, 143]
