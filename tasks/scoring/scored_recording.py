"""A scored recording in Python: its table, its flagged intervals, its report."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aemodels.core.types import BoolArray, FloatArray, Recording, Scores
from aemodels.report.flagged_intervals import flagged_intervals, flagged_traces
from tasks.scoring.outbox import score_table, write_html

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class ScoredRecording:
    """A recording with its scores.

    Args:
        recording: as it was read.
        scores: one row per depth sample (logs) or per trace (seismic).
        bundle: name and version of the bundle, as it stands in reports.
    """

    recording: Recording
    scores: Scores
    bundle: str

    @property
    def score(self) -> FloatArray:
        """float32[row], higher = more anomalous, NaN if nothing was observed."""
        return self.scores.score

    @property
    def is_anomaly(self) -> BoolArray:
        """bool[row], score above the threshold."""
        return self.scores.is_anomaly

    @property
    def table(self) -> pd.DataFrame:
        """One row per depth sample or trace, with the columns of the score files in the outbox."""
        frame: pd.DataFrame = score_table(self.recording, self.scores).to_pandas()
        return frame

    @property
    def intervals(self) -> pd.DataFrame:
        """Flagged depth intervals (top and base in m, curves, reason, max_score), or flagged traces of a line."""
        import pandas as pd

        if self.scores.kind == "logs":
            rows = [dataclasses.asdict(item) for item in flagged_intervals(self.recording.axis, self.scores)]
            return pd.DataFrame(rows, columns=["top", "base", "curves", "reason", "max_score"])
        rows = [dataclasses.asdict(item) for item in flagged_traces(self.recording, self.scores)]
        return pd.DataFrame(rows, columns=["trace", "inline", "crossline", "score", "reason"])

    def save_report(self, path: str | Path) -> Path:
        """Write the report, one HTML file that works offline, and return its path."""
        write_html(Path(path), self.recording, self.scores, self.bundle)
        return Path(path)
