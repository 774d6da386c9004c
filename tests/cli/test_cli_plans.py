"""Protocols, check and rehearse: what a session would do, and no device touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stimctl.errors import ExitCode
from stimctl.records.approvals import find_rehearsal

TENS = ("tens-conventional", "--device", "sim:p24")
ONE = ("--amplitude", "1=12mA", "--area", "1=25cm2")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "protocols"
    folder.mkdir()
    return folder


def test_the_shipped_protocols_are_listed_with_their_evidence(cli: Any) -> None:
    result = cli("protocols", "list")
    assert result.code == 0
    for name in ("tens-conventional", "tens-burst", "tens-modulated", "nmes-tka", "nmes-acl"):
        assert f"\n{name} " in result.out
    listed = cli("protocols", "list", "--json").data["protocols"]
    assert all(each["shipped"] and each["evidence"] and not each["error"] for each in listed)


def test_the_files_in_percent_are_listed_and_shown_with_their_kind(cli: Any) -> None:
    listed = cli("protocols", "list", "--json").data["protocols"]
    kinds = {each["name"]: each["kind"] for each in listed}
    assert kinds["tens-conventional"] == "current"
    assert kinds["gate-tens"] == kinds["gate-ems"] == "percent"
    assert list(kinds.values()).count("percent") == 2
    words = cli("protocols", "show", "gate-ems").out
    for text in (
        "a percent is no dose",
        "unit ",
        "dial ",
        "never above 80 %",
        "8 s on",
        "stimctl run --manual",
    ):
        assert text in words
    assert "mA" not in words
    data = cli("protocols", "show", "gate-tens", "--json").data
    assert (data["kind"], data["protocol"]["id"]) == ("percent", "gate-tens")
    assert cli("protocols", "show", "nmes-tka", "--json").data["kind"] == "current"
    assert 'id = "gate-tens"' in cli("protocols", "show", "gate-tens", "--source").out


def test_a_file_in_percent_of_ones_own_is_listed_too(cli: Any, own: Path) -> None:
    shipped = Path(cli("protocols", "show", "gate-tens", "--json").data["path"]).read_text()
    (own / "gated").mkdir()
    (own / "gated" / "mine.toml").write_text(shipped.replace('"gate-tens"', '"mine"'))
    mine = [
        one for one in cli("protocols", "list", "--json").data["protocols"] if not one["shipped"]
    ]
    assert [(one["name"], one["kind"], one["error"]) for one in mine] == [("mine", "percent", "")]


def test_a_broken_file_of_ones_own_does_not_hide_the_others(cli: Any, own: Path) -> None:
    (own / "mine.toml").write_text('schema = "treatment-v1"\n')
    result = cli("protocols", "list")
    assert result.code == ExitCode.USAGE
    assert "mine.toml" in result.err
    assert "tens-conventional" in result.out


def test_a_protocol_is_shown_in_words_as_data_and_as_it_is(cli: Any) -> None:
    words = cli("protocols", "show", "nmes-tka").out
    assert "A starting point for a qualified person, not a prescription." in words
    assert "cycle" in words
    assert "evidence B/A" in words
    data = cli("protocols", "show", "nmes-tka", "--json").data
    assert data["protocol"]["id"] == "nmes-tka"
    assert 'id = "nmes-tka"' in cli("protocols", "show", "nmes-tka", "--source").out
    for name in ("tens-modulated", "tens-burst", "ttns-oab", "nmes-acl"):
        assert cli("protocols", "show", name).code == 0


def test_check_shows_plan_dose_and_headroom_with_sources(cli: Any) -> None:
    result = cli("check", *TENS, *ONE, "--site", "1=left-knee")
    assert result.code == 0
    for text in (
        "SIMULATION",
        "100 Hz (period 10 ms)",
        "12 mA",
        "uC a phase",
        "L-RMS-400",
        "<= 50 mA",
        "R2",
        "GOST 30324.10-95",
        "on left-knee",
    ):
        assert text in result.out
    assert "Nothing was sent to a device" in result.err


@pytest.mark.hazard("H42")
def test_each_pad_of_a_channel_has_a_site_of_its_own(cli: Any) -> None:
    result = cli("check", *TENS, *ONE, "--site", "1=left-quadriceps/left-gluteal")
    assert result.code == 0
    assert "on left-quadriceps/left-gluteal" in result.out
    result = cli("check", *TENS, *ONE, "--site", "1=left-biceps/left-calf")
    assert result.code == ExitCode.LIMIT
    assert "arm to leg passes the whole trunk" in " ".join(result.err.split())
    result = cli("check", *TENS, *ONE, "--site", "1=left-biceps/nowhere")
    assert result.code == ExitCode.USAGE
    assert "unknown body site" in result.err
    digests = {
        cli("rehearse", *TENS, *ONE, "--duration", "10s", "--site", f"1={site}", "--json").data[
            "digest"
        ]
        for site in ("left-quadriceps", "left-quadriceps/left-gluteal")
    }
    assert len(digests) == 2


def test_check_as_json_holds_every_bound(cli: Any) -> None:
    data = cli("check", *TENS, *ONE, "--json").data
    (channel,) = data["channels"]
    assert channel["amplitude_ua"] == 12_000
    assert channel["dose"]["rms_ma"] == pytest.approx(1.697, rel=1e-3)
    ids = {bound["limit_id"] for bound in channel["headroom"]}
    assert {"L-J", "L-PD-RS2", "L-RMS-400", "L-E", "L-DEV", "L-SES"} <= ids
    for bound in channel["headroom"]:
        assert bound["source"]
        assert bound["certainty"]
        assert not bound["exceeded"]


def test_check_says_what_it_assumed_and_what_would_be_the_highest(cli: Any) -> None:
    result = cli("check", *TENS)
    assert result.code == 0
    assert "10 cm2 assumed, the smallest this protocol allows" in result.out
    assert "the highest amplitude that all limits allow: 1=80 mA" in result.out
    data = cli("check", *TENS, "--json").data
    assert len(data["assumed"]) == 3


def test_check_tells_where_channels_together_may_do_less_than_each_alone(cli: Any) -> None:
    result = cli(
        "check", "nmes-tka", "-d", "sim:p24",
        "--area", "1=25cm2", "--area", "2=25cm2", "--contact", "1=10%", "--contact", "2=10%",
        "--site", "1=left-quadriceps", "--site", "2=left-quadriceps",
    )  # fmt: skip
    assert result.code in (0, ExitCode.LIMIT)
    assert "each channel alone may go to" in result.out or "highest amplitude" in result.out


def test_a_refusal_names_limit_source_and_nearest_value(cli: Any) -> None:
    result = cli("check", *TENS, "--amplitude", "1=200mA", "--area", "1=25cm2", "--json")
    assert result.code == ExitCode.LIMIT
    assert result.data["error"] == "LimitRefusedError"
    assert result.data["refusal"]["limit_id"] == "L-SES"
    assert "80 mA" in result.err
    assert "nothing is ever lowered on its own" in result.err


@pytest.mark.hazard("H38")
def test_a_file_or_the_environment_can_lower_a_limit_and_never_raise_one(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = tmp_path / "site.toml"
    limits.write_text('amplitude = "10 mA"\n')
    for option in ("--site-limits", "--person-limits"):
        result = cli("check", *TENS, *ONE, option, str(limits))
        assert result.code == ExitCode.LIMIT
        assert "10 mA" in result.err
    limits.write_text('amplitude = "200 mA"\n')
    result = cli("check", *TENS, *ONE, "--site-limits", str(limits))
    assert result.code == ExitCode.LIMIT
    assert "never raise one" in result.err
    monkeypatch.setenv("STIMCTL_MAX_AMPLITUDE", "11 mA")
    assert cli("check", *TENS, *ONE).code == ExitCode.LIMIT


@pytest.mark.hazard("H50")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--amplitude", "12mA"], "is not CH=VALUE"),
        (["--amplitude", "1=12"], "12 mA"),
        (["--amplitude", "1=1,5mA"], "mA"),
        (["--amplitude", "1=12mA", "--amplitude", "1=13mA"], "twice"),
        (["--area", "1=25"], "cm2"),
        (["--site", "1=left-knee"], "names channel 1, which is not used"),
        (["--contact", "2=80%"], "names channel 2"),
        ([*ONE, "--site", "1=left-elbow"], "body site"),
        ([*ONE, "--duration", "20"], 'write "20 min"'),
        ([*ONE, "--profile", "clinc"], "Did you mean clinic"),
        ([*ONE, "--site-limits", "nowhere.toml"], "no such file"),
        ([*ONE, "--amplitude", "9=12mA", "--area", "9=25cm2"], "channels 1 to 8"),
        (["--amplitude", "x=12mA"], "CH=VALUE"),
        (["--amplitude", "1="], "CH=VALUE"),
    ],
)
def test_a_wrong_value_is_answered_with_the_right_form(
    cli: Any, options: list[str], says: str
) -> None:
    result = cli("check", *TENS, *options)
    assert result.code in (ExitCode.USAGE, ExitCode.LIMIT)
    assert says in " ".join(result.err.split())
    assert "Traceback" not in result.err


@pytest.mark.hazard("H33")
def test_rehearse_and_run_assume_nothing(cli: Any) -> None:
    for verb in ("rehearse", "run"):
        result = cli(verb, *TENS)
        assert result.code == ExitCode.USAGE
        assert "no channel was given" in result.err
        assert "has no --area" in cli(verb, *TENS, "--amplitude", "1=12mA").err
        assert "has no --amplitude" in cli(verb, *TENS, "--area", "1=25cm2").err


def test_a_rehearsal_compares_planned_and_delivered_and_gives_the_confirmation(
    cli: Any, state: Path
) -> None:
    options = ("nmes-tka", "-d", "p24:/dev/ttyACM9", *ONE, "--duration", "2min")
    words = cli("rehearse", *options)
    assert words.code == 0
    assert "PLANNED" in words.out
    assert "SHORTENED SESSION" in words.out
    assert "zero_verified" in words.out
    data = cli("rehearse", *options, "--json").data
    assert data["ok"]
    assert words.out.splitlines()[-1] == f"confirm    {data['confirmation']}"
    assert len(data["confirmation"]) == 4
    (channel,) = data["channels"]
    assert channel["pulses"] == pytest.approx(channel["planned"]["pulses"], rel=0.01)
    found = find_rehearsal(state, data["digest"])
    assert found is not None
    assert found.confirmation == data["confirmation"]
    assert {event["kind"] for event in data["events"]} >= {"start", "raise", "ended"}


def test_another_amplitude_area_duration_or_limit_is_another_confirmation(
    cli: Any, tmp_path: Path
) -> None:
    limits = tmp_path / "person.toml"
    limits.write_text('amplitude = "50 mA"\n')
    variants = [
        (*ONE, "--duration", "10s"),
        ("--amplitude", "1=11mA", "--area", "1=25cm2", "--duration", "10s"),
        ("--amplitude", "1=12mA", "--area", "1=26cm2", "--duration", "10s"),
        (*ONE, "--duration", "11s"),
        (*ONE, "--duration", "10s", "--person-limits", str(limits)),
    ]
    digests = {cli("rehearse", *TENS, *each, "--json").data["digest"] for each in variants}
    assert len(digests) == len(variants)


def test_a_rehearsal_that_goes_wrong_gives_no_confirmation(
    cli: Any, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from stimctl import bench

    real = bench.rehearse

    def disturbed(*arguments: Any, **options: Any) -> bench.Rehearsal:
        return replace(real(*arguments, **options), problems=("alarm: something",))

    monkeypatch.setattr(bench, "rehearse", disturbed)
    result = cli("rehearse", *TENS, *ONE, "--duration", "10s")
    assert result.code == ExitCode.REFUSED
    assert "alarm: something" in result.out
    assert "confirm" not in result.out
    assert not (state / "rehearsals").exists()


def test_progress_is_drawn_on_a_terminal_only(
    cli: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "rehearsing" not in cli("rehearse", *TENS, *ONE, "--duration", "10s").err
    monkeypatch.setattr("stimctl.cli.rehearse.is_terminal", lambda _stream: True)
    result = cli("rehearse", *TENS, *ONE, "--duration", "10s")
    assert "rehearsing [##############################]" in result.err


def test_json_output_is_one_object(cli: Any) -> None:
    result = cli("rehearse", *TENS, *ONE, "--duration", "10s", "--json")
    assert json.loads(result.out)["schema"] == "stimctl.rehearsal/1"
    assert result.out.count("\n") == 1
