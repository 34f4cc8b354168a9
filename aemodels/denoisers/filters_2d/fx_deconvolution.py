"""f-x deconvolution: at each frequency, coherent events are predictable from trace to trace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.types import FloatArray
from aemodels.denoisers.filters_1d.base import ClassicalBase
from aemodels.signal.windows import starts


class FxDeconvolution(ClassicalBase):
    """Complex prediction filters across the traces, one per frequency, forward and backward, in overlapping windows.

    A panel with at most twice as many traces as the filter length is returned unchanged.

    References:
        Canales (1984), SEG Expanded Abstracts 3, 525; Gulunay (1986), SEG Expanded Abstracts 5, 279.
    """

    kind: Literal["fx_deconvolution"] = "fx_deconvolution"
    lengths: tuple[int, ...] = Field(
        default=(0, 1, 2, 4, 7), description="filter lengths to try, in traces; 0 changes nothing"
    )
    dampings: tuple[float, ...] = Field(
        default=(0.001, 0.05), description="prewhitening to try, as shares of the mean power"
    )
    windows: tuple[int, ...] = Field(default=(32, 64, 128), description="window lengths to try, in samples")
    traces: int = Field(default=40, ge=4, le=1024, description="traces per window")

    def candidates(self) -> Sequence[dict[str, float]]:
        return [
            {"length": n, "damping": d, "window": w} for w in self.windows for n in self.lengths for d in self.dampings
        ]

    def smooth(self, values: FloatArray, setting: dict[str, float]) -> FloatArray:
        length, (traces, samples) = int(setting["length"]), values.shape
        if length == 0 or traces <= 2 * length:
            return values
        width, window = min(self.traces, traces), min(int(setting["window"]), samples)
        taper = np.outer(np.hanning(width + 2)[1:-1], np.hanning(window + 2)[1:-1])
        total, weight = np.zeros(values.shape), np.zeros(values.shape)
        for first in starts(traces, width, max(width // 2, 1)):
            for start in starts(samples, window, max(window // 2, 1)):
                block = np.s_[first : first + width, start : start + window]
                spectrum = np.fft.rfft(values[block].astype(np.float64), axis=1)
                predicted = predict_across(spectrum, length, setting["damping"])
                total[block] += taper * np.fft.irfft(predicted, n=window, axis=1)
                weight[block] += taper
        return (total / weight).astype(np.float32)


def predict_across(spectrum: NDArray[np.complex128], length: int, damping: float) -> NDArray[np.complex128]:
    """Return the mean of the forward and backward prediction of each trace from its `length` neighbours, per frequency.

    The backward filter of a plane wave is the conjugate of its forward filter, so both directions share one filter.

    Args:
        spectrum: complex128[trace, frequency].
        length: filter length in traces; the first (last) `length` traces have a backward (forward) prediction only.
        damping: prewhitening, as a share of the mean power at each frequency.
    """
    directions = (spectrum, spectrum[::-1].conj())
    known = [_neighbours(one, length) for one in directions]
    wanted = [one[length:].T for one in directions]
    equations, right = np.concatenate(known, axis=1), np.concatenate(wanted, axis=1)
    normal = np.einsum("fel,fem->flm", equations.conj(), equations)
    power = np.trace(normal, axis1=1, axis2=2).real / length
    normal += (damping * power + 1e-20)[:, None, None] * np.eye(length)
    filters = np.linalg.solve(normal, np.einsum("fel,fe->fl", equations.conj(), right)[..., None])[..., 0]
    forward, backward = (np.einsum("fel,fl->ef", past, filters) for past in known)
    backward = backward[::-1].conj()
    return np.concatenate(
        [backward[:length], 0.5 * (forward[:-length] + backward[length:]), forward[-length:]],
    )


def _neighbours(spectrum: NDArray[np.complex128], length: int) -> NDArray[np.complex128]:
    """Return the `length` traces before each later one, nearest first: complex128[frequency, trace, lag]."""
    traces = len(spectrum)
    past = np.stack([spectrum[length - lag : traces - lag] for lag in range(1, length + 1)], axis=-1)
    return past.transpose(1, 0, 2)
