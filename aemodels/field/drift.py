"""Levels of curves that differ from those of the other wells of a field."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from aemodels.field.summary import FileSummary

MIN_WELLS = 8  # with the curve, for a spread between wells
MIN_OBSERVED_M = 50.0  # for a level to count
MAD_TO_STD = 1.4826


def level_drift(files: Sequence[FileSummary]) -> list[dict[str, float]]:
    """Return per file the distance of each curve's median from the field's, in robust standard deviations.

    The median absolute deviation between wells is the scale, so a few odd wells do not hide themselves. Curves of fewer
    than eight wells have no distance, nor do short ones.
    """
    out: list[dict[str, float]] = [{} for _ in files]
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
            for number, level in found:
                out[number][name] = round((level - middle) / scale, 2)
    return out
