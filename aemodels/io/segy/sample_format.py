"""Detection of the sample format of a SEG-Y file."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.segy.layout import FIXED_GAIN, FORMAT_NAMES, IBM, IEEE, INVERSE_GAIN, SegyLayout

MAX_SAMPLES = 1_000_000  # samples examined, from this many positions in the file
POSITIONS = 32
MIN_GAIN_STEPS = 20  # changes of gain between neighbouring samples needed for a decision


def settle_format(path: Path, layout: SegyLayout) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Decide between IBM and IEEE floats if the declared format may be wrong, and how a gain is applied.

    Args:
        path: the file.
        layout: its layout with the declared format.

    Returns:
        (layout with the format code to use, findings).
    """
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
    """Read about a million stored samples [trace, sample], evenly spaced over the file, in native byte order."""
    traces = max(1, MAX_SAMPLES // (POSITIONS * layout.samples))
    starts = np.unique(np.linspace(0, max(layout.traces - traces, 0), POSITIONS).astype(int))
    if layout.traces <= POSITIONS * traces:
        starts, traces = np.zeros(1, dtype=int), layout.traces
    chosen = [layout.read_traces(path, int(n), int(n) + traces)["samples"] for n in starts]
    return np.concatenate(chosen).astype(np.uint32)


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
