"""Intervals that reviewers call sound, repeated in wells that detectors learn from: rejected flags as negatives.

Once each they are too rare to count: of one reading in fifty neither a predictor nor a tail of scores learns much.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from aemodels.core.types import Recording
from aemodels.review.curves import REVIEWED, SOUND
from aemodels.signal.runs import runs

SHARE = 0.05  # of the readings of all wells: more than thresholds let through, and little beside the rest
MAX_COPIES = 20  # few reviewed intervals among many wells are not blown up beyond this
CONTEXT = 16  # samples kept above and below an interval: what detectors compare it with
GAP = 16  # missing samples before each copy, so that no step between two pieces is taken for rock


def with_repeated_sound(wells: Sequence[Recording]) -> tuple[Recording, ...]:
    """Return wells with their sound intervals repeated below their last reading, as often as they are rare.

    A copy belongs to its well, so that whatever is fitted without a well is fitted without its copies.

    Args:
        wells: those with the channel REVIEWED have intervals in which it is SOUND.

    Returns:
        The same wells in their order; unchanged where nothing is sound, and all if a copy would be one too many.
    """
    sound = [_sound_runs(well) for well in wells]
    rows = sum(stop - start for found in sound for start, stop in found)
    copies = min(MAX_COPIES, round(SHARE * sum(well.axis.size for well in wells) / rows)) if rows else 0
    return tuple(_extended(well, found, copies) if found else well for well, found in zip(wells, sound, strict=True))


def _sound_runs(well: Recording) -> list[tuple[int, int]]:
    return runs(well.channel(REVIEWED) == SOUND) if REVIEWED in well.names else []


def _extended(well: Recording, sound: Sequence[tuple[int, int]], copies: int) -> Recording:
    gap = np.full((len(well.channels), GAP), np.nan, dtype=np.float32)
    pieces = [well.values]
    for start, stop in sound:
        piece = well.values[:, max(0, start - CONTEXT) : stop + CONTEXT]
        pieces += [gap, piece] * copies
    values = np.concatenate(pieces, axis=1)
    added = values.shape[1] - well.axis.size
    step = float(np.median(np.diff(well.axis))) if well.axis.size > 1 else 1.0
    axis = np.concatenate([well.axis, well.axis[-1] + step * np.arange(1, added + 1)])
    return replace(well, values=values, axis=axis)
