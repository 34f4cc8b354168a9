"""Count of the injected faults that scores have found, for a field whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from prefect import task
from prefect.cache_policies import NO_CACHE

from aemodels.core.types import BoolArray

INTACT = "none (intact rows)"
_DEPTH_TOLERANCE = 1e-3  # metres: depths are written with four decimals


@task(name="count-found-faults", cache_policy=NO_CACHE)
def count_found_faults(field: str, outbox: str) -> list[dict[str, Any]]:
    """Compare the scores in an outbox with the truth of a synthetic field (see `fault_counts`)."""
    truth = json.loads((Path(field) / "truth" / "truth.json").read_text(encoding="utf-8"))
    tables = {file["sha256"]: _newest(Path(outbox), file["sha256"]) for file in truth["files"]}
    return fault_counts(truth["files"], {sha: table for sha, table in tables.items() if table is not None})


def fault_counts(files: Sequence[Mapping[str, Any]], scores: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    """Count found faults per kind; a fault is found if any of its rows is flagged.

    Args:
        files: the entries `files` of truth.json.
        scores: by sha256 of the file, one row per depth sample (`depth`) or trace, with `is_anomaly`.

    Returns:
        One row per kind of recording and of fault: injected and found faults, their rows, and the flagged percentage
        of these; last per kind of recording the rows outside any fault.
    """
    counted: dict[tuple[str, str], list[int]] = {}
    for kind in sorted({file["kind"] for file in files}):
        for file in (file for file in files if file["kind"] == kind and file["sha256"] in scores):
            table = scores[file["sha256"]]
            flagged = table["is_anomaly"].to_numpy(dtype=bool)
            masks = [(event["kind"], _rows_of(event, table)) for event in file["events"]]
            for fault, rows in masks:
                _add(counted, (kind, fault), (1, int(flagged[rows].any()), int(rows.sum()), int(flagged[rows].sum())))
            intact = ~np.any([rows for _, rows in masks] or [np.zeros(len(table), dtype=bool)], axis=0)
            _add(counted, (kind, INTACT), (0, 0, int(intact.sum()), int(flagged[intact].sum())))
    ordered = sorted(counted.items(), key=lambda item: (item[0][0], item[0][1] == INTACT, item[0][1]))
    return [_row(recording, fault, counts) for (recording, fault), counts in ordered]


def _rows_of(event: Mapping[str, Any], table: pd.DataFrame) -> BoolArray:
    """Return bool[row], True on the depths or traces of an event."""
    if "traces" in event:
        return np.isin(np.arange(len(table)), event["traces"])
    depth = table["depth"].to_numpy(dtype=np.float64)
    inside: BoolArray = (depth >= event["top"] - _DEPTH_TOLERANCE) & (depth <= event["base"] + _DEPTH_TOLERANCE)
    return inside


def _add(counted: dict[tuple[str, str], list[int]], key: tuple[str, str], counts: tuple[int, ...]) -> None:
    counted[key] = [before + more for before, more in zip(counted.get(key, [0] * 4), counts, strict=True)]


def _row(recording: str, fault: str, counts: Sequence[int]) -> dict[str, Any]:
    injected, found, rows, flagged = counts
    events = {} if fault == INTACT else {"injected": injected, "found": found}
    share = round(100.0 * flagged / rows, 1) if rows else None
    return {"recording": recording, "fault": fault, **events, "rows": rows, "flagged_rows_percent": share}


def _newest(outbox: Path, sha256: str) -> pd.DataFrame | None:
    """Return the newest scores of a file, None if it has none."""
    found = sorted(outbox.glob(f"scores/kind=*/bundle=*/{sha256}.parquet"), key=lambda path: path.stat().st_mtime)
    return pd.read_parquet(found[-1], partitioning=None) if found else None
