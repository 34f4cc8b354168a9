"""Flow: levels of a bundle fitted again from reviews of its flags."""

from __future__ import annotations

from typing import Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from flows.ingest import PATHS, DataPaths, IngestRequest, ingest
from tasks.settings import Settings
from tasks.training.recalibrate import Recalibrated, recalibrate_bundle, recalibration_page


class RecalibrateRequest(BaseModel):
    """Request to recalibrate a bundle from the kept reviews."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["logs", "seismic"] = Field(default="logs", description="kind of the files and of the bundle")
    data: DataPaths = Field(default=("data/raw",), min_length=1, max_length=1000, description=PATHS)
    bundle: str | None = Field(
        default=None,
        max_length=4096,
        description="bundle to recalibrate: a folder, models:/NAME/VERSION or a shipped one; default: the champion, "
        "else the shipped bundle",
    )
    folder: str | None = Field(
        default=None,
        max_length=4096,
        description="new or empty folder to write the bundle to, instead of registering it as challenger",
    )


@flow(name="recalibrate", timeout_seconds=6 * 3600)
def recalibrate(request: RecalibrateRequest) -> Recalibrated:
    """Fit the levels of a bundle to reviewed wells or lines, and judge it by those that nobody reviewed.

    Args:
        request: bundle, and wells or lines of both sorts.
    """
    dataset = ingest(IngestRequest(path=request.data))
    result = recalibrate_bundle(request.kind, dataset, request.bundle, Settings(), request.folder)
    create_markdown_artifact(key="recalibrated", markdown=recalibration_page(result))
    return result
