"""Flows: the gate between challenger and champion, and the way back."""

from __future__ import annotations

from typing import Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from tasks.settings import Settings
from tasks.training.promote import Decision, Rollback, apply_decision, decision_page, evaluate_challenger, roll_back


class PromoteRequest(BaseModel):
    """Which version stands before the gate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["sondeflow-logs", "sondeflow-seismic"] = Field(
        default="sondeflow-logs", description="the registered model"
    )
    version: str | None = Field(
        default=None, pattern=r"^[1-9][0-9]*$", description="the version to evaluate; the challenger without one"
    )


@flow(name="promote", timeout_seconds=6 * 3600)
def promote(request: PromoteRequest) -> Decision:
    """Judge a version on the frozen hold-out; where it passes, it becomes champion.

    Args:
        request: which version stands before the gate.
    """
    settings = Settings()
    decision = evaluate_challenger(request.name, request.version, settings)
    run_id = apply_decision(decision, settings)
    where = f"MLflow run {run_id or 'none, it was champion already'}"
    create_markdown_artifact(key="gate", markdown=f"{decision_page(decision)}\n\n{where}")
    return decision


@flow(name="roll-back")
def rollback(name: str) -> Rollback:
    """Make the champion before this one champion again; a second time takes the first back.

    Args:
        name: the registered model, e.g. "sondeflow-logs".
    """
    done = roll_back(name, Settings())
    said = f"# {name}: v{done.champion} is champion again\n\nv{done.withdrawn} was withdrawn. MLflow run {done.run_id}"
    create_markdown_artifact(key="gate", markdown=said)
    return done
