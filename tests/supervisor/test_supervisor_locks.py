"""Locks name a living process, and the runtime folder belongs to one user."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stimctl.errors import NoDeviceError, PortBusyError
from stimctl.supervisor import lock_files, locks
from stimctl.supervisor import runtime_folders as folders
from tests.support.holding_process import finish, holding_process


@pytest.mark.hazard("H06")
def test_a_second_process_is_refused_by_the_name_of_the_holder() -> None:
    holder = holding_process("/dev/none")
    try:
        with pytest.raises(PortBusyError) as refused:
            locks.PortLock("/dev/none", "supervisor").acquire()
        assert f"already used by stimctl pid {holder.pid}, started " in str(refused.value)
        assert refused.value.holder.startswith(f"stimctl pid {holder.pid}, started ")
    finally:
        finish(holder)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.hazard("H06")
def test_a_lock_that_was_given_back_is_free_although_a_fork_has_a_copy_of_it() -> None:
    lock = locks.PortLock("/dev/none", "stop")
    lock.acquire()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(writer)
        os.read(reader, 1)  # until the test is over
        os._exit(0)
    try:
        lock.release()
        again = locks.PortLock("/dev/none", "supervisor")
        again.acquire()
        again.release()
    finally:
        os.close(writer)
        os.waitpid(child, 0)
        os.close(reader)


@pytest.mark.hazard("H06")
def test_a_lock_whose_words_are_gone_still_keeps_others_out() -> None:
    holder = holding_process("/dev/none")
    try:
        lock = locks.PortLock("/dev/none", "supervisor")
        lock.path.write_text("")
        with pytest.raises(PortBusyError):
            lock.acquire()
    finally:
        finish(holder)


@pytest.mark.hazard("H06")
def test_a_holder_that_took_another_folder_is_found_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It was started before the login folder was there, or where that was full."""
    other = tmp_path / f"stimctl-{os.getuid()}"
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    holder = holding_process("/dev/none")
    try:
        other.mkdir(mode=0o700)
        (locks.runtime_folder() / "locks").rename(other / "locks")
        with pytest.raises(PortBusyError) as refused:
            locks.PortLock("/dev/none", "supervisor").acquire()
        assert f"pid {holder.pid}," in refused.value.holder
    finally:
        finish(holder)


@pytest.mark.hazard("H06")
def test_a_name_stays_locked_when_it_is_led_elsewhere_and_so_does_the_device(
    tmp_path: Path,
) -> None:
    masters, slaves = zip(*(os.openpty() for _ in range(2)), strict=True)
    first, second = (os.ttyname(slave) for slave in slaves)
    port = tmp_path / "port"
    port.symlink_to(first)
    holder = holding_process(str(port))
    try:
        port.unlink()
        port.symlink_to(second)
        for name in (str(port), first):
            with pytest.raises(PortBusyError) as refused:
                locks.PortLock(name, "supervisor").acquire()
            assert f"pid {holder.pid}," in refused.value.holder
        free = locks.PortLock(second, "supervisor")
        free.acquire()
        free.release()
    finally:
        finish(holder)
        for fd in (*masters, *slaves):
            os.close(fd)


@pytest.mark.hazard("H61")
def test_a_folder_for_logins_counts_only_where_it_is_this_users(
    monkeypatch: pytest.MonkeyPatch, runtime: Path
) -> None:
    assert locks.candidates()[0] == runtime / "stimctl"
    uid = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: uid)
    assert runtime / "stimctl" not in locks.candidates()
    assert Path(f"/tmp/stimctl-{uid}") in locks.candidates()


def test_a_candidate_that_cannot_be_written_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    places = [tmp_path / "none" / "a", tmp_path / "file" / "b", tmp_path / "c"]
    monkeypatch.setattr(folders, "candidates", lambda: places)
    assert locks.runtime_folder() == tmp_path / "c"
    monkeypatch.setattr(folders, "candidates", lambda: places[:2])
    with pytest.raises(NoDeviceError, match="XDG_RUNTIME_DIR") as refused:
        locks.runtime_folder()
    assert all(str(place) in refused.value.why for place in places[:2])


@pytest.mark.hazard("H61")
@pytest.mark.skipif(os.getuid() != 0, reason="only root can write in another's name")
def test_a_lock_that_another_user_wrote_names_nobody() -> None:
    holder = holding_process("/dev/none")
    try:
        path = locks.PortLock("/dev/none", "stop").path
        os.chown(path, 65534, -1)
        assert locks.read_holder("/dev/none") is None
    finally:
        finish(holder)


def test_a_killed_holder_leaves_the_lock_free_and_is_named_no_more() -> None:
    holder = holding_process("/dev/none")
    assert locks.read_holder("/dev/none") is not None
    finish(holder)
    assert locks.read_holder("/dev/none") is None
    lock = locks.PortLock("/dev/none", "supervisor")
    lock.acquire()
    found = locks.read_holder("/dev/none")
    assert found is not None
    assert found.pid == os.getpid()
    lock.release()
    assert locks.read_holder("/dev/none") is None


@pytest.mark.parametrize("field", ["start_time", "boot_id"])
def test_a_pid_that_was_given_away_is_not_taken_for_the_holder(field: str) -> None:
    lock = locks.PortLock("/dev/none", "supervisor")
    lock.acquire()
    lines = lock.path.read_text().splitlines()
    lock.path.write_text(
        "\n".join(f"{field}=another" if line.startswith(field) else line for line in lines)
    )
    assert locks.read_holder("/dev/none") is None
    lock.release()


@pytest.mark.parametrize(
    "content", ["", "{", "pid=1", "pid=x\nstart_time=1", "=", "\x00", "pid=1\n" * 9]
)
def test_a_damaged_lock_file_names_nobody(content: str) -> None:
    locks.PortLock("/dev/none", "stop").path.write_text(content)
    assert locks.read_holder("/dev/none") is None


def test_a_lock_file_that_was_replaced_is_noticed() -> None:
    lock = locks.PortLock("/dev/none", "supervisor")
    lock.acquire()
    assert lock.still_held()
    lock.path.unlink()
    assert not lock.still_held()
    lock.path.touch()
    assert not lock.still_held()
    lock.release()
    assert not lock.still_held()


def test_every_path_to_a_port_is_one_lock(tmp_path: Path) -> None:
    port = tmp_path / "ttyACM0"
    port.touch()
    by_id = tmp_path / "usb-HASOMED"
    by_id.symlink_to(port)
    assert locks.port_key(str(port)) == locks.port_key(str(by_id))
    assert locks.port_key("socket://a:1") != locks.port_key("socket://a:2")


def test_the_runtime_folder_is_for_its_owner_alone(runtime: Path) -> None:
    folder = locks.runtime_folder()
    assert folder == runtime / "stimctl"
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    with pytest.raises(NoDeviceError, match="cannot be trusted"):
        locks.runtime_folder()


def test_a_link_in_place_of_the_runtime_folder_is_refused(runtime: Path, tmp_path: Path) -> None:
    (runtime / "stimctl").symlink_to(tmp_path)
    with pytest.raises(NoDeviceError, match="cannot be trusted"):
        locks.runtime_folder()


def test_a_long_runtime_folder_still_has_room_for_a_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    deep = tmp_path / ("x" * 100)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    path = locks.socket_path("/dev/ttyACM0")
    assert len(os.fsencode(path)) <= 100
    assert path == locks.socket_path("/dev/ttyACM0")


def test_a_process_that_is_gone_has_no_start_time() -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    try:
        while locks.start_time_of(ended.pid) is not None:
            pass  # until it is a zombie, which holds nothing any more
    finally:
        ended.wait()
    assert locks.start_time_of(ended.pid) is None
    assert locks.start_time_of(os.getpid())


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
@pytest.mark.parametrize("text", ["", "123 (x", "123 (a b) Z 1 2"])
def test_a_process_that_is_just_ending_has_no_start_time_and_breaks_no_stop(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(lock_files, "text_of", lambda _path: text)
    assert locks.start_time_of(123) is None
