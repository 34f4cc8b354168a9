"""A trace predicted from its neighbours, frequency by frequency, and what it has in common with the prediction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d

from aemodels.detect.traces.amplitude import SILENT
from aemodels.detect.traces.neighbours import Bools, Floats, beside, in_spreads, rms_of

Complex = NDArray[np.complex64]

GATE = 64  # samples of a time gate; events are nearly straight in it
RADIUS = 8  # traces on either side that a filter is fitted to
RIDGE = 0.02
# Neighbours that a trace is predicted from: with one of several sets free of bad traces, a good trace looks good.
NEIGHBOURS = ((1, 2), (-2, -1), (-1, 1), (2, 3), (-3, -2), (-2, 2))
PASSES = 2
USUAL = 9  # traces over which it is told how well a gate can be predicted
NEARBY = 15
TRUSTED = 0.5  # of the correlation that is usual nearby: who has less is not predicted from
CLIP = 4.0
FLOOR = 0.1
LEAST = 1e-4  # added to the normal equations of traces of unit rms: a silent gate is predicted as silent
FEWEST_SAMPLES, FEWEST_TRACES = 16, 8


@dataclass(frozen=True, eq=False)
class _Gates:
    """Spectra of tapered time gates: complex64[gate, frequency, trace], of gates `length` samples long."""

    spectra: Complex
    length: int


@dataclass(frozen=True, eq=False)
class _Pair:
    """Least squares for two filters a frequency that predict each trace from those at two offsets.

    Args:
        offsets: of the two traces predicted from.
        first, second: their spectra, complex64[gate, frequency, trace].
        terms: each trace's part of the normal equations, complex64[5, gate, frequency, trace]: |first|^2, |second|^2,
            conj(first) second, conj(first) trace, conj(second) trace.
    """

    offsets: tuple[int, int]
    first: Complex
    second: Complex
    terms: Complex

    @classmethod
    def of(cls, spectra: Complex, offsets: tuple[int, int]) -> _Pair:
        first, second = (_moved(spectra, offset) for offset in offsets)
        one, two = first.conj(), second.conj()
        terms = np.stack([one * first, two * second, one * second, one * spectra, two * spectra])
        return cls(offsets, first, second, terms)

    def predicted(self, trusted: Bools) -> Complex:
        """Each trace by filters fitted around it without it: complex64[gate, frequency, trace]."""
        used = np.all([trusted, *(_moved(trusted, offset) for offset in self.offsets)], axis=0)
        terms = self.terms * used.astype(np.float32)
        around = _around(terms)
        for offset in {0, *(-offset for offset in self.offsets)}:  # equations in which the trace itself takes part
            around -= _moved(terms, offset)
        one, two, cross, with_one, with_two = around
        ridge = RIDGE * np.maximum(one.real + two.real, 0.0) / 2 + LEAST
        one, two = one.real + ridge, two.real + ridge
        size = np.maximum(one * two - np.abs(cross) ** 2, LEAST**2)
        ahead = (two * with_one - cross * with_two) / size
        behind = (one * with_two - cross.conj() * with_one) / size
        return np.asarray(ahead * self.first + behind * self.second)


def prediction_evidence(values: Floats, bad: Bools) -> dict[str, Floats]:
    """Evidence by name, float64[trace], higher = odder.

    strange: correlation with the prediction below what is usual nearby; opposite: how negative it is; late: how much
    higher it is at another lag.

    Filters in the frequency-space domain are fitted, gate by gate, to the traces around the one that is predicted,
    which itself takes no part; a linear event needs one coefficient a frequency, whatever its dip, so that gathers with
    move-out are predicted as stacks are, and two coefficients hold two dips.

    Args:
        values: float64[trace, sample], in units of the line's median rms.
        bad: bool[trace], traces that others are not predicted from.

    References:
        Canales, L. L. (1984), Random noise reduction, SEG 54th annual meeting; Spitz, S. (1991), Seismic trace
        interpolation in the F-X domain, Geophysics 56(6).
    """
    traces, samples = values.shape
    if traces < FEWEST_TRACES or samples < FEWEST_SAMPLES:
        return {name: np.zeros(traces) for name in ("strange", "opposite", "late")}
    rms = rms_of(values)
    shape = _clipped(values / np.maximum(rms, SILENT)[:, None], bad)
    gates = _gates(shape)
    problems = [_Pair.of(gates.spectra, offsets) for offsets in NEIGHBOURS]
    trusted = ~bad & (rms > SILENT)
    for _ in range(PASSES):
        matched = _matched(gates, problems, trusted)
        usual = median_filter(matched[:, 0], size=NEARBY, mode="mirror")
        trusted = ~bad & (rms > SILENT) & (matched[:, 0] > TRUSTED * usual)
    zero = matched[:, 0]
    lags = gates.length // 4
    other = np.concatenate([matched[:, 1:lags], matched[:, -lags:]], axis=1).max(axis=1)
    return {
        "strange": np.maximum(in_spreads(usual - zero, floor=FLOOR), 0.0),
        "opposite": np.maximum(-zero, 0.0),
        "late": np.maximum(other - zero, 0.0) * np.clip(other / np.maximum(usual, 0.1), 0.0, 1.0),
    }


def _clipped(shape: Floats, bad: Bools) -> Floats:
    """Samples held at a multiple of what the neighbours have there: one spike would else spoil every neighbour."""
    envelope = beside(uniform_filter1d(np.abs(shape), 15, axis=1, mode="nearest"), bad, 3)[2]
    limit = CLIP * np.maximum(envelope, 0.3)
    return np.clip(shape, -limit, limit)


def _gates(shape: Floats) -> _Gates:
    samples = shape.shape[1]
    length = min(GATE, samples)
    starts = sorted({*range(0, samples - length + 1, max(1, length // 2)), samples - length})
    taper = np.hanning(length + 2)[1:-1]
    cut = np.stack([shape[:, start : start + length] * taper for start in starts])
    spectra = np.moveaxis(np.fft.rfft(cut, axis=2), 2, 1).astype(np.complex64)
    return _Gates(np.ascontiguousarray(spectra), length)


def _matched(gates: _Gates, problems: Sequence[_Pair], trusted: Bools) -> Floats:
    """Correlation of each trace with one of its predictions at every lag: float64[trace, lag].

    Of the predictions from trusted traces the one in the middle counts, the better of two: two bad traces beside each
    other predict each other well, and a good one among bad ones is predicted badly by some. Where no prediction is from
    trusted traces, all are taken.
    """
    found, valid = [], []
    for problem in problems:
        found.append(_correlation(gates, problem.predicted(trusted)))
        valid.append(np.all([_moved(trusted, offset) for offset in problem.offsets], axis=0))
    matched, usable = np.stack(found), np.stack(valid)
    usable = usable | ~usable.any(axis=0)
    order = np.argsort(np.where(usable, -matched[:, :, 0], np.inf), axis=0)
    middle = np.take_along_axis(order, (usable.sum(axis=0) - 1)[None] // 2, axis=0)
    return np.asarray(np.take_along_axis(matched, middle[:, :, None], axis=0)[0])


def _correlation(gates: _Gates, predicted: Complex) -> Floats:
    """Normalised cross-correlation of the traces with their predictions; gates count as they can be predicted."""

    def in_time(spectra: Complex | Floats) -> Floats:
        return np.asarray(np.fft.irfft(np.moveaxis(spectra, 1, 2), n=gates.length, axis=2))

    cross = in_time(predicted.conj() * gates.spectra)
    power = in_time(np.abs(gates.spectra) ** 2)[..., :1] * in_time(np.abs(predicted) ** 2)[..., :1]
    correlation = cross / np.sqrt(np.maximum(power, 1e-12))
    weight = np.clip(median_filter(correlation[..., 0], size=(1, USUAL), mode="mirror"), 0.0, None) ** 2 + 1e-3
    return np.asarray((weight[..., None] * correlation).sum(axis=0) / weight.sum(axis=0)[:, None])


def _moved(array: NDArray, offset: int) -> NDArray:  # type: ignore[type-arg]
    """The array with what lies `offset` traces further on, 0 beyond the ends; traces are the last axis."""
    axis = array.ndim - 1
    moved = np.roll(array, -offset, axis=axis)
    gone: list[slice] = [slice(None)] * array.ndim
    gone[axis] = slice(-offset, None) if offset > 0 else slice(0, -offset)
    if offset:
        moved[tuple(gone)] = 0
    return moved


def _around(terms: Complex) -> Complex:
    """Sums over the traces within RADIUS, along the last axis."""
    count = terms.shape[-1]
    total = np.cumsum(np.concatenate([np.zeros_like(terms[..., :1]), terms], axis=-1), axis=-1)
    low = np.maximum(np.arange(count) - RADIUS, 0)
    high = np.minimum(np.arange(count) + RADIUS + 1, count)
    return np.asarray(total[..., high] - total[..., low])
