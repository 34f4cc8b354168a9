"""Flow: reading of files into recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

from prefect import flow, unmapped
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from flows.results import markdown_table
from flows.runners.from_settings import settings_runner
from tasks.ingest.ingest import Dataset, batches_of, collect, find_files, ingest_batch
from tasks.settings import Settings

SHOWN = 100  # maximum number of listed files
Place: TypeAlias = Annotated[str, Field(min_length=1, max_length=4096)]


def _as_places(value: Any) -> Any:
    """Return one place as a tuple; before several were allowed, requests were stored with one string."""
    return (value,) if isinstance(value, str) else value


_PLACE_SCHEMA = {"type": "string", "minLength": 1, "maxLength": 4096}
# Deployments state one place as text, or several as a list; the server checks both against this schema.
DataPaths: TypeAlias = Annotated[
    tuple[Place, ...],
    BeforeValidator(_as_places),
    WithJsonSchema({"anyOf": [_PLACE_SCHEMA, {"type": "array", "items": _PLACE_SCHEMA, "minItems": 1}]}),
]
PATHS = "files, folders (nested or not) or URLs: file://, memory://, s3://bucket/prefix"


class IngestRequest(BaseModel):
    """Request to read files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: DataPaths = Field(default=("data/raw",), min_length=1, max_length=1000, description=PATHS)


@flow(name="ingest", task_runner=settings_runner(), timeout_seconds=6 * 3600)
def ingest(request: IngestRequest) -> Dataset:
    """Read every file below some paths; unusable files are reported as findings and do not stop the flow.

    Args:
        request: paths to read; a file below two of them is read once.
    """
    settings = Settings()
    found = [find_files(place, settings) for place in dict.fromkeys(request.path)]
    problems = list({record.path: record for _, missing in found for record in missing}.values())
    files = {Path(path).absolute(): Path(path) for batches, _ in found for batch in batches for path in batch}
    batches = batches_of(list(files.values()))
    records = ingest_batch.map(batches, unmapped(settings)).result()
    dataset = collect(problems + [record for batch in records for record in batch])
    create_markdown_artifact(key="ingested", markdown=ingest_markdown(", ".join(request.path), dataset))
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
