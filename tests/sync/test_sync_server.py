"""The server: its address, its schema, its signatures, and what is told where it is away."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stimctl.__main__ import main
from stimctl.errors import ExitCode, ServerError, UsageError
from stimctl.records.station_keys import open_key
from stimctl.sync.server import Server, connect, is_open_to_readers
from tests.support.clinic import READER, Clinic, Station
from tests.support.postgres import PostgresServer

SECRET = "sesame-4711"


@contextmanager
def server(url: str) -> Iterator[Server]:
    with closing(connect(url)) as connection:
        yield Server(connection)


# -- the address


def test_a_server_that_is_away_is_told_and_nothing_is_lost(station: Station) -> None:
    station.record()
    with pytest.raises(ServerError, match="Sessions need no server"):
        connect("postgresql://room@/clinic?host=/nowhere")
    assert station.path(station.recorded[0]).exists()


@pytest.mark.parametrize(
    "address",
    [
        f"postgresql://room:{SECRET}@localhost/clinic",
        f"host=localhost password={SECRET}",
        f"postgresql://localhost/clinic?password={SECRET}",
        f"postgresql://room:{SECRET}@[::1/clinic",
        f"postgresql://room:{SECRET}@localhost/clinic?nonsense={SECRET}",
    ],
)
def test_an_address_with_a_password_is_refused_and_not_repeated(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sync", address]) == ExitCode.USAGE
    told = capsys.readouterr()
    assert SECRET not in told.out + told.err


def test_the_password_comes_from_a_file_and_a_wrong_one_is_not_printed(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.sql("CREATE ROLE with_password")
    clinic.sql(f"CREATE ROLE locked LOGIN PASSWORD '{SECRET}' IN ROLE with_password")
    file = tmp_path / "pgpass"
    monkeypatch.setenv("PGPASSFILE", str(file))
    for password, lets_in in ((SECRET, True), (f"{SECRET}-old", False)):
        file.write_text(f"*:*:*:locked:{password}\n")
        file.chmod(0o600)
        if lets_in:
            connect(clinic.url("locked")).close()
            continue
        with pytest.raises(ServerError) as refused:
            connect(clinic.url("locked"))
        assert "password authentication failed" in refused.value.why
        assert SECRET not in str(refused.value)


def test_a_service_file_can_hold_the_address(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "services"
    file.write_text(
        f"[clinic]\nhost={clinic.server.folder}\ndbname={clinic.database}\nuser={READER}\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(file))
    with closing(connect("service=clinic")) as connection:
        Server(connection).check_version()


@pytest.mark.parametrize(
    ("host", "encrypted", "is_open"),
    [
        ("/run/postgresql", False, False),
        ("localhost", False, False),
        ("db.clinic.example", True, False),
        ("db.clinic.example", False, True),
    ],
)
def test_a_connection_that_others_can_read_is_known(
    host: str, encrypted: bool, is_open: bool
) -> None:
    pgconn = SimpleNamespace(ssl_in_use=encrypted)
    connection = SimpleNamespace(info=SimpleNamespace(host=host), pgconn=pgconn)
    assert is_open_to_readers(connection) is is_open


def test_without_the_extra_the_error_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    assert main(["sync", "service=clinic"]) == ExitCode.USAGE
    assert "pip install 'stimctl[sync]'" in capsys.readouterr().err


def test_only_the_verb_loads_the_library() -> None:
    code = (
        "import sys, stimctl.cli.app, stimctl.cli.sync, stimctl.sync.send, stimctl.sync.check\n"
        "sys.exit('psycopg' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sync_steps_back_behind_every_other_process() -> None:
    code = (
        "import os\nfrom stimctl.sync.quiet import step_back\nstep_back()\n"
        "print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0) == os.SCHED_IDLE)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if sys.platform == "linux":
        assert done.stdout == "19 True\n"


# -- the schema


def test_a_server_that_is_not_prepared_is_told(postgres: PostgresServer, clinic: Clinic) -> None:
    name = postgres.new_database()
    with (
        server(postgres.url(name)) as empty,
        pytest.raises(UsageError, match="stimctl sync prepare"),
    ):
        empty.check_version()


def test_a_second_preparation_changes_nothing(clinic: Clinic) -> None:
    with server(clinic.url()) as prepared:
        assert prepared.prepare() is False


@pytest.mark.parametrize(("version", "says"), [(0, "an older stimctl"), (2, "a newer stimctl")])
def test_a_schema_of_another_version_is_refused_before_anything_is_sent(
    postgres: PostgresServer, tmp_path: Path, version: int, says: str
) -> None:
    other = Clinic.prepared(postgres, tmp_path)
    other.sql(f"UPDATE stimctl.version SET version = {version}")
    station = Station(other, "old-schema", tmp_path / "old-schema")
    station.record()
    other.role("old-schema")
    other.sql('GRANT stimctl_station TO "old-schema"')
    with pytest.raises(UsageError, match=says):
        station.sync()
    with server(other.url()) as prepared, pytest.raises(UsageError, match=says):
        prepared.prepare()


def test_a_preparation_that_fails_leaves_nothing(
    postgres: PostgresServer, clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stimctl.sync.server._SCHEMA_FILES", ("schema_1.sql",))
    name = postgres.new_database()
    with server(postgres.url(name)) as empty, pytest.raises(ServerError):
        empty.prepare()
    with server(postgres.url(name)) as empty:
        assert empty.version() is None


def test_a_station_needs_a_role_of_its_own(clinic: Clinic, station: Station) -> None:
    clinic.role("other-role")
    with server(clinic.url()) as administrator:
        with pytest.raises(ServerError, match="does not exist"):
            administrator.allow("not-there")
        with pytest.raises(UsageError, match="needs a name and a role of its own"):
            administrator.register(station.name, "other-role", None)
        with pytest.raises(ServerError):
            administrator.register("another", station.name, None)


# -- signatures, as the server checks them itself

ORDER = 2**252 + 27742317777372353535851937790883648493
# RFC 8032, section 7.1: secret key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
        "b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
        "1d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
]


@pytest.fixture(scope="module")
def verifies(clinic: Clinic) -> Any:
    with psycopg.connect(clinic.url(), autocommit=True) as connection:

        def ask(public: bytes, message: bytes, signature: bytes) -> bool:
            statement = "SELECT stimctl.ed25519_verifies(%s, %s, %s)"
            return connection.execute(statement, (public, message, signature)).fetchone()[0]

        yield ask


@pytest.mark.parametrize(("secret", "message", "signature"), VECTORS)
def test_the_server_knows_the_signatures_of_the_standard(
    verifies: Any, secret: str, message: str, signature: str
) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret)).public_key()
    told = bytes.fromhex(message)
    assert verifies(key.public_bytes_raw(), told, bytes.fromhex(signature))
    assert not verifies(key.public_bytes_raw(), told + b"\0", bytes.fromhex(signature))


def judged_alike(verifies: Any, how_many: int, first: int = 0) -> None:
    """Signatures good, and with one bit changed: the server says what `cryptography` says."""
    for number in range(first, first + how_many):
        key = Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))
        public, message = key.public_key().public_bytes_raw(), number.to_bytes(4, "big") * number
        signature = key.sign(message)
        assert verifies(public, message, signature)
        changed = bytearray(signature)
        changed[number * 7 % 64] ^= 1 << number % 8
        assert not verifies(public, message, bytes(changed))


def test_the_server_judges_signatures_as_the_library_does(verifies: Any) -> None:
    judged_alike(verifies, 4)


@pytest.mark.soak
def test_the_server_judges_many_signatures_as_the_library_does(verifies: Any) -> None:
    judged_alike(verifies, 500, 100)


def test_no_second_signature_can_be_made_of_one(verifies: Any) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    public, signature = key.public_key().public_bytes_raw(), key.sign(b"m")
    s = int.from_bytes(signature[32:], "little") + ORDER
    assert not verifies(public, b"m", signature[:32] + s.to_bytes(32, "little"))
    assert not verifies(public, b"m", signature[:63])
    assert not verifies(public[:31], b"m", signature)
    assert not verifies(b"\xff" * 32, b"m", signature)  # no y of the field
    assert not verifies(b"\x02" + bytes(31), b"m", signature)  # no point of the curve


# -- the command line


def cli(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main(["sync", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_the_command_sends_tells_and_verifies(
    clinic: Clinic, station: Station, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(station.state))
    monkeypatch.setattr("stimctl.sync.quiet.step_back", lambda: None)
    monkeypatch.setattr("stimctl.sync.quiet.running_sessions", lambda: ())
    station.record(3)
    station.path(station.recorded[1]).unlink()
    code, out, err = cli(capsys, station.url)
    assert code == ExitCode.INTEGRITY
    assert f"{station.name}: 1 sent, 0 additions, 0 there before, 2 left" in out
    assert open_key(station.state, "").public.fingerprint in err  # trust on first use is told
    assert "stimctl sync explain URL 2" in err
    assert cli(capsys, "explain", station.url, "2", "--reason", "lost")[0] == 0
    code, out, _ = cli(capsys, station.url, "--json")
    assert code == 0
    assert f'"sent": ["{station.recorded[2]}"]' in out
    code, out, _ = cli(capsys, "verify", clinic.url(READER), "--station", station.name)
    assert (code, out.count("ok")) == (0, 2)
    clinic.sql(f"UPDATE stimctl.session SET device = 'x' WHERE station = '{station.name}'")
    code, out, _ = cli(capsys, "verify", clinic.url(READER), "--station", station.name)
    assert (code, out.count("WRONG")) == (ExitCode.INTEGRITY, 2)
    _, out, _ = cli(capsys, "stations", clinic.url(READER))
    assert station.name in out
    assert cli(capsys, "verify", clinic.url(READER), "--station", "rom-1")[0] == ExitCode.USAGE


def test_a_running_session_is_named_and_no_error(
    station: Station, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("STIMCTL_STATE_HOME", str(station.state))
    monkeypatch.setattr("stimctl.sync.quiet.step_back", lambda: None)
    monkeypatch.setattr("stimctl.sync.quiet.running_sessions", lambda: ("pid 4711",))
    station.record()
    code, out, err = cli(capsys, station.url)
    assert (code, "1 left" in out, "pid 4711" in err) == (0, True, True)


def test_a_key_that_is_none_is_refused(clinic: Clinic, capsys: Any) -> None:
    code, _, err = cli(capsys, "register", clinic.url(), "room-1", "--key", "abc")
    assert (code, "64 hex digits" in err or "64 digits" in err) == (ExitCode.USAGE, True)


def test_the_process_ends_with_the_error_of_the_server(station: Station) -> None:
    station.record()
    command, environment = station.process()
    command[-1] = "postgresql://room@/clinic?host=/nowhere"
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True, check=False, cwd=os.sep
    )
    assert (done.returncode, done.stdout) == (int(ExitCode.REFUSED), "")
    assert "Sessions need no server" in done.stderr.replace("\n" + " " * 14, " ")
