"""Hypothesis strategies for ScienceMode 4 messages: every class, every value the wire can hold."""

from hypothesis import strategies as st

from stimctl.wire.sciencemode4 import messages as m
from stimctl.wire.sciencemode4.point import Point

byte = st.integers(0, 255)
period_codes = st.integers(0, 32767)
packet_numbers = st.integers(0, 63)
versions = st.builds(m.Version, byte, byte, byte)
eight_bits = st.tuples(*[st.booleans()] * 8)
four_bits = eight_bits.map(lambda bits: bits[:4] + (False,) * 4)


def points(
    codes: st.SearchStrategy[int], modes: st.SearchStrategy[int]
) -> st.SearchStrategy[tuple[Point, ...]]:
    return st.lists(
        st.builds(
            Point,
            st.integers(0, 4095),
            codes.map(lambda code: (code - 300) * 500),
            modes,
        ),
        min_size=1,
        max_size=16,
    ).map(tuple)


any_points = points(st.integers(0, 1023), st.integers(0, 3))
valid_points = points(st.integers(40, 560), st.integers(0, 1))


@st.composite
def ml_updates(
    draw: st.DrawFn,
    form: st.SearchStrategy[tuple[Point, ...]] = any_points,
    codes: st.SearchStrategy[int] = period_codes,
) -> m.MlUpdate:
    channels = []
    for index in sorted(draw(st.sets(st.integers(0, 7)))):
        fine = draw(st.booleans())
        period_us = draw(codes) * (250 if fine else 500)
        channels.append(m.MlChannel(index, period_us, draw(form), draw(st.integers(0, 15)), fine))
    return m.MlUpdate(tuple(channels))


enabled_configs = st.builds(
    m.LlChannelConfig, st.just(True), st.integers(0, 3), st.integers(0, 1), any_points
)
disabled_configs = st.builds(
    m.LlChannelConfig,
    st.just(False),
    st.integers(0, 3),
    st.integers(0, 1),
    st.just(()),
    st.sampled_from([0, *range(2, 17)]),
)
measured_acks = st.builds(
    m.LlChannelConfigAck,
    byte,
    st.integers(0, 15),
    st.integers(0, 15),
    st.integers(1, 255),
    st.integers(0, 65535),
    st.lists(st.integers(0, 65535), min_size=128, max_size=128).map(tuple),
)
current_data_acks = st.one_of(
    st.builds(
        m.MlGetCurrentDataAck, byte, st.just(4), eight_bits, st.tuples(*[st.integers(0, 15)] * 8)
    ),
    st.builds(
        m.MlGetCurrentDataAck,
        byte,
        st.just(2),
        st.just(()),
        st.just(()),
        st.integers(0, 1),
        four_bits,
    ),
    st.builds(
        m.MlGetCurrentDataAck,
        byte,
        st.just(3),
        st.just(()),
        st.just(()),
        st.integers(0, 1),
        eight_bits,
    ),
    st.builds(m.MlGetCurrentDataAck, byte, byte.filter(lambda s: s not in (2, 3, 4))),
)
requests = st.sampled_from(
    [
        m.GetVersionMain(),
        m.GetDeviceId(),
        m.GetBatteryStatus(),
        m.Reset(),
        m.GetVersionStim(),
        m.GetStimStatus(),
        m.GetMainStatus(),
        m.GetExtendedVersion(),
        m.LlStop(),
        m.MlStop(),
    ]
)
result_acks = st.builds(
    lambda kind, result: kind(result),
    st.sampled_from(
        [
            m.ResetAck,
            m.GeneralError,
            m.UnknownCmd,
            m.LlInitAck,
            m.LlStopAck,
            m.MlInitAck,
            m.MlUpdateAck,
            m.MlStopAck,
        ]
    ),
    byte,
)
all_messages = st.one_of(
    requests,
    result_acks,
    st.builds(m.LlInit, st.integers(0, 7), st.integers(0, 7)),
    enabled_configs,
    disabled_configs,
    st.builds(m.LlChannelConfigAck, byte, st.integers(0, 15), st.integers(0, 15)),
    measured_acks,
    st.builds(m.MlInit, st.booleans()),
    ml_updates(),
    st.builds(m.MlGetCurrentData, byte),
    current_data_acks,
    st.builds(m.GetVersionMainAck, byte, versions, versions),
    st.builds(m.GetVersionStimAck, byte, versions, versions),
    st.builds(
        m.GetExtendedVersionAck, byte, versions, versions, st.integers(0, 2**32 - 1), byte, byte
    ),
    st.builds(m.GetDeviceIdAck, byte, st.binary(min_size=10, max_size=10)),
    st.builds(m.GetBatteryStatusAck, byte, byte, st.integers(0, 65535)),
    st.builds(m.GetStimStatusAck, byte, byte, byte),
    st.builds(m.GetMainStatusAck, byte, byte),
)
