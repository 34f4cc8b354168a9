"""Prediction of each trace from its neighbours by f-x filters, and its correlation with the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.detect.traces.neighbours import Bools, Floats, median_of_neighbours, standardise
from aemodels.detect.traces.shapes import SILENT, TraceShapes
from aemodels.signal.running_median import running_median

Complex = NDArray[np.complex64]

GATE = 64  # samples of a time gate, in which events are nearly linear
FILTER_TRACES = 8  # on either side that a filter is fitted to
RIDGE = 0.02
# Offsets of the traces that a trace is predicted from: a good trace needs one pair without a bad trace.
NEIGHBOURS = ((1, 2), (-2, -1), (-1, 1), (2, 3), (-3, -2), (-2, 2))
PASSES = 2
WEIGHT_TRACES = 9  # over which the predictability of a gate is estimated
MEDIAN_TRACES = 15  # over which the usual correlation is estimated
MIN_TRUSTED_SHARE = 0.5  # of the usual correlation: traces below are not used for prediction
CLIP = 4.0
FLOOR = 0.1
DAMPING = 1e-4  # added to the normal equations of traces of unit rms: a silent gate is predicted as silent
MIN_SAMPLES, MIN_TRACES = 16, 8


@dataclass(frozen=True, eq=False)
class _Gates:
    """Spectra of tapered time gates of `length` samples: complex64[gate, frequency, trace]."""

    spectra: Complex
    length: int


@dataclass(frozen=True, eq=False)
class _Pair:
    """Least-squares problem of two filter coefficients per frequency that predict each trace from those at two offsets.

    Args:
        offsets: of the two traces predicted from.
        first, second: their spectra, complex64[gate, frequency, trace].
        terms: contribution of each trace to the normal equations, complex64[5, gate, frequency, trace]: |first|^2,
            |second|^2, conj(first) second, conj(first) trace, conj(second) trace.
    """

    offsets: tuple[int, int]
    first: Complex
    second: Complex
    terms: Complex

    @classmethod
    def from_spectra(cls, spectra: Complex, offsets: tuple[int, int]) -> _Pair:
        """Return the problem of predicting spectra from those at two offsets."""
        first, second = (_shifted(spectra, offset) for offset in offsets)
        one, two = first.conj(), second.conj()
        terms = np.stack([one * first, two * second, one * second, one * spectra, two * spectra])
        return cls(offsets, first, second, terms)

    def predicted(self, trusted: Bools) -> Complex:
        """Return each trace predicted by filters fitted to the traces around it: complex64[gate, frequency, trace]."""
        used = np.all([trusted, *(_shifted(trusted, offset) for offset in self.offsets)], axis=0)
        terms = self.terms * used.astype(np.float32)
        around = _neighbourhood_sum(terms)
        for offset in {0, *(-offset for offset in self.offsets)}:  # equations that contain the trace itself
            around -= _shifted(terms, offset)
        one, two, cross, with_one, with_two = around
        ridge = RIDGE * np.maximum(one.real + two.real, 0.0) / 2 + DAMPING
        one, two = one.real + ridge, two.real + ridge
        size = np.maximum(one * two - np.abs(cross) ** 2, DAMPING**2)
        ahead = (two * with_one - cross * with_two) / size
        behind = (one * with_two - cross.conj() * with_one) / size
        return np.asarray(ahead * self.first + behind * self.second)


def prediction_evidence(shapes: TraceShapes, bad: Bools) -> dict[str, Floats]:
    """Return evidence by name, float64[trace], higher = more anomalous.

    unpredicted: correlation with the prediction below what is usual nearby; inverted: negative correlation; shifted:
    increase of the correlation at another lag.

    Filters in the frequency-space domain are fitted, gate by gate, to the traces around the predicted one, which is
    left out. A linear event of any dip needs one coefficient per frequency, so that gathers with move-out are predicted
    as well as stacks; two coefficients predict two dips.

    Args:
        shapes: of the line.
        bad: bool[trace], traces that others are not predicted from.

    References:
        Canales, L. L. (1984), Random noise reduction, SEG 54th annual meeting; Spitz, S. (1991), Seismic trace
        interpolation in the F-X domain, Geophysics 56(6).
    """
    traces, samples = shapes.values.shape
    if traces < MIN_TRACES or samples < MIN_SAMPLES:
        return {name: np.zeros(traces) for name in ("unpredicted", "inverted", "shifted")}
    rms = shapes.rms
    gates = _gates(_clipped(shapes, bad))
    problems = [_Pair.from_spectra(gates.spectra, offsets) for offsets in NEIGHBOURS]
    trusted = ~bad & (rms > SILENT)
    for _ in range(PASSES):
        matched = _matched(gates, problems, trusted)
        usual = running_median(matched[:, 0], MEDIAN_TRACES, mode="mirror")
        trusted = ~bad & (rms > SILENT) & (matched[:, 0] > MIN_TRUSTED_SHARE * usual)
    zero = matched[:, 0]
    lags = gates.length // 4
    other = np.concatenate([matched[:, 1:lags], matched[:, -lags:]], axis=1).max(axis=1)
    return {
        "unpredicted": np.maximum(standardise(usual - zero, floor=FLOOR), 0.0),
        "inverted": np.maximum(-zero, 0.0),
        "shifted": np.maximum(other - zero, 0.0) * np.clip(other / np.maximum(usual, 0.1), 0.0, 1.0),
    }


def _clipped(shapes: TraceShapes, bad: Bools) -> Floats:
    """Return samples clipped at a multiple of the neighbours' envelope, so that spikes do not degrade predictions."""
    envelope = median_of_neighbours(uniform_filter1d(shapes.magnitude, 15, axis=1, mode="nearest"), bad, 3)
    limit = CLIP * np.maximum(envelope, 0.3)
    return np.clip(shapes.shape, -limit, limit)


def _gates(shape: Floats) -> _Gates:
    samples = shape.shape[1]
    length = min(GATE, samples)
    starts = sorted({*range(0, samples - length + 1, max(1, length // 2)), samples - length})
    taper = np.hanning(length + 2)[1:-1]
    cut = np.stack([shape[:, start : start + length] * taper for start in starts])
    spectra = np.moveaxis(np.fft.rfft(cut, axis=2), 2, 1).astype(np.complex64)
    return _Gates(np.ascontiguousarray(spectra), length)


def _matched(gates: _Gates, problems: Sequence[_Pair], trusted: Bools) -> Floats:
    """Return the correlation of each trace with the median one of its predictions at every lag: float64[trace, lag].

    The median of the predictions from trusted traces, the better of two: two adjacent bad traces predict each other
    well, and a good trace among bad ones is predicted badly by some. If no prediction is from trusted traces, all are
    used.
    """
    found, valid = [], []
    for problem in problems:
        found.append(_correlation(gates, problem.predicted(trusted)))
        valid.append(np.all([_shifted(trusted, offset) for offset in problem.offsets], axis=0))
    matched, usable = np.stack(found), np.stack(valid)
    usable = usable | ~usable.any(axis=0)
    order = np.argsort(np.where(usable, -matched[:, :, 0], np.inf), axis=0)
    middle = np.take_along_axis(order, (usable.sum(axis=0) - 1)[None] // 2, axis=0)
    return np.asarray(np.take_along_axis(matched, middle[:, :, None], axis=0)[0])


def _correlation(gates: _Gates, predicted: Complex) -> Floats:
    """Return the normalised cross-correlation of traces and predictions, gates weighted by their predictability."""

    def in_time(spectra: Complex | Floats) -> Floats:
        return np.asarray(np.fft.irfft(np.moveaxis(spectra, 1, 2), n=gates.length, axis=2))

    cross = in_time(predicted.conj() * gates.spectra)
    power = in_time(np.abs(gates.spectra) ** 2)[..., :1] * in_time(np.abs(predicted) ** 2)[..., :1]
    correlation = cross / np.sqrt(np.maximum(power, 1e-12))
    weight = np.clip(running_median(correlation[..., 0], WEIGHT_TRACES, mode="mirror"), 0.0, None) ** 2 + 1e-3
    return np.asarray((weight[..., None] * correlation).sum(axis=0) / weight.sum(axis=0)[:, None])


def _shifted(array: NDArray, offset: int) -> NDArray:  # type: ignore[type-arg]
    """Return the array shifted by `offset` traces along its last axis, 0 beyond the ends."""
    axis = array.ndim - 1
    shifted = np.roll(array, -offset, axis=axis)
    gone: list[slice] = [slice(None)] * array.ndim
    gone[axis] = slice(-offset, None) if offset > 0 else slice(0, -offset)
    if offset:
        shifted[tuple(gone)] = 0
    return shifted


def _neighbourhood_sum(terms: Complex) -> Complex:
    """Return sums over FILTER_TRACES on either side, along the last axis."""
    count = terms.shape[-1]
    total = np.cumsum(np.concatenate([np.zeros_like(terms[..., :1]), terms], axis=-1), axis=-1)
    low = np.maximum(np.arange(count) - FILTER_TRACES, 0)
    high = np.minimum(np.arange(count) + FILTER_TRACES + 1, count)
    return np.asarray(total[..., high] - total[..., low])
