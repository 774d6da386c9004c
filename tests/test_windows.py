"""What stimctl does on Windows, played on a made-up one (`support/made_up_windows.py`).

One process does everything (`support/on_windows.py`); the tests look at what came of it.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import ExitCode
from stimctl.supervisor.platform_support import STEPS
from tests.support import on_windows
from tests.support.made_up_windows import ATTRIBUTES, MODULES

ROOT = Path(__file__).resolve().parent.parent
SITE = ROOT / "tests" / "support" / "windows_site"
PACKAGES = (ROOT / "src" / "stimctl", ROOT / "firmware_sim")
#: A text is written and read as UTF-8, whatever the system would choose: Windows chooses otherwise.
STRICT = ("-X", "warn_default_encoding", "-W", "error::EncodingWarning")
DOOR = "stimctl.system_files"
#: They import modules that Windows has not: serial lines, terminals, stop faces.
POSIX = {
    "firmware_sim.pty_line",
    "stimctl.markers.line",
    "stimctl.supervisor.bare_port",
    "stimctl.supervisor.port",
    "stimctl.supervisor.presence",
    "stimctl.supervisor.stop_face_readers",
    "stimctl.testing.terminal",
    "stimctl.tui.endings",
    "stimctl.tui.plain.face",
}
#: They import one of those, or Textual's driver for POSIX: the process of a session, the screens, a
#: twin's other kind of line.
ABOVE_POSIX = {
    "firmware_sim.dtr",
    "stimctl.commission.run",
    "stimctl.supervisor.arming",
    "stimctl.supervisor.control_socket",
    "stimctl.supervisor.face_input",
    "stimctl.supervisor.hardware",
    "stimctl.supervisor.inbox",
    "stimctl.supervisor.line",
    "stimctl.supervisor.link_capture",
    "stimctl.supervisor.name_watch",
    "stimctl.supervisor.process",
    "stimctl.supervisor.serve",
    "stimctl.supervisor.stop_faces",
    "stimctl.testing.demo",
    "stimctl.tui.app",
    "stimctl.tui.stop_driver",
}
#: They are there on Windows and use what is not: where that is caught, or where a session alone
#: comes by (as in all of `supervisor` and `tui`).
CAUGHT = {
    "firmware_sim.owner": "pidfd_open: an AttributeError is what other systems answer, too",
    "stimctl.cli.signals": "set_blocking: a session alone listens for signals",
    "stimctl.commission.session_rig": "fork, kill: a session alone comes by",
    "stimctl.inputs.__main__": "AF_UNIX: a session alone has inputs",
    "stimctl.inputs.threaded": "set_blocking: a session alone has inputs",
    "stimctl.inputs.udp": "recvmsg, CMSG_SPACE: a session alone has inputs",
    "stimctl.inputs.sensor": "set_blocking: a session alone has inputs",
    "stimctl.keyboard": "tcgetpgrp, getpgrp: a session alone needs the keyboard",
    "stimctl.records.places": "getuid: after `import pwd`, which fails there",
    "stimctl.report.file": "posix_spawn: after a look for xdg-open, which is not there",
    "stimctl.sync.quiet": "setpriority, sched_setscheduler: an AttributeError is caught",
}
REFUSED = ("run ", "--demo", "--plain", "ports", "identify ", "stop ", "stop-face ", "sim ")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the one process has told."""
    home = tmp_path_factory.mktemp("windows")
    done = subprocess.run(
        [sys.executable, *STRICT, "-m", on_windows.__name__, str(home)],
        capture_output=True, encoding="utf-8", timeout=240, cwd=ROOT, check=False,
        env=_environment(home),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return {**json.loads(done.stdout), "home": home}


def _environment(home: Path) -> dict[str, str]:
    own = ("HOME", "XDG_", "STIMCTL_", "SSH_", "PYTHON")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(own)}
    path = os.pathsep.join(map(str, (ROOT,) if os.name == "nt" else (SITE, ROOT)))
    local = str(home / "AppData" / "Local")
    return {**kept, "USERPROFILE": str(home), "LOCALAPPDATA": local, "PYTHONPATH": path}


def command(told: dict[str, Any], words: str) -> dict[str, Any]:
    return next(found for name, found in told["commands"].items() if name.startswith(words))


def test_every_module_is_there_on_windows_but_those_of_a_posix_session(
    told: dict[str, Any],
) -> None:
    absent = {name: why for name, why in told["modules"].items() if why}
    assert set(absent) == POSIX | ABOVE_POSIX
    assert set(absent.values()) <= MODULES, absent
    assert len(told["modules"]) > 600, "the walk has found both packages"


@cache
def _sources() -> dict[str, ast.Module]:
    found = {}
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            found[".".join(parts).removesuffix(".__init__")] = ast.parse(path.read_text("utf-8"))
    return found


def _imported_at_once(tree: ast.AST) -> Iterator[str]:
    """What is imported when the module is, not when something of it is called."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _imported_at_once(node)


def test_a_posix_module_is_imported_by_those_on_the_list_and_by_the_one_door() -> None:
    users = {
        name for name, tree in _sources().items() if MODULES.intersection(_imported_at_once(tree))
    }
    assert users == POSIX | {DOOR}


def test_what_windows_lacks_is_used_where_a_session_alone_comes_by_or_where_it_is_caught() -> None:
    lacking = {
        (module.__name__, name) for module in ATTRIBUTES for name in ATTRIBUTES[module].split()
    }
    users = {
        name
        for name, tree in _sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in lacking
    }
    elsewhere = users - POSIX - ABOVE_POSIX - {DOOR}
    assert {one for one in elsewhere if ".supervisor." not in one and ".tui." not in one} == set(
        CAUGHT
    )


@pytest.mark.parametrize(
    "words",
    [
        "--version", "check ", "rehearse ", "protocols list", "protocols fork", "protocols show",
        "screening", "spec ", "sessions list", "sessions show", "sessions verify",
        "sessions report", "station-key", "devices", "backup ", "people list",
        "people maximum", "people erase",
    ],
)  # fmt: skip
def test_what_needs_no_session_works_on_windows(told: dict[str, Any], words: str) -> None:
    done = command(told, words)
    assert done["code"] == 0, done
    assert done["out"] or done["err"]


def test_a_rehearsal_on_windows_is_on_record_for_a_run(told: dict[str, Any]) -> None:
    assert re.search(r"confirm +[0-9a-f]{4}\n", command(told, "rehearse ")["out"])
    state = told["home"] / "AppData" / "Local" / "stimctl"
    assert list(state.rglob("*rehears*")), "the rehearsal is on the disk"


def test_a_session_written_on_windows_is_read_and_verified_there(told: dict[str, Any]) -> None:
    assert told["session"] in command(told, "sessions list")["out"]
    assert "chain whole" in command(told, "sessions verify")["out"]
    assert (told["home"] / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_what_needs_a_session_says_on_windows_what_is_missing_and_where_it_works(
    told: dict[str, Any],
) -> None:
    refused = {name: done for name, done in told["commands"].items() if name.startswith(REFUSED)}
    assert len(refused) == 10
    for name, done in refused.items():
        assert done["code"] == ExitCode.NOT_ON_THIS_SYSTEM, (name, done)
        words = " ".join(done["err"].split())
        for part in ("does not work on Windows", "termios", "WSL 2", "usbipd attach --wsl --busid"):
            assert part in words, (name, part)
        assert "Traceback" not in words
        assert ("OUTPUT UNKNOWN. Pull the electrode cable" in words) is name.startswith("stop ")
        if name.endswith("--json"):
            assert json.loads(done["out"])["code"] == "not-on-this-system"


def test_the_python_api_says_the_same_with_a_code(told: dict[str, Any]) -> None:
    for error in told["refusals"].values():
        assert error["error"] == "NotOnThisSystemError"
        assert error["code"] == "not-on-this-system"
        assert error["exit_code"] == ExitCode.NOT_ON_THIS_SYSTEM
        assert all(error[part] for part in ("what", "why", "what_to_do"))
    assert set(told["refusals"]) == {"connect", "client"}


def test_the_doctor_fails_on_windows_for_the_system_alone(told: dict[str, Any]) -> None:
    done = command(told, "doctor")
    checks = json.loads(done["out"])["checks"]
    assert done["code"] == ExitCode.REFUSED
    assert [check["name"] for check in checks if check["verdict"] != "ok"] == ["system"]
    assert {"protocols", "journal", "sessions", "free space"} <= {one["name"] for one in checks}


def test_a_twin_over_tcp_answers_our_codec_on_windows_and_ends_with_its_record_complete(
    told: dict[str, Any],
) -> None:
    assert told["twin"]["url"].startswith("socket://127.0.0.1:")
    assert told["twin"]["answer"] == "GetDeviceIdAck(result=0, id_bytes=b'SIM0000000')"
    assert told["twin"]["code"] == 0, "it was asked to end, and not killed"
    assert told["twin"]["kinds"][0] == "clock"


def test_a_twin_in_lock_step_answers_on_windows(told: dict[str, Any]) -> None:
    assert told["lock-step"] == ["p24", 1_000_000]


def test_stimctl_sim_runs_the_twin_over_tcp_and_waits_for_it(told: dict[str, Any]) -> None:
    assert told["sim"]["code"] == 0, told["sim"]
    assert told["sim"]["out"].startswith("ready socket://127.0.0.1:")


def test_a_twin_without_a_port_says_that_there_is_no_pseudo_terminal(told: dict[str, Any]) -> None:
    assert told["pty"]["code"] == ExitCode.USAGE
    assert "no pseudo terminals; give --tcp PORT" in told["pty"]["err"]


def test_files_of_windows_lie_in_the_local_folder_of_the_user(told: dict[str, Any]) -> None:
    places = json.loads(command(told, "paths")["out"])
    local = told["home"] / "AppData" / "Local" / "stimctl"
    found = [Path(places[name]) for name in ("state", "journal", "own_protocols")]
    assert found == [local, local / "journal", local / "protocols"]
    forked = command(told, "protocols fork")["out"].strip()
    assert Path(forked) == local / "protocols" / "mine.toml"


def test_the_page_of_platforms_names_what_works_on_windows_and_what_is_refused(
    told: dict[str, Any],
) -> None:
    page = (ROOT / "docs" / "reference" / "platforms.md").read_text("utf-8")
    refused = next(line for line in page.splitlines() if "refused, exit code 69" in line)
    for name, done in told["commands"].items():
        verb = name.split(" ")[0]
        if verb.startswith("--"):
            continue
        line = refused if done["code"] == ExitCode.NOT_ON_THIS_SYSTEM else page.replace(refused, "")
        assert re.search(rf"`(stimctl )?{verb}\b", line), f"the page does not tell of {name}"
    for step in STEPS:
        assert step.split("  ")[0] in page


def test_a_lock_on_windows_keeps_others_out_as_long_as_the_file_is_open(
    told: dict[str, Any],
) -> None:
    assert told["locks"] == [False, True]
