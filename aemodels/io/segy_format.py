"""Which number format the samples of a SEG-Y file really have."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aemodels.io.segy_layout import FIXED_GAIN, FORMAT_NAMES, FORMATS, IBM, IEEE, SegyLayout, unsupported
from aemodels.types import Finding

WORDS = 1_000_000  # samples looked at, from this many places of the file
PLACES = 32


def settle_format(path: Path, layout: SegyLayout) -> tuple[SegyLayout, tuple[Finding, ...]]:
    """Decide between IBM and IEEE floats where the label may be wrong.

    Args:
        path: the file.
        layout: its layout by the label.

    Returns:
        (layout with the code to read by, findings).

    Raises:
        UnreadableFileError: if the samples are fixed point with gain (code 4, obsolete).
    """
    if layout.code not in (IBM, IEEE):
        return layout, ()
    words = _words(path, dataclasses.replace(layout, code=IBM))
    code = plausible_code(layout.labelled, words)
    if layout.labelled == FIXED_GAIN and _has_gain(words):
        raise unsupported(FIXED_GAIN, "fixed point with gain")
    if code == layout.labelled:
        return layout, ()
    known = layout.labelled in FORMATS
    finding = Finding(
        "warning",
        "format-mislabelled" if known else "format-unknown",
        "binary header",
        f"sample format {layout.labelled}" + (f" ({FORMAT_NAMES[layout.labelled]})" if known else ""),
        f"{code} ({FORMAT_NAMES[code]}), by the samples' bit patterns",
        f"read as {FORMAT_NAMES[code]}; correct bytes 3225-3226",
    )
    return dataclasses.replace(layout, code=code), (finding,)


def _words(path: Path, layout: SegyLayout) -> NDArray[np.uint32]:
    """Some million samples as stored, from traces spread over the file (in native byte order)."""
    traces = max(1, WORDS // (PLACES * layout.samples))
    starts = np.unique(np.linspace(0, max(layout.traces - traces, 0), PLACES).astype(int))
    if layout.traces <= PLACES * traces:
        starts, traces = np.zeros(1, dtype=int), layout.traces
    chosen = [layout.read_traces(path, int(n), int(n) + traces)["samples"] for n in starts]
    return np.concatenate(chosen).astype(np.uint32).ravel()


def _has_gain(words: NDArray[np.uint32]) -> bool:
    """Whether the first byte is always zero, as in fixed point with gain; floats have their exponent there."""
    nonzero = words[words != 0]
    return bool(nonzero.size) and bool((nonzero >> 24 == 0).all())


def plausible_code(labelled: int, words: NDArray[np.uint32]) -> int:
    """Whether four-byte samples are IBM or IEEE floats, whatever the label says.

    A normalised IBM float has a non-zero first hexadecimal digit in its fraction (bits 20-23), always. An IEEE float
    has zeros there wherever its exponent is even and its fraction below 1/8: some 8 % of a signal's samples.

    Args:
        labelled: the format code in the binary header.
        words: uint32[n], samples as stored.

    Returns:
        1 (IBM) or 5 (IEEE); `labelled` where the samples do not decide.

    References:
        SEG-Y revision 2.0 (SEG Technical Standards Committee, 2017), section 3.3 and appendix E.
    """
    nonzero = words[(words & 0x7FFFFFFF) != 0]
    unnormalised = np.count_nonzero((nonzero & 0x00F00000) == 0)
    if nonzero.size >= 100 and unnormalised > 0.01 * nonzero.size:
        return IEEE
    even = np.count_nonzero((nonzero & 0x00800000) == 0)  # of these, log2(9/8) = 17 % would be unnormalised
    if labelled != IEEE or (even >= 200 and unnormalised == 0):
        return IBM
    return labelled
