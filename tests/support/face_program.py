"""A small face: runs one session, prints its rows, obeys words on stdin. Started by fault tests.

usage: face_program.py DEVICE JOURNAL MICROAMPERE [SUPERVISOR OPTION ...]
"""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import threading
import time

from stimctl.errors import StateError, StimctlError
from stimctl.records.protocol_files import shipped_folder
from stimctl.supervisor.client import Row, SupervisorClient

_printing = threading.Lock()


def show(row: Row) -> None:
    with _printing:
        print(json.dumps({**row, "shown_ns": time.monotonic_ns()}), flush=True)


def until(client: SupervisorClient, state: str) -> None:
    give_up = time.monotonic() + 30
    while client.state != state:
        if time.monotonic() > give_up:
            raise SystemExit(f"still {client.state}, not {state}")
        time.sleep(0.005)


def raise_by_hand(client: SupervisorClient, plateau_ua: int) -> None:
    give_up = time.monotonic() + 30
    while True:
        try:
            client.ask("raise", channel=1, level=f"{plateau_ua} uA")
        except StateError:  # too early after the one before
            if time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


def run(client: SupervisorClient, target_ua: int) -> None:
    path = shipped_folder() / "tens-conventional.toml"
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    client.ask("load", path=str(path), sha256=sha256)
    client.ask("channel", channel=1, level="10 mA", area="25 cm2")
    client.ask("compile")
    client.ask("connect")
    until(client, "checked")
    client.ask("arm")
    until(client, "armed")
    client.ask("start")
    until(client, "running")
    for plateau in range(500, target_ua + 1, 500):
        raise_by_hand(client, plateau)
    show({"kind": "raised"})


def main(device: str, journal: str, target_ua: str, *options: str) -> int:
    client = SupervisorClient(device, ["--journal", journal, *options], on_row=show)
    try:
        client.start()
        run(client, int(target_ua))
    except StimctlError as error:
        show({"kind": "failed", "error": error.as_dict()})
        return client.close() if client.address else int(error.exit_code)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(client.close() or 143))
    for word in sys.stdin:
        if word.strip() == "close":
            break
        client.ask(word.strip())
    return client.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
