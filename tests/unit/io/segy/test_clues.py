"""Clues of a SEG-Y file that disagree: formats, byte orders, intervals, counts, header fields, the end of the file."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.io import read_segy, write_denoised_segy
from helpers.segy_files import CUBE_WAVES, codes, cube, read_bytes, refused, segy_bytes, uneven_bytes, with_header_order

# A signal of few frequencies, as seismic traces are: noise has no byte order that could be told.
TIME = np.arange(200)
SIGNAL = np.array(
    [
        1000 * np.sin(TIME / 5 + n) * np.exp(-(((TIME - 100) / 60) ** 2)) + 40 * np.sin(TIME / 3 + 2 * n)
        for n in range(12)
    ]
).astype(np.float32)
WHOLE = np.rint(SIGNAL)


@pytest.mark.parametrize("interval", [32768, 40000, 50000, 65534])
@pytest.mark.parametrize("in_traces", [True, False])
def test_intervals_above_32767_us_are_unsigned(tmp_path: Path, interval: int, in_traces: bool):
    line = read_bytes(tmp_path, segy_bytes(SIGNAL, binary_dt=interval, trace_dt=interval if in_traces else 0))
    assert line.axis[1] == pytest.approx(interval * 1e-6)
    assert codes(line) == []


def test_minus_one_is_no_interval(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(SIGNAL, binary_dt=65535, trace_dt=0))
    assert (line.axis[1], codes(line)) == (0.004, ["interval-missing"])


def test_an_interval_in_ms(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(np.tile(SIGNAL, 5), binary_dt=2, trace_dt=2))
    assert (line.axis[1], codes(line)) == (0.002, ["interval-in-ms"])


def test_an_interval_in_ms_that_the_traces_state_in_us(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(SIGNAL, binary_dt=4, trace_dt=4000))
    assert (line.axis[1], codes(line)) == (0.004, ["interval-in-ms"])


FORMATS = [
    (segy_bytes(SIGNAL, code=5, label=2), SIGNAL, "format-mislabelled"),
    (segy_bytes(SIGNAL, code=1, label=2), SIGNAL, "format-mislabelled"),
    (segy_bytes(WHOLE, code=2, label=1), WHOLE, "format-mislabelled"),
    (segy_bytes(WHOLE, code=2, label=5), WHOLE, "format-mislabelled"),
    (segy_bytes(1e5 * WHOLE, code=2, label=1), 1e5 * WHOLE, "format-mislabelled"),
    (segy_bytes(SIGNAL.byteswap(), code=5), SIGNAL, "sample-byte-order"),
    (segy_bytes(SIGNAL.byteswap(), code=5, order="<"), SIGNAL, "sample-byte-order"),
]


def with_words(words: np.ndarray, code: int) -> bytes:
    """A big-endian file whose samples are these words as they lie in memory, little-endian."""
    data = bytearray(segy_bytes(np.zeros(words.shape, np.float32), code=code, label=code))
    size = words.dtype.itemsize
    for number, trace in enumerate(words):
        place = 3600 + number * (240 + size * words.shape[1]) + 240
        data[place : place + size * words.shape[1]] = trace.tobytes()
    return bytes(data)


FORMATS += [
    (with_words(WHOLE.astype("<i2"), 3), WHOLE, "sample-byte-order"),
    (with_words((20 * WHOLE).astype("<i2"), 3), 20 * WHOLE, "sample-byte-order"),
    (with_words(WHOLE.astype("<i4"), 2), WHOLE, "sample-byte-order"),
]


@pytest.mark.parametrize(("data", "values", "code"), FORMATS)
def test_format_and_byte_order_of_samples_are_told_by_their_values(
    tmp_path: Path, data: bytes, values: np.ndarray, code: str
):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        line = read_bytes(tmp_path, data)
    np.testing.assert_allclose(line.values, values, rtol=1e-5, atol=1e-3)
    assert code in codes(line)
    write_denoised_segy(tmp_path / "line.sgy", tmp_path / "copy.sgy", line.values * np.float32(0.5), "history")
    np.testing.assert_allclose(read_segy(tmp_path / "copy.sgy").values, 0.5 * values, rtol=1e-5, atol=0.51)


def test_integers_with_an_offset_are_no_floats(tmp_path: Path):
    line = read_bytes(tmp_path, segy_bytes(WHOLE + 1.1e9, code=2))
    assert codes(line) == ["precision"]


@pytest.mark.parametrize("code", [1, 2, 3, 5])
@pytest.mark.parametrize("values", [WHOLE, np.rint(np.random.default_rng(1).normal(size=(12, 200)) * 3000)])
def test_ordinary_formats_stay_as_declared(tmp_path: Path, code: int, values: np.ndarray):
    line = read_bytes(tmp_path, segy_bytes(values.astype(np.float32), code=code))
    np.testing.assert_allclose(line.values, values, rtol=1e-6)
    assert set(codes(line)) <= {"precision"}


def test_floats_in_coordinates_and_line_numbers(tmp_path: Path):
    patches = {
        number: [(181, "f", 5e5 + 12.5 * number), (185, "f", 6.7e6), (189, "f", 10.0), (193, "f", 100.0 + number)]
        for number in range(24)
    }
    line = read_bytes(tmp_path, cube(trace=patches))
    assert codes(line) == ["header-floats"]
    header = line.channels[3].headers
    assert [header[key] for key in ("cdp_x", "cdp_y", "inline", "crossline")] == [500037.5, 6.7e6, 10, 103]


def test_floats_beside_a_scalar_for_integers(tmp_path: Path):
    """As integers over 100 they would be 12,000 km away."""
    patches = {
        number: [(71, "h", -100), (181, "f", 5e5 + 12.5 * number), (185, "f", 6.7e6 + 25 * number)]
        for number in range(24)
    }
    line = read_bytes(tmp_path, cube(trace=patches))
    assert codes(line) == ["header-floats"]
    assert [line.channels[3].headers[key] for key in ("cdp_x", "cdp_y")] == [500037.5, 6700075]


def test_large_integers_are_no_floats(tmp_path: Path):
    """670,000,000 with the scalar -100 is 6,700,000 m."""
    patches = {number: [(71, "h", -100), (181, "i", 50_000_000), (185, "i", 670_000_000)] for number in range(24)}
    line = read_bytes(tmp_path, cube(trace=patches))
    assert (codes(line), line.channels[0].headers["cdp_y"]) == ([], 6.7e6)


SMALL = np.clip(np.rint(SIGNAL / 10), -127, 127)
SIZES = [
    (3, 1, WHOLE),
    (3, 5, WHOLE),
    (5, 3, SIGNAL),
    (1, 3, SIGNAL),
    (2, 3, WHOLE),
    (6, 5, SIGNAL),
    (5, 7, SIGNAL),
    (8, 3, SMALL),
    (8, 1, SMALL),
]


@pytest.mark.parametrize(("code", "label", "values"), SIZES)
def test_the_size_of_samples_is_told_by_the_places_of_the_trace_headers(
    tmp_path: Path, code: int, label: int, values: np.ndarray
):
    line = read_bytes(tmp_path, segy_bytes(values, code=code, label=label, order="<" if code == 3 else ">"))
    assert {"format-mislabelled", "format-unknown"} & set(codes(line))
    np.testing.assert_allclose(line.values, values, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("rest", [bytes(512), b"\x40" * 3200, b"\r\n", bytes(3200), b"end of line " * 300, b"\x1a"])
def test_bytes_after_the_last_trace_are_left_out(tmp_path: Path, rest: bytes):
    line = read_bytes(tmp_path, cube() + rest)
    np.testing.assert_array_equal(line.values, CUBE_WAVES)
    assert codes(line) == ["trailing-bytes"]


@pytest.mark.parametrize("cut", [1, 10, 119, 120, 121, 239, 359])
def test_a_trace_that_was_cut_off_is_still_refused(tmp_path: Path, cut: int):
    assert refused(tmp_path, cube()[:-cut]) == "truncated"


def test_more_samples_than_16_bits_hold(tmp_path: Path):
    values = np.linspace(1, 2, 3 * 70_000, dtype=np.float32).reshape(3, 70_000)
    overflowed = bytearray(segy_bytes(values, count=70_000 % 65_536, trace_count=70_000 % 65_536))
    passcal = bytearray(segy_bytes(values, count=32_767, trace_count=32_767))
    for number in range(3):
        struct.pack_into(">i", passcal, 3600 + number * (240 + 280_000) + 228, 70_000)
    revision_2 = bytearray(segy_bytes(values, count=32_767, trace_count=0))
    struct.pack_into(">i", revision_2, 3268, 70_000)
    for data in (overflowed, passcal, revision_2):
        line = read_bytes(tmp_path, bytes(data))
        np.testing.assert_array_equal(line.values, values)
        assert codes(line)[0] == "sample-count-conflict"


def test_traces_without_samples(tmp_path: Path):
    line = read_bytes(tmp_path, uneven_bytes([30, 0, 30, 30, 0, 30], stated=30))
    np.testing.assert_array_equal(np.isnan(line.values).all(axis=1), [False, True, False, False, True, False])
    (finding,) = [finding for finding in line.findings if finding.code == "trace-lengths-vary"]
    assert "none in 2 traces, the first of them trace 1" in finding.found


@pytest.mark.parametrize("code", [2, 4, 7])
def test_dead_and_auxiliary_traces_are_missing(tmp_path: Path, code: int):
    line = read_bytes(tmp_path, cube(trace={5: [(29, "h", code)]}))
    assert np.flatnonzero(np.isnan(line.values).all(axis=1)).tolist() == [5]
    assert codes(line) == ["trace-kinds"]


def test_a_code_that_all_traces_have_says_nothing(tmp_path: Path):
    line = read_bytes(tmp_path, cube(trace={number: [(29, "h", 2)] for number in range(24)}))
    assert (codes(line), bool(np.isnan(line.values).any())) == ([], False)


@pytest.mark.parametrize("mark", [1e30, -1e30, -999.25, 3.4028235e38])
def test_marks_of_undefined_values_are_missing(tmp_path: Path, mark: float):
    values = CUBE_WAVES.copy()
    values[:, :5] = mark
    line = read_bytes(tmp_path, cube(values=values))
    np.testing.assert_array_equal(np.isnan(line.values), values == np.float32(mark))
    assert codes(line) == ["undefined-samples"]


def su_bytes(order: str) -> bytes:
    data = segy_bytes(SIGNAL, order=order)
    return data[3600:]


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (su_bytes(">"), "Seismic Unix, big-endian: 12 traces of 200 samples"),
        (su_bytes("<"), "Seismic Unix, little-endian: 12 traces of 200 samples"),
        (b"   1SY1.0RECORD     0 OWN".ljust(128) + segy_bytes(SIGNAL), "a SEG tape label (SY1.0)"),
        (b"PK\x03\x04" + bytes(9000), "a zip archive"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, data: bytes, named: str):
    with pytest.raises(UnreadableFileError) as caught:
        read_bytes(tmp_path, data)
    assert named in caught.value.findings[0].found


def test_trace_headers_in_another_byte_order_than_the_binary_header(tmp_path: Path):
    line = read_bytes(tmp_path, with_header_order(cube(), CUBE_WAVES.shape[1]))
    assert codes(line) == ["header-byte-order"]
    np.testing.assert_array_equal(line.values, CUBE_WAVES)
    plain = read_bytes(tmp_path, cube())
    assert [channel.headers for channel in line.channels] == [channel.headers for channel in plain.channels]


@pytest.mark.parametrize("order", ["<", ">"])
def test_headers_and_samples_each_in_its_own_order(tmp_path: Path, order: str):
    data = with_header_order(segy_bytes(SIGNAL.byteswap(), order=order), SIGNAL.shape[1])
    line = read_bytes(tmp_path, data)
    assert {"header-byte-order", "sample-byte-order"} <= set(codes(line))
    np.testing.assert_array_equal(line.values, SIGNAL)
    write_denoised_segy(tmp_path / "line.sgy", tmp_path / "copy.sgy", line.values * np.float32(0.5), "history")
    np.testing.assert_array_equal(read_segy(tmp_path / "copy.sgy").values, SIGNAL * np.float32(0.5))


def with_text(line: str) -> bytes:
    return line.ljust(3200).encode("cp037") + cube()[3200:]


@pytest.mark.parametrize(
    ("text", "severity"),
    [
        ("C 5 SAMPLE INTERVAL: 5 M   SAMPLES 601", "warning"),
        ("C 5 PSDM STACK, DEPTH DOMAIN", "warning"),
        ("C 5 PSDM STACK CONVERTED TO TIME", "info"),
        ("C 5 SAMPLE INTERVAL: 4 MS", ""),
        ("C 5 SAMPLE RATE 2 MSEC  WATER DEPTH 200 M", ""),
        ("C 5 RECORD LENGTH 5000 MS  CDP INTERVAL 12.5 M", ""),
    ],
)
def test_a_line_in_depth_is_told_by_its_text_header(tmp_path: Path, text: str, severity: str):
    found = [finding.severity for finding in read_bytes(tmp_path, with_text(text)).findings]
    assert found == ([severity] if severity else [])
