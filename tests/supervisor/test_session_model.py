"""The reducer of all faces, fed with recorded sessions of both schemas and with damaged rows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stimctl.codes import Code
from stimctl.records.verify import Problem, read_rows
from stimctl.session.events import as_schema_2
from stimctl.supervisor.phrases import sentence_of
from stimctl.supervisor.session_model import SessionModel
from stimctl.supervisor.view import SessionView
from stimctl.tui.model.live import Live
from tests.support.paths import DATA

JOURNALS = sorted((DATA / "journals").glob("*.jsonl"))


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    for row in read_rows(path):
        assert not isinstance(row, Problem)
        at_ns = row.data.get("at_ns", row.mono_ns)
        yield {**row.data, "kind": row.kind, "t": row.t, "mono_ns": at_ns}


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.name[-14:-6])
def test_a_recorded_session_leaves_what_its_rows_say(path: Path) -> None:
    model, states, levels = SessionModel(), [], {}
    for row in rows_of(path):
        model.take(row)
        told = as_schema_2(row["kind"], row)
        if row["kind"] == "state":
            states.append(row["state"])
        elif row["kind"] == "unknown":
            states.append("unknown")
        elif row["kind"] == "set":
            levels[told["channel"]] = told["level"]
        elif row["kind"] == "start" or (
            row["kind"] == "zero_verified" and told["purpose"] == "stop"
        ):
            levels = dict.fromkeys(levels, 0)
        assert {number: model.level(number) for number in levels} == levels, row
    assert model.state == (states[-1] if states else "disconnected")


@pytest.mark.parametrize("path", JOURNALS, ids=lambda path: path.name[-14:-6])
def test_every_recorded_refusal_alarm_and_stop_has_words(path: Path) -> None:
    for row in rows_of(path):
        if row["kind"] in ("refused", "limit", "alarm", "prompt", "unknown", "attendance"):
            assert sentence_of(row), row


@pytest.mark.hazard("H01")
@pytest.mark.parametrize("more", [{}, {"reason": 3}, {"what_to_do": "pull"}, {"code": "x"}])
def test_a_row_that_says_unknown_is_believed_whatever_else_is_wrong_with_it(
    more: dict[str, Any],
) -> None:
    model = SessionModel()
    model.take({"kind": "state", "state": "running", "was": "armed", "why": "started"})
    model.take({"kind": "unknown", **more})
    assert model.state == "unknown"
    assert model.unknown
    assert model.may_be_on
    assert "OUTPUT UNKNOWN" in str(sentence_of({"kind": "unknown", **more}))


def stop(code: Code, words: str = "why") -> dict[str, Any]:
    return {"kind": "stopping", "reason": words, "code": code.value, "purpose": "stop"}


def test_the_first_cause_is_the_one_that_counts_until_a_session_goes_on() -> None:
    view = SessionView()
    for row in (stop(Code.STOP_FACE_PRESSED, "pedal"), stop(Code.FACE_CLOSED, "closed")):
        view.take(row)
    assert (view.why, view.model.other_stop) == ("pedal", "")
    view.take({"kind": "state", "state": "armed", "was": "stopped", "why": "zero verified"})
    assert view.why == ""
    view.take(stop(Code.ENDED))
    assert view.model.plan_ended


@pytest.mark.parametrize("purpose", ["arm", "trip"])
def test_a_zero_that_is_only_looked_at_is_no_stop(purpose: str) -> None:
    model = SessionModel()
    model.take({**stop(Code.BEFORE_ARMING), "purpose": purpose})
    assert model.stopping_ns is None
    assert not model.cause.text


def test_a_screen_opens_a_journal_by_its_own_name_and_shows_no_control_character() -> None:
    live = Live()
    place = "/home/\u65e5\u672c/" + "j" * 400
    live.take({"kind": "journal", "session": "s-1", "file": place})
    assert live.journal == place
    live.take({"kind": "connect_failed", "reason": "\x1b[2Jgone", "code": "no-answer"})
    assert live.failed == "?[2Jgone"
    assert "\x1b" not in "".join(words for _, words in live.log)
