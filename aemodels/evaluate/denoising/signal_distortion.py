"""Signal distortion (seismic: signal leakage): change of recorded data relative to their noise floor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import Section
from aemodels.signal.adjoining_sections import denoise_adjoining
from aemodels.signal.noise_estimate import noise_sigma


def signal_distortion_table(
    denoisers: Mapping[str, Denoiser], sections: Sequence[Section], *, channels: Sequence[str]
) -> pd.DataFrame:
    """Compare the change of clean input with its noise floor.

    The floor is the noise standard deviation estimated from the recording itself. A denoiser that changes more than
    that has removed signal.

    Args:
        denoisers: fitted, by contender name.
        sections: hold-out sections as recorded.
        channels: names of the channels to report individually; empty for one pooled row (traces).

    Returns:
        One row per contender, section and channel: contender, section, channel, floor, change (root mean squares in
        normalised units), ratio (change / floor; above 1 signal is distorted).
    """
    rows = []
    denoised = {name: denoise_adjoining(denoiser, sections) for name, denoiser in denoisers.items()}
    for index, section in enumerate(sections):
        sigma = noise_sigma(section.values, section.mask)[:, 0].astype(np.float64)
        groups = {name: [row] for row, name in enumerate(channels)} or {"all": list(range(len(sigma)))}
        for contender, estimates in denoised.items():
            change = estimates[index].astype(np.float64) - section.values
            for channel, members in groups.items():
                mask = section.mask[members]
                if mask.any():
                    floor = float(np.sqrt(np.mean(sigma[members][mask.any(axis=1)] ** 2)))
                    size = float(np.sqrt(np.mean(change[members][mask] ** 2)))
                    rows.append((contender, section.name, channel, floor, size, _ratio(size, floor)))
    return pd.DataFrame(rows, columns=["contender", "section", "channel", "floor", "change", "ratio"])


def _ratio(change: float, floor: float) -> float:
    if floor > 0:
        return change / floor
    return 0.0 if change == 0 else float("inf")


def summarise_signal_distortion(table: pd.DataFrame) -> pd.DataFrame:
    """Return median and maximum ratio over sections and channels, best first: contender, median_ratio, max_ratio."""
    summary = table.groupby("contender", sort=False)["ratio"].agg(median_ratio="median", max_ratio="max").reset_index()
    return summary.sort_values("max_ratio", kind="stable").reset_index(drop=True)
