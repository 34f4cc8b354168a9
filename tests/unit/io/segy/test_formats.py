"""Sample formats and byte orders that few programs read: three bytes, a gain, swapped pairs."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from aemodels.core.errors import UnreadableFileError
from aemodels.core.types import Recording
from aemodels.io import read_segy, read_segy_blocks, write_denoised_segy
from aemodels.io.segy.binary_header import swap_pairs
from aemodels.io.segy.samples import float_to_gain, gain_to_float
from helpers.segy_files import (
    LENGTHS,
    SAMPLES,
    by_hand,
    codes,
    read_bytes,
    refused,
    segy_like,
    swapped,
    three_bytes,
    trace_values,
    uneven_bytes,
)

RNG = np.random.default_rng(17)


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize(("code", "low", "high"), [(7, -(2**23), 2**23), (15, 0, 2**24)])
def test_three_byte_integers(tmp_path: Path, code: int, low: int, high: int, order: str):
    values = RNG.integers(low, high, (5, SAMPLES))
    values[0, :2] = low, high - 1
    line = read_bytes(tmp_path, by_hand(three_bytes(values, order), code, order=order))
    np.testing.assert_array_equal(line.values, values.astype(np.float32))
    assert codes(line) == (["little-endian"] if order == "<" else [])
    assert line.headers["format"] == code


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("code", [7, 15])
def test_three_byte_integers_are_written_back(tmp_path: Path, code: int, order: str):
    values = RNG.integers(0, 2**23, (5, SAMPLES))
    (tmp_path / "in.sgy").write_bytes(by_hand(three_bytes(values, order), code, order=order))
    new = (values // 2).astype(np.float32)
    new[1, 3], new[2] = 1e9, np.nan
    write_denoised_segy(tmp_path / "in.sgy", tmp_path / "out.sgy", new, "h")
    expected = np.where(np.isnan(new), values, np.minimum(new, 2**23 - 1 if code == 7 else 2**24 - 1))
    np.testing.assert_array_equal(read_segy(tmp_path / "out.sgy").values, expected.astype(np.float32))


@pytest.mark.parametrize(
    ("code", "kind"), [(1, "u4"), (2, "i4"), (3, "i2"), (5, "f4"), (6, "f8"), (8, "i1"), (16, "u1")]
)
def test_swapped_pairs_of_bytes(tmp_path: Path, code: int, kind: str):
    values = RNG.integers(0, 100, (4, SAMPLES)).astype(np.float32)
    plain = segy_like(values, code, kind)
    data = swapped(plain, code)
    line = read_bytes(tmp_path, data)
    np.testing.assert_array_equal(line.values, values)
    assert [code for code in codes(line) if code != "precision"] == ["byte-swapped"]
    assert line.channels[2].headers["crossline"] == 70_002
    assert line.headers["endian"] == "pairwise"
    assert line.axis[1] == pytest.approx(0.002)


@pytest.mark.parametrize(("code", "kind"), [(2, "i4"), (5, "f4"), (8, "i1")])
def test_a_copy_keeps_the_swapped_pairs(tmp_path: Path, code: int, kind: str):
    values = RNG.integers(0, 100, (4, SAMPLES)).astype(np.float32)
    data = swapped(segy_like(values, code, kind), code)
    (tmp_path / "in.sgy").write_bytes(data)
    write_denoised_segy(tmp_path / "in.sgy", tmp_path / "same.sgy", values, "h")
    assert (tmp_path / "same.sgy").read_bytes()[3200:] == data[3200:]
    write_denoised_segy(tmp_path / "in.sgy", tmp_path / "out.sgy", values + 1, "h")
    np.testing.assert_array_equal(read_segy(tmp_path / "out.sgy").values, values + 1)
    assert (tmp_path / "out.sgy").read_bytes()[3600:3840] == data[3600:3840]


def test_three_bytes_in_swapped_pairs_have_no_meaning(tmp_path: Path):
    plain = by_hand(three_bytes(RNG.integers(0, 9, (4, SAMPLES)), ">"), 7, constant=0x01020304)
    head = bytearray(plain[:3200] + swap_pairs(plain[3200:3600]))
    head[3500:3502] = plain[3500:3502]
    assert refused(tmp_path, bytes(head) + plain[3600:]) == "unsupported-format"


@pytest.mark.parametrize("order", [">", "<"])
def test_a_stated_byte_order_that_is_wrong_is_told(tmp_path: Path, order: str):
    values = RNG.normal(size=(4, SAMPLES)).astype(order + "f4")
    line = read_bytes(tmp_path, by_hand([v.tobytes() for v in values], 5, order=order, constant=0x04030201))
    assert "byte-order-conflict" in codes(line)
    np.testing.assert_array_equal(line.values, values.astype(np.float32))


@pytest.mark.parametrize(
    ("word", "applied", "taken"),
    [(0x00000001, 1, 1), (0x0003FFFE, -16, -0.25), (0x00057FFF, 32767 * 32, 32767 / 32), (0x00FF0000, 0, 0)],
)
def test_words_with_a_gain(word: int, applied: float, taken: float):
    words = np.array([word], dtype=np.uint32)
    assert (gain_to_float(words, 1)[0], gain_to_float(words, -1)[0]) == (applied, taken)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gain_keeps_fifteen_bits(sign: int):
    values = (RNG.normal(size=200) * (1e9 if sign > 0 else 10)).astype(np.float32)
    np.testing.assert_allclose(
        gain_to_float(float_to_gain(values, sign), sign), values, atol=np.abs(values).max() / 32000
    )


def gain_ranged(sign: int, *, steps: bool) -> tuple[np.ndarray, np.ndarray]:
    """Traces as a recorder with binary gain ranging stores them: (words, the signal that they stand for)."""
    decay = np.exp2(-np.arange(600) / 60.0)
    signal = np.rint(20_000 * decay * (1.2 + np.sin(np.arange(600) / 7.0 + RNG.random((6, 1)) * 6)) / 2.2)
    amplitude = np.maximum(np.abs(signal), 1)
    gain = (np.floor(np.log2(20_000 / amplitude)) % 14).astype(np.int64) // 2 if steps else np.full(signal.shape, 3)
    gain = gain if sign < 0 or not steps else gain.max() - gain
    mantissa = np.clip(np.rint(signal * np.exp2(-sign * (gain - gain.min()))), -32768, 32767).astype(np.int64)
    return ((gain << 16) | (mantissa & 0xFFFF)).astype(np.uint32), mantissa * np.exp2(sign * gain.astype(float))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_gain_that_steps_tells_how_it_is_meant(tmp_path: Path, sign: int):
    words, signal = gain_ranged(sign, steps=True)
    line = read_bytes(tmp_path, by_hand([w.astype(">u4").tobytes() for w in words], 4, samples=600))
    np.testing.assert_allclose(line.values, signal, rtol=1e-6)
    assert [(f.severity, f.code) for f in line.findings] == [("info", "gain-coded")]
    assert ("x 2^gain" in line.findings[0].remedy) == (sign > 0)


def test_a_gain_that_never_steps_is_a_matter_of_scale_and_told(tmp_path: Path):
    words, _ = gain_ranged(1, steps=False)
    line = read_bytes(tmp_path, by_hand([w.astype(">u4").tobytes() for w in words], 4, samples=600))
    assert [(f.severity, f.code) for f in line.findings] == [("warning", "gain-coded")]
    np.testing.assert_array_equal(line.values, (words & 0xFFFF).astype(np.uint16).view(np.int16) * 8.0)


def test_samples_with_a_gain_are_written_back(tmp_path: Path):
    words, signal = gain_ranged(1, steps=True)
    (tmp_path / "in.sgy").write_bytes(by_hand([w.astype(">u4").tobytes() for w in words], 4, samples=600))
    half = (signal / 2).astype(np.float32)
    write_denoised_segy(tmp_path / "in.sgy", tmp_path / "out.sgy", half, "h")
    assert np.abs(read_segy(tmp_path / "out.sgy").values - half).max() <= 0.5  # integers: no gain is below 0


# Traces of different lengths


def expect_uneven(line: Recording, lengths: list[int] = LENGTHS) -> None:
    assert line.values.shape == (len(lengths), max(lengths))
    for number, (values, length) in enumerate(zip(line.values, lengths, strict=True)):
        np.testing.assert_array_equal(values[:length], trace_values(number, length))
        assert np.isnan(values[length:]).all()
        assert line.channels[number].headers["samples"] == length


@pytest.mark.parametrize("revision", [1, 2])
def test_traces_of_different_lengths(tmp_path: Path, revision: int):
    line = read_bytes(tmp_path, uneven_bytes(revision=revision))
    expect_uneven(line)
    assert [(f.severity, f.code) for f in line.findings] == [("info", "trace-lengths-vary")]
    assert [channel.headers["crossline"] for channel in line.channels] == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize(("flag", "revision"), [(1, 1), (1, 2), (0, 0)])
def test_lengths_that_are_not_declared_are_told(tmp_path: Path, flag: int, revision: int):
    line = read_bytes(tmp_path, uneven_bytes(flag=flag, revision=revision))
    expect_uneven(line)
    assert [(f.severity, f.code) for f in line.findings] == [("warning", "trace-lengths-vary")]


def test_a_stated_count_that_no_trace_has_is_told(tmp_path: Path):
    line = read_bytes(tmp_path, uneven_bytes(stated=99))
    expect_uneven(line)
    assert codes(line) == ["trace-lengths-vary", "sample-count-conflict"]


def test_different_lengths_that_would_also_fit_as_equal_ones(tmp_path: Path):
    """Two traces of 60 samples are as long as three of 0, 60 and 60 samples less a header: the headers decide."""
    lengths = [60, 180, 60, 180]  # 480 + 960 + 480 + 960 bytes: also six traces of 60 samples
    line = read_bytes(tmp_path, uneven_bytes(lengths))
    expect_uneven(line, lengths)


def test_blocks_of_different_lengths(tmp_path: Path):
    whole = read_bytes(tmp_path, uneven_bytes())
    blocks = list(read_segy_blocks(tmp_path / "line.sgy", traces=4))
    np.testing.assert_array_equal(np.concatenate([block.values for block in blocks]), whole.values)
    assert tuple(channel for block in blocks for channel in block.channels) == whole.channels


def test_a_copy_keeps_the_different_lengths(tmp_path: Path):
    whole = read_bytes(tmp_path, uneven_bytes())
    data = (tmp_path / "line.sgy").read_bytes()
    write_denoised_segy(tmp_path / "line.sgy", tmp_path / "same.sgy", whole.values.copy(), "h")
    assert (tmp_path / "same.sgy").read_bytes()[3200:] == data[3200:]
    write_denoised_segy(tmp_path / "line.sgy", tmp_path / "out.sgy", (whole.values * 2).astype(np.float32), "h")
    np.testing.assert_array_equal(read_segy(tmp_path / "out.sgy").values, whole.values * 2)
    assert (tmp_path / "out.sgy").stat().st_size == len(data)


def test_the_end_of_a_short_trace_is_no_fault(tmp_path: Path):
    from aemodels.signal.quality_rules import assess

    assert not assess(read_bytes(tmp_path, uneven_bytes())).flags["missing"].any()


@pytest.mark.parametrize("cut", [1, 100, 4 * 30 + 239])
def test_different_lengths_that_end_too_early_are_refused(tmp_path: Path, cut: int):
    assert refused(tmp_path, uneven_bytes()[:-cut]) == "truncated"


def test_a_longest_trace_that_would_blow_up_the_others_is_refused(tmp_path: Path):
    assert refused(tmp_path, uneven_bytes([60_000] + [1, 2] * 400, stated=1)) == "too-uneven"


def test_a_long_file_that_was_cut_is_not_followed_to_its_end(tmp_path: Path):
    """25,000 equal traces and half a one: after 20,000 nothing more is read, and the rest is no different length."""
    assert refused(tmp_path, uneven_bytes([2] * 25_000, flag=1, stated=2)[:-100]) == "truncated"
    mixed = [2] * 19_000 + [3] + [2] * 2000
    (tmp_path / "mixed.sgy").write_bytes(uneven_bytes(mixed, stated=2))
    assert read_segy(tmp_path / "mixed.sgy").values.shape == (21_001, 3)


def test_a_count_in_the_extension_of_revision_2(tmp_path: Path):
    data = bytearray(uneven_bytes(revision=2))
    struct.pack_into(">i", data, 3506, 1)
    parts, place = [bytes(data[:3600])], 3600
    for length in LENGTHS:
        header = bytearray(data[place : place + 240])
        extension = bytearray(240)
        struct.pack_into(">H", header, 114, 7)
        struct.pack_into(">I", extension, 136, length)
        extension[232:] = b"SEG00001"
        parts += [bytes(header), bytes(extension), bytes(data[place + 240 : place + 240 + 4 * length])]
        place += 240 + 4 * length
    expect_uneven(read_bytes(tmp_path, b"".join(parts)))


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(OSError):
        read_segy(tmp_path / "none.sgy")
    with pytest.raises(UnreadableFileError):
        read_bytes(tmp_path, b"")
