"""Hypothesis strategies for ScienceMode 3 messages: every class, every value the wire can hold."""

from hypothesis import strategies as st

from stimctl.wire.sciencemode3 import messages as m

byte = st.integers(0, 255)
bit = st.integers(0, 1)
packet_numbers = st.integers(0, 63)
versions = st.builds(m.Version, byte, byte, byte)
four_bits = st.tuples(*[st.booleans()] * 4)
codes = st.integers(0, 1023)
valid_codes = st.integers(0, 600)


def points(
    codes: st.SearchStrategy[int], modes: st.SearchStrategy[int]
) -> st.SearchStrategy[tuple[m.Point, ...]]:
    currents = codes.map(lambda code: (code - 300) * 500)
    one = st.builds(m.Point, st.integers(0, 4095), currents, st.integers(0, 3), modes)
    return st.lists(one, min_size=1, max_size=16).map(tuple)


any_points = points(codes, st.integers(0, 7))
period_codes = st.integers(0, 32767)
valid_points = points(valid_codes, st.integers(0, 5))


@st.composite
def ml_updates(
    draw: st.DrawFn,
    form: st.SearchStrategy[tuple[m.Point, ...]] = any_points,
    codes: st.SearchStrategy[int] = period_codes,
) -> m.MlUpdate:
    channels = tuple(
        m.MlChannel(index, draw(codes) * 500, draw(form), draw(st.integers(0, 15)), draw(bit))
        for index in sorted(draw(st.sets(st.integers(0, 3))))
    )
    return m.MlUpdate(channels, draw(st.booleans()))


requests = st.sampled_from(
    [
        *(m.GetVersionMain(), m.GetDeviceId(), m.GetBatteryStatus(), m.Reset()),
        *(m.GetVersionStim(), m.GetStimStatus(), m.GetMainStatus(), m.LlStop(), m.MlStop()),
    ]
)
result_acks = st.builds(
    lambda kind, result: kind(result),
    st.sampled_from(
        [
            *(m.ResetAck, m.GeneralError, m.UnknownCmd, m.LlStopAck),
            *(m.MlInitAck, m.MlUpdateAck, m.MlStopAck),
        ]
    ),
    byte,
)
all_messages = st.one_of(
    requests,
    result_acks,
    st.builds(m.LlInit, st.integers(0, 7), bit, bit),
    st.builds(m.LlInitAck, byte),
    st.builds(m.LlInitAck, byte, st.binary(min_size=50, max_size=50)),
    st.builds(m.LlChannelConfig, st.just(True), st.integers(0, 3), any_points, st.just(0), bit),
    st.builds(
        m.LlChannelConfig,
        st.just(False),
        st.integers(0, 3),
        st.just(()),
        st.sampled_from([0, *range(2, 17)]),
        bit,
    ),
    st.builds(m.LlChannelConfigAck, byte, byte),
    st.builds(m.MlInit, bit),
    ml_updates(),
    st.builds(m.MlGetCurrentData, byte),
    st.builds(m.MlGetCurrentDataAck, byte, byte.map(lambda mask: mask | 2), bit, four_bits),
    st.builds(m.MlGetCurrentDataAck, byte, byte.map(lambda mask: mask & ~2)),
    st.builds(m.GetVersionMainAck, byte, versions, versions),
    st.builds(m.GetVersionStimAck, byte, versions, versions),
    st.builds(m.GetDeviceIdAck, byte, st.binary(min_size=10, max_size=10)),
    st.builds(m.GetBatteryStatusAck, byte, byte, st.integers(0, 65535)),
    st.builds(m.GetStimStatusAck, byte, byte, byte),
    st.builds(m.GetMainStatusAck, byte, byte),
)
