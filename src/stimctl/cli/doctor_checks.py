"""The single checks of `stimctl doctor`. None opens a port or changes anything that stays."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stimctl import supervisor
from stimctl.errors import StimctlError
from stimctl.records.places import journal_folder, state_folder
from stimctl.supervisor.port_facts import in_container
from stimctl.version import __version__

_PACKAGES = ("cryptography", "jinja2", "pyserial", "pydantic", "textual", "typer")
_LEAST_FREE_BYTES = 100 << 20  # below this an alarm is due during a session (SAFETY section 6)
_SLOW_SYNC_MS = 50.0  # a raise waits for the journal and is stale after 250 ms
_NETWORK_TYPES = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "afs", "ceph", "glusterfs"}
)
_BRLTTY_RULES = (
    Path("/usr/lib/udev/rules.d/90-brltty-device.rules"),
    Path("/usr/lib/udev/rules.d/85-brltty.rules"),
    Path("/lib/udev/rules.d/85-brltty.rules"),
)


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor: verdict is ok, warn or fail; `fix` is a command or a short advice."""

    name: str
    verdict: str
    detail: str
    fix: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def run_checks() -> list[Check]:
    """All checks. A check that itself fails is a line of the result, never an end of the others."""
    checks: list[Check] = []
    groups: list[Callable[[], Iterator[Check]]]
    groups = [_program, _packages, _protocols, _records, _temporary]
    if supervisor.RUNS_HERE:
        groups += [_runtime, _twins, _ports, _modem_manager, _brltty]
    for group in groups:
        try:
            checks += group()
        except StimctlError as error:
            checks.append(_failed(group, error.what, error.why, error.what_to_do))
        except OSError as error:
            checks.append(_failed(group, str(error), "", ""))
        except Exception as error:  # noqa: BLE001 - the doctor tells what it met, and goes on
            checks.append(_failed(group, f"{type(error).__name__}: {error}", "", ""))
    return checks


def _failed(group: Callable[[], Iterator[Check]], what: str, why: str, fix: str) -> Check:
    return Check(group.__name__.strip("_"), "fail", f"{what}: {why}" if why else what, fix)


def _program() -> Iterator[Check]:
    yield Check("stimctl", "ok", f"{__version__}, Python {platform.python_version()}")
    system = f"{platform.system()} {platform.release()}"
    if supervisor.RUNS_HERE:
        tried = sys.platform.startswith(("linux", "darwin"))
        unknown = f"{system}: nobody has tried a session here"
        yield Check("system", "ok", system) if tried else Check("system", "warn", unknown)
    else:
        from stimctl.supervisor.platform_support import MISSING

        fix = "use WSL 2 for sessions; `stimctl ports` says how"
        yield Check("system", "fail", f"{system}: no session runs here. {MISSING}", fix)


def _packages() -> Iterator[Check]:
    from stimctl.tui.ui_packages import WANTED, fits, wanted

    for name in _PACKAGES:
        try:
            version = importlib.metadata.version(name)
            if name in WANTED and not fits(name, version):
                detail = f"{version}: the terminal UI needs {wanted(name)}; all else works"
                yield Check(name, "warn", detail, "an environment of its own for stimctl")
            else:
                yield Check(name, "ok", version)
        except importlib.metadata.PackageNotFoundError:
            yield Check(
                name, "fail", "is not installed", f"{sys.executable} -m pip install stimctl"
            )


def _protocols() -> Iterator[Check]:
    from stimctl.records.protocol_files import list_protocols, shipped_folder

    count = len(list_protocols())
    yield Check("protocols", "ok" if count else "warn", f"{count} in {shipped_folder()}")


def _records() -> Iterator[Check]:
    folder = journal_folder(state_folder())
    nearest = next(path for path in (folder, *folder.parents) if path.exists())
    yield _writable(folder, nearest)
    free = shutil.disk_usage(nearest).free
    verdict = "ok" if free >= _LEAST_FREE_BYTES else "fail"
    fix = "" if verdict == "ok" else f"free some space on the disk of {nearest}"
    yield Check("free space", verdict, f"{free / (1 << 30):.1f} GiB at {nearest}", fix)
    kind = filesystem_type(nearest)
    if kind in _NETWORK_TYPES:
        fix = "set STIMCTL_STATE_HOME to a folder on a local disk"
        yield Check("file system", "fail", f"{kind} is a network file system", fix)
    elif kind:
        yield Check("file system", "ok", kind)
    yield from _unfinished(folder)


def _writable(folder: Path, nearest: Path) -> Check:
    fix = (
        f"mkdir -p {folder} && chmod 700 {folder}, "
        "or set STIMCTL_STATE_HOME to a folder that can be written"
    )
    if not nearest.is_dir():
        return Check("journal", "fail", f"{nearest} is not a folder", f"remove it, then {fix}")
    if not folder.exists():
        if os.access(nearest, os.W_OK | os.X_OK):
            return Check("journal", "ok", f"{folder} will be made by the first session")
        return Check("journal", "fail", f"{nearest} is not writable", fix)
    try:
        took_ms = _time_of_a_durable_row(folder)
    except OSError as error:
        return Check("journal", "fail", f"{folder}: {error.strerror}", f"chmod u+rwx {folder}")
    detail = f"{folder} is writable, a durable row takes {took_ms:.1f} ms"
    if took_ms > _SLOW_SYNC_MS:
        return Check("journal", "warn", detail, "set STIMCTL_STATE_HOME to a faster disk")
    return Check("journal", "ok", detail)


def _time_of_a_durable_row(folder: Path) -> float:
    with tempfile.TemporaryFile(dir=folder) as file:
        begun = time.perf_counter()
        os.write(file.fileno(), b"x" * 300)
        os.fsync(file.fileno())
        return (time.perf_counter() - begun) * 1000


def _unfinished(folder: Path) -> Iterator[Check]:
    from stimctl.records.sessions import SessionState, list_sessions

    sessions = list_sessions(folder)
    for state in (SessionState.UNFINISHED, SessionState.DAMAGED, SessionState.MISSING):
        count = sum(entry.state is state for entry in sessions)
        if count:
            verdict = "warn" if state is SessionState.UNFINISHED else "fail"
            detail = f"{count} of {len(sessions)} sessions are {state.value}"
            yield Check("sessions", verdict, detail, "stimctl sessions verify")
    if not any(entry.state is not SessionState.COMPLETE for entry in sessions):
        yield Check("sessions", "ok", f"{len(sessions)} recorded, all complete")


def _temporary() -> Iterator[Check]:
    try:
        yield Check("temporary folder", "ok", tempfile.gettempdir())
    except OSError as error:
        fix = "set TMPDIR to a folder that can be written"
        yield Check("temporary folder", "warn", error.strerror or str(error), fix)


def _runtime() -> Iterator[Check]:
    from stimctl.supervisor.locks import runtime_folder

    yield Check("runtime folder", "ok", str(runtime_folder()))


def _twins() -> Iterator[Check]:
    from stimctl.supervisor.families import every_family
    from stimctl.supervisor.locks import read_holder
    from stimctl.supervisor.twin import running_twins

    for family in every_family():
        for address in running_twins(family):
            holder = read_holder(address)
            yield Check("twin", "ok", f"{family}:{address}, {holder or 'free'}")


def _ports() -> Iterator[Check]:
    from stimctl.supervisor.device_names import EXAMPLE
    from stimctl.supervisor.port_facts import latency_timer_ms, node_cure, slow_adapter
    from stimctl.supervisor.ports import list_ports

    found = list_ports()
    if not found:
        why = f"no serial port has anything behind it; sim:{EXAMPLE} needs none"
        yield Check("ports", "ok", why)
    for port in found:
        if not port.has_node:
            yield Check("port", "fail", f"{port.address}: {port.trouble}", node_cure(port.address))
        elif not port.may_open:
            fix = f"sudo usermod -aG {port.group or 'dialout'} $USER, then log in again"
            yield Check("port", "fail", f"{port.address}: no permission to open it", fix)
        else:
            use = f"used by {port.holder}" if port.holder else "free"
            yield Check("port", "ok", f"{port.address} {port.description}, {use}")
        timer_ms = latency_timer_ms(port.address)
        slow = slow_adapter(port.address, timer_ms)
        if slow is not None:
            yield Check("latency timer", "warn", *slow)
        elif timer_ms is not None:
            yield Check("latency timer", "ok", f"{port.address}: {timer_ms} ms")


def _modem_manager() -> Iterator[Check]:
    if is_running("ModemManager"):
        yield Check(
            "ModemManager",
            "warn",
            "it probes new serial ports and can send bytes to the device",
            "sudo systemctl disable --now ModemManager",
        )


def _brltty() -> Iterator[Check]:
    """The driver of Braille displays takes adapters that Braille displays have, too."""
    from stimctl.supervisor.ports import usb_without_port

    without = usb_without_port()
    if is_running("brltty") or (without and any(rules.exists() for rules in _BRLTTY_RULES)):
        yield Check(
            "brltty",
            "fail" if without else "warn",
            "it takes USB serial adapters (CH340, CP210x, FTDI) for Braille displays",
            "sudo systemctl disable --now brltty.service brltty-udev.service, or "
            "sudo apt-get remove brltty; then plug the device in again",
        )
    for usb in without:
        fix = "plug it in again; then: sudo dmesg | tail. Its driver may be missing"
        if in_container():
            fix = "start the container with --device PATH, the port's path on the host"
        detail = f"{usb.vendor}:{usb.product} {usb.description} has no serial port"
        yield Check("usb", "fail", detail, fix)


def is_running(program: str, processes: Path = Path("/proc")) -> bool:
    """True when a process of that name runs; False also where the system does not tell."""
    for comm in processes.glob("[0-9]*/comm"):
        try:
            if comm.read_text("utf-8", "replace").strip() == program:
                return True
        except OSError:
            continue
    return False


def filesystem_type(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The type of the file system that holds `path`; "" where the system does not tell."""
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return ""
    resolved = path.resolve()
    best, kind = -1, ""
    for line in lines:
        fields = line.split()
        place = Path(fields[1].replace("\\040", " ")) if len(fields) > 2 else Path("?")
        if resolved.is_relative_to(place) and len(place.parts) >= best:
            best, kind = len(place.parts), fields[2]
    return kind
