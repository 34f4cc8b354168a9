"""All score files of an outbox as one table that is read only as far as it is asked for."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from aemodels.core.errors import DataError
from aemodels.core.types import Kind
from aemodels.io.remote import is_url, open_system
from tasks.field.score_files import list_score_files
from tasks.storage.objects import open_store


def score_dataset(outbox: str | Path, kind: Kind = "logs") -> ds.Dataset:
    """Return the score files of an outbox as one dataset; only their schemas are read, one per bundle.

    Args:
        outbox: folder or address in an object store that `sondeflow score` wrote to.
        kind: "logs", one row per depth sample, or "seismic", one row per trace.

    Returns:
        The columns of docs/reference/outbox.md, and `bundle`. Of a content that several bundles scored the newest file
        is taken; a curve that a bundle does not know is null.

    Raises:
        DataError: if the folder is not an outbox, or has no scores of this kind.
    """
    if is_url(str(outbox)):
        system, base = open_system(str(outbox))
        files = _newest(str(outbox).rstrip("/"), kind)
    else:
        system, base = None, str(outbox)
        files = {file.path: file.bundle for file in list_score_files(Path(outbox)) if file.kind == kind}
    if not files:
        raise DataError(f"{outbox} has no scores of kind {kind!r}; expected files in scores/kind={kind}; score some")
    one_per_bundle = {bundle: path for path, bundle in files.items()}
    schemas = [
        pq.read_schema(f"{base}/{path}", filesystem=system).remove_metadata() for path in one_per_bundle.values()
    ]
    schema = pa.unify_schemas(schemas).append(pa.field("bundle", pa.string()))
    return ds.dataset(
        [f"{base}/{path}" for path in files],
        schema=schema,
        format="parquet",
        filesystem=system,
        partitioning=ds.partitioning(pa.schema([("kind", pa.string()), ("bundle", pa.string())]), flavor="hive"),
        partition_base_dir=f"{base}/scores",
    )


def _newest(address: str, kind: Kind) -> dict[str, str]:
    """Return the bundle by key of the newest score object of each content."""
    newest: dict[str, tuple[float, str, str]] = {}
    for item in open_store(address).list(f"{address}/scores/kind={kind}"):
        bundle, _, name = item.address.rpartition("/bundle=")[2].partition("/")
        if name.endswith(".parquet"):
            found = (item.modified or 0.0, item.address.removeprefix(f"{address}/"), bundle)
            newest[name] = max(newest.get(name, found), found)
    return {path: bundle for _, path, bundle in sorted(newest.values(), key=lambda found: found[1])}
