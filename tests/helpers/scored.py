"""Recordings with simple scores, for tests of the reference and of drift."""

from __future__ import annotations

import numpy as np

from aemodels.core.types import Recording, Scores

CURVES = ("GR", "RHOB", "NPHI", "DTC", "RDEP")


def scored(recording: Recording) -> Scores:
    """A well scored by the distance of GR from its middle; a line by each trace's place."""
    logs = recording.kind == "logs"
    rows = recording.values.shape[1] if logs else len(recording.values)
    score = np.abs(recording.values[0] - 75) / 55 if logs else np.arange(rows) / rows
    return Scores(
        kind=recording.kind,
        score=score.astype(np.float32),
        threshold=0.9,
        reason=("",) * rows,
        channels=recording.names,
        raw=recording.values,
        denoised=recording.values,
        channel_score=np.zeros((len(recording.values), rows if logs else 1), dtype=np.float32),
    )
