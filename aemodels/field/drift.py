"""Levels of curves that differ from those of the other wells of a field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from aemodels.field.summary import FileSummary

MIN_WELLS = 8  # with the curve, for a spread between wells
MIN_OBSERVED_M = 50.0  # for a level to count
MAD_TO_STD = 1.4826


@dataclass(frozen=True)
class LevelDrift:
    """Levels of the curves of a field.

    Args:
        distances: per file curve → distance of its median from the field's, in robust standard deviations.
        medians: curve → median of the field, of the medians that the distances are taken from; log10 for resistivities.
    """

    distances: Sequence[Mapping[str, float]]
    medians: Mapping[str, float]


def level_drift(files: Sequence[FileSummary]) -> LevelDrift:
    """Return the distance of each curve's median from the field's, and the latter.

    The median absolute deviation between wells is the scale, so a few odd wells do not hide themselves. Curves of fewer
    than eight wells have no distance, nor do short ones.
    """
    distances: list[dict[str, float]] = [{} for _ in files]
    medians: dict[str, float] = {}
    levels: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, file in enumerate(files):
        for curve in file.curves:
            if curve.median is not None and curve.observed >= MIN_OBSERVED_M:
                levels[curve.name].append((number, curve.median))
    for name, found in levels.items():
        if len(found) < MIN_WELLS:
            continue
        values = np.array([level for _, level in found])
        middle = float(np.median(values))
        scale = MAD_TO_STD * float(np.median(np.abs(values - middle)))
        if scale > 0:
            medians[name] = middle
            for number, level in found:
                distances[number][name] = round((level - middle) / scale, 2)
    return LevelDrift(distances, medians)
