from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import segyio

from aemodels.core.errors import DataError, UnreadableFileError
from aemodels.core.types import Channel, Recording, Source
from aemodels.io import read_segy, write_denoised_segy, write_segy
from aemodels.io.segy import denoised_copy
from aemodels.io.segy.samples import float_to_ibm
from helpers.segy_files import WAVES, segy_bytes

RNG = np.random.default_rng(3)


def line(traces: int = 5, samples: int = 40, *, start: float = 0.0, step: float = 0.002) -> Recording:
    values = (100 * RNG.normal(size=(traces, samples))).astype(np.float32)
    channels = tuple(
        Channel(
            f"trace {n}",
            "amplitude",
            {
                "trace": n,
                "inline": 7,
                "crossline": 100 + n,
                "cdp_x": 432100.25 + 12.5 * n,
                "cdp_y": 6543210.75,
                "offset": -25 * n,
            },
        )
        for n in range(traces)
    )
    axis = start + step * np.arange(samples)
    return Recording(values, axis, channels, "seismic", Source("x", "0" * 64), "Line 7")


def copy_with(recording: Recording, path: Path, code: int) -> Path:
    """A file in any format, written by segyio alone."""
    spec = segyio.spec()
    spec.format, spec.samples, spec.tracecount = code, recording.axis * 1e3, len(recording.names)
    with segyio.create(str(path), spec) as file:
        file.text[0] = segyio.tools.create_text_header({1: "CLIENT", 2: "AREA", 40: "END EBCDIC"})
        file.bin.update({segyio.BinField.Interval: 2000})
        for number in range(len(recording.names)):
            file.header[number] = {
                segyio.TraceField.CROSSLINE_3D: number,
                segyio.TraceField.TRACE_SAMPLE_COUNT: recording.axis.size,
            }
            file.trace[number] = recording.values[number].astype(file.dtype)
    return path


@pytest.mark.parametrize("start", [0.0, 0.1, -0.05])
def test_write_then_read_gives_the_same_line(tmp_path: Path, start: float):
    before = line(start=start)
    write_segy(before, tmp_path / "l.sgy")
    after = read_segy(tmp_path / "l.sgy")
    np.testing.assert_array_equal(after.values, before.values)
    np.testing.assert_allclose(after.axis, before.axis, atol=1e-12)
    assert [dict(channel.headers) for channel in after.channels] == [
        dict(channel.headers) for channel in before.channels
    ]
    assert after.findings == ()


def test_ibm_floats_keep_six_digits(tmp_path: Path):
    before = line()
    write_segy(before, tmp_path / "l.sgy", sample_format="ibm")
    after = read_segy(tmp_path / "l.sgy")
    np.testing.assert_allclose(after.values, before.values, rtol=1e-6)
    assert after.headers["format"] == 1


def test_segyio_reads_a_written_line(tmp_path: Path):
    before = line()
    write_segy(before, tmp_path / "l.sgy")
    with segyio.open(tmp_path / "l.sgy", ignore_geometry=True) as file:
        np.testing.assert_array_equal(file.trace.raw[:], before.values)
        assert file.bin[segyio.BinField.Interval] == 2000
        assert file.header[3][segyio.TraceField.CROSSLINE_3D] == 103
        assert b"LINE Line 7" in file.text[0]


@pytest.mark.parametrize("revision", [0, 1, 2])
@pytest.mark.parametrize("sample_format", ["ieee", "ibm"])
def test_every_revision_is_written_and_read_back(tmp_path: Path, revision: int, sample_format: str):
    before = line(traces=6, start=0.1)
    write_segy(before, tmp_path / "l.sgy", revision=revision, sample_format=sample_format)
    after = read_segy(tmp_path / "l.sgy")
    np.testing.assert_allclose(after.values, before.values, rtol=1e-6 if sample_format == "ibm" else 0)
    np.testing.assert_allclose(after.axis, before.axis, atol=1e-12)
    assert [dict(c.headers) for c in after.channels] == [dict(c.headers) for c in before.channels]
    assert (after.headers["revision"], after.findings) == (f"{revision}.0", ())
    with segyio.open(tmp_path / "l.sgy", ignore_geometry=True) as file:
        np.testing.assert_array_equal(file.trace.raw[:], after.values)
        np.testing.assert_allclose(file.samples, before.axis * 1e3, atol=1e-6)
        assert file.bin[segyio.BinField.SEGYRevision] == revision
        assert file.bin[segyio.BinField.TraceFlag] == int(revision > 0)
        assert file.header[3][segyio.TraceField.CROSSLINE_3D] == 103
        assert file.text[0][-80:].startswith(b"C40 END EBCDIC" if revision == 0 else b"C40 END TEXTUAL HEADER")


def test_the_binary_header_of_revision_2(tmp_path: Path):
    write_segy(line(traces=6), tmp_path / "l.sgy", revision=2)
    head = (tmp_path / "l.sgy").read_bytes()[:3600]
    expected = [(3221, "H", 40), (3225, "h", 5), (3269, "i", 40), (3273, "d", 2000.0), (3297, "I", 0x01020304)]
    expected += [(3501, "B", 2), (3502, "B", 0), (3503, "h", 1), (3505, "h", 0), (3507, "i", 0)]
    expected += [(3513, "Q", 6), (3521, "Q", 3600), (3529, "i", 0)]
    for place, kind, value in expected:
        assert struct.unpack_from(">" + kind, head, place - 1) == (value,), place


def test_revision_2_holds_a_fraction_of_a_microsecond(tmp_path: Path):
    before = line(step=125.5e-6)
    write_segy(before, tmp_path / "l.sgy", revision=2)
    after = read_segy(tmp_path / "l.sgy")
    np.testing.assert_allclose(after.axis, before.axis, atol=1e-12)
    assert after.findings == ()


def test_revision_2_holds_longer_traces(tmp_path: Path):
    before = line(traces=2, samples=50_000)
    write_segy(before, tmp_path / "l.sgy", revision=2)
    np.testing.assert_array_equal(read_segy(tmp_path / "l.sgy").values, before.values)
    assert read_segy(tmp_path / "l.sgy").findings == ()
    with segyio.open(tmp_path / "l.sgy", ignore_geometry=True) as file:
        np.testing.assert_array_equal(file.trace.raw[:], before.values)
    with pytest.raises(DataError, match="32767 in revision 1"):
        write_segy(before, tmp_path / "m.sgy")


def test_missing_samples_survive_as_ieee_and_are_refused_as_ibm(tmp_path: Path):
    before = line()
    values = before.values.copy()
    values[1, 3] = np.nan
    write_segy(before.with_values(values), tmp_path / "l.sgy")
    np.testing.assert_array_equal(read_segy(tmp_path / "l.sgy").values, values)
    with pytest.raises(DataError, match="NaN"):
        write_segy(before.with_values(values), tmp_path / "m.sgy", sample_format="ibm")
    assert not (tmp_path / "m.sgy").exists()


@pytest.mark.parametrize(
    ("start", "step", "match"),
    [(0.0, 1e-7, "sample interval"), (0.0, 0.05, "sample interval"), (0.0001, 0.002, "whole number of ms")],
)
def test_an_axis_that_the_headers_cannot_hold_is_refused(tmp_path: Path, start: float, step: float, match: str):
    with pytest.raises(DataError, match=match):
        write_segy(line(start=start, step=step), tmp_path / "l.sgy")


def test_a_well_is_not_written_as_a_line(tmp_path: Path):
    well = Recording(
        np.zeros((1, 2), np.float32), np.array([0.0, 1.0]), (Channel("GR"),), "logs", Source("x", "0"), "W"
    )
    with pytest.raises(DataError, match="'seismic'"):
        write_segy(well, tmp_path / "l.sgy")


@pytest.mark.parametrize("code", [1, 2, 3, 5, 6, 8, 9, 10, 11, 12, 16])
def test_a_denoised_copy_keeps_format_headers_and_what_is_not_replaced(tmp_path: Path, code: int):
    before = line()
    before = before.with_values(np.rint(np.abs(before.values) % 100).astype(np.float32))
    source = copy_with(before, tmp_path / "in.sgy", code)
    original = source.read_bytes()
    new = np.rint(before.values * 0.5).astype(np.float32)
    new[2] = np.nan
    assert write_denoised_segy(source, tmp_path / "out.sgy", new, "sondeflow: denoised") == ()
    assert source.read_bytes() == original
    after = read_segy(tmp_path / "out.sgy")
    np.testing.assert_array_equal(after.values, np.where(np.isnan(new), before.values, new))
    assert after.headers["format"] == code
    copy = (tmp_path / "out.sgy").read_bytes()
    size = len(original) - 3600
    trace = size // len(before.names)
    assert copy[3200:3600] == original[3200:3600]
    for number in range(len(before.names)):
        start = 3600 + number * trace
        assert copy[start : start + 240] == original[start : start + 240]
    third = slice(3600 + 2 * trace, 3600 + 3 * trace)
    assert copy[third] == original[third]


def test_unchanged_samples_keep_their_bytes_even_beyond_float32(tmp_path: Path):
    """An int32 of 2^24 + 1 is rounded when read; writing back what was read must not move it."""
    before = line(traces=2, samples=4)
    source = copy_with(before, tmp_path / "in.sgy", 2)
    data = bytearray(source.read_bytes())
    data[3840:3844] = (2**24 + 1).to_bytes(4, "big")
    source.write_bytes(data)
    write_denoised_segy(source, tmp_path / "out.sgy", read_segy(source).values.copy(), "h")
    assert (tmp_path / "out.sgy").read_bytes()[3200:] == bytes(data)[3200:]


def test_integers_are_rounded_and_clipped_in_the_copy(tmp_path: Path):
    before = line(traces=1, samples=3).with_values(np.array([[1, 2, 3]], dtype=np.float32))
    source = copy_with(before, tmp_path / "in.sgy", 3)
    write_denoised_segy(source, tmp_path / "out.sgy", np.array([[1.6, 1e6, -1e6]], dtype=np.float32), "h")
    assert read_segy(tmp_path / "out.sgy").values.tolist() == [[2, 32767, -32768]]


def test_a_mislabelled_file_is_written_as_it_was_read(tmp_path: Path):
    before = line(traces=40, samples=60)
    source = copy_with(before, tmp_path / "in.sgy", 5)
    data = bytearray(source.read_bytes())
    data[3224:3226] = (1).to_bytes(2, "big")
    source.write_bytes(data)
    new = (before.values * np.float32(0.3)).astype(np.float32)
    write_denoised_segy(source, tmp_path / "out.sgy", new, "h")
    after = read_segy(tmp_path / "out.sgy")
    np.testing.assert_array_equal(after.values, new)
    assert after.headers["format"] == 1


def test_a_little_endian_copy(tmp_path: Path):
    values = np.array([[1.5, -2.0, 100.0]], dtype=np.float32)
    binary = bytearray(400)
    binary[16:18], binary[20:22], binary[24:26] = (
        (2000).to_bytes(2, "little"),
        (3).to_bytes(2, "little"),
        (1).to_bytes(2, "little"),
    )
    stored = float_to_ibm(values).astype("<u4").tobytes()
    (tmp_path / "in.sgy").write_bytes(b"\x40" * 3200 + bytes(binary) + bytes(240) + stored)
    write_denoised_segy(tmp_path / "in.sgy", tmp_path / "out.sgy", values * 2, "h")
    np.testing.assert_array_equal(read_segy(tmp_path / "out.sgy").values, values * 2)


@pytest.mark.parametrize("codec", ["cp037", "ascii"])
def test_history_goes_to_the_next_free_line_in_the_file_s_own_encoding(tmp_path: Path, codec: str):
    source = copy_with(line(), tmp_path / "in.sgy", 5)
    lines = ["C 1 CLIENT", "C 2 AREA", *(f"C{n:2d}" for n in range(3, 40)), "C40 END TEXTUAL HEADER"]
    data = bytearray(source.read_bytes())
    data[:3200] = "".join(text.ljust(80) for text in lines).encode(codec)
    source.write_bytes(data)
    write_denoised_segy(
        source, tmp_path / "out.sgy", line().values.copy(), "sondeflow 0.1 denoised (bundle seismic-v3) " + "x" * 60
    )
    text = (tmp_path / "out.sgy").read_bytes()[:3200].decode(codec)
    out = [text[80 * n : 80 * (n + 1)].rstrip() for n in range(40)]
    assert out[:2] == lines[:2]
    assert out[2] == "C 3 sondeflow 0.1 denoised (bundle seismic-v3)"
    assert out[3] == "C 4 " + "x" * 60
    assert out[4:] == lines[4:]


def test_a_full_text_header_is_not_overwritten(tmp_path: Path):
    source = copy_with(line(), tmp_path / "in.sgy", 5)
    data = bytearray(source.read_bytes())
    data[:3200] = "".join(f"C{n:2d} FULL".ljust(80) for n in range(1, 41)).encode("cp037")
    source.write_bytes(data)
    (finding,) = write_denoised_segy(source, tmp_path / "out.sgy", line().values.copy(), "history")
    assert finding.code == "no-room-for-history"
    assert (tmp_path / "out.sgy").read_bytes()[:3200] == data[:3200]


def test_a_wrong_shape_is_refused(tmp_path: Path):
    source = copy_with(line(), tmp_path / "in.sgy", 5)
    with pytest.raises(DataError, match=r"\(5, 40\)"):
        write_denoised_segy(source, tmp_path / "out.sgy", np.zeros((5, 39), np.float32), "h")
    assert not (tmp_path / "out.sgy").exists()


def test_a_copy_that_reads_as_another_format_is_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source, target = tmp_path / "a.sgy", tmp_path / "b.sgy"
    source.write_bytes(segy_bytes(WAVES))
    values = read_segy(source).values * np.float32(0.5)
    encode = denoised_copy.encode_samples
    monkeypatch.setattr(denoised_copy, "encode_samples", lambda *given: encode(given[0] * 2, *given[1:]))
    with pytest.raises(UnreadableFileError, match="copy-differs"):
        write_denoised_segy(source, target, values, "history")
    assert not target.exists()
