"""Flow: maintenance, so that the size of an installation stays bounded."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.artifacts import create_markdown_artifact

from aemodels.core.errors import SondeflowError
from flows.results import markdown_table
from tasks.maintenance.maintain import MaintainRequest, MaintenanceReport, maintain_as_task
from tasks.settings import Settings

DEFAULT = MaintainRequest()


class MaintenanceError(SondeflowError):
    """A part of the maintenance could not be done."""


@flow(name="maintain", timeout_seconds=6 * 3600)
def maintain(request: MaintainRequest = DEFAULT) -> MaintenanceReport:
    """Remove what is old and can be made again, and report the sizes before and after.

    Args:
        request: whether this is a rehearsal.

    Raises:
        MaintenanceError: if a step failed or the clock jumped, after all else is done: the run fails, and alerts call.
    """
    report = maintain_as_task(request, Settings())
    create_markdown_artifact(key="maintained", markdown=maintenance_markdown(report))
    if report.status == "incomplete":
        failed = [f"{step.what}: {step.note}" for step in report.removed if step.failed]
        raise MaintenanceError("; ".join([*([report.clock] if report.clock else []), *failed]))
    return report


def removed_rows(report: MaintenanceReport) -> list[dict[str, Any]]:
    """Return one row per step."""
    return [
        {"removed": step.what, "items": step.items, "MB": round(step.size / 1e6, 2), "note": step.note}
        for step in report.removed
    ]


def size_rows(report: MaintenanceReport) -> list[dict[str, Any]]:
    """Return one row per part of the installation."""
    return [
        {"part": size.part, "MB before": round(size.before / 1e6, 2), "MB after": round(size.after / 1e6, 2)}
        for size in report.sizes
    ]


def maintenance_markdown(report: MaintenanceReport) -> str:
    """Return the Markdown page of a maintenance."""
    title = "# Maintenance: nothing was removed, only reported" if report.dry_run else "# Maintenance"
    warning = [f"Nothing was removed by age: {report.clock}."] if report.clock else []
    return "\n\n".join([title, *warning, markdown_table(removed_rows(report)), markdown_table(size_rows(report))])
