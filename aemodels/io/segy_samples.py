"""Samples of a SEG-Y file between their storage format and float32."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.io.segy_layout import IBM
from aemodels.types import FloatArray


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
    exponent = ((words >> 24) & 0x7F).astype(np.int32) - 64
    fraction = (words & 0x00FFFFFF).astype(np.float64)
    sign = np.where(words >> 31, -1.0, 1.0)
    return np.asarray(sign * np.ldexp(fraction, 4 * exponent - 24), dtype=np.float64)


def float_to_ibm(values: NDArray[np.float32]) -> NDArray[np.uint32]:
    """Encode finite float32 as IBM floats, rounded to the nearest (the inverse of `ibm_to_float`).

    Args:
        values: float32 of any shape, finite.

    Returns:
        uint32 of the same shape, native byte order.
    """
    fraction, exponent = np.frexp(np.abs(values).astype(np.float64))
    hexadecimal = -(-exponent // 4)
    # Rounding never carries into a 25th bit: where all 24 bits count (exponent a multiple of 4), float32 has no more.
    mantissa = np.rint(np.ldexp(fraction, 24 + exponent - 4 * hexadecimal)).astype(np.int64)
    words = (np.signbit(values).astype(np.int64) << 31) | ((hexadecimal.astype(np.int64) + 64) << 24) | mantissa
    return np.where(mantissa == 0, 0, words).astype(np.uint32)


def decode_samples(stored: NDArray[Any], code: int) -> FloatArray:
    """Stored samples as float32, non-finite or too large values becoming NaN.

    Args:
        stored: [trace, sample] in the file's type and byte order.
        code: sample format code.

    Returns:
        float32[trace, sample].
    """
    values = ibm_to_float(stored.astype(np.uint32)) if code == IBM else stored
    with np.errstate(over="ignore", invalid="ignore"):
        result = values.astype(np.float32)
    return np.where(np.isfinite(result), result, np.float32(np.nan))


def encode_samples(values: FloatArray, code: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """float32 samples in a storage format; integers are rounded and clipped to their range.

    Args:
        values: float32[trace, sample], finite.
        code: sample format code.
        dtype: the storage type with its byte order.

    Returns:
        [trace, sample] of `dtype`.
    """
    if code == IBM:
        return float_to_ibm(values).astype(dtype)
    if dtype.kind == "f":
        return values.astype(dtype)
    limits = np.iinfo(dtype)
    # float64: float32 cannot hold 2^31 - 1 and would round it up, out of range.
    return np.clip(np.rint(values.astype(np.float64)), limits.min, limits.max).astype(dtype)
