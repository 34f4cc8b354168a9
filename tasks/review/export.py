"""Export of decisions as a table."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from aemodels.io.files.atomic import atomic_path

_NUMBERS = ("top_m", "base_m", "flagged_top_m", "flagged_base_m")
_TEXTS = ("sha256", "well", "file", "bundle", "author", "made_at", "review", "kind", "action")
_TRACES = ("first_trace", "last_trace", "flagged_first_trace", "flagged_last_trace")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in _TEXTS),
        *((name, pa.float64()) for name in _NUMBERS),
        *((name, pa.int64()) for name in _TRACES),
        *((name, pa.string()) for name in ("curves", "reason", "note")),
    ]
)


def write_decisions(rows: Sequence[Mapping[str, Any]], out: Path) -> None:
    """Write rows of `aemodels.review.document.decision_rows` as JSON or Parquet, by the suffix of `out`."""
    with atomic_path(out) as path:
        if out.suffix.lower() == ".parquet":
            pq.write_table(pa.Table.from_pylist([dict(row) for row in rows], schema=SCHEMA), path, compression="zstd")
        else:
            path.write_text(json.dumps(list(rows), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
