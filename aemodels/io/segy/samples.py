"""Conversion of SEG-Y samples between their storage format and float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray
from aemodels.io.segy.layout import FIXED_GAIN, IBM, IEEE, INT24, INVERSE_GAIN, THREE_BYTES, SegyLayout

FLOATS = (IBM, IEEE, 6)
UNDEFINED, UNDEFINED_MAGNITUDE = -999.25, 0.9e30
MIN_UNDEFINED = 20  # samples of exactly -999.25 from which it is a mark
LARGE_MARKS = (1e30, 3.4e38, 3.4028235e38)  # the last is the largest float
MARK_ROUNDING = 1e-5  # of such marks, in the formats
# By the first byte of an IBM float: its sign, times the value of the last bit of its fraction.
_IBM_SCALES = np.ldexp(np.repeat([1.0, -1.0], 128), 4 * (np.tile(np.arange(128), 2) - 64) - 24)


def ibm_to_float(words: NDArray[np.uint32]) -> NDArray[np.float64]:
    """Decode IBM System/360 floats: (-1)^sign x fraction x 16^(exponent - 64).

    >>> ibm_to_float(np.array([0xC276A000], dtype=np.uint32))
    array([-118.625])

    Args:
        words: uint32 of any shape, native byte order.

    Returns:
        float64 of the same shape (an IBM float may exceed float32's range).

    References:
        SEG-Y revision 1 (SEG Technical Standards Committee, 2002), table 2, format 1.
    """
    fraction = (words & 0x00FFFFFF).astype(np.float64)
    return np.asarray(fraction * _IBM_SCALES[words >> 24], dtype=np.float64)


def float_to_ibm(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Encode finite float32 as IBM floats, rounded to the nearest (the inverse of `ibm_to_float`).

    Args:
        values: float32 of any shape, finite.

    Returns:
        uint32 of the same shape, native byte order.
    """
    fraction, exponent = np.frexp(np.abs(values).astype(np.float64))
    hexadecimal = -(-exponent // 4)
    # Rounding never carries into a 25th bit: if all 24 bits are used (exponent a multiple of 4), float32 has no more.
    mantissa = np.rint(np.ldexp(fraction, 24 + exponent - 4 * hexadecimal)).astype(np.int64)
    words = (np.signbit(values).astype(np.int64) << 31) | ((hexadecimal.astype(np.int64) + 64) << 24) | mantissa
    return np.where(mantissa == 0, 0, words).astype(np.uint32)


def gain_to_float(words: NDArray[np.uint32], sign: int) -> NDArray[np.float64]:
    """Decode fixed point with gain: a 16-bit integer times 2^(sign * gain), with the gain in the second byte.

    >>> gain_to_float(np.array([0x0003FFFE], dtype=np.uint32), 1), gain_to_float(np.array([0x00030008], np.uint32), -1)
    (array([-16.]), array([1.]))

    Args:
        words: uint32 of any shape, native byte order; the first byte is 0.
        sign: 1 = multiply by the gain, -1 = divide by the gain of the recorder.

    Returns:
        float64 of the same shape.

    References:
        Barry, Cavers & Kneale (1975), Recommended standards for digital tape formats, Geophysics 40, 344 (SEG-Y).
    """
    mantissa = (words & 0xFFFF).astype(np.uint16).view(np.int16)
    gain = ((words >> 16) & 0xFF).astype(np.int32)
    return np.asarray(np.ldexp(mantissa.astype(np.float64), sign * gain), dtype=np.float64)


def float_to_gain(values: NDArray[np.float32], sign: int) -> NDArray[np.uint32]:
    """Encode finite float32 as fixed point with gain at maximum precision (the inverse of `gain_to_float`)."""
    magnitude = np.abs(values).astype(np.float64)
    needed = np.ceil(np.log2(np.maximum(magnitude, 1e-300) / 32767.0))
    power = np.clip(needed, *((0, 255) if sign > 0 else (-255, 0))).astype(np.int64)
    mantissa = np.clip(np.rint(np.ldexp(values.astype(np.float64), -power)), -32768, 32767).astype(np.int64)
    return (((sign * power) << 16) | (mantissa & 0xFFFF)).astype(np.uint32)


def _from_three_bytes(stored: NDArray[np.uint8], *, signed: bool) -> NDArray[np.int64]:
    """Convert three bytes, highest first, to integers: [..., 3] -> [...]."""
    words = stored.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    return np.asarray((words ^ 0x800000) - 0x800000 if signed else words, dtype=np.int64)


def read_values(layout: SegyLayout, traces: NDArray[np.void], start: int) -> FloatArray:
    """Decode the samples of stored traces.

    Args:
        layout: layout of the file.
        traces: result of `SegyLayout.read_traces`.
        start: number of the first trace.

    Returns:
        float32[trace, sample]; NaN if a sample is not finite, too large, or beyond the end of a shorter trace.
    """
    values = decode_samples(traces["samples"], layout.code)
    counts = layout.counts(start, start + len(traces))
    if counts is not None:
        values[np.arange(layout.samples) >= counts[:, np.newaxis]] = np.nan
    return values


def undefined_samples(layout: SegyLayout, values: FloatArray) -> BoolArray | None:
    """Return the samples that hold one of the usual marks of undefined values: bool[trace, sample]; None if none does.

    Attribute volumes mark the samples outside their horizons or fault blocks by 1e30, the largest
    float or -999.25. A signal has no other value near the first ones, and seldom the last exactly.

    Args:
        layout: layout of the file; integers have no such marks.
        values: float32[trace, sample].
    """
    if layout.code not in FLOATS:
        return None
    low, high = float(np.nanmin(values, initial=0.0)), float(np.nanmax(values, initial=0.0))
    marks = np.zeros(values.shape, dtype=np.bool_)
    if high > UNDEFINED_MAGNITUDE or low < -UNDEFINED_MAGNITUDE:
        for mark in LARGE_MARKS:
            marks |= np.abs(np.abs(values) / np.float32(mark) - 1.0) < MARK_ROUNDING
    if low <= UNDEFINED:
        exact = values == np.float32(UNDEFINED)
        marks |= exact & (np.count_nonzero(exact) >= MIN_UNDEFINED)
    return marks if marks.any() else None


def decode_samples(stored: NDArray[Any], code: int) -> FloatArray:
    """Convert stored samples to float32; non-finite or too large values become NaN.

    Args:
        stored: [trace, sample] in the type and byte order of the file; three-byte integers [trace, sample, 3].
        code: sample format code.

    Returns:
        float32[trace, sample].
    """
    with np.errstate(over="ignore", invalid="ignore"):
        result = _numbers(stored, code).astype(np.float32)
    return np.where(np.isfinite(result), result, np.float32(np.nan))


def _numbers(stored: NDArray[Any], code: int) -> NDArray[Any]:
    if code in THREE_BYTES:
        return _from_three_bytes(stored, signed=code == INT24)
    if code == IBM:
        return ibm_to_float(stored.astype(np.uint32))
    if code in (FIXED_GAIN, INVERSE_GAIN):
        return gain_to_float(stored.astype(np.uint32), 1 if code == FIXED_GAIN else -1)
    return stored


def encode_samples(values: FloatArray, code: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Encode float32 samples in a storage format; integers are rounded and clipped to their range.

    Args:
        values: float32[trace, sample], finite.
        code: sample format code.
        dtype: the storage type with its byte order.

    Returns:
        [trace, sample] of `dtype`; three-byte integers [trace, sample, 3].
    """
    if code == IBM:
        return float_to_ibm(values).astype(dtype)
    if code in (FIXED_GAIN, INVERSE_GAIN):
        return float_to_gain(values, 1 if code == FIXED_GAIN else -1).astype(dtype)
    if dtype.kind == "f":
        return values.astype(dtype)
    if code in THREE_BYTES:
        low, high = (-(2**23), 2**23 - 1) if code == INT24 else (0, 2**24 - 1)
        words = np.clip(np.rint(values.astype(np.float64)), low, high).astype(np.int64)
        return np.stack([(words >> shift) & 0xFF for shift in (16, 8, 0)], axis=-1).astype(np.uint8)
    limits = np.iinfo(dtype)
    # float64, since float32 would round 2^31 - 1 up, out of range.
    return np.clip(np.rint(values.astype(np.float64)), limits.min, limits.max).astype(dtype)
