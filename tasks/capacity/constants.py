"""Measured costs of scoring, from which runs on other machines are predicted; all can be measured again."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aemodels.core.errors import SpecError

MAX_BYTES = 1_000_000


class Constants(BaseModel):
    """Costs of one core of the measured machine, in seconds of processor time unless a field says otherwise.

    Fields that begin with `command_` are those of `sondeflow score`, which calls workers of its own machine; `flow_`,
    `server_` and `worker_` those of a flow with a Prefect server, which a cluster of several machines needs. The rest
    is the same for both.

    The defaults were measured on one machine (docs/explanation/scale.md), with nothing else running;
    fields described as assumed were not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    machine: str = Field(default="AMD EPYC, 2 cores", max_length=200, description="where the figures were measured")
    command_start_s: float = Field(default=1.2, ge=0, description="start and end of the command, with its scheduler")
    command_well_s: float = Field(default=0.001, ge=0, description="listing and outcome of a well in the command")
    command_worker_start_s: float = Field(default=0.9, ge=0, description="start of a Dask worker of the command")
    command_worker_well_s: float = Field(default=0.0045, ge=0, description="claiming and publishing a well on it")
    flow_start_s: float = Field(default=5.6, ge=0, description="start and end of the process of the flow")
    server_start_s: float = Field(default=8.0, ge=0, description="start of a temporary Prefect server")
    worker_start_s: float = Field(default=3.5, ge=0, description="start of a Dask worker")
    scoring_start_s: float = Field(default=1.1, ge=0, description="start of a scoring process of wells")
    line_start_s: float = Field(default=8.3, ge=0, description="start of a scoring process of lines, with its networks")
    score_well_s: float = Field(default=0.19, gt=0, description="reading, scoring and writing a well")
    score_gb_s: float = Field(default=255.0, gt=0, description="the same for 1 GB of SEG-Y")
    worker_well_s: float = Field(default=0.0142, ge=0, description="claiming and publishing a well on a worker")
    flow_well_s: float = Field(default=0.0165, ge=0, description="listing, outcome and page of a well in the flow")
    flow_well_late_s: float = Field(default=0.0076, ge=0, description="its part after the last well")
    flow_task_s: float = Field(default=0.034, ge=0, description="a task in the flow")
    server_well_s: float = Field(default=0.0047, ge=0, description="a well in Prefect's server")
    server_task_s: float = Field(default=0.029, ge=0, description="a task in Prefect's server")
    well_mb: float = Field(default=1.16, gt=0, description="size of a well in MB")
    well_out_mb: float = Field(default=2.75, ge=0, description="size of its scores, copy and report in MB")
    line_out_share: float = Field(default=1.05, ge=0, description="assumed: bytes written per byte of SEG-Y read")
    range_mb: float = Field(default=50.0, gt=0, description="size of a range of a large line in MB")
    ledger_well_s: float = Field(
        default=0.002, ge=0, description="assumed: transactions of a well in the ledger's database"
    )
    well_requests: float = Field(default=8.0, ge=0, description="assumed: requests to an object store per well")
    range_requests: float = Field(default=12.0, ge=0, description="assumed: requests to an object store per range")
    request_s: float = Field(default=0.03, ge=0, description="assumed: time of a request to an object store, by clock")
    network_mb_s: float = Field(default=250.0, gt=0, description="assumed: network of a machine in MB/s")


def read_constants(path: Path | None) -> Constants:
    """Return the constants of a file of measurements; fields that it does not name keep their defaults.

    Args:
        path: a JSON object with fields of `Constants`, or with such an object as `constants`; None = the defaults.

    Raises:
        SpecError: if a field is unknown or a value out of range, with its name.
        OSError: if it cannot be read.
    """
    if path is None:
        return Constants()
    if path.stat().st_size > MAX_BYTES:
        raise SpecError(
            f"{path} holds {path.stat().st_size} bytes; expected a file of measurements, at most {MAX_BYTES}"
        )
    try:
        return _File.model_validate_json(path.read_bytes()).constants
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise SpecError(
            f"{path}: {place} is {first['input']!r:.80}: {first['msg']}; expected what `sondeflow plan measure` writes"
        ) from error


class _File(BaseModel):
    """A file of measurements; what else it holds documents them."""

    constants: Constants
