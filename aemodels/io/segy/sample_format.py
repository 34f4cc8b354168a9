"""Detection of the sample format of a SEG-Y file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.segy.binary_header import Endian
from aemodels.io.segy.layout import FIXED_GAIN, FORMAT_NAMES, IBM, IEEE, INT16, INT32, INVERSE_GAIN, SegyLayout
from aemodels.io.segy.plausibility import MIN_SAMPLES, are_floats, are_integers, is_swapped
from aemodels.io.segy.samples import ibm_to_float

MAX_SAMPLES = 300_000  # samples examined, from this many positions in the file
POSITIONS = 32
SMALL_INTEGER_SHARE = 0.99
MIN_GAIN_STEPS = 20  # changes of gain between neighbouring samples needed for a decision


def settle_format(path: Path, layout: SegyLayout) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Decide format and byte order of the samples from their values if the declared ones may be wrong.

    Args:
        path: the file.
        layout: its layout with the declared format.

    Returns:
        (layout with the format code and byte order to use, findings).
    """
    settled, findings = _by_bit_patterns(path, layout)
    if settled.code not in (IBM, INT32, INT16, IEEE) or layout.endian == "pairwise":
        return settled, findings
    if _is_plausible(path, settled):
        return settled, findings
    others = [other for other in _alternatives(layout) if other != settled and _is_plausible(path, other)]
    others = [other for other in others if other.sample_endian is None] or others
    floats = [other for other in others if other.code in (IBM, IEEE)]
    if len(floats) > 1 and len({other.sample_endian for other in floats}) == 1:
        code = plausible_code(IEEE, _words(path, floats[0]).ravel())
        others = [other for other in others if other.code not in (IBM, IEEE) or other.code == code]
    if len(others) != 1:
        return settled, findings
    return others[0], (_contradicted(layout, others[0]),)


def _alternatives(layout: SegyLayout) -> list[SegyLayout]:
    """Return the layouts with other formats of the same size, and with the other byte order of the samples."""
    codes = (INT16,) if layout.code == INT16 else (IEEE, IBM, INT32)
    swapped: Endian = "little" if layout.endian == "big" else "big"
    return [dataclasses.replace(layout, code=code, sample_endian=order) for order in (None, swapped) for code in codes]


def _is_plausible(path: Path, layout: SegyLayout) -> bool:
    """Return True if the samples look like those of the format and byte order of a layout."""
    words = _words(path, layout)
    if layout.code == INT16:
        return not is_swapped(words.astype(np.int16))
    if layout.code == INT32:
        return are_integers(words.view(np.int32).astype(np.int64)) and not is_swapped(words.view(np.int32))
    if layout.code == IBM:
        return are_floats(ibm_to_float(words)) and not _are_small_integers(words)
    with np.errstate(invalid="ignore"):
        return are_floats(words.view(np.float32).astype(np.float64)) and not _are_small_integers(words)


def _are_small_integers(words: NDArray[np.uint32]) -> bool:
    """Return True if the first byte is only that of small integers of both signs; floats have an exponent there."""
    first = words[words != 0] >> 24
    return bool(
        first.size >= MIN_SAMPLES and np.isin(first, (0, 255)).mean() > SMALL_INTEGER_SHARE and (first == 255).any()
    )


def _contradicted(declared: SegyLayout, used: SegyLayout) -> Finding:
    found = f"sample format {declared.declared_code} ({FORMAT_NAMES.get(declared.declared_code, 'unknown')})"
    name = FORMAT_NAMES[used.code]
    if used.sample_endian is None:
        expected = f"{used.code} ({name}), according to the values of the samples"
        remedy = f"read as {name}; correct bytes 3225-3226"
        return Finding("warning", "format-mislabelled", "binary header", found, expected, remedy)
    found += f" in {declared.endian}-endian order, as the headers"
    expected = f"{name} in {used.sample_endian}-endian order, according to the values of the samples"
    remedy = f"read as {used.sample_endian}-endian {name}; write headers and samples in one byte order"
    return Finding("warning", "sample-byte-order", "samples", found, expected, remedy)


def _by_bit_patterns(path: Path, layout: SegyLayout) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Decide between IBM and IEEE floats if the declared format may be wrong, and how a gain is applied."""
    if layout.code not in (IBM, IEEE, FIXED_GAIN):
        return layout, ()
    words = _words(path, dataclasses.replace(layout, code=IBM))
    if layout.declared_code == FIXED_GAIN and _has_gain(words):
        code, finding = gain_meaning(words)
        return dataclasses.replace(layout, code=code), (finding,)
    code = plausible_code(layout.declared_code, words.ravel())
    if code == layout.declared_code:
        return layout, ()
    known = layout.declared_code in (IBM, IEEE)
    finding = Finding(
        "warning",
        "format-mislabelled" if known else "format-unknown",
        "binary header",
        f"sample format {layout.declared_code}"
        + (f" ({name})" if (name := FORMAT_NAMES.get(layout.declared_code)) else ""),
        f"{code} ({FORMAT_NAMES[code]}), according to the bit patterns of the samples",
        f"read as {FORMAT_NAMES[code]}; correct bytes 3225-3226",
    )
    return dataclasses.replace(layout, code=code), (finding,)


def _words(path: Path, layout: SegyLayout) -> NDArray[np.uint32]:
    """Read about 300,000 stored samples [trace, sample], evenly spaced over the file, in native byte order."""
    traces = max(1, MAX_SAMPLES // (POSITIONS * layout.samples))
    starts = np.unique(np.linspace(0, max(layout.traces - traces, 0), POSITIONS).astype(int))
    if layout.traces <= POSITIONS * traces:
        starts, traces = np.zeros(1, dtype=int), layout.traces
    chosen = [layout.read_traces(path, int(n), int(n) + traces)["samples"] for n in starts]
    stored = np.concatenate(chosen)
    return stored.astype(np.int16).view(np.uint16).astype(np.uint32) if layout.code == INT16 else _as_words(stored)


def _as_words(stored: NDArray[np.generic]) -> NDArray[np.uint32]:
    """Return four-byte samples of any type as words in native byte order."""
    native = np.ascontiguousarray(stored.astype(stored.dtype.newbyteorder("=")))
    return native.view(np.uint32)


def _has_gain(words: NDArray[np.uint32]) -> bool:
    """Return True if the first byte is always zero, as in fixed point with gain; floats have their exponent there."""
    nonzero = words[words != 0]
    return bool(nonzero.size) and bool((nonzero >> 24 == 0).all())


def gain_meaning(words: NDArray[np.uint32]) -> tuple[int, Finding]:
    """Decide whether the gain of fixed-point samples multiplies or divides.

    The standard of 1975 does not define the sign of the exponent. A signal is continuous where its gain changes, so
    the interpretation with the smaller steps between neighbouring samples there is correct.

    Args:
        words: uint32[trace, sample], stored samples.

    Returns:
        (code, finding): code 4 = value x 2^gain, -4 = value / 2^gain; a warning if the samples do not decide.
    """
    mantissa = np.abs((words & 0xFFFF).astype(np.uint16).view(np.int16).astype(np.float64))
    steps = np.diff(((words >> 16) & 0xFF).astype(np.int64), axis=-1)
    used = (steps != 0) & (mantissa[..., 1:] > 0) & (mantissa[..., :-1] > 0)
    jumps = np.log2(mantissa[..., 1:][used] / mantissa[..., :-1][used])
    multiplied, divided = (
        float(np.median(np.abs(jumps + sign * steps[used]), axis=None) if jumps.size else 0) for sign in (1, -1)
    )
    code = FIXED_GAIN if multiplied <= divided else INVERSE_GAIN
    formula = "value x 2^gain" if code == FIXED_GAIN else "value / 2^gain"
    decided = jumps.size >= MIN_GAIN_STEPS and abs(multiplied - divided) > 0.5
    gains = np.unique((words >> 16) & 0xFF)
    found = f"fixed point with gains {gains[0]}..{gains[-1]} (format 4, obsolete)"
    expected = "a format whose scale is defined"
    remedy = f"read as {formula}" + (", according to the steps of the gain" if decided else "; check the amplitudes")
    return code, Finding("info" if decided else "warning", "gain-coded", "samples", found, expected, remedy)


def plausible_code(declared_code: int, words: NDArray[np.uint32]) -> int:
    """Decide whether four-byte samples are IBM or IEEE floats.

    A normalised IBM float always has a non-zero first hexadecimal digit in its fraction (bits 20-23). An IEEE float
    has zeros there if its exponent is even and its fraction below 1/8: about 8 % of the samples of a signal.

    Args:
        declared_code: the format code in the binary header.
        words: uint32[n], stored samples.

    Returns:
        1 (IBM) or 5 (IEEE); `declared_code` if the samples do not decide.

    References:
        SEG-Y revision 2.0 (SEG Technical Standards Committee, 2017), section 3.3 and appendix E.
    """
    nonzero = words[(words & 0x7FFFFFFF) != 0]
    unnormalised = np.count_nonzero((nonzero & 0x00F00000) == 0)
    if nonzero.size >= 100 and unnormalised > 0.01 * nonzero.size:
        return IEEE
    even = np.count_nonzero((nonzero & 0x00800000) == 0)  # of these, log2(9/8) = 17 % would be unnormalised
    if declared_code != IEEE or (even >= 200 and unnormalised == 0):
        return IBM
    return declared_code
