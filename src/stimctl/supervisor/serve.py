"""The supervisor's program: takes the port, runs the session of one face, leaves at zero."""

from __future__ import annotations

import argparse
import faulthandler
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from types import FrameType

from stimctl.codes import Code
from stimctl.devices.sheet import CapabilitySheet
from stimctl.errors import BugError, ExitCode, StimctlError, UsageError
from stimctl.records.people.change import PersonInUse, enrol
from stimctl.records.person import check_person_code
from stimctl.records.places import journal_folder, state_folder
from stimctl.session.config import EngineConfig
from stimctl.session.events import encode
from stimctl.session.host_rows import Fatal, Hello
from stimctl.supervisor.control_socket import ControlSocket
from stimctl.supervisor.device_names import parse_device
from stimctl.supervisor.face_input import FaceInput, FaceProcess
from stimctl.supervisor.families import family_to_drive
from stimctl.supervisor.inbox import Inbox, Leave
from stimctl.supervisor.line import DeviceLine
from stimctl.supervisor.link_capture import link_capture_of
from stimctl.supervisor.locks import abstract_sockets, socket_path
from stimctl.supervisor.name_watch import NameWatch
from stimctl.supervisor.options import FACES, PROGRAM, Options
from stimctl.supervisor.output import FaceOutput, row_of
from stimctl.supervisor.port import open_port
from stimctl.supervisor.port_names import device_key, port_keys, typed_keys
from stimctl.supervisor.port_types import Port
from stimctl.supervisor.priority import prefer_this_process
from stimctl.supervisor.process import Supervisor
from stimctl.supervisor.stop import stop_port
from stimctl.supervisor.stop_face_names import parse_stop_faces
from stimctl.supervisor.stop_faces import stop_faces_of
from stimctl.supervisor.stop_row import row_text
from stimctl.supervisor.twin import launch_twin

_SIGNALS = {
    signal.SIGTERM: ExitCode.TERMINATED,
    signal.SIGHUP: ExitCode.TERMINATED,
    signal.SIGQUIT: ExitCode.TERMINATED,
    signal.SIGINT: ExitCode.INTERRUPTED,
}


def _arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m stimctl.supervisor", description=__doc__)
    parser.add_argument("device")
    parser.add_argument(
        "--face", type=int, default=None, metavar="PID",
        help="the process that has started this one; its first line is the other options",
    )  # fmt: skip
    parser.add_argument("--journal", type=Path, default=None, help="folder for the journal")
    parser.add_argument("--person", default="", help="a person's code, never a name")
    parser.add_argument("--face-name", choices=FACES, default="", help="who operates it")
    parser.add_argument("--scripted-raise", action="store_true")
    parser.add_argument("--requires-hold", action="store_true")
    parser.add_argument("--single-pulses", action="store_true")
    parser.add_argument("--find-channels", action="store_true", help="one after the other, by site")
    parser.add_argument("--follow", action="store_true", help="a program may have targets")
    parser.add_argument("--no-attendance-prompt", action="store_true")
    parser.add_argument("--keys", action="store_true", help="a person presses the face's keys")
    parser.add_argument("--operator", default="", help="who is in charge, by a code")
    parser.add_argument("--stop-face", action="append", default=[], help="a pedal or a button")
    parser.add_argument("--capture", default="", help="a file for what passes the port")
    parser.add_argument("--bench", action="store_true", help="a resistor is on the leads")
    parser.add_argument("--watchdog-test", action=argparse.BooleanOptionalAction, default=None)
    return parser.parse_args(argv)


def _config(arguments: argparse.Namespace, sim: bool, sheet: CapabilitySheet) -> EngineConfig:
    asked = arguments.watchdog_test
    if arguments.follow and not (arguments.face_name == PROGRAM and arguments.requires_hold):
        raise UsageError("only a program of the Python API may follow targets")
    return EngineConfig(
        scripted_raise=arguments.scripted_raise,
        # A twin's watchdog is tested where the twin is; seeing it act takes 2 s of every start.
        watchdog_test=not sim if asked is None else asked,
        # Rule K3: without a watchdog somebody attends, and is asked whether he does.
        attended_by_prompt=not arguments.no_attendance_prompt or not sheet.has_watchdog,
        requires_hold=arguments.requires_hold,
        single_pulses=arguments.single_pulses,
        find_channels=arguments.find_channels,
        follow=arguments.follow,
        operated_by="program" if arguments.face_name == PROGRAM else "hand",
    )


def _serve(
    arguments: argparse.Namespace,
    output: FaceOutput,
    inbox: Inbox,
    face_speaks: Callable[[], bool] = lambda: False,
) -> int:
    device = parse_device(arguments.device)
    state = state_folder()
    person = check_person_code(arguments.person) if arguments.person else ""
    in_use = PersonInUse(state, person) if person else None  # until this process ends
    family = family_to_drive(device, state)
    # Before the device is opened: without its stop face a session does not begin.
    faces = parse_stop_faces(arguments.stop_face)
    stop_faces = stop_faces_of(faces, device.address, inbox.put)
    options = Options(
        device=str(device),
        address=device.address or launch_twin(device.family).address,
        sim=device.is_twin,
        state_folder=state,
        journal_folder=arguments.journal or journal_folder(state),
        person=person,
        person_key=enrol(state, person) if person else "",
        config=_config(arguments, device.is_twin, family.sheet),
        keys=arguments.keys,
        operator=check_person_code(arguments.operator) if arguments.operator else "",
        face=arguments.face_name,
        stop_faces=faces,
        bench=arguments.bench,
    )
    opener: Callable[[], Port] = partial(
        open_port, options.address, family.row.lines, dtr=family.row.resets_by_dtr
    )
    capture = link_capture_of(arguments.capture, family.row, inbox)
    opener = opener if capture is None else capture.opener(opener)
    try:
        line = DeviceLine(opener(), opener, inbox)
    except BaseException:
        if capture is not None:
            capture.close()
        raise
    if capture is not None:
        line.identified = capture.identified
    path = socket_path(options.address)
    control = ControlSocket(path, inbox, abstract_sockets(port_keys(options.address)))
    control.about = partial(_about, line, options.address)
    line.whenever_opened(partial(_make_findable, control, str(path), row_text(family.row)))
    line.whenever_dropped(partial(_leave_the_node, control, options.address))
    NameWatch(line, inbox).start()
    try:
        supervisor = Supervisor(
            options, family, line, inbox, output, control, face_speaks, stop_faces
        )
        sheet = family.sheet
        hello = Hello(
            str(device), options.address, dict(line.describe()), os.getpid(),
            sheet.longest_run_after_host_death_us, sheet.boot_us,
        )  # fmt: skip
        supervisor.say(hello)
        return supervisor.run()
    except Exception:
        # A bug in here must not leave output on: stop the device without engine and driver.
        node = str(line.describe().get("device", ""))
        line.drop()
        control.close()
        stop_port(options.address, device.family, node=node)
        raise
    finally:
        control.close()
        line.drop()
        stop_faces.close()
        if capture is not None:
            capture.close()
        if in_use is not None:
            in_use.close()


def _about(line: DeviceLine, address: str) -> Mapping[str, object]:
    """What a stop has to know of this session; no keys where the device is lost."""
    node = str(line.describe().get("device", address))
    keys = [device_key(node)] if line.is_up else []
    return {"pid": os.getpid(), "name": address, "node": node, "keys": keys}


def _make_findable(control: ControlSocket, path: str, row: str, port: Port) -> None:
    """By the device and by each name, without a folder as well; after a replugging, too."""
    control.listen_at(abstract_sockets(port.keys))
    port.listens_at(path, row)


def _leave_the_node(control: ControlSocket, address: str, port: Port) -> None:
    """The node of a lost device may be another one's soon; the name it was started by stays."""
    typed = typed_keys(address)
    control.leave(abstract_sockets(key for key in port.keys if key not in typed))


def main(argv: list[str]) -> int:
    """Run one supervisor; returns its exit code."""
    sys.setswitchinterval(0.001)
    faulthandler.enable()
    inbox = Inbox()
    arguments = _arguments(argv)
    face_input = FaceInput(0, inbox, FaceProcess(arguments.face) if arguments.face else None)
    if arguments.face:
        prefer_this_process()
        arguments = _arguments([*argv, *face_input.options()])
    for number, code in _SIGNALS.items():
        signal.signal(number, partial(_on_signal, inbox, int(code)))
    # What a library prints must not end up between the rows for the face.
    face = os.dup(1)
    os.dup2(2, 1)
    output = FaceOutput(face)
    face_input.start()
    try:
        return _serve(arguments, output, inbox, face_input.waits)
    except Exception as error:  # noqa: BLE001 - told to the face, and the exit code says it
        known = error if isinstance(error, StimctlError) else BugError(repr(error))
        if known is not error:
            traceback.print_exc()
        fatal = Fatal(known.as_dict(), int(known.exit_code))
        row = row_of(fatal.kind, time.time_ns(), time.monotonic_ns(), encode(fatal))
        output.put(row, droppable=False)
        output.finish(0.5)
        return int(known.exit_code)


def _on_signal(inbox: Inbox, code: int, number: int, _frame: FrameType | None) -> None:
    inbox.put(Leave(signal.Signals(number).name, code, Code.SIGNAL))
