"""Construction of the reference from a bundle's training and validation recordings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.core.types import FloatArray, Kind, Scores
from aemodels.monitoring.histogram import bin_counts, quantile_edges
from aemodels.monitoring.pca_subspace import fit_subspace
from aemodels.monitoring.reference import PCA_ERROR, SCORE, Feature, Reference
from aemodels.monitoring.trace_features import trace_features

GROUP_TRACES = 24  # neighbouring traces that count as one group


@dataclass(frozen=True, eq=False)
class ScoredRecording:
    """A recording scored by the bundle: its name, True if it is unseen (validation), and its scores."""

    name: str
    unseen: bool
    scores: Scores


@dataclass(frozen=True, eq=False)
class _Group:
    name: str
    unseen: bool
    raw: FloatArray
    inputs: dict[str, NDArray[np.floating]]
    score: FloatArray
    flagged: int


def build_reference(kind: Kind, curves: Sequence[str], recordings: Sequence[ScoredRecording]) -> Reference:
    """Build the reference of a bundle.

    Args:
        kind: "logs" or "seismic".
        curves: canonical curves, in the order of the scores' channels (logs).
        recordings: the training and validation recordings, scored by the bundle.

    Raises:
        DataError: if there is no recording.
    """
    if not recordings:
        raise DataError("no recording to build a reference from; expected the training and validation recordings")
    groups = [group for recording in recordings for group in _groups(kind, curves, recording)]
    subspace, errors = fit_subspace([group.raw for group in groups], kind, curves)
    columns = {name: [group.inputs[name] for group in groups] for name in groups[0].inputs}
    columns |= {SCORE: [group.score for group in groups], PCA_ERROR: list(errors)}
    return Reference(
        kind=kind,
        groups=tuple(group.name for group in groups),
        unseen=np.array([group.unseen for group in groups], dtype=np.bool_),
        features={name: _feature(values) for name, values in columns.items()},
        rows=np.array([np.isfinite(group.score).sum() for group in groups], dtype=np.float64),
        flagged=np.array([group.flagged for group in groups], dtype=np.float64),
        subspace=subspace,
    )


def _groups(kind: Kind, curves: Sequence[str], recording: ScoredRecording) -> list[_Group]:
    scores, unseen = recording.scores, recording.unseen
    if kind == "logs":
        inputs = {curve: np.asarray(row) for curve, row in zip(curves, scores.raw, strict=True)}
        return [_Group(recording.name, unseen, scores.raw, inputs, scores.score, int(scores.is_anomaly.sum()))]
    features = trace_features(scores.raw)  # amplitudes relative to those of the whole recording, not of a run
    rows = np.arange(len(scores.raw))
    return [
        _Group(
            f"{recording.name} {run[0]}-{run[-1]}",
            unseen,
            scores.raw[run],
            {name: feature[run] for name, feature in features.items()},
            scores.score[run],
            int(scores.is_anomaly[run].sum()),
        )
        for run in np.array_split(rows, max(1, rows.size // GROUP_TRACES))
    ]


def _feature(groups: Sequence[NDArray[np.floating]]) -> Feature:
    pooled = np.concatenate(list(groups))
    edges = quantile_edges(pooled) if np.isfinite(pooled).any() else np.zeros(1)
    counted = [bin_counts(values, edges) for values in groups]
    return Feature(
        edges=edges,
        counts=np.stack([one.counts for one in counted]),
        missing=np.array([one.missing for one in counted]),
        totals=np.array([one.total for one in counted]),
    )
