"""All score files of an outbox as one table that is read only as far as it is asked for."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from aemodels.core.errors import DataError
from aemodels.core.types import Kind
from tasks.field.score_files import list_score_files


def score_dataset(outbox: Path, kind: Kind = "logs") -> ds.Dataset:
    """Return the score files of an outbox as one dataset; only their schemas are read, one per bundle.

    Args:
        outbox: folder that `sondeflow score` wrote to.
        kind: "logs", one row per depth sample, or "seismic", one row per trace.

    Returns:
        The columns of docs/reference/outbox.md, and `bundle`. Of a content that several bundles scored the newest file
        is taken; a curve that a bundle does not know is null.

    Raises:
        DataError: if the folder is not an outbox, or has no scores of this kind.
    """
    files = [file for file in list_score_files(outbox) if file.kind == kind]
    if not files:
        raise DataError(f"{outbox} has no scores of kind {kind!r}; expected files in scores/kind={kind}; score some")
    one_per_bundle = {file.bundle: file.path for file in files}
    schemas = [pq.read_schema(outbox / path).remove_metadata() for path in one_per_bundle.values()]
    schema = pa.unify_schemas(schemas).append(pa.field("bundle", pa.string()))
    return ds.dataset(
        [str(outbox / file.path) for file in files],
        schema=schema,
        format="parquet",
        partitioning=ds.partitioning(pa.schema([("kind", pa.string()), ("bundle", pa.string())]), flavor="hive"),
        partition_base_dir=str(outbox / "scores"),
    )
