"""Flow: files → recordings."""

from __future__ import annotations

from prefect import flow, unmapped
from prefect.artifacts import create_table_artifact

from tasks.ingest import Dataset, collect, find_files, ingest_batch
from tasks.settings import Settings


@flow(name="ingest", validate_parameters=False)
def ingest(path: str) -> Dataset:
    """Read every file below a path; what cannot be used is a finding, the rest goes on.

    Args:
        path: a file, a folder or a URL (file://, memory://, s3://).
    """
    settings = Settings()
    batches, problems = find_files(path, settings)
    records = ingest_batch.map(batches, unmapped(settings)).result()
    dataset = collect(problems + [record for batch in records for record in batch])
    create_table_artifact(
        key="ingested",
        table=[
            {"file": file.path, "kind": file.kind, "used": file.ref is not None, "findings": len(file.findings)}
            for file in dataset.files
        ],
        description=f"{len(dataset.usable)} of {len(dataset.files)} files below {path} can be read",
    )
    return dataset
