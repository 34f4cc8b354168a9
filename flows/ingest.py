"""Flow: files → recordings."""

from __future__ import annotations

from prefect import flow, unmapped
from prefect.artifacts import create_table_artifact
from pydantic import BaseModel, ConfigDict, Field

from tasks.ingest import Dataset, collect, find_files, ingest_batch
from tasks.settings import Settings


class IngestRequest(BaseModel):
    """What is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(
        default="data/raw",
        min_length=1,
        max_length=4096,
        description="a file, a folder (nested or not) or a URL: file://, memory://, s3://bucket/prefix",
    )


@flow(name="ingest", timeout_seconds=6 * 3600)
def ingest(request: IngestRequest) -> Dataset:
    """Read every file below a path; what cannot be used is a finding, the rest goes on.

    Args:
        request: what is read.
    """
    settings = Settings()
    batches, problems = find_files(request.path, settings)
    records = ingest_batch.map(batches, unmapped(settings)).result()
    dataset = collect(problems + [record for batch in records for record in batch])
    create_table_artifact(
        key="ingested",
        table=[
            {"file": file.path, "kind": file.kind, "used": file.ref is not None, "findings": len(file.findings)}
            for file in dataset.files
        ],
        description=f"{len(dataset.usable)} of {len(dataset.files)} files below {request.path} can be read",
    )
    return dataset
