"""Flows: promotion of a challenger to champion, and rollback."""

from __future__ import annotations

from typing import Literal

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict, Field

from tasks.settings import Settings
from tasks.training.promote import Decision, Rollback, apply_decision, decision_page, evaluate_challenger, roll_back


class PromoteRequest(BaseModel):
    """Request to evaluate a version for promotion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["sondeflow-logs", "sondeflow-seismic"] = Field(
        default="sondeflow-logs", description="the registered model"
    )
    version: str | None = Field(
        default=None, pattern=r"^[1-9][0-9]*$", description="the version to evaluate; default: the challenger"
    )


@flow(name="promote", timeout_seconds=6 * 3600)
def promote(request: PromoteRequest) -> Decision:
    """Evaluate a version on the frozen hold-out; if it passes the gate, it becomes champion.

    Args:
        request: the version to evaluate.
    """
    settings = Settings()
    decision = evaluate_challenger(request.name, request.version, settings)
    run_id = apply_decision(decision, settings)
    run = f"MLflow run {run_id or 'none, the version is champion already'}"
    create_markdown_artifact(key="gate", markdown=f"{decision_page(decision)}\n\n{run}")
    return decision


@flow(name="roll-back")
def rollback(name: str) -> Rollback:
    """Restore the previous champion; a second call reverses the first.

    Args:
        name: the registered model, e.g. "sondeflow-logs".
    """
    done = roll_back(name, Settings())
    page = f"# {name}: v{done.champion} is champion again\n\nv{done.withdrawn} was withdrawn. MLflow run {done.run_id}"
    create_markdown_artifact(key="gate", markdown=page)
    return done
