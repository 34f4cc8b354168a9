"""Flows: the gate between challenger and champion, and the way back."""

from __future__ import annotations

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from tasks.promote import Decision, Rollback, carry_out, decision_page, judge, withdraw
from tasks.settings import Settings


@flow(name="promote")
def promote(name: str, version: str | None = None) -> Decision:
    """Judge a version on the frozen hold-out; where it passes, it becomes champion.

    Args:
        name: the registered model, e.g. "sondeflow-logs".
        version: the version; the challenger without one.
    """
    settings = Settings()
    decision = judge(name, version, settings)
    run_id = carry_out(decision, settings)
    where = f"MLflow run {run_id or 'none, it was champion already'}"
    create_markdown_artifact(key="gate", markdown=f"{decision_page(decision)}\n\n{where}")
    return decision


@flow(name="roll-back")
def rollback(name: str) -> Rollback:
    """Make the champion before this one champion again; a second time takes the first back.

    Args:
        name: the registered model, e.g. "sondeflow-logs".
    """
    done = withdraw(name, Settings())
    said = f"# {name}: v{done.champion} is champion again\n\nv{done.withdrawn} was withdrawn. MLflow run {done.run_id}"
    create_markdown_artifact(key="gate", markdown=said)
    return done
