"""Readings of other depths of the same well, which give the faults of the resampled family their forms."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import Recording
from aemodels.faults.base import Site, to_display_scale

Floats: TypeAlias = NDArray[np.float64]


def readings(recording: Recording, row: int) -> Floats:
    """Return the readings of a curve in order of depth on its display scale, float64[observed sample]."""
    values = recording.values[row]
    return to_display_scale(recording.names[row], values[np.isfinite(values)])


def pattern(recording: Recording, site: Site, rng: np.random.Generator) -> Floats:
    """Return float64[sample of the site] in [0, 1]: a curve at another depth between its 5th and 95th percentile.

    A curve without two different readings gives one half throughout. Where it has fewer readings than the site, they
    are mirrored at their end.

    Args:
        recording: the well; any of its curves is taken, at any depth.
        site: its number of samples is that of the pattern.
        rng: random generator.
    """
    samples = site.stop - site.start
    found = readings(recording, int(rng.integers(len(recording.names))))
    if found.size < 2 or np.ptp(found) == 0:
        return np.full(samples, 0.5)
    low, high = np.percentile(found, [5, 95])
    first = int(rng.integers(max(found.size - samples, 0) + 1))
    piece = found[first : first + samples]
    piece = np.pad(piece, (0, samples - piece.size), mode="symmetric")
    level = np.clip((piece - low) / max(float(high - low), 1e-9), 0.0, 1.0)
    level = level if rng.random() < 0.5 else 1.0 - level
    return np.asarray(level if rng.random() < 0.5 else level[::-1])
