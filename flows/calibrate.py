"""Flow: thresholds of a bundle fitted again on one's own wells or lines."""

from __future__ import annotations

from typing import Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from flows.ingest import PATHS, DataPaths, IngestRequest, ingest
from tasks.settings import Settings
from tasks.training.calibrate import Calibrated, calibrate_bundle, calibration_page


class CalibrateRequest(BaseModel):
    """Request to calibrate a bundle."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["logs", "seismic"] = Field(default="logs", description="kind of the files and of the bundle")
    data: DataPaths = Field(default=("data/raw",), min_length=1, max_length=1000, description=PATHS)
    bundle: str | None = Field(
        default=None,
        max_length=4096,
        description="bundle to calibrate: a folder, models:/NAME/VERSION or a shipped one; default: the champion, else "
        "the shipped bundle",
    )
    folder: str | None = Field(
        default=None,
        max_length=4096,
        description="new or empty folder to write the bundle to, instead of registering it as challenger",
    )


@flow(name="calibrate", timeout_seconds=6 * 3600)
def calibrate(request: CalibrateRequest) -> Calibrated:
    """Fit the thresholds of a bundle to wells or lines that it was not trained on; its networks stay.

    Args:
        request: bundle and data.
    """
    dataset = ingest(IngestRequest(path=request.data))
    result = calibrate_bundle(request.kind, dataset, request.bundle, Settings(), request.folder)
    create_markdown_artifact(key="calibrated", markdown=calibration_page(result))
    return result
