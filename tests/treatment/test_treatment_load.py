"""A protocol file is taken as it is, or refused with file, line, field and what to write."""

from __future__ import annotations

import pytest

from stimctl.errors import ExitCode, ProtocolFileError
from stimctl.toml_text import MOST_CHARACTERS
from stimctl.treatment import Target, load_protocol
from tests.support.treatment_samples import (
    channel_text,
    cycle_text,
    loaded_v1,
    sample_text,
    shipped_text,
)

TKA = shipped_text("nmes-tka")
PLAIN = 'phase_width = "200 us"\nfrequency = "50 Hz"'


def refused(text: str, file_name: str = "nmes-tka.toml") -> ProtocolFileError:
    with pytest.raises(ProtocolFileError) as caught:
        load_protocol(text, file_name)
    return caught.value


def changed(old: str, new: str) -> ProtocolFileError:
    assert TKA.count(old) >= 1, old
    return refused(TKA.replace(old, new, 1))


def test_a_file_becomes_integers_with_units_in_their_names() -> None:
    protocol = loaded_v1(TKA, "protocols/nmes-tka.toml")
    (channel,) = protocol.channels
    assert channel.amplitude.target is Target.HIGHEST_TOLERABLE
    assert channel.amplitude.cap == 100_000
    assert channel.waveform.frequency_mhz == 50_000
    assert channel.waveform.phase_width_us == 250
    assert channel.cycle is not None
    assert channel.cycle.on_us == 15_000_000
    assert protocol.session.duration_us == 900_000_000
    assert protocol.electrodes.minimum_area_mm2 == 2_500


def test_the_file_name_may_be_a_path_of_any_system_or_no_file_at_all() -> None:
    for name in (r"C:\files\nmes-tka.toml", "/a/b/nmes-tka.toml", "<stdin>"):
        assert load_protocol(TKA, name).id == "nmes-tka"


@pytest.mark.hazard("H18", "H37")
@pytest.mark.parametrize(
    ("old", "new", "field", "words"),
    [
        # A number without its unit, or with a wrong one, and the right form.
        ('frequency = "50 Hz"', "frequency = 50", "channels[0].waveform.frequency",
         'write "50 Hz"'),
        ('frequency = "50 Hz"', "frequency = 12.5", "channels[0].waveform.frequency", '"12.5 Hz"'),
        ('frequency = "50 Hz"', "frequency = inf", "channels[0].waveform.frequency",
         "a number and"),
        ('frequency = "50 Hz"', "frequency = true", "channels[0].waveform.frequency",
         "a number and"),
        ('frequency = "50 Hz"', 'frequency = ["20 Hz", "50 Hz"]', "channels[0].waveform.frequency",
         "a list was given"),
        ('phase_width = "250 us"', "phase_width = { from = 1 }", "channels[0].waveform.phase_width",
         "a table was given"),
        ('frequency = "50 Hz"', 'frequency = "50hz"', "channels[0].waveform.frequency", '"50 Hz"'),
        ('shape = "biphasic-symmetric"', 'shape = "biphasic-asymmetric"',
         "channels[0].waveform.shape", 'did you mean "biphasic-asymmetric-balanced"'),
        ('frequency = "50 Hz"', 'frequency = "50"', "channels[0].waveform.frequency", '"50 Hz"'),
        ('frequency = "50 Hz"', 'frequency = "50 MHz"', "channels[0].waveform.frequency", "MHz"),
        ('frequency = "50 Hz"', 'frequency = "50,5 Hz"', "channels[0].waveform.frequency", "50.5"),
        ('frequency = "50 Hz"', "frequency = nan", "channels[0].waveform.frequency", "unit"),
        ('frequency = "50 Hz"', "frequency = true", "channels[0].waveform.frequency",
         "unit"),
        ('"250 us"', "1979-05-27", "channels[0].waveform.phase_width", "unit"),
        ('duration = "15 min"', "duration = 15", "session.duration", "unit"),
        ('minimum_area = "25 cm2"', "minimum_area = 25.0", "electrodes.minimum_area", "25 cm2"),
        ('cap = "100 mA"', 'cap = "0 mA"', "channels[0].amplitude.cap", "too small"),
        # Counts are plain integers.
        ("contractions = 15", 'contractions = "15"', "session.contractions", "whole number"),
        ("weeks = 6", "weeks = 6.0", "session.weeks", "whole number"),
        ("motor = true", "motor = 1", "channels[0].motor", "true or false"),
        # Never a current to go to (A11).
        ('target = "highest-tolerable"', 'target = "25 mA"', "channels[0].amplitude.target", "A11"),
        ('cap = "100 mA"', 'current = "25 mA"', "channels[0].amplitude.current", "A11"),
        ('cap = "100 mA"', "start_ma = 25", "channels[0].amplitude.start_ma", "A11"),
        ('phase_width = "250 us"', 'intensity = "9 mA"', "channels[0].waveform.intensity", "A11"),
        ('cap = "100 mA"', 'cap = "140 mA"', "channels[0].amplitude.cap", "never raise one"),
        # Unknown and missing keys.
        ("title = ", "titel = ", "title", 'did you mean "title"'),
        ("weeks = 6", "wekks = 6", "session.wekks", 'did you mean "weeks"'),
        ("[channels.cycle]", "[channels.cycles]", "channels[0].cycles", 'did you mean "cycle"'),
        ("weeks = 6", "zzz = 6", "session.zzz", "here it knows shortest"),
        ('purpose = "', '# "', "purpose", "is missing"),
        ('schema = "treatment-v1"', "", "schema", 'write schema = "treatment-v1"'),
        ('schema = "treatment-v1"', 'schema = "treatment-v9"', "schema", "treatment-v1"),
        # Texts and ids.
        ('version = "1.0"', 'version = "one"', "version", '"1.0"'),
        ('grade = "B/A"', 'grade = "E"', "evidence.grade", "A, B, C, D or X"),
        ('["C01", ', '["C31", ', "contraindications[0]", "C01 to C30"),
        ('["C01", ', '["C02", ', "contraindications", "lists C02 twice"),
        ("(R, Peng 2021)", "(Peng 2021)", "evidence.lines[0]", "how certain"),
        ('"left-quadriceps"', '"left-quadricep"', "channels[0].sites[0]", "left-quadriceps"),
        ('"left-quadriceps"', '"head"', "channels[0].sites[0]", "C05"),
        ('shape = "biphasic-symmetric"', 'shape = "sine"', "channels[0].waveform.shape", "one of"),
        ('id = "nmes-tka"', 'id = "nmes-tkr"', "id", 'named "nmes-tka.toml"'),
        ('id = "nmes-tka"', 'id = "NMES"', "id", "lower-case"),
        # Consistency.
        ('ramp_up = "3 s"', 'ramp_up = "400 ms"', "channels[0].cycle.ramp_up", "A3"),
        ('on = "15 s"', 'on = "4 s"', "channels[0].cycle.on", "W5"),
        ('off = "45 s"', 'off = "500 ms"', "channels[0].waveform", "W6"),
        ('frequency = "50 Hz"', 'frequency = "5 kHz"', "channels[0].waveform", "W1"),
        ('duration = "15 min"', 'duration = "14.5 min"', "session.duration", "W8"),
        ("contractions = 15", "contractions = 14", "session.contractions", "14 contractions"),
        ('longest = "15 min"', 'longest = "61 min"', "session.longest", "N1"),
        ('shortest = "1 min"', 'shortest = "16 min"', "session.duration", "between"),
        ('grade = "B/A"', 'grade = "X/C"', "evidence", "grade X"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_refused_with_its_field_and_a_way_out(
    old: str, new: str, field: str, words: str
) -> None:
    error = changed(old, new)
    assert error.file == "nmes-tka.toml"
    text = str(error)
    assert text.startswith(f"nmes-tka.toml:{error.line}: ")
    assert field in text
    assert words in text
    assert "pydantic" not in text


def test_the_line_is_where_the_mistake_is() -> None:
    error = changed('frequency = "50 Hz"', "frequency = 50")
    assert error.line is not None
    assert TKA.splitlines()[error.line - 1].startswith("frequency")
    assert error.field == "channels[0].waveform.frequency"


@pytest.mark.hazard("H24")
def test_an_amplitude_that_is_a_number_is_told_why_it_cannot_be() -> None:
    for value in ("25", '"25 mA"', "[25]"):
        old = 'amplitude = { target = "strong-comfortable" }'
        text = sample_text(20, channel_text(PLAIN)).replace(old, f"amplitude = {value}")
        error = refused(text, "sample.toml")
        assert error.field == "channels[0].amplitude"
        assert "found by hand, from 0 mA" in str(error)


def test_all_mistakes_of_a_file_are_told_at_once_in_the_order_of_lines() -> None:
    text = TKA.replace('"50 Hz"', "50").replace("weeks = 6", "wekks = 6").replace("title", "titel")
    error = refused(text)
    lines = [int(part.split(":")[0]) for part in str(error).split("  line ")[1:]]
    assert len(lines) == 3  # the first of the four stands on top
    assert lines == sorted(lines)
    assert error.line is not None
    assert error.line <= lines[0]


def test_a_hundred_mistakes_are_counted_and_not_all_listed() -> None:
    text = TKA + "".join(f"zz{n} = 1\n" for n in range(100))
    assert "and 49 more" in str(refused(text))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = \n", 1),
        ("a = 1\na = 2\n", 2),
        ("\n\n[a\n", 3),
        ("a = 1\nb = '''\n\n", 4),
        ("x = " + "[" * 3000, 1),
        ("x = " + "9" * 5000, 1),
        ("x = 2024-99-99\n", 1),
        ("x = 1 # \x00\n", 1),
        ('x = "\ud800"\n', 1),
        ("a" * (MOST_CHARACTERS + 1), 1),
        ("", 1),
        ("channels = 1\n", 1),
        ('channels = ["a", 1]\n', 1),
        ("session = []\n", 1),
    ],
)
def test_what_is_no_protocol_at_all_is_an_error_with_a_line(text: str, line: int) -> None:
    error = refused(text, "broken.toml")
    assert error.line == line
    assert error.exit_code is ExitCode.USAGE


@pytest.mark.parametrize(
    ("waveform", "words"),
    [
        ('phase_width = "200 us"', "either frequency or frequency_sweep"),
        ('frequency = "50 Hz"', "either phase_width or phase_width_sweep"),
        (
            PLAIN + '\nfrequency_sweep = {lowest = "1 Hz", highest = "2 Hz", period = "5 s"}',
            "and not both",
        ),
        (
            'phase_width = "200 us"\n'
            'frequency_sweep = {lowest = "9 Hz", highest = "2 Hz", period = "5 s"}',
            "below highest",
        ),
        (
            'phase_width = "200 us"\nburst = {pulses = 2, frequency = "2 Hz"}\n'
            'frequency_sweep = {lowest = "80 Hz", highest = "90 Hz", period = "5 s"}',
            "cannot be swept",
        ),
        (PLAIN + '\nburst = {pulses = 9, frequency = "20 Hz"}', "W4"),
        (PLAIN + '\nburst = {pulses = 9, frequency = "500 mHz"}', "on/off cycle"),
        (PLAIN + '\namplitude_modulation = {lowest = "110 %", period = "5 s"}', "too large"),
        (PLAIN + '\namplitude_modulation = {lowest = "-1 %", period = "5 s"}', "too small"),
        (PLAIN + '\namplitude_modulation = {lowest = "90 %", period = "500 ms"}', "at least 1 s"),
        (PLAIN + "\nsecond_phase_ratio = 4", "second_phase_ratio 1"),
    ],
)
def test_a_waveform_that_contradicts_itself_is_refused(waveform: str, words: str) -> None:
    assert words in str(refused(sample_text(20, channel_text(waveform)), "sample.toml"))


@pytest.mark.hazard("H44")
def test_antagonists_must_alternate_or_say_that_they_do_not() -> None:
    cycle = cycle_text(3000, 4000, 1000, 1000)
    one = channel_text(PLAIN, role="extend", motor=True, cycle=cycle)

    def text(after: int, head: str = "") -> str:
        flex = channel_text(
            PLAIN, role="flex", motor=True, more='antagonist_of = "extend"',
            cycle=cycle_text(3000, 4000, 1000, 1000, after),
        )  # fmt: skip
        return head + sample_text(21, one, flex)

    assert "W10" in str(refused(text(0), "sample.toml"))
    assert "W10" in str(refused(text(2999), "sample.toml"))
    assert "before the first period" in str(refused(text(4001), "sample.toml"))
    assert len(load_protocol(text(3000), "sample.toml").channels) == 2
    assert load_protocol(text(0, "co_contraction = true\n"), "sample.toml").co_contraction


@pytest.mark.hazard("H44")
@pytest.mark.parametrize("target", ["motor-threshold", "strong-contraction", "highest-tolerable"])
def test_a_target_that_moves_a_muscle_cannot_be_called_no_motor_programme(target: str) -> None:
    def text(*, motor: bool, rate: str = "20 Hz", cycle: str = "") -> str:
        wave = f'phase_width = "200 us"\nfrequency = "{rate}"'
        one = channel_text(wave, motor=motor, cycle=cycle).replace("strong-comfortable", target)
        return sample_text(30, one)

    rest = cycle_text(4000, 6000, 1000, 1000)
    for calm in ({}, {"cycle": rest}, {"rate": "5 Hz"}):
        error = str(refused(text(motor=False, **calm), "sample.toml"))
        assert f'the target "{target}" moves a muscle' in error
        assert "write motor = true" in error
        assert "channels[0].motor" in error
    assert "W6" in str(refused(text(motor=True), "sample.toml"))
    assert load_protocol(text(motor=True, cycle=rest), "sample.toml").channels[0].motor
    assert load_protocol(text(motor=True, rate="5 Hz"), "sample.toml").channels[0].motor


def test_a_target_below_a_contraction_may_be_either() -> None:
    for target in ("sensory-threshold", "strong-comfortable"):
        for motor in (False, True):
            one = channel_text(PLAIN, motor=motor, cycle=cycle_text(4000, 6000, 1000, 1000))
            text = sample_text(30, one).replace("strong-comfortable", target)
            assert load_protocol(text, "sample.toml").channels[0].moves_muscle is motor


def test_roles_are_told_apart_and_refer_to_each_other() -> None:
    twice = sample_text(20, channel_text(PLAIN), channel_text(PLAIN))
    assert "there twice" in str(refused(twice, "sample.toml"))
    lonely = sample_text(20, channel_text(PLAIN, more='antagonist_of = "two"'))
    assert "not another role" in str(refused(lonely, "sample.toml"))


def test_cycles_of_one_file_have_one_period() -> None:
    text = sample_text(
        20,
        channel_text(PLAIN, role="a", cycle=cycle_text(3000, 2000, 1000, 1000)),
        channel_text(PLAIN, role="b", cycle=cycle_text(3000, 7000, 1000, 1000)),
    )
    assert "same period" in str(refused(text, "sample.toml"))


def test_contractions_belong_to_cycles() -> None:
    text = sample_text(20, channel_text(PLAIN)).replace("[session]", "[session]\ncontractions = 3")
    assert "only for on/off cycles" in str(refused(text, "sample.toml"))


def test_a_session_beyond_an_hour_needs_a_reason_and_never_exceeds_two() -> None:
    text = sample_text(20, channel_text(PLAIN)).replace("60 min", "90 min")
    assert "N1" in str(refused(text, "sample.toml"))
    reason = text.replace("[session]", '[session]\nbeyond_an_hour = "The trial did (R)."')
    assert load_protocol(reason, "sample.toml").session.longest_us == 5_400_000_000
    assert "2 h" in str(refused(reason.replace("90 min", "121 min"), "sample.toml"))


def test_a_continuous_session_has_room_for_raise_and_end_ramp() -> None:
    text = sample_text(20, channel_text(PLAIN)).replace('"10 s"', '"9 s"')
    assert "at least 10 s" in str(refused(text, "sample.toml"))
