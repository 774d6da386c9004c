"""Programs compare codes and never words; every code is documented and has one meaning."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from stimctl import errors
from stimctl.cli.checklist import Preconditions, _as_error
from stimctl.codes import Code
from stimctl.errors import (
    ExitCode,
    LimitRefusedError,
    NotReadyError,
    StateError,
    StimctlError,
    UsageError,
)
from stimctl.session.alarms import ALARMS, Condition
from stimctl.session.needs import MEANINGS, Gap, Need
from stimctl.session.prompts import TEXTS, Prompt
from stimctl.supervisor.wire_errors import decode_error
from tests.support.paths import ROOT
from tools import make_events

SRC = ROOT / "src" / "stimctl"
WORDS = frozenset({"why", "reason", "what", "what_to_do", "cause"})
FIELDS = WORDS | {"text", "action"}
ERRORS = frozenset({"error", "refused", "refusal", "fault", "broken"})
SEARCHES = frozenset({"startswith", "endswith", "removeprefix", "find", "index", "count"})


def is_worded(node: ast.expr) -> bool:
    """Whether an expression is, by its name, the words of a refusal, a cause or an alarm."""
    match node:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name in WORDS
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key in FIELDS
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
            return key in FIELDS
        case ast.Call(func=ast.Name(id="str" | "safe"), args=[ast.Name(id=name), *_]):
            return name in ERRORS or name in WORDS
        case ast.Call(func=ast.Name(id="str" | "safe"), args=[inner, *_]):
            return is_worded(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="lower" | "strip" | "casefold")):
            return is_worded(inner)
    return False


def compared_words(tree: ast.AST) -> Iterator[ast.AST]:
    """The places where a decision hangs on words."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=left, ops=ops, comparators=others):
                by_identity = all(isinstance(one, ast.Is | ast.IsNot) for one in ops)
                if not by_identity and any(is_worded(side) for side in (left, *others)):
                    yield node
            case ast.Call(func=ast.Attribute(value=value, attr=attr)) if attr in SEARCHES:
                if is_worded(value):
                    yield node
            case ast.Call(func=ast.Attribute(value=ast.Name(id="re"))):
                if any(is_worded(one) for one in node.args):
                    yield node
            case ast.Match(subject=subject, cases=cases) if is_worded(subject):
                patterns = [part for one in cases for part in ast.walk(one.pattern)]
                if any(isinstance(one, ast.Constant) for one in patterns):
                    yield node


def test_no_decision_hangs_on_the_words_of_a_refusal() -> None:
    found = [
        f"{path.relative_to(SRC)}:{node.lineno}: {ast.unparse(node)}"  # type: ignore[attr-defined]
        for path in sorted(SRC.rglob("*.py"))
        for node in compared_words(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        'refused.why != "zero is being verified"',
        "refused.why.startswith(WAIT_FOR_CYCLE)",
        "refused.why not in PASSING",
        'row["reason"] == PLAN_ENDED',
        'row.get("reason", "").endswith("pressed")',
        '"contact" in alarm.what',
        'str(error).startswith("locked")',
        '"locked" in str(error)',
        "reason == NOT_CONFIRMED",
        're.match("too early", error.why)',
        'safe(row["what"]).lower() == "link degraded"',
        'str(row["text"]) != TEXTS[prompt]',
    ],
)
def test_the_house_rule_sees_a_comparison_of_words(text: str) -> None:
    assert list(compared_words(ast.parse(text)))


@pytest.mark.parametrize(
    "text",
    [
        "refused.code not in PASSING",
        "reason is None",
        "reason.code is Code.NOT_CONFIRMED",
        "if why: pass",
        'row["code"] == Code.ENDED',
    ],
)
def test_the_house_rule_lets_codes_be_compared(text: str) -> None:
    assert not list(compared_words(ast.parse(text)))


def error_classes() -> list[type[StimctlError]]:
    return [
        one
        for one in vars(errors).values()
        if isinstance(one, type) and issubclass(one, StimctlError)
    ]


def test_no_code_has_two_meanings() -> None:
    classes = [one for one in error_classes() if one not in (StateError, StimctlError)]
    of_errors = {str(one("what").code) for one in classes if not issubclass(one, StateError)} | {
        NotReadyError("what").code,
        errors.ImplausibleError("what").code,
    }
    groups = (
        [one.value for one in Code],
        [one.value for one in Condition],
        [one.value for one in Need],
        [one.value for one in Prompt],
        sorted(of_errors),
    )
    every = [code for group in groups for code in group]
    assert len(every) == len(set(every)), {one for one in every if every.count(one) > 1}


@pytest.mark.parametrize("code", [*Code, *Condition, *Need], ids=str)
def test_a_code_is_of_small_letters_and_hyphens(code: Code) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", code.value)


def test_every_code_is_documented() -> None:
    assert [one for one in Code if not one.meaning.endswith(".")] == []
    assert len({one.meaning for one in Code}) >= len(Code) - 2  # a lapse and its refusal
    assert set(ALARMS) == set(Condition)
    assert set(TEXTS) == set(Prompt)
    assert set(MEANINGS) == set(Need)


def test_the_page_about_events_is_up_to_date() -> None:
    page = (ROOT / "docs" / "reference" / "events.md").read_text(encoding="utf-8")
    assert page == make_events.page(), "make it anew: python tools/make_events.py"
    assert all(f"`{one}`" in page for one in (*Code, *Condition, *Need, *Prompt))


def test_every_code_is_given_somewhere() -> None:
    sources = "\n".join(
        path.read_text(encoding="utf-8")
        for path in SRC.rglob("*.py")
        if path.name != "codes.py" or path.parent != SRC
    )
    given = set(re.findall(r"\bCode\.(\w+)", sources))
    met = set(re.findall(r"Condition\.(\w+)", sources))
    unused = [one.name for one in Code if one.name not in given]
    unused += [one.name for one in Condition if one.name not in met]
    assert unused == []


def test_a_state_error_without_a_code_cannot_be_made() -> None:
    with pytest.raises(TypeError):
        StateError("refused", why="so")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "error",
    [
        StateError("no", code=Code.ZERO_BEING_VERIFIED, why="zero is being verified"),
        LimitRefusedError("no", code=Code.ABOVE_CLEARED),
        LimitRefusedError("no"),
        NotReadyError("no", needs=("answers",)),
        UsageError("no"),
    ],
)
def test_a_code_crosses_the_pipe_and_words_may_change_on_the_way(error: StimctlError) -> None:
    told = dict(error.as_dict())
    assert told["code"] == error.code
    told["why"] = told["what"] = "other words"
    again = decode_error(told)
    assert again.code == error.code
    assert type(again) is type(error)


@pytest.mark.parametrize("need", Need)
def test_the_command_line_refuses_by_the_code_of_the_gap(need: Need) -> None:
    error = _as_error(Gap(need, "what", "why", "do"), Preconditions())
    told = error.as_dict()
    assert need in (told["code"], *told.get("needs", ()))
    assert error.exit_code in (ExitCode.USAGE, ExitCode.REFUSED, ExitCode.LIMIT)
