"""Flagged intervals that cannot be what they are called: beds as spikes, short depth shifts, washouts of one curve."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aemodels.core.types import FloatArray, Section
from aemodels.detect.base import FaultScores, row_scores
from aemodels.detect.interval_reasons import label_rows
from aemodels.detect.rules.rules import edge_shares
from aemodels.signal.runs import runs

SPIKE, SHIFT = "spike", "depth_shift"
# Seen by what one curve says of another. Where only one was observed, a low density is rock as well as bad hole.
SEEN_BY_TWO = frozenset({"washout", SHIFT})
# Tools that average over 0.4 m and more, so that a bed has flanks of two samples at a step of 0.15 m. Resistivities,
# which saturate and jump in earnest, are left out.
AVERAGED_CURVES = frozenset({"GR", "RHOB", "NPHI", "DTC"})
# Of a peak's height, one jump between two samples at either end: hot shales and coals have 0.3 to 0.6, injected spikes
# 0.8 and more, those of simulated tools 0.5 and more (docs/lab/2026-11-other-basins.md).
MIN_EDGE_SHARE = 0.55
MAX_SPIKE_SAMPLES = 12  # 1.8 m; a longer interval is no spike
MIN_SHIFT_SAMPLES = 11  # 1.7 m; shifts are searched by the correlation over 6 m and more
_REACH = 4  # samples to either side of a peak
_AROUND = 2 * _REACH + 2


def lower_unlikely_intervals(
    found: FloatArray, threshold: float, kinds: FaultScores, section: Section, curves: Sequence[str]
) -> FloatArray:
    """Return scores in which intervals that cannot be what they are called are hints, not flags.

    Those called spikes whose peaks have the flanks of a bed, those called depth shifts that are too short for one, and
    washouts and depth shifts where a single curve was observed.

    Args:
        found: float32[curve, sample], scores; NaN = not judged.
        threshold: higher scores are flagged.
        kinds: scores of the fault kinds at each sample.
        section: the curves at the step of the training wells, normalised.
        curves: their canonical names.

    Returns:
        float32[curve, sample], at most the threshold in those intervals.
    """
    flagged = row_scores(found, "logs") > threshold
    names, out = label_rows(kinds, flagged, "logs"), found.copy()
    single = np.flatnonzero(flagged & (section.mask.sum(axis=0) == 1))
    alone = [row for row in single if names[row] in SEEN_BY_TWO]
    out[:, alone] = np.minimum(out[:, alone], np.float32(threshold))
    for start, stop in runs(flagged):
        unlikely = names[start] == SHIFT and stop - start < MIN_SHIFT_SAMPLES
        if names[start] == SPIKE and stop - start <= MAX_SPIKE_SAMPLES:
            raised = np.flatnonzero((found[:, start:stop] > threshold).any(axis=1))
            averaged = all(curves[int(row)] in AVERAGED_CURVES for row in raised)
            unlikely = averaged and not _is_sharp(section, raised, start, stop)
        if unlikely:
            out[:, start:stop] = np.minimum(out[:, start:stop], np.float32(threshold))
    return out


def _is_sharp(section: Section, rows: np.ndarray, start: int, stop: int) -> bool:
    """Return whether any of some curves has a peak without flanks in or beside an interval."""
    first = max(start - _AROUND, 0)
    values = section.values[rows, first : stop + _AROUND]
    up = np.ones_like(values)
    shares = np.maximum(edge_shares(values, up, _REACH), edge_shares(values, -up, _REACH))
    return bool(shares[:, max(start - 1, 0) - first : stop + 1 - first].max(initial=0.0) >= MIN_EDGE_SHARE)
