"""Comparison of two files of one well: read both, compare, write the page."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from aemodels.field.run_comparison import compare_runs
from aemodels.io.files.atomic import atomic_path
from aemodels.report.html.runs import render_runs, summary_sentence
from tasks.ingest.supervised_read import reading_files
from tasks.settings import Settings


def compare_files(first: Path, second: Path, out: Path, settings: Settings) -> dict[str, Any]:
    """Compare two files of one well, write the page, and return the numbers as JSON values.

    Raises:
        UnreadableFileError: if one of them cannot be read.
        DataError: if they have nothing in common to compare.
    """
    with reading_files(settings) as read:
        one, other = read(first), read(second)
    found = compare_runs(one, other)
    with atomic_path(out) as path:
        path.write_text(render_runs(found, other), encoding="utf-8")
    return {
        "page": str(out),
        "summary": summary_sentence(found),
        "shift_m": found.shift,
        "stretch_m_per_km": found.stretch,
        "uneven_m": found.uneven,
        "overlap_m": list(found.overlap),
        "curves": [{key: _finite(value) for key, value in asdict(curve).items()} for curve in found.curves],
        "lags": [asdict(lag) for lag in found.lags],
        "only_first": list(found.only[0]),
        "only_second": list(found.only[1]),
    }


def _finite(value: Any) -> Any:
    """Return a value as JSON knows it: None for NaN, e.g. the correlation with a constant curve."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
