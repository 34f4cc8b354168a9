"""Level of a whole well's scores: divided out where it is unusually high, so that odd rock does not flag a well."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aemodels.core.types import FloatArray

# Faults cover less of a well than a quarter, so that its upper quartile is that of its clean depths.
_LEVEL = 0.75
_USUAL = 0.75  # three wells of four have a usual level: docs/lab/2026-11-other-basins.md
_MIN_ROWS = 500  # 76 m: in a shorter piece, one interval may be the upper quarter


def well_level(rows: FloatArray) -> float:
    """Return the upper quartile of a well's row scores, float32[row]; NaN = not scored, and for less than 500 rows."""
    known = rows[np.isfinite(rows)]
    return float(np.quantile(known, _LEVEL)) if known.size >= _MIN_ROWS else float("nan")


def usual_level(wells: Sequence[FloatArray]) -> float | None:
    """Return the level that three wells of four do not exceed; None if none is long enough to tell, or all score 0.

    Args:
        wells: row scores of clean wells by detectors that were not fitted to them, float32[row] each.
    """
    levels = [level for level in map(well_level, wells) if np.isfinite(level)]
    found = float(np.quantile(levels, _USUAL)) if levels else 0.0
    return found if found > 0 else None


def level_divisor(rows: FloatArray, usual: float, most: float) -> float:
    """Return what the scores of a well are divided by: its level over the usual one, from 1 to `most`.

    Args:
        rows: row scores, float32[row], NaN = not scored.
        usual: from `usual_level`.
        most: the divisor is limited, so that what is certain is flagged in any well.
    """
    level = well_level(rows)
    return float(np.clip(level / usual, 1.0, most)) if np.isfinite(level) else 1.0
