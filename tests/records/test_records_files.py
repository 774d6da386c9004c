"""Protocol and limit files, places, and person codes: found, bounded, or refused in clear words."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from stimctl.errors import ProtocolFileError, StimctlError, UsageError
from stimctl.records import protocol_files
from stimctl.records.person import check_person_code
from stimctl.records.places import (
    config_folder,
    journal_folder,
    state_folder,
    user_protocol_folder,
)
from stimctl.records.protocol_files import (
    list_protocols,
    read_limit_file,
    read_protocol,
    shipped_folder,
)

TEXT = 'schema = "stimctl.protocol/1"\n'


@pytest.fixture
def shipped(tmp_path: Path) -> Path:
    folder = tmp_path / "shipped"
    folder.mkdir()
    for name in ("tens-conventional", "tens-burst", "nmes-tka"):
        (folder / f"{name}.toml").write_text(TEXT)
    (folder / "README.md").write_text("no protocol")
    return folder


def test_a_shipped_protocol_is_found_by_name(shipped: Path) -> None:
    protocol = read_protocol("tens-burst", shipped=shipped)
    assert (protocol.name, protocol.text, protocol.shipped) == ("tens-burst", TEXT, True)
    assert protocol.sha256 == hashlib.sha256(TEXT.encode()).hexdigest()


def test_protocols_are_listed_by_name_with_the_users_own(shipped: Path, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "alpha.toml").write_text(TEXT)
    listed = list_protocols([own, tmp_path / "missing"], shipped=shipped)
    assert [(source.name, source.shipped) for source in listed] == [
        ("alpha", False),
        ("nmes-tka", True),
        ("tens-burst", True),
        ("tens-conventional", True),
    ]
    assert read_protocol("alpha", [own], shipped=shipped).shipped is False


def test_a_file_is_found_by_path_and_known_as_shipped_only_where_it_is(
    shipped: Path, tmp_path: Path
) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    assert read_protocol(str(path), shipped=shipped).shipped is False
    assert read_protocol(str(shipped / "nmes-tka.toml"), shipped=shipped).shipped is True


def test_a_name_that_occurs_twice_is_refused(shipped: Path, tmp_path: Path) -> None:
    (tmp_path / "tens-burst.toml").write_text(TEXT)
    with pytest.raises(UsageError, match="names 2 protocols"):
        read_protocol("tens-burst", [tmp_path], shipped=shipped)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("tens-conventionl", "tens-conventional"),
        ("nmes_tka", "nmes-tka"),
        ("burst", "tens-burst"),
        ("./tens-burst.toml", "tens-burst"),
    ],
)
def test_a_wrong_name_is_answered_with_near_ones(shipped: Path, typed: str, meant: str) -> None:
    with pytest.raises(StimctlError) as caught:
        read_protocol(typed, shipped=shipped)
    assert f"Did you mean {meant}" in caught.value.what_to_do
    assert caught.value.exit_code == 2


def test_a_name_like_no_other_points_to_the_list(shipped: Path) -> None:
    with pytest.raises(UsageError) as caught:
        read_protocol("xyzzy", shipped=shipped)
    assert "protocols list" in caught.value.what_to_do
    assert "mean" not in caught.value.what_to_do
    with pytest.raises(ProtocolFileError):
        read_protocol("no/such/folder/x.toml", shipped=shipped)


def _folder(path: Path) -> None:
    path.mkdir()


def _pipe(path: Path) -> None:
    os.mkfifo(path)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (_folder, "it is a folder"),
        (_pipe, "not a regular file"),
        (lambda path: path.write_bytes(b""), "it is empty"),
        (lambda path: path.write_bytes(b" \n"), "it is empty"),
        (
            lambda path: path.write_bytes(b"# ok\n# caf\xe9\n"),
            "line 2 has a byte that is not UTF-8",
        ),
        (lambda path: path.write_bytes(b"\xef\xbb\xbf" + TEXT.encode()), "byte order mark"),
        (lambda path: path.write_bytes(TEXT.encode("utf-16")), "byte order mark"),
        (lambda path: path.write_bytes(b"# x\n" * 100_000), "over 64 KiB"),
    ],
)
def test_a_file_that_is_not_a_short_utf8_text_is_refused(
    shipped: Path, tmp_path: Path, make: object, says: str
) -> None:
    path = tmp_path / "bad.toml"
    make(path)  # type: ignore[operator]
    with pytest.raises(ProtocolFileError, match=says) as caught:
        read_protocol(str(path), shipped=shipped)
    assert caught.value.file == str(path)
    assert caught.value.what_to_do


def test_a_file_without_permission_is_refused(
    shipped: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret.toml"
    path.write_text(TEXT)

    def denied(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", denied)
    with pytest.raises(ProtocolFileError, match="permission denied"):
        read_protocol(str(path), shipped=shipped)


def test_the_shipped_folder_is_that_of_the_wheel_or_of_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "src" / "stimctl"
    package.mkdir(parents=True)
    monkeypatch.setattr(protocol_files, "_PACKAGE", package)
    with pytest.raises(ProtocolFileError, match="not there"):
        shipped_folder()
    (tmp_path / "protocols").mkdir()
    assert shipped_folder() == tmp_path / "protocols"
    (package / "_protocols").mkdir()
    assert shipped_folder() == package / "_protocols"


def test_a_limit_file_is_a_mapping_or_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text('[limits]\namplitude = "30 mA"\n')
    limits = read_limit_file(path)
    assert limits.mapping == {"limits": {"amplitude": "30 mA"}}
    assert limits.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    path.write_text("[limits]\namplitude = = 3\n")
    with pytest.raises(ProtocolFileError, match="not TOML") as caught:
        read_limit_file(path)
    assert caught.value.line == 2
    with pytest.raises(ProtocolFileError, match="no such file"):
        read_limit_file(tmp_path / "missing.toml")


def test_the_state_folder_follows_xdg_and_the_platform() -> None:
    home = Path("/home/u")
    assert state_folder({}, home=home, platform="linux") == home / ".local/state/stimctl"
    assert state_folder({"XDG_STATE_HOME": "/s"}, home=home) == Path("/s/stimctl")
    assert state_folder({"XDG_STATE_HOME": "rel"}, home=home, platform="linux") == (
        home / ".local/state/stimctl"
    )
    assert state_folder({"STIMCTL_STATE_HOME": "/o", "XDG_STATE_HOME": "/s"}) == Path("/o")
    assert state_folder({}, home=home, platform="darwin").name == "stimctl"
    assert state_folder({}, home=home, platform="win32") == home / "AppData/Local/stimctl"
    assert journal_folder(Path("/o")) == Path("/o/journal")


@pytest.mark.parametrize("folder", ["state", "./state", "~/state"])
def test_a_folder_of_our_own_that_is_no_whole_path_is_refused_and_not_ignored(folder: str) -> None:
    with pytest.raises(UsageError, match="STIMCTL_STATE_HOME"):
        state_folder({"STIMCTL_STATE_HOME": folder, "XDG_STATE_HOME": "/s"})
    with pytest.raises(UsageError, match="STIMCTL_PROTOCOLS"):
        user_protocol_folder({"STIMCTL_PROTOCOLS": folder})
    assert state_folder({"STIMCTL_STATE_HOME": "", "XDG_STATE_HOME": "/s"}) == Path("/s/stimctl")


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_the_page_of_places_names_the_folders_of_each_system(platform: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "places.md").read_text("utf-8")
    home, local = Path("/home/u"), Path("/local")
    environ = {"LOCALAPPDATA": str(local)}
    state = state_folder(environ, home=home, platform=platform)
    protocols = user_protocol_folder(environ, home=home, platform=platform)
    config = config_folder(environ, home=home, platform=platform)
    for folder in (state, protocols, config / "keymap.toml"):
        if platform == "win32":
            told = "%LOCALAPPDATA%\\" + str(folder.relative_to(local)).replace("/", "\\")
        else:
            told = f"~/{folder.relative_to(home)}"
        assert f"`{told}`" in page


def test_the_users_protocol_folder_follows_xdg() -> None:
    home = Path("/home/u")
    assert user_protocol_folder({}, home=home) == home / ".config/stimctl/protocols"
    assert user_protocol_folder({"XDG_CONFIG_HOME": "/c"}) == Path("/c/stimctl/protocols")
    assert user_protocol_folder({"STIMCTL_PROTOCOLS": "/p"}) == Path("/p")


@pytest.mark.parametrize("code", ["K-17", "P001", "7", "AB_12-3", "S3"])
def test_a_pseudonym_is_taken_as_it_is(code: str) -> None:
    assert check_person_code(code) == code


@pytest.mark.hazard("H52")
@pytest.mark.parametrize(
    "code",
    [
        "",
        "Rose",
        "k.17@example.org",
        "Jones1",
        "1970-01-01x" * 3,
        "19700101",
        "K 17",
        "K--17",
        "-K17",
        "K17\n",
        "Ä17",
        "١٧",
        "a/b1",
    ],
)
def test_what_may_be_personal_data_is_not_a_code(code: str) -> None:
    with pytest.raises(UsageError, match="pseudonym such as K-17"):
        check_person_code(code)
