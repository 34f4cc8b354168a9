"""Flow: the gate between challenger and champion."""

from __future__ import annotations

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from flows.results import markdown_table
from tasks.promote import Decision, carry_out, judge
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
    verdict = "accepted" if decision.accepted else "refused: " + "; ".join(decision.reasons)
    create_markdown_artifact(
        key="gate",
        markdown=f"# {name} v{decision.version} {verdict}\n\nMLflow run {run_id or 'none, it was champion already'}\n\n"
        + markdown_table(list(decision.rows)),
    )
    return decision
