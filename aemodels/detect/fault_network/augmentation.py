"""What differs between wells though nothing is wrong: beds, curves that are not there, and calibrations."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import Recording
from aemodels.signal.normalise import CurveNormaliser, Normaliser

_KEPT = 1 / 3  # of the copies keep their beds' thickness: what is resampled is smoother than what a tool reads
_STRETCHES = (1, 3)
_LENGTH = (0.05, 0.35)  # share of the well
_WAVES, _WAVELENGTH = 4, (600.0, 6000.0)  # samples: 90-900 m


@dataclass(frozen=True)
class Variety:
    """How copies of a well differ from it.

    Args:
        turned: share of them that stand upside down.
        stretch: greatest change of the beds' thickness, as a logarithm; a third of the copies keep theirs.
        missing: share of them that lack curves over stretches.
        uneven: how far calibrations differ, in normalised units.
    """

    turned: float = 0.0
    stretch: float = 0.0
    missing: float = 0.0
    uneven: float = 0.0

    def of(self, recording: Recording, normaliser: Normaliser | None, rng: np.random.Generator) -> Recording:
        """The well as another one might be; of anything but curves, the recording as it is."""
        if not isinstance(normaliser, CurveNormaliser):
            return recording
        if rng.random() < self.turned:
            recording = upside_down(recording)
        if self.stretch and rng.random() >= _KEPT:
            recording = stretched(recording, float(np.exp(rng.uniform(-self.stretch, self.stretch))))
        if rng.random() < self.missing:
            recording = thinned(recording, normaliser.curves, rng)
        return recalibrated(recording, normaliser, self.uneven, rng) if self.uneven else recording


def upside_down(recording: Recording) -> Recording:
    """A copy that is read from its deepest sample up: other beds above each bed, and as many of each."""
    return dataclasses.replace(recording, values=np.ascontiguousarray(recording.values[:, ::-1]))


def stretched(recording: Recording, factor: float) -> Recording:
    """A copy the beds of which are thicker by a factor, at the same sampling; values between samples are interpolated.

    Beside a missing sample is a missing one.

    Args:
        recording: a well, sampled evenly.
        factor: above 0; below 1, beds are thinner.
    """
    if recording.axis.size < 2:
        return recording
    samples = max(int((recording.axis.size - 1) * factor), 1)
    place = np.arange(samples) / factor
    above = place.astype(np.int64)
    share = (place - above).astype(np.float32)
    values = recording.values[:, above] * (1 - share) + recording.values[:, above + 1] * share
    step = (recording.axis[-1] - recording.axis[0]) / (recording.axis.size - 1)
    return dataclasses.replace(recording, values=values, axis=recording.axis[0] + step * np.arange(samples))


def thinned(recording: Recording, curves: Sequence[str], rng: np.random.Generator) -> Recording:
    """A copy that lacks curves over one to three stretches, as where a tool was not in the string of a section.

    Args:
        recording: a well.
        curves: those that may be missing; one of them at least is left in each stretch.
        rng: draws stretches and curves.
    """
    rows = np.array([row for row, name in enumerate(recording.names) if name in curves], dtype=np.int64)
    samples = recording.axis.size
    if rows.size < 2:
        return recording
    values = recording.values.copy()
    for _ in range(int(rng.integers(_STRETCHES[0], _STRETCHES[1] + 1))):
        length = max(1, round(samples * rng.uniform(*_LENGTH)))
        start = int(rng.integers(-length // 2, samples - length // 2))  # the ends as often as the middle
        lost = rng.permutation(rows)[: int(rng.integers(1, rows.size))]
        values[lost, max(start, 0) : start + length] = np.nan
    return dataclasses.replace(recording, values=values)


def recalibrated(
    recording: Recording, normaliser: CurveNormaliser, spread: float, rng: np.random.Generator
) -> Recording:
    """A copy each curve of which has a gain of its own, and an offset that wanders along the well.

    What is slow is rock or calibration; a fault begins and ends somewhere.

    Args:
        recording: a well, in canonical units.
        normaliser: says what the range of a curve is.
        spread: standard deviation of the offset as a share of the range; gains lie within it of 1.
        rng: draws them.
    """
    section = normaliser.apply(recording)
    count, samples = section.values.shape
    gain = 1 + rng.uniform(-spread, spread, (count, 1))
    offset = spread * np.stack([_wandering(samples, rng) for _ in range(count)])
    altered = normaliser.invert(((section.values - 0.5) * gain + 0.5 + offset).astype(np.float32), section)
    values = recording.values.copy()
    for row, curve in enumerate(normaliser.curves):
        if curve in recording.names:
            place = recording.names.index(curve)
            values[place] = np.where(section.mask[row], altered[row], values[place])
    return dataclasses.replace(recording, values=values)


def _wandering(samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Unit variance: a constant and waves of 600 samples (90 m) and more."""
    place = np.arange(samples)
    wave = np.zeros(samples)
    for _ in range(_WAVES):
        length = np.exp(rng.uniform(*np.log(_WAVELENGTH)))
        wave += np.cos(2 * np.pi * (place / length + rng.random()))
    return np.asarray(np.sqrt(0.5) * rng.standard_normal() + wave / np.sqrt(_WAVES))
