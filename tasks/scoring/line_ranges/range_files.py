"""Files of one range of a large line, and their summary."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.scoring.line_ranges.plan import Span


class RangeSummary(BaseModel):
    """Summary of a finished range; its file is written last, so that a range with one is complete.

    Args:
        rows: scored traces.
        flagged: traces flagged as anomalous.
        worst: block with the most flagged traces.
        worst_flagged: their number.
        start: offset in the file of the first byte of its traces; 0 if a version before 0.2 wrote it.
        size: of its traces in bytes.
        traces_sha256, scores_sha256: of the bytes of the range's files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    rows: int
    flagged: int
    worst: Span
    worst_flagged: int
    start: int = 0
    size: int = 0
    traces_sha256: str
    scores_sha256: str


@dataclasses.dataclass(frozen=True)
class RangeFiles:
    """Paths of the files of one range."""

    folder: Path
    number: int

    @property
    def traces(self) -> Path:
        return self.folder / f"{self.number:06d}.traces"

    @property
    def scores(self) -> Path:
        return self.folder / f"{self.number:06d}.parquet"

    @property
    def summary(self) -> Path:
        return self.folder / f"{self.number:06d}.json"

    def read(self) -> RangeSummary:
        """Return the summary of a finished range.

        Raises:
            FileNotFoundError: if it is not finished.
        """
        return RangeSummary.model_validate_json(self.summary.read_text(encoding="utf-8"))
