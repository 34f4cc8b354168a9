"""Flow: reading of files into recordings."""

from __future__ import annotations

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from flows.results import markdown_table
from tasks.ingest.ingest import Dataset, collect, find_files, ingest_batch
from tasks.settings import Settings

SHOWN = 100  # maximum number of listed files


class IngestRequest(BaseModel):
    """Request to read files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(
        default="data/raw",
        min_length=1,
        max_length=4096,
        description="a file, a folder (nested or not) or a URL: file://, memory://, s3://bucket/prefix",
    )


@flow(name="ingest", timeout_seconds=6 * 3600)
def ingest(request: IngestRequest) -> Dataset:
    """Read every file below a path; unusable files are reported as findings and do not stop the flow.

    Args:
        request: path to read.
    """
    settings = Settings()
    batches, problems = find_files(request.path, settings)
    records = ingest_batch.map(batches, unmapped(settings)).result()
    dataset = collect(problems + [record for batch in records for record in batch])
    create_markdown_artifact(key="ingested", markdown=ingest_markdown(request.path, dataset))
    return dataset


def ingest_markdown(path: str, dataset: Dataset) -> str:
    """Return the Markdown page of an ingest: counts, and each unusable file with its first findings."""
    count = f"{len(dataset.usable)} of {len(dataset.files)} files below `{path}` can be used"
    rows = [
        {
            "file": file.path,
            "kind": file.kind or "?",
            "why not": "; ".join(str(finding) for finding in file.findings[:2]),
        }
        for file in dataset.left_out[:SHOWN]
    ]
    more = [f"… and {len(dataset.left_out) - SHOWN} more"] if len(dataset.left_out) > SHOWN else []
    return "\n\n".join([f"# {count}", markdown_table(rows), *more])
