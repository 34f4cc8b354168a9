"""Which number format the samples of a SEG-Y file really have."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aemodels.core.findings import Finding
from aemodels.io.segy.layout import FIXED_GAIN, FORMAT_NAMES, IBM, IEEE, INVERSE_GAIN, SegyLayout

WORDS = 1_000_000  # samples looked at, from this many places of the file
PLACES = 32
GAIN_STEPS = 20  # changes of gain between neighbouring samples that make a decision


def settle_format(path: Path, layout: SegyLayout) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Decide between IBM and IEEE floats where the label may be wrong, and how a gain is meant.

    Args:
        path: the file.
        layout: its layout by the label.

    Returns:
        (layout with the code to read by, findings).
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
        f"{code} ({FORMAT_NAMES[code]}), by the samples' bit patterns",
        f"read as {FORMAT_NAMES[code]}; correct bytes 3225-3226",
    )
    return dataclasses.replace(layout, code=code), (finding,)


def _words(path: Path, layout: SegyLayout) -> NDArray[np.uint32]:
    """Some million samples [trace, sample] as stored, from traces spread over the file (in native byte order)."""
    traces = max(1, WORDS // (PLACES * layout.samples))
    starts = np.unique(np.linspace(0, max(layout.traces - traces, 0), PLACES).astype(int))
    if layout.traces <= PLACES * traces:
        starts, traces = np.zeros(1, dtype=int), layout.traces
    chosen = [layout.read_traces(path, int(n), int(n) + traces)["samples"] for n in starts]
    return np.concatenate(chosen).astype(np.uint32)


def _has_gain(words: NDArray[np.uint32]) -> bool:
    """Whether the first byte is always zero, as in fixed point with gain; floats have their exponent there."""
    nonzero = words[words != 0]
    return bool(nonzero.size) and bool((nonzero >> 24 == 0).all())


def gain_meaning(words: NDArray[np.uint32]) -> tuple[int, Finding]:
    """Whether the gain of fixed-point samples is to be applied or to be taken off.

    The standard of 1975 shows the bits and not the sign of the exponent. A signal does not jump because its gain
    changes: of the two readings, the one whose neighbours differ less where the gain steps is right.

    Args:
        words: uint32[trace, sample], samples as stored.

    Returns:
        (4 = value x 2^gain, or -4 = value / 2^gain; what was decided, a warning where the samples do not decide).
    """
    mantissa = np.abs((words & 0xFFFF).astype(np.uint16).view(np.int16).astype(np.float64))
    steps = np.diff(((words >> 16) & 0xFF).astype(np.int64), axis=-1)
    used = (steps != 0) & (mantissa[..., 1:] > 0) & (mantissa[..., :-1] > 0)
    jumps = np.log2(mantissa[..., 1:][used] / mantissa[..., :-1][used])
    applied, taken = (
        float(np.median(np.abs(jumps + sign * steps[used]), axis=None) if jumps.size else 0) for sign in (1, -1)
    )
    code = FIXED_GAIN if applied <= taken else INVERSE_GAIN
    way = "value x 2^gain" if code == FIXED_GAIN else "value / 2^gain"
    sure = jumps.size >= GAIN_STEPS and abs(applied - taken) > 0.5
    gains = np.unique((words >> 16) & 0xFF)
    found = f"fixed point with gains {gains[0]}..{gains[-1]} (format 4, obsolete)"
    expected = "a format whose scale is defined"
    remedy = f"read as {way}" + (", by the steps of the gain" if sure else "; check the amplitudes")
    return code, Finding("info" if sure else "warning", "gain-coded", "samples", found, expected, remedy)


def plausible_code(declared_code: int, words: NDArray[np.uint32]) -> int:
    """Whether four-byte samples are IBM or IEEE floats, whatever the label says.

    A normalised IBM float has a non-zero first hexadecimal digit in its fraction (bits 20-23), always. An IEEE float
    has zeros there wherever its exponent is even and its fraction below 1/8: some 8 % of a signal's samples.

    Args:
        declared_code: the format code in the binary header.
        words: uint32[n], samples as stored.

    Returns:
        1 (IBM) or 5 (IEEE); `declared_code` where the samples do not decide.

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
