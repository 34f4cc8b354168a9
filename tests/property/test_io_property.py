"""Write then read is the identity, and what is added to a file never moves what was there."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Channel, Recording, Source
from aemodels.curves.canonical import CANONICAL
from aemodels.io import AddedCurve, read, write_denoised_segy, write_flagged_las, write_las, write_segy
from aemodels.io.las.curves import ALL_MARKS
from aemodels.io.segy.samples import float_to_ibm, ibm_to_float

SOURCE = Source("made up", "0" * 64)
FINITE = st.floats(allow_nan=False, allow_infinity=False, width=32).filter(
    lambda value: round(value, 1) not in (-999.2, -999.3)
)
NORMAL = st.floats(min_value=-(2.0**100), max_value=2.0**100, allow_subnormal=False, width=32).filter(
    lambda value: value != -999.25 and abs(abs(value) / 1e30 - 1) > 1e-4  # marks of undefined samples
)
PLAIN = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def wells(draw: st.DrawFn) -> Recording:
    samples = draw(st.integers(2, 12))
    names = draw(st.lists(st.sampled_from([*CANONICAL, "TENS", "ROP", "X_1"]), min_size=1, max_size=5, unique=True))
    canonical = sorted((name for name in names if name in CANONICAL), key=list(CANONICAL).index)
    names = canonical + [name for name in names if name not in CANONICAL]
    value = FINITE.filter(lambda number: np.float32(number) not in ALL_MARKS) | st.just(float("nan"))
    values = draw(arrays(np.float32, (len(names), samples), elements=value))
    steps = draw(arrays(np.float64, samples, elements=st.floats(1e-3, 1e3)))
    channels = tuple(Channel(name, CANONICAL[name].unit if name in CANONICAL else "") for name in names)
    return Recording(values, np.cumsum(steps), channels, "logs", SOURCE, "W-1")


@st.composite
def lines(draw: st.DrawFn) -> Recording:
    shape = draw(st.tuples(st.integers(1, 6), st.integers(2, 30)))
    values = draw(arrays(np.float32, shape, elements=NORMAL))
    channels = tuple(
        Channel(
            f"trace {n}",
            "amplitude",
            {
                "trace": n,
                "inline": draw(st.integers(-(2**31), 2**31 - 1)),
                "crossline": draw(st.integers(-(2**31), 2**31 - 1)),
                "cdp_x": draw(st.integers(-(8 * 10**7), 8 * 10**7)) / 4,
                "cdp_y": float(draw(st.integers(-(10**7), 10**7))),
                "offset": draw(st.integers(-30000, 30000)),
            },
        )
        for n in range(shape[0])
    )
    dt, delay = draw(st.integers(1, 32767)), draw(st.integers(-1000, 1000))
    axis = delay * 1e-3 + dt * 1e-6 * np.arange(shape[1])
    return Recording(values, axis, channels, "seismic", SOURCE, "L")


@PLAIN
@given(wells())
def test_a_written_well_reads_back_bit_for_bit(well: Recording):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "w.las"
        write_las(well, path)
        back = read(path)
    np.testing.assert_array_equal(back.axis, well.axis)
    np.testing.assert_array_equal(back.values, well.values)
    assert (back.names, back.name) == (well.names, well.name)
    assert [channel.unit for channel in back.channels] == [channel.unit for channel in well.channels]


@PLAIN
@given(wells(), st.data())
def test_added_curves_read_back_and_leave_the_others(well: Recording, data: st.DataObject):
    values = data.draw(arrays(np.float32, well.axis.size, elements=FINITE | st.just(float("nan"))))
    values = np.where(np.isin(values, ALL_MARKS), np.float32(0), values)
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "w.las", Path(folder) / "f.las"
        write_las(well, source)
        write_flagged_las(source, target, [AddedCurve("GR_DN", "gAPI", "denoised", values)], well, "history")
        back = read(target)
    np.testing.assert_array_equal(back.channel("GR_DN"), values)
    for name in well.names:
        np.testing.assert_array_equal(back.channel(name), well.channel(name))


@PLAIN
@given(lines())
def test_a_written_line_reads_back_bit_for_bit(line: Recording):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "l.sgy"
        write_segy(line, path)
        back = read(path)
    np.testing.assert_array_equal(back.values, line.values)
    np.testing.assert_allclose(back.axis, line.axis, rtol=0, atol=1e-9)
    assert [dict(channel.headers) for channel in back.channels] == [dict(channel.headers) for channel in line.channels]


@PLAIN
@given(lines())
def test_writing_back_what_was_read_changes_no_trace(line: Recording):
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "l.sgy", Path(folder) / "d.sgy"
        write_segy(line, source, sample_format="ibm")
        write_denoised_segy(source, target, read(source).values.copy(), "history")
        assert target.read_bytes()[3200:] == source.read_bytes()[3200:]


@given(arrays(np.float32, 50, elements=st.floats(allow_nan=False, allow_infinity=False, width=32)))
def test_ibm_floats_are_within_half_of_their_last_digit(values: np.ndarray):
    np.testing.assert_allclose(ibm_to_float(float_to_ibm(values)), values.astype(np.float64), rtol=2.0**-21)


@given(arrays(np.uint32, 50, elements=st.integers(0, 2**32 - 1)))
def test_ibm_words_that_float32_holds_survive(words: np.ndarray):
    with np.errstate(over="ignore"):
        values = ibm_to_float(words).astype(np.float32)
    normalised = (words & 0x00F00000) != 0
    held = normalised & (np.abs(values) > 1e-37) & (np.abs(values) < 1e37)
    np.testing.assert_array_equal(float_to_ibm(np.where(held, values, np.float32(0)))[held], words[held])


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_file_is_read_or_refused_but_never_crashes(data: st.DataObject):
    with tempfile.TemporaryDirectory() as folder:
        well = Recording(
            np.ones((2, 4), np.float32), np.arange(4.0), (Channel("GR"), Channel("SP")), "logs", SOURCE, "W"
        )
        path = Path(folder) / "w.las"
        write_las(well, path)
        damaged = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 4))):
            place = data.draw(st.integers(0, len(damaged)))
            cut = data.draw(st.integers(0, 30))
            damaged[place : place + cut] = data.draw(
                st.binary(max_size=8) | st.sampled_from([b"\n~A\n", b"nan", b"1e999", b"-999.25"])
            )
        path.write_bytes(damaged)
        try:
            back = read(path)
        except UnreadableFileError as error:
            assert any(finding.severity == "error" for finding in error.findings)
        else:
            assert back.axis.size >= 2
