"""Prediction of each trace from its neighbours by f-x filters, and its correlation with the prediction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from aemodels.detect.traces.neighbours import Bools, Floats, median_of_neighbours, standardise
from aemodels.detect.traces.shapes import SILENT, TraceShapes
from aemodels.signal.running_median import running_median
from aemodels.signal.runs import runs

Complex = NDArray[np.complex64]
Terms = TypeVar("Terms", NDArray[np.float32], NDArray[np.complex64])

GATE = 64  # samples of a time gate, in which events are nearly linear
FILTER_TRACES = 8  # on either side that a filter is fitted to
RIDGE = 0.02
# Offsets of the traces that a trace is predicted from: a good trace needs one pair without a bad trace.
NEIGHBOURS = ((1, 2), (-2, -1), (-1, 1), (2, 3), (-3, -2), (-2, 2))
PADDING = max(abs(offset) for pair in NEIGHBOURS for offset in pair)
# Between two traces of an equation: those predicted from, and the one predicted.
DISTANCES = {abs(a - b) for pair in NEIGHBOURS for a, b in ((*pair,), (pair[0], 0), (pair[1], 0))}
WEIGHT_TRACES = 9  # over which the predictability of a gate is estimated
MEDIAN_TRACES = 15  # over which the usual correlation is estimated
MIN_TRUSTED_SHARE = 0.5  # of the usual correlation: traces below are not used for prediction
CLIP = 4.0
FLOOR = 0.1
DAMPING = 1e-4  # added to the normal equations of traces of unit rms: a silent gate is predicted as silent
MIN_SAMPLES, MIN_TRACES = 16, 8


@dataclass(frozen=True, eq=False)
class _Gates:
    """Spectra of tapered time gates.

    Args:
        spectra: complex64[gate, trace, frequency], in the band.
        power: mean square of each gate in time, at all frequencies, float32[gate, trace].
        length: samples per gate.
        band: the frequencies used, of those of a real transform.
    """

    spectra: Complex
    power: NDArray[np.float32]
    length: int
    band: slice

    @classmethod
    def from_spectra(cls, spectra: Complex, length: int, power_share: float) -> _Gates:
        """Return the gates in the band of the usual trace, complex64[gate, trace, frequency] of all frequencies."""
        squares = _squared(spectra)
        band = slice(None) if power_share >= 1.0 else _band(np.median(squares.mean(axis=0), axis=0), power_share)
        return cls(np.ascontiguousarray(spectra[..., band]), _in_bins(squares, length, slice(None)), length, band)

    def part(self, traces: slice) -> _Gates:
        """Return the gates of some traces."""
        return replace(self, spectra=self.spectra[:, traces], power=self.power[:, traces])


@dataclass(frozen=True, eq=False)
class _Gate:
    """Spectra of one gate, and what they contribute to the normal equations, with zeros beyond the ends of the line.

    Args:
        traces: of the line.
        spectra: complex64[padded trace, frequency].
        squares: their squared magnitudes, float32[padded trace, frequency].
        products: by distance, conj(trace) times the trace at that distance after it, complex64[padded trace,
            frequency].
    """

    traces: int
    spectra: Complex
    squares: NDArray[np.float32]
    products: dict[int, Complex]

    @classmethod
    def from_spectra(cls, spectra: Complex) -> _Gate:
        """Return the gate of some traces, complex64[trace, frequency]."""
        padded = np.pad(spectra, ((PADDING, PADDING), (0, 0)))
        conjugate = padded.conj()
        products = {}
        for distance in DISTANCES:
            products[distance] = np.zeros_like(padded)
            np.multiply(conjugate[:-distance], padded[distance:], out=products[distance][:-distance])
        return cls(len(spectra), padded, _squared(padded), products)

    def at(self, offset: int) -> Complex:
        """Return the spectra of the traces at an offset, complex64[trace, frequency]."""
        return self.spectra[self._from(offset)]

    def product(self, first: int, second: int) -> Complex:
        """Return conj(trace at the first offset) times the trace at the second one, complex64[trace, frequency]."""
        if first > second:
            return np.asarray(self.product(second, first).conj())
        return self.products[second - first][self._from(first)]

    def predicted(self, offsets: tuple[int, int], used: Bools) -> Complex:
        """Return each trace predicted by filters fitted to the traces around it: complex64[trace, frequency].

        Two filter coefficients per frequency are the least-squares solution that predicts the traces around from
        those at two offsets from them.

        Args:
            offsets: of the two traces predicted from.
            used: bool[trace], traces whose equations count.
        """
        own = (0, *(-offset for offset in offsets))  # equations that contain the trace itself
        first, second = offsets
        squares = [self.squares[self._from(offset)] for offset in offsets]
        one, two = _sum_around(squares, used, own)
        products = [self.product(first, second), self.product(first, 0), self.product(second, 0)]
        cross, with_one, with_two = _sum_around(products, used, own)
        ridge = RIDGE * np.maximum(one + two, 0.0) / 2 + DAMPING
        one += ridge
        two += ridge
        ahead = two * with_one - cross * with_two
        behind = one * with_two - cross.conj() * with_one
        # times the reciprocal: NumPy divides complex by real numbers ten times as slowly
        scale = 1.0 / np.maximum(one * two - _squared(cross), DAMPING**2)
        return np.asarray((ahead * self.at(first) + behind * self.at(second)) * scale)

    def _from(self, offset: int) -> slice:
        return slice(PADDING + offset, PADDING + offset + self.traces)


def prediction_evidence(shapes: TraceShapes, bad: Bools, power_share: float = 1.0) -> dict[str, Floats]:
    """Return evidence by name, float64[trace], higher = more anomalous.

    unpredicted: correlation with the prediction below what is usual nearby; inverted: negative correlation; shifted:
    increase of the correlation at another lag.

    Filters in the frequency-space domain are fitted, gate by gate, to the traces around the predicted one, which is
    left out. A linear event of any dip needs one coefficient per frequency, so that gathers with move-out are predicted
    as well as stacks; two coefficients predict two dips.

    Args:
        shapes: of the line.
        bad: bool[trace], traces that others are not predicted from.
        power_share: share of the usual trace's power in the frequencies that are used.

    References:
        Canales, L. L. (1984), Random noise reduction, SEG 54th annual meeting; Spitz, S. (1991), Seismic trace
        interpolation in the F-X domain, Geophysics 56(6).
    """
    traces, samples = shapes.values.shape
    if traces < MIN_TRACES or samples < MIN_SAMPLES:
        return {name: np.zeros(traces) for name in ("unpredicted", "inverted", "shifted")}
    rms = shapes.rms
    gates = _gates(_clipped(shapes, bad), power_share)
    live = ~bad & (rms > SILENT)
    matched = _matched(gates, live)
    usual = running_median(matched[:, 0], MEDIAN_TRACES, mode="mirror")
    trusted = live & (matched[:, 0] > MIN_TRUSTED_SHARE * usual)
    for part, kept in _affected(trusted != live):
        again = _matched(gates.part(part), trusted, part)
        matched[kept] = again[kept.start - part.start : kept.stop - part.start]
    usual = running_median(matched[:, 0], MEDIAN_TRACES, mode="mirror")
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


def _gates(shape: Floats, power_share: float) -> _Gates:
    samples = shape.shape[1]
    length = min(GATE, samples)
    starts = sorted({*range(0, samples - length + 1, max(1, length // 2)), samples - length})
    taper = np.hanning(length + 2)[1:-1].astype(shape.dtype)
    cut = np.stack([shape[:, start : start + length] * taper for start in starts])
    return _Gates.from_spectra(np.fft.rfft(cut, axis=2).astype(np.complex64, copy=False), length, power_share)


def _band(power: Floats, share: float) -> slice:
    """Return the frequencies that hold a share of the power, half of the rest below and half above them."""
    total = np.cumsum(power) / max(float(power.sum()), 1e-30)
    low, high = np.searchsorted(total, ((1 - share) / 2, (1 + share) / 2))
    return slice(int(low), int(high) + 1)


def _affected(changed: Bools) -> Iterator[tuple[slice, slice]]:
    """Yield the traces whose prediction depends on changed ones: those to work on, and of them those to keep.

    A prediction depends on the equations of FILTER_TRACES on either side, whose traces are up to three away; the
    weights of gates are medians over WEIGHT_TRACES.
    """
    reach = FILTER_TRACES + max(abs(offset) for pair in NEIGHBOURS for offset in pair) + WEIGHT_TRACES // 2
    near = np.convolve(changed, np.ones(2 * reach + 1), mode="same") > 0 if changed.any() else changed
    for start, stop in runs(near[: changed.size]):
        yield slice(max(start - reach, 0), min(stop + reach, changed.size)), slice(start, stop)


def _matched(gates: _Gates, trusted: Bools, part: slice | None = None) -> Floats:
    """Return the correlation of each trace with the median one of its predictions at every lag: float64[trace, lag].

    The median of the predictions from trusted traces, the better of two: two adjacent bad traces predict each other
    well, and a good trace among bad ones is predicted badly by some. If no prediction is from trusted traces, all are
    used.

    Args:
        gates: of the traces, or of a part of them.
        trusted: bool[trace], of all traces.
        part: the traces of the gates; None = all.
    """
    part = part or slice(None)
    usable = np.stack([_valid(trusted, offsets)[part] for offsets in NEIGHBOURS])
    used = trusted[part] & usable
    matched = _correlations(gates, used)
    usable = usable | ~usable.any(axis=0)
    order = np.argsort(np.where(usable, -matched[:, :, 0], np.inf), axis=0)
    middle = np.take_along_axis(order, (usable.sum(axis=0) - 1)[None] // 2, axis=0)
    return np.asarray(np.take_along_axis(matched, middle[:, :, None], axis=0)[0])


def _valid(trusted: Bools, offsets: tuple[int, int]) -> Bools:
    """Return where both traces predicted from are trusted, bool[trace]."""
    return np.asarray(np.all([_shifted(trusted, offset) for offset in offsets], axis=0))


def _correlations(gates: _Gates, used: Bools) -> Floats:
    """Return the normalised cross-correlation of traces and predictions, gates weighted by their predictability.

    Args:
        gates: of the traces.
        used: bool[pair, trace], traces whose equations count for each pair of NEIGHBOURS.

    Returns:
        float[pair, trace, lag].
    """
    total = np.zeros((len(NEIGHBOURS), gates.power.shape[1], gates.length // 2 + 1), dtype=np.complex64)
    weights = np.zeros((len(NEIGHBOURS), gates.power.shape[1]), dtype=np.float32)
    for spectra, power in zip(gates.spectra, gates.power, strict=True):  # a gate fits into the processor's cache
        gate = _Gate.from_spectra(spectra)
        predicted = np.stack([gate.predicted(*pair) for pair in zip(NEIGHBOURS, used, strict=True)])
        scale = np.sqrt(np.maximum(power * _in_bins(_squared(predicted), gates.length, gates.band), 1e-12))
        cross = np.multiply(np.conj(predicted, out=predicted), spectra, out=predicted)
        zero_lag = _in_bins(cross.real, gates.length, gates.band) / scale
        weight = np.clip(running_median(zero_lag, WEIGHT_TRACES, mode="mirror"), 0.0, None) ** 2 + 1e-3
        # the weighted mean over the gates is taken before the transform to time
        cross *= (weight / scale)[..., None]
        total[..., gates.band] += cross
        weights += weight
    return np.asarray(np.fft.irfft(total, n=gates.length, axis=2) / weights[..., None])


def _in_bins(values: NDArray[np.float32], length: int, band: slice) -> NDArray[np.float32]:
    """Return the sum over positive and negative frequencies of a real transform, over `length` (Parseval).

    Args:
        values: float32[..., trace, frequency], in the band.
        length: samples of the transform.
        band: its frequencies.

    Returns:
        float32[..., trace].
    """
    twice = np.full(length // 2 + 1, 2.0, dtype=np.float32)
    twice[0] = 1.0
    if length % 2 == 0:
        twice[-1] = 1.0
    return np.asarray(values @ (twice[band] / length), dtype=np.float32)


def _squared(spectra: Complex) -> NDArray[np.float32]:
    """Return the squared magnitude."""
    return np.asarray(spectra.real**2 + spectra.imag**2)


def _shifted(array: NDArray, offset: int) -> NDArray:  # type: ignore[type-arg]
    """Return the array shifted by `offset` traces along its last axis, 0 beyond the ends."""
    axis = array.ndim - 1
    shifted = np.roll(array, -offset, axis=axis)
    gone: list[slice] = [slice(None)] * array.ndim
    gone[axis] = slice(-offset, None) if offset > 0 else slice(0, -offset)
    if offset:
        shifted[tuple(gone)] = 0
    return shifted


def _sum_around(terms: Sequence[Terms], used: Bools, own: tuple[int, ...]) -> Terms:
    """Return sums over FILTER_TRACES on either side along the first axis, without the terms at some offsets.

    Nothing is subtracted: a spiky trace has a thousand times the power of others at frequencies where they have little,
    and the rounding errors of a difference would be of its size.

    Args:
        terms: float32 or complex64[trace, frequency] each.
        used: bool[trace], terms that count.
        own: offsets of the terms that are left out.

    Returns:
        The sums of each, float32 or complex64[term, trace, frequency].
    """
    reach, blocks = FILTER_TRACES, _blocks(own)
    count, frequencies = terms[0].shape
    around = np.empty((len(terms), count, frequencies), dtype=terms[0].dtype)
    single = np.zeros((count + 2 * reach, frequencies), dtype=terms[0].dtype)
    for number, term in enumerate(terms):
        np.multiply(term, used[:, None], out=single[reach : reach + count])
        sums = {1: single}
        (first, size), *others = blocks
        for half in (1, 2, 4):
            if any(size > half for _, size in blocks):
                sums[2 * half] = sums[half][:-half] + sums[half][half:]
        around[number] = sums[size][reach + first : reach + first + count]
        for first, size in others:
            around[number] += sums[size][reach + first : reach + first + count]
    return around


@cache
def _blocks(own: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """Return the offsets around but `own` in blocks of 8, 4, 2 and 1: the first offset of each block, and its size."""
    left = set(range(-FILTER_TRACES, FILTER_TRACES + 1)) - set(own)
    blocks = []
    while left:
        first = min(left)
        size = next(size for size in (8, 4, 2, 1) if left.issuperset(range(first, first + size)))
        blocks.append((first, size))
        left -= set(range(first, first + size))
    return tuple(blocks)
