"""Augmentation of training wells: bed thickness, reading direction, missing curves and calibration."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import Recording
from aemodels.signal.normalise import CurveNormaliser, Normaliser

_UNSTRETCHED_SHARE = 1 / 3  # of the copies keep their bed thickness: resampled curves are smoother than measured ones
_INTERVALS = (1, 3)  # intervals with missing curves
_INTERVAL_SHARE = (0.05, 0.35)  # length of each, as a share of the well
_WAVES, _WAVELENGTH = 4, (600.0, 6000.0)  # samples: 90-900 m


@dataclass(frozen=True)
class Augmentation:
    """Random differences between the copies of a well and the well.

    Args:
        flip_share: share of the copies that are read from bottom to top.
        thickness_scale: maximum change of bed thickness, as a natural logarithm; a third of the copies keep theirs.
        missing_curve_share: share of the copies that lack curves over some intervals.
        gain_spread: spread of gains and offsets of the curves, in normalised units.
    """

    flip_share: float = 0.0
    thickness_scale: float = 0.0
    missing_curve_share: float = 0.0
    gain_spread: float = 0.0

    def apply(self, recording: Recording, normaliser: Normaliser | None, rng: np.random.Generator) -> Recording:
        """Return an augmented copy of a well; a recording of another kind is returned unchanged."""
        if not isinstance(normaliser, CurveNormaliser):
            return recording
        if rng.random() < self.flip_share:
            recording = flipped(recording)
        if self.thickness_scale and rng.random() >= _UNSTRETCHED_SHARE:
            recording = stretched(recording, float(np.exp(rng.uniform(-self.thickness_scale, self.thickness_scale))))
        if rng.random() < self.missing_curve_share:
            recording = without_some_curves(recording, normaliser.curves, rng)
        return recalibrated(recording, normaliser, self.gain_spread, rng) if self.gain_spread else recording


def flipped(recording: Recording) -> Recording:
    """Return a copy that is read from bottom to top: the same beds in another order."""
    return dataclasses.replace(recording, values=np.ascontiguousarray(recording.values[:, ::-1]))


def stretched(recording: Recording, factor: float) -> Recording:
    """Return a copy with beds thicker by a factor, at the same sampling; values are interpolated linearly.

    A value interpolated from a missing sample is missing.

    Args:
        recording: a well, sampled evenly.
        factor: above 0; below 1, beds become thinner.
    """
    if recording.axis.size < 2:
        return recording
    samples = max(int((recording.axis.size - 1) * factor), 1)
    position = np.arange(samples) / factor
    above = position.astype(np.int64)
    share = (position - above).astype(np.float32)
    values = recording.values[:, above] * (1 - share) + recording.values[:, above + 1] * share
    step = (recording.axis[-1] - recording.axis[0]) / (recording.axis.size - 1)
    return dataclasses.replace(recording, values=values, axis=recording.axis[0] + step * np.arange(samples))


def without_some_curves(recording: Recording, curves: Sequence[str], rng: np.random.Generator) -> Recording:
    """Return a copy that lacks curves over one to three intervals, as if a tool was not in the string there.

    Args:
        recording: a well.
        curves: those that may be missing; at least one of them is kept in each interval.
        rng: draws intervals and curves.
    """
    rows = np.array([row for row, name in enumerate(recording.names) if name in curves], dtype=np.int64)
    samples = recording.axis.size
    if rows.size < 2:
        return recording
    values = recording.values.copy()
    for _ in range(int(rng.integers(_INTERVALS[0], _INTERVALS[1] + 1))):
        length = max(1, round(samples * rng.uniform(*_INTERVAL_SHARE)))
        start = int(rng.integers(-length // 2, samples - length // 2))  # the ends are hit as often as the middle
        lost = rng.permutation(rows)[: int(rng.integers(1, rows.size))]
        values[lost, max(start, 0) : start + length] = np.nan
    return dataclasses.replace(recording, values=values)


def recalibrated(
    recording: Recording, normaliser: CurveNormaliser, spread: float, rng: np.random.Generator
) -> Recording:
    """Return a copy in which each curve has another gain, and an offset that varies slowly along the well.

    Slow variation is due to rock or calibration; a fault has a beginning and an end.

    Args:
        recording: a well, in canonical units.
        normaliser: defines the range of each curve.
        spread: standard deviation of the offset as a share of the range; gains are drawn from 1 - spread .. 1 + spread.
        rng: draws gains and offsets.
    """
    section = normaliser.apply(recording)
    count, samples = section.values.shape
    gain = 1 + rng.uniform(-spread, spread, (count, 1))
    offset = spread * np.stack([_slow_variation(samples, rng) for _ in range(count)])
    altered = normaliser.invert(((section.values - 0.5) * gain + 0.5 + offset).astype(np.float32), section)
    values = recording.values.copy()
    for row, curve in enumerate(normaliser.curves):
        if curve in recording.names:
            index = recording.names.index(curve)
            values[index] = np.where(section.mask[row], altered[row], values[index])
    return dataclasses.replace(recording, values=values)


def _slow_variation(samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return a constant plus waves of 600 samples (90 m) and more, of unit variance: float64[sample]."""
    index = np.arange(samples)
    wave = np.zeros(samples)
    for _ in range(_WAVES):
        length = np.exp(rng.uniform(*np.log(_WAVELENGTH)))
        wave += np.cos(2 * np.pi * (index / length + rng.random()))
    return np.asarray(np.sqrt(0.5) * rng.standard_normal() + wave / np.sqrt(_WAVES))
