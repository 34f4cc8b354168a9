from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from aemodels.io.segy.sample_format import plausible_code
from aemodels.io.segy.samples import decode_samples, encode_samples, float_to_ibm, ibm_to_float
from helpers.segy_files import DTYPES, RNG, WAVES, codes, read_bytes, refused, segy_bytes


def test_a_plain_file(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(delay=100, scalar=-10))
    np.testing.assert_array_equal(line.values, WAVES)
    np.testing.assert_allclose(line.axis, 0.1 + 0.004 * np.arange(50), rtol=1e-12)
    assert (line.kind, line.axis_unit, line.name) == ("seismic", "s", "line")
    assert line.names[:2] == ("trace 0", "trace 1")
    assert line.channels[2].headers == {
        "trace": 2,
        "inline": 3,
        "crossline": 102,
        "cdp_x": 400.2,
        "cdp_y": 7000.0,
        "offset": 50,
    }
    assert line.findings == ()


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("code", [1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 16])
def test_every_format_in_either_byte_order(tmp_path: Path, code: int, order: str):
    low = 0 if DTYPES[code].startswith("u") and code != 1 else -128
    values = RNG.integers(low, 127, (6, 40)).astype(np.float32)
    values[0, 0] = -119 if code in (1, 2, 3, 5, 6, 8, 9) else 119
    line = read_bytes(tmp_path, segy_bytes(values, code=code, order=order))
    np.testing.assert_array_equal(line.values, values)
    assert ("little-endian" in codes(line)) == (order == "<")
    assert line.channels[5].headers["crossline"] == 105


@pytest.mark.parametrize(("scalar", "factor"), [(0, 1.0), (1, 1.0), (10, 10.0), (-100, 0.01), (-1, 1.0)])
def test_the_coordinate_scalar(tmp_path: Path, scalar: int, factor: float):
    line = read_bytes(tmp_path, segy_bytes(scalar=scalar))
    assert line.channels[0].headers["cdp_y"] == pytest.approx(70000 * factor, rel=1e-12)


def test_a_missing_interval_is_told(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(binary_dt=0, trace_dt=0))
    assert codes(line) == ["interval-missing"]
    assert line.axis[1] == pytest.approx(0.004)


def test_conflicting_intervals_are_told(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(binary_dt=2000, trace_dt=4000))
    assert codes(line) == ["interval-conflict"]
    assert line.axis[1] == pytest.approx(0.002)


def test_one_interval_is_enough(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(binary_dt=0, trace_dt=1000))
    assert codes(line) == []
    assert line.axis[1] == pytest.approx(0.001)


def test_varying_delays_are_told(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(delay=100, delay_step=8))
    assert codes(line) == ["delay-varies"]
    assert line.axis[0] == 0.0


def test_a_wrong_count_in_the_traces_is_told(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(trace_count=1500))
    assert codes(line) == ["sample-count-conflict"]
    np.testing.assert_array_equal(line.values, WAVES)


def test_extended_text_headers_are_passed_over(tmp_path: Path):
    np.testing.assert_array_equal(read_bytes(tmp_path, segy_bytes(extended=2)).values, WAVES)


def test_ieee_labelled_as_ibm_is_told_and_read_right(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(code=5, label=1))
    assert codes(line) == ["format-mislabelled"]
    np.testing.assert_array_equal(line.values, WAVES)


def test_ibm_labelled_as_ieee_is_told_and_read_right(tmp_path: Path):
    values = (1000 * np.random.default_rng(1).normal(size=(40, 100))).astype(np.float32)
    line = read_bytes(tmp_path, segy_bytes(values, code=1, label=5))
    assert codes(line) == ["format-mislabelled"]
    np.testing.assert_allclose(line.values, values, rtol=2e-6)


@pytest.mark.parametrize("code", [1, 5])
@pytest.mark.parametrize("label", [0, 4, 99])
def test_an_unknown_format_is_settled_by_the_samples(tmp_path: Path, code: int, label: int):
    line = read_bytes(tmp_path, segy_bytes(code=code, label=label))
    assert codes(line) == ["format-unknown"]
    np.testing.assert_allclose(line.values, WAVES, rtol=2e-6)


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_right_labels_are_believed(scale: float):
    values = (scale * np.random.default_rng(2).normal(size=20000)).astype(np.float32)
    assert plausible_code(5, values.view(np.uint32)) == 5
    assert plausible_code(1, float_to_ibm(values)) == 1
    integers = np.rint(values / scale * 1000).astype(np.float32)
    assert plausible_code(5, integers.view(np.uint32)) == 5
    assert plausible_code(1, float_to_ibm(integers)) == 1


def test_a_silent_file_keeps_its_label():
    assert plausible_code(5, np.zeros(1000, dtype=np.uint32)) == 5


def test_samples_that_are_no_numbers_are_missing(tmp_path: Path):
    values = WAVES.copy()
    values[3, 7], values[4, 0] = np.nan, np.inf
    line = read_bytes(tmp_path, segy_bytes(values))
    np.testing.assert_array_equal(np.argwhere(np.isnan(line.values)), [[3, 7], [4, 0]])
    assert codes(line) == ["not-finite"]
    assert line.findings[0].where == "trace 3 and 1 more"


def test_implausible_amplitudes_are_told(tmp_path: Path):
    values = WAVES.copy()
    values[0, 0] = 1e35
    assert codes(read_bytes(tmp_path, segy_bytes(values))) == ["implausible-values"]


def test_dead_traces_are_kept(tmp_path: Path):
    values = WAVES.copy()
    values[2] = 0
    np.testing.assert_array_equal(read_bytes(tmp_path, segy_bytes(values)).values, values)


@pytest.mark.parametrize("cut", [1, 100, 200 + 240 - 1, 240])
def test_a_truncated_file_is_refused(tmp_path: Path, cut: int):
    assert refused(tmp_path, segy_bytes()[:-cut]) == "truncated"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "too-short"),
        (b"C 1 CLIENT", "too-short"),
        (segy_bytes()[:3599], "too-short"),
        (segy_bytes()[:3600], "header-only"),
        (segy_bytes(count=49, trace_count=49), "truncated"),
        (b"this is a letter, not a line. " * 400, "not-segy"),
        (bytes(20000), "not-segy"),
        (segy_bytes(label=7)[:-4], "truncated"),
        (segy_bytes(count=0, trace_count=0), "not-segy"),
        (segy_bytes(WAVES[:, :1]), "too-short"),
    ],
)
def test_unusable_files_are_refused(tmp_path: Path, data: bytes, code: str):
    assert refused(tmp_path, data) == code


@pytest.mark.parametrize(
    ("word", "value"),
    [
        (0xC276A000, -118.625),
        (0x42640000, 100.0),
        (0x41100000, 1.0),
        (0x40800000, 0.5),
        (0x00000000, 0.0),
        (0x3F199999, 0.00624999),
        (0x4103D753, 0.24006939),  # not normalised: segyio reads 0.62
    ],
)
def test_ibm_words_of_known_value(word: int, value: float):
    assert ibm_to_float(np.array([word], dtype=np.uint32))[0] == pytest.approx(value, rel=1e-5)


@pytest.mark.parametrize(
    ("value", "word"), [(-118.625, 0xC276A000), (100.0, 0x42640000), (1.0, 0x41100000), (0.0, 0), (-0.0, 0)]
)
def test_known_values_as_ibm_words(value: float, word: int):
    assert float_to_ibm(np.array([value], dtype=np.float32))[0] == word


def test_rounding_up_to_the_next_hexadecimal_digit():
    value = np.nextafter(np.float32(16.0), np.float32(0.0))
    assert ibm_to_float(float_to_ibm(np.array([value])))[0] == pytest.approx(float(value), rel=2e-6)


def test_integers_are_rounded_and_clipped():
    values = np.array([[-1e9, -2.6, 0.4, 126.6, 1e9]], dtype=np.float32)
    assert encode_samples(values, 8, np.dtype("i1")).tolist() == [[-128, -3, 0, 127, 127]]
    assert encode_samples(values * 1e3, 2, np.dtype(">i4")).tolist()[0][::4] == [-(2**31), 2**31 - 1]


def test_doubles_beyond_float32_are_missing():
    assert np.isnan(decode_samples(np.array([[1e300]]), 6)).all()
