"""Gain in gaps, by gap length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, Section
from aemodels.evaluate.denoising.compare import condition_rng
from aemodels.evaluate.statistics.metrics import gain_db, mean_squared_error
from aemodels.noise import Dropout, corrupt_section
from aemodels.signal.runs import runs

LENGTHS = ((1, 2), (3, 5), (6, 10), (11, 20))


def gap_table(denoisers: Mapping[str, Denoiser], sections: Sequence[Section], *, seed: int) -> pd.DataFrame:
    """Compute the gain over linear interpolation in artificial gaps of 1 to 20 samples, all channels pooled.

    Args:
        denoisers: fitted, by contender name.
        sections: clean hold-out sections.
        seed: of the gaps.

    Returns:
        One row per contender, section and class of lengths: contender, section, gap (e.g. "3-5"), mse_linear, mse,
        gain_db.
    """
    rows = []
    for section in sections:
        noisy = corrupt_section([Dropout(share=0.05, length=20)], section, condition_rng(seed, section.name, "gaps"))
        lost = section.mask & ~noisy.mask
        lengths = gap_lengths(noisy.mask)
        for contender, denoiser in denoisers.items():
            estimate = denoiser.denoise(noisy)
            for low, high in LENGTHS:
                scored = lost & (lengths >= low) & (lengths <= high)
                if scored.any():
                    before = mean_squared_error(noisy.values, section.values, scored)
                    after = mean_squared_error(estimate, section.values, scored)
                    gap = f"{low}-{high}"
                    rows.append((contender, section.name, gap, before, after, gain_db(before, after)))
    return pd.DataFrame(rows, columns=["contender", "section", "gap", "mse_linear", "mse", "gain_db"])


def gap_lengths(mask: BoolArray) -> NDArray[np.int64]:
    """Return the length of the gap that each sample is in, 0 if observed: int64[channel, sample].

    >>> gap_lengths(np.array([[True, False, False, True]])).tolist()
    [[0, 2, 2, 0]]
    """
    lengths = np.zeros(mask.shape, dtype=np.int64)
    for row, seen in enumerate(mask):
        for start, stop in runs(~seen):
            lengths[row, start:stop] = stop - start
    return lengths


def summarise_gaps(table: pd.DataFrame) -> pd.DataFrame:
    """Summarise by medians over sections, in the order of the table: contender, gap, gain_db, sections."""
    groups = table.groupby(["contender", "gap"], sort=False)
    return groups.agg(gain_db=("gain_db", "median"), sections=("section", "nunique")).reset_index()
