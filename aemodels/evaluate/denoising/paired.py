"""Paired comparison of contenders, section by section: wells differ more than contenders do."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats


def paired_table(table: pd.DataFrame, *, confidence: float = 0.95) -> pd.DataFrame:
    """Compare the best contender of each condition with every other, on the same sections and noise.

    Args:
        table: as made by `compare.denoising_table`.
        confidence: of the interval.

    Returns:
        One row per condition and opponent: condition, winner, opponent, mean_db (gain of the winner minus that of the
        opponent, mean over sections), low_db, high_db (Student's t interval of the mean; NaN for fewer than two
        sections), median_db, ahead (sections in which the winner leads), sections.
    """
    rows = []
    pooled = table[table["channel"] == "all"]
    for condition, part in pooled.groupby("condition", sort=False):
        gains = part.pivot_table(index="section", columns="contender", values="gain_db")
        winner = str(gains.median().idxmax())
        for opponent in gains.median().sort_values(ascending=False, kind="stable").index.drop(winner):
            difference = (gains[winner] - gains[opponent]).dropna().to_numpy(dtype=np.float64)
            rows.append(
                {"condition": condition, "winner": winner, "opponent": opponent, **_paired(difference, confidence)}
            )
    return pd.DataFrame(rows)


def _paired(difference: NDArray[np.float64], confidence: float) -> dict[str, float | int]:
    count = difference.size
    mean = float(difference.mean()) if count else float("nan")
    half = float("nan")
    if count > 1:
        half = float(stats.t.ppf(0.5 + confidence / 2, count - 1) * difference.std(ddof=1) / np.sqrt(count))
    return {
        "mean_db": mean,
        "low_db": mean - half,
        "high_db": mean + half,
        "median_db": float(np.median(difference)) if count else float("nan"),
        "ahead": int((difference > 0).sum()),
        "sections": count,
    }
