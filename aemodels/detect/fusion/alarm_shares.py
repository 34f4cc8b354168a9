"""Shares of the false alarms: each component flags at a level of its own, chosen where it finds most faults."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.types import BoolArray, FloatArray, IntArray
from aemodels.detect.fusion.calibration_set import LabelledSection

LEVELS = np.array([1.5, 1.75, 2.0, 2.3, 2.6, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0])  # -log10 p at which a component may flag
SILENT = 99.0  # level of a component that has no share
ALARM_RATE = 0.01  # of all components together, on clean samples; a combined score of 2 is reached at it
_CLEAN_ROWS = 3000  # per recording
_MIN_GAIN = 1e-3  # macro recall
Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Rows:
    """Rows of the copies: -log10 p of each component, float32[component, row], and the weight of each row."""

    p_values: FloatArray
    weight: Floats

    def flagged_by(self) -> BoolArray:
        """Return bool[component, level, row]."""
        return np.asarray(self.p_values[:, None, :] > LEVELS[None, :, None])


def fit_levels(copies: Sequence[Sequence[tuple[FloatArray, LabelledSection]]]) -> Floats:
    """Choose the level of each component so that most faults are found at ALARM_RATE.

    Greedy: the step that gains most recall per false alarm, recall being the mean over fault kinds, so that kinds with
    long events do not take it all; recordings have the same weight in the rate of false alarms.

    Args:
        copies: of each recording, -log10 p float32[component, channel, sample] and labels.

    Returns:
        float64[component], SILENT for components without a share.
    """
    clean, faulty = _clean_rows(copies), _faulty_rows(copies)
    components = clean.p_values.shape[0]
    by_clean, by_faulty = clean.flagged_by(), faulty.flagged_by()
    chosen = np.full(components, LEVELS.size)
    clean_now, faulty_now = np.zeros(clean.weight.size, dtype=np.bool_), np.zeros(faulty.weight.size, dtype=np.bool_)
    while True:
        best, best_gain = None, 0.0
        for component in range(components):
            for level in range(int(chosen[component])):
                more = by_clean[component, level] & ~clean_now
                alarms = float(clean.weight[clean_now].sum() + clean.weight[more].sum())
                gain = float(faulty.weight[by_faulty[component, level] & ~faulty_now].sum())
                ratio = gain / max(float(clean.weight[more].sum()), 1e-5)
                if alarms <= ALARM_RATE and gain > _MIN_GAIN and ratio > best_gain:
                    best, best_gain = (component, level), ratio
        if best is None:
            return np.asarray(np.append(LEVELS, SILENT)[chosen], dtype=np.float64)
        chosen[best[0]] = best[1]
        clean_now |= by_clean[best]
        faulty_now |= by_faulty[best]


def _clean_rows(copies: Sequence[Sequence[tuple[FloatArray, LabelledSection]]]) -> _Rows:
    """Return a sample of the clean rows of each recording; all recordings have the same weight."""
    rng = np.random.default_rng(0)
    tables, weights = [], []
    for of_recording in copies:
        found = [_by_row(p, truth, truth.has_label & ~truth.label, faulty=False) for p, truth in of_recording]
        table = np.concatenate(found, axis=1) if found else np.zeros((0, 0), dtype=np.float32)
        if table.shape[1]:
            kept = rng.permutation(table.shape[1])[:_CLEAN_ROWS]
            tables.append(table[:, kept])
            weights.append(np.full(kept.size, 1.0 / kept.size))
    weight = np.concatenate(weights)
    return _Rows(np.concatenate(tables, axis=1), weight / weight.sum())


def _faulty_rows(copies: Sequence[Sequence[tuple[FloatArray, LabelledSection]]]) -> _Rows:
    """Return all faulty rows; all kinds have the same weight."""
    pairs = [pair for of_recording in copies for pair in of_recording]
    table = np.concatenate([_by_row(p, truth, truth.has_label, faulty=True) for p, truth in pairs], axis=1)
    kinds: IntArray = np.concatenate([truth.kinds[truth.kinds >= 0] for _, truth in pairs])
    counts = {int(kind): int((kinds == kind).sum()) for kind in np.unique(kinds)}
    weight = np.array([1.0 / (counts[int(kind)] * len(counts)) for kind in kinds])
    return _Rows(table, weight)


def _by_row(p_values: FloatArray, truth: LabelledSection, usable: BoolArray, *, faulty: bool) -> FloatArray:
    """Return the highest -log10 p of the usable channels in each row, float32[component, row] of clean or faulty rows.

    Rows are depths of a well (channels are its curves), or traces.
    """
    logs = truth.label.shape[1] > 1
    highest = np.where(usable[None], p_values, 0).max(axis=1 if logs else 2)
    if faulty:
        return np.asarray(highest[:, truth.kinds >= 0], dtype=np.float32)
    clean = (usable.any(axis=0 if logs else 1)) & (truth.kinds < 0)
    return np.asarray(highest[:, clean], dtype=np.float32)
