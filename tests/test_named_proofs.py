"""Each line of two lists has a test by name: what a session on hardware needs, and what a driver of
another package must never be able to do."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from stimctl.session.needs import Need

TESTS = Path(__file__).resolve().parent
PAGE = TESTS.parent / "docs" / "how-to" / "add-a-device.md"

READINESS = "supervisor/test_supervisor_readiness.py::"
ONE_LEFT_OUT = READINESS + "test_a_program_that_leaves_out_one_line_is_refused_by_its_code"
NOTHING = READINESS + "test_a_program_that_hands_in_nothing_is_told_all_of_it"
FROM_AFAR = READINESS + "test_a_program_that_came_over_the_net_needs_a_stop_face"
GATE = "session/test_session_hardware_gate.py::"
BENCH = "test_a_bench_session_is_refused_line_by_line_on_a_twin_too"
#: Isolation, attendance, the watchdog and the keys of a screen depend on the device, the settings
#: of the session and the face; the engine's gate is asked for them.
NEEDS = {
    **dict.fromkeys(Need, ONE_LEFT_OUT),
    Need.PERSON: NOTHING,
    Need.ANSWERS: NOTHING,
    Need.SITE: READINESS + "test_a_program_that_names_no_site_is_refused_by_its_code",
    Need.PROTOCOL_LOCKED: READINESS + "test_a_program_needs_the_approval_of_a_locked_protocol",
    Need.PROTOCOL_LIBRARY: READINESS
    + "test_a_program_runs_no_shipped_protocol_where_only_signed_ones_may_run",
    Need.PRESENCE: NOTHING,
    Need.FUNCTIONAL: READINESS
    + "test_a_program_whose_inputs_switch_output_is_refused_on_every_device",
    Need.STOP_FACE: FROM_AFAR,
    Need.ISOLATION: GATE,
    Need.STOP_KEY: GATE,
    Need.PROMPTS: GATE,
    Need.WATCHDOG: GATE,
    Need.LOAD_VALUE: GATE + BENCH,
    Need.NOBODY_CONNECTED: GATE + BENCH,
    Need.STOP_TRIED: GATE + BENCH,
    Need.BENCH_LEVEL: "session/test_session_readiness.py::"
    + "test_a_bench_session_goes_no_higher_than_its_own_maximum",
}

GUARD, TRUST = "plugins/test_guard.py::", "plugins/test_trust.py::"
API = "plugins/test_toy_api.py::"
NEVER = {
    "mint or widen a set point": (
        GUARD + "test_a_forged_set_point_does_not_reach_the_driver",
        GUARD + "test_the_session_asks_before_any_driver_whether_a_set_point_is_genuine",
    ),
    "weaken a limit": (
        TRUST + "test_a_sheet_that_widens_or_lacks_a_bound_is_refused",
        TRUST + "test_an_uncalibrated_bound_gets_no_clearance",
    ),
    "open a port, read a clock, start a thread": (
        "plugins/test_contract.py::test_a_line_that_breaks_the_contract_is_found",
        TRUST + "test_an_unchecked_driver_drives_its_twin_and_no_port",
        API + "test_a_program_gets_no_port_before_check_and_trust",
    ),
    "send by itself, or go on sending": (
        GUARD + "test_bytes_that_no_call_caused_end_the_output",
        GUARD + "test_bytes_of_a_timer_that_was_not_declared_end_the_output",
    ),
    "send output while stopping or latched": (
        GUARD + "test_only_the_stop_leaves_while_stopping",
        GUARD + "test_only_the_stop_leaves_while_latched",
        API + "test_a_driver_that_breaks_a_rule_ends_the_programs_session_by_its_code",
    ),
    "send a raise late": (
        GUARD + "test_a_raise_that_could_leave_late_ends_the_output",
        API + "test_a_driver_that_breaks_a_rule_ends_the_programs_session_by_its_code",
    ),
    "keep the device alive by itself": (
        GUARD + "test_a_keep_alive_that_nobody_asked_for_ends_the_output",
        API + "test_a_driver_that_breaks_a_rule_ends_the_programs_session_by_its_code",
    ),
    "promise a watchdog that is none": (
        "plugins/test_kit_finds.py::test_the_kit_finds",
        "session/test_session_flow.py::test_a_device_without_a_working_watchdog_is_never_armed",
    ),
    "say that zero is verified, or who the device is, unheard": (
        GUARD + "test_zero_that_no_byte_proves_ends_the_output",
    ),
    "tell of more than was asked": (GUARD + "test_an_answer_above_what_was_asked_ends_the_output",),
    "crash the session": (
        GUARD + "test_an_exception_in_a_driver_is_a_stop_with_a_code",
        GUARD + "test_what_a_driver_tells_never_crashes_the_session",
        API + "test_a_driver_that_breaks_a_rule_ends_the_programs_session_by_its_code",
    ),
    "ship without a way to stop": (
        TRUST + "test_a_check_without_its_stop_and_one_of_another_stimctl_do_not_count",
        "plugins/test_kit_finds.py::test_the_kit_finds",
    ),
    "shadow a built-in family": (
        TRUST + "test_a_package_cannot_take_the_name_of_a_built_in_family",
    ),
    "change unseen": (
        TRUST + "test_a_changed_file_is_not_what_was_checked",
        TRUST + "test_an_update_voids_the_rehearsal",
    ),
    "be loaded by accident": (
        TRUST + "test_a_checked_driver_that_nobody_trusts_has_no_port",
        API + "test_a_program_gets_no_port_before_check_and_trust",
    ),
}


@cache
def named_in(file: str) -> dict[str, str]:
    text = (TESTS / file).read_text("utf-8")
    return {
        node.name: ast.get_source_segment(text, node) or ""
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("need", Need)
def test_every_line_of_the_readiness_list_has_a_test(need: Need) -> None:
    file, _, name = NEEDS[need].partition("::")
    assert not name or name in named_in(file)
    if NEEDS[need] != FROM_AFAR or need is Need.STOP_FACE:
        assert f"Need.{need.name}" in (TESTS / file).read_text("utf-8")


@pytest.mark.parametrize("never", NEVER)
def test_every_never_of_a_driver_has_a_test(never: str) -> None:
    for one in NEVER[never]:
        file, _, name = one.partition("::")
        assert name in named_in(file), one


def test_the_page_lists_the_same() -> None:
    page = PAGE.read_text("utf-8")
    table = page[page.index("| never | held by") :].partition("\n\n")[0]
    rows = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert re.match(r"\| never \|", table)
    assert rows == list(NEVER)
