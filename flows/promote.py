"""Flow: the gate between challenger and champion."""

from __future__ import annotations

from typing import Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from flows.results import markdown_table
from tasks.promote import Decision, carry_out, judge
from tasks.settings import Settings


class PromoteRequest(BaseModel):
    """Which version stands before the gate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["sondeflow-logs", "sondeflow-seismic"] = Field(
        default="sondeflow-logs", description="the registered model"
    )
    version: str | None = Field(
        default=None, pattern=r"^[1-9][0-9]*$", description="the version to judge; the challenger without one"
    )


@flow(name="promote", timeout_seconds=6 * 3600)
def promote(request: PromoteRequest) -> Decision:
    """Judge a version on the frozen hold-out; where it passes, it becomes champion.

    Args:
        request: which version stands before the gate.
    """
    settings = Settings()
    decision = judge(request.name, request.version, settings)
    run_id = carry_out(decision, settings)
    verdict = "accepted" if decision.accepted else "refused: " + "; ".join(decision.reasons)
    title = f"# {request.name} v{decision.version} {verdict}"
    run = f"MLflow run {run_id or 'none, it was champion already'}"
    create_markdown_artifact(key="gate", markdown="\n\n".join([title, run, markdown_table(list(decision.rows))]))
    return decision
