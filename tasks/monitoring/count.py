"""Counts over the score files of an outbox, by file and batch, so that memory use stays constant."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from aemodels.core.errors import DataError
from aemodels.monitoring.drift import NOTHING, Window
from aemodels.monitoring.histogram import BinnedCounts, bin_counts, counts_from_summary
from aemodels.monitoring.reference import FILES_LACK, PCA_ERROR, SCORE, Reference
from tasks.scoring.outbox import FEATURES

BATCH_ROWS = 65_536


def files_since(folder: Path, since: datetime) -> list[Path]:
    """Return the score files published at or after a time, sorted by name."""
    found = []
    for path in sorted(folder.glob("*.parquet")):
        try:
            written = path.stat().st_mtime
        except FileNotFoundError:
            continue  # removed since it was listed
        if written >= since.timestamp():
            found.append(path)
    return found


def count_files(paths: Sequence[Path], reference: Reference, curves: Sequence[str]) -> tuple[Window, list[str]]:
    """Count all files, and return a message per unreadable file."""
    window, unreadable = NOTHING, []
    for path in paths:
        try:
            window += count_file(path, reference, curves)
        except (OSError, pa.ArrowException, DataError) as error:
            unreadable.append(f"{path}: {type(error).__name__}: {error}; score its source again")
    return window, unreadable


def count_file(path: Path, reference: Reference, curves: Sequence[str]) -> Window:
    """Count the values of one score file in the bins of the reference.

    Args:
        path: parquet of the outbox.
        reference: of the bundle that scored it.
        curves: the bundle's curves (logs).

    Raises:
        DataError: if it lacks a column.
        OSError, ArrowException: if it cannot be read.
    """
    features: dict[str, BinnedCounts] = {}
    rows = flagged = 0
    with pq.ParquetFile(path) as file:
        columns = [SCORE, "is_anomaly", *curves]
        if lost := sorted(set(columns) - set(file.schema_arrow.names)):
            raise DataError(f"{path} lacks the columns {', '.join(lost)}; expected those of the outbox")
        for name, found in _stored_features(path, file.schema_arrow.metadata or {}, reference):
            features[name] = found
        for batch in file.iter_batches(BATCH_ROWS, columns=columns):
            values = _columns(batch, reference, curves)
            rows += int(np.isfinite(values[SCORE]).sum())
            flagged += int(np.asarray(batch.column("is_anomaly")).sum())
            for name, column in values.items():
                one = bin_counts(column, reference.features[name].edges)
                features[name] = features[name] + one if name in features else one
    lacking = {name: int((features[name].missing_share or 0) > FILES_LACK) for name in curves if name in features}
    return Window(files=1, rows=rows, flagged=flagged, features=features, lacking=lacking)


def _columns(batch: pa.RecordBatch, reference: Reference, curves: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """Return score, curves and PCA errors of a batch; null becomes NaN."""
    values = {name: _floats(batch.column(name)) for name in (SCORE, *curves)}
    if reference.kind == "logs":
        values[PCA_ERROR] = reference.subspace.errors(np.stack([values[curve] for curve in curves]))
    return values


def _floats(column: pa.Array) -> NDArray[np.float32]:
    return np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float32)


def _stored_features(
    path: Path, metadata: Mapping[bytes, bytes], reference: Reference
) -> Iterator[tuple[str, BinnedCounts]]:
    """Yield the trace features stored with a line's scores; none for older versions and bundles without reference."""
    if FEATURES not in metadata:
        return
    try:
        stored = json.loads(metadata[FEATURES])
        for name, summary in stored.items():
            if name in reference.features:
                yield name, counts_from_summary(summary, reference.features[name].edges)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path} has metadata {FEATURES.decode()} that cannot be read: {error!r}") from error
