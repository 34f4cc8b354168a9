"""Prediction of each trace from its neighbours by f-x filters, and its correlation with the prediction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
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
        spectra: complex64[gate, frequency, trace].
        power: mean square of each gate in time, float32[gate, trace].
        length: samples per gate.
    """

    spectra: Complex
    power: NDArray[np.float32]
    length: int

    @classmethod
    def from_spectra(cls, spectra: Complex, length: int) -> _Gates:
        """Return the gates with their power."""
        return cls(spectra, _power(spectra, length), length)

    def part(self, traces: slice) -> _Gates:
        """Return the gates of some traces."""
        return _Gates(self.spectra[..., traces], self.power[:, traces], self.length)


@dataclass(frozen=True, eq=False)
class _Pair:
    """Least-squares problem of two filter coefficients per frequency that predict each trace from those at two offsets.

    Args:
        offsets: of the two traces predicted from.
        first, second: their spectra, complex64[gate, frequency, trace].
        squares: contribution of each trace to the normal equations, float32[2, gate, frequency, trace]: |first|^2,
            |second|^2.
        products: the same, complex64[3, gate, frequency, trace]: conj(first) second, conj(first) trace,
            conj(second) trace.
    """

    offsets: tuple[int, int]
    first: Complex
    second: Complex
    squares: NDArray[np.float32]
    products: Complex

    @classmethod
    def from_spectra(cls, spectra: Complex, offsets: tuple[int, int]) -> _Pair:
        """Return the problem of predicting spectra from those at two offsets."""
        first, second = (_shifted(spectra, offset) for offset in offsets)
        one, two = first.conj(), second.conj()
        squares = np.stack([_squared(first), _squared(second)])
        return cls(offsets, first, second, squares, np.stack([one * second, one * spectra, two * spectra]))

    def part(self, traces: slice) -> _Pair:
        """Return the problem of some traces."""
        one, two = self.first[..., traces], self.second[..., traces]
        return _Pair(self.offsets, one, two, self.squares[..., traces], self.products[..., traces])

    def valid(self, trusted: Bools) -> Bools:
        """Return where both traces predicted from are trusted, bool[trace]."""
        return np.asarray(np.all([_shifted(trusted, offset) for offset in self.offsets], axis=0))

    def predicted(self, used: Bools) -> Complex:
        """Return each trace predicted by filters fitted to the traces around it: complex64[gate, frequency, trace].

        Args:
            used: bool[trace], traces whose equations count.
        """
        own = (0, *(-offset for offset in self.offsets))  # equations that contain the trace itself
        one, two = _sum_around(self.squares, used, own)
        cross, with_one, with_two = _sum_around(self.products, used, own)
        ridge = RIDGE * np.maximum(one + two, 0.0) / 2 + DAMPING
        one += ridge
        two += ridge
        size = np.maximum(one * two - _squared(cross), DAMPING**2)
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
    live = ~bad & (rms > SILENT)
    matched = _matched(gates, problems, live)
    usual = running_median(matched[:, 0], MEDIAN_TRACES, mode="mirror")
    trusted = live & (matched[:, 0] > MIN_TRUSTED_SHARE * usual)
    for part, kept in _affected(trusted != live):
        again = _matched(gates.part(part), [problem.part(part) for problem in problems], trusted, part)
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


def _gates(shape: Floats) -> _Gates:
    samples = shape.shape[1]
    length = min(GATE, samples)
    starts = sorted({*range(0, samples - length + 1, max(1, length // 2)), samples - length})
    taper = np.hanning(length + 2)[1:-1]
    cut = np.stack([shape[:, start : start + length] * taper for start in starts])
    spectra = np.moveaxis(np.fft.rfft(cut, axis=2), 2, 1).astype(np.complex64)
    return _Gates.from_spectra(np.ascontiguousarray(spectra), length)


def _affected(changed: Bools) -> Iterator[tuple[slice, slice]]:
    """Yield the traces whose prediction depends on changed ones: those to work on, and of them those to keep.

    A prediction depends on the equations of FILTER_TRACES on either side, whose traces are up to three away; the
    weights of gates are medians over WEIGHT_TRACES.
    """
    reach = FILTER_TRACES + max(abs(offset) for pair in NEIGHBOURS for offset in pair) + WEIGHT_TRACES // 2
    near = np.convolve(changed, np.ones(2 * reach + 1), mode="same") > 0 if changed.any() else changed
    for start, stop in runs(near[: changed.size]):
        yield slice(max(start - reach, 0), min(stop + reach, changed.size)), slice(start, stop)


def _matched(gates: _Gates, problems: Sequence[_Pair], trusted: Bools, part: slice | None = None) -> Floats:
    """Return the correlation of each trace with the median one of its predictions at every lag: float64[trace, lag].

    The median of the predictions from trusted traces, the better of two: two adjacent bad traces predict each other
    well, and a good trace among bad ones is predicted badly by some. If no prediction is from trusted traces, all are
    used.

    Args:
        gates: of the traces, or of a part of them.
        problems: of the same traces.
        trusted: bool[trace], of all traces.
        part: the traces of the gates; None = all.
    """
    part = part or slice(None)
    found, valid = [], []
    for problem in problems:
        usable = problem.valid(trusted)
        found.append(_correlation(gates, problem.predicted((trusted & usable)[part])))
        valid.append(usable[part])
    matched, usable = np.stack(found), np.stack(valid)
    usable = usable | ~usable.any(axis=0)
    order = np.argsort(np.where(usable, -matched[:, :, 0], np.inf), axis=0)
    middle = np.take_along_axis(order, (usable.sum(axis=0) - 1)[None] // 2, axis=0)
    return np.asarray(np.take_along_axis(matched, middle[:, :, None], axis=0)[0])


def _correlation(gates: _Gates, predicted: Complex) -> Floats:
    """Return the normalised cross-correlation of traces and predictions, gates weighted by their predictability."""
    cross = np.moveaxis(predicted.conj() * gates.spectra, 1, 2)
    power = np.maximum(gates.power * _power(predicted, gates.length), 1e-12)
    zero_lag = _in_bins(cross.real, gates.length, axis=2) / np.sqrt(power)
    weight = np.clip(running_median(zero_lag, WEIGHT_TRACES, mode="mirror"), 0.0, None) ** 2 + 1e-3
    # the weighted mean over the gates is taken before the transform to time
    total = np.einsum("gt,gtf->tf", weight / np.sqrt(power), cross)
    return np.asarray(np.fft.irfft(total, n=gates.length, axis=1) / weight.sum(axis=0)[:, None])


def _power(spectra: Complex, length: int) -> NDArray[np.float32]:
    """Return the mean square of the gates in time, float32[gate, trace] (Parseval)."""
    return _in_bins(_squared(spectra), length, axis=1)


def _in_bins(values: NDArray[np.float32], length: int, axis: int) -> NDArray[np.float32]:
    """Return the sum over the frequencies of a real transform, at positive and negative frequencies, over `length`."""
    twice = np.full(values.shape[axis], 2.0, dtype=np.float32)
    twice[0] = 1.0
    if length % 2 == 0:
        twice[-1] = 1.0
    return np.asarray(np.tensordot(values, twice / length, axes=(axis, 0)), dtype=np.float32)


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


def _sum_around(terms: Terms, used: Bools, own: Iterable[int]) -> Terms:
    """Return sums over FILTER_TRACES on either side along the last axis, without the terms at some offsets.

    In double precision: a spiky trace has a thousand times the power of others at frequencies where they have little,
    and rounding errors of its size would stay in all sums after it.

    Args:
        terms: float32 or complex64[..., trace].
        used: bool[trace], terms that count.
        own: offsets of the terms that are left out.
    """
    if not used.all():
        terms = terms.copy()
        terms[..., ~used] = 0
    count, reach = terms.shape[-1], FILTER_TRACES
    double = np.result_type(terms.dtype, np.float64)
    total = np.empty((*terms.shape[:-1], count + 2 * reach + 1), dtype=double)
    total[..., : reach + 1] = 0
    np.cumsum(terms, axis=-1, dtype=double, out=total[..., reach + 1 : reach + 1 + count])
    total[..., reach + 1 + count :] = total[..., reach + count, None]
    around = total[..., 2 * reach + 1 :] - total[..., :count]
    for offset in own:
        if offset >= 0:
            around[..., : count - offset] -= terms[..., offset:]
        else:
            around[..., -offset:] -= terms[..., :offset]
    return np.asarray(around.astype(terms.dtype))
