"""Records of monitoring: a run with table and figures in MLflow, and an event on an alarm."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event

from aemodels.monitoring.between_well_spread import FLAG_RATE
from tasks.monitoring.events import DRIFT
from tasks.monitoring.monitor import DriftReport, Measured, MonitorRequest
from tasks.settings import Settings
from tasks.tracking import RunSpec, flatten, log_document, log_figures, log_metrics, log_table, tracked_run

EXPERIMENT = "sondeflow-monitoring"
_MAX_METRICS = 30


@task(name="record-drift", cache_policy=NO_CACHE, retries=1, retry_delay_seconds=5, retry_jitter_factor=1.0)
def record_drift(measured: Measured, request: MonitorRequest, settings: Settings) -> DriftReport:
    """Log table, figures and metrics as a run; a report without a table is not logged."""
    report = measured.report
    if not report.table or measured.reference is None:
        return report
    import pandas as pd

    from aemodels.report.figures.drift import drift_bars, drift_distributions

    run = RunSpec(
        experiment=EXPERIMENT,
        name=f"{report.model}-v{report.version}-{report.verdict}",
        params=flatten(request),
        tags={"verdict": report.verdict, "blamed": ", ".join(report.inputs + report.signals)},
    )
    title = f"{report.model} v{report.version}: {report.files} files since {report.since:%Y-%m-%d %H:%M} UTC"
    with tracked_run(settings, run) as handle:
        rows = [dataclasses.asdict(row) for row in report.table]
        log_table(settings, handle.run_id, "drift", pd.DataFrame(rows))
        figures = {
            "drift": drift_bars(report.table, title=title),
            "distributions": drift_distributions(measured.reference, measured.window, report.table, title=title),
        }
        log_figures(settings, handle.run_id, figures)
        log_metrics(settings, handle.run_id, drift_metrics(report))
        report = report.model_copy(update={"run_id": handle.run_id, "address": handle.address})
        log_document(settings, handle.run_id, "drift.json", report.model_dump(mode="json"))
    return report


@task(name="raise-alarm", cache_policy=NO_CACHE)
def raise_alarm(report: DriftReport) -> None:
    """Send the event on which automations act."""
    label = f"{report.model}-v{report.version}"
    # automations compare text only, so the label marks the alarm
    resource = {"prefect.resource.id": f"sondeflow.{label}", "prefect.resource.name": label, "sondeflow.alarm": "true"}
    emit_event(event=DRIFT, resource=resource, payload=alarm_payload(report))


def alarm_payload(report: DriftReport) -> dict[str, Any]:
    """Return the payload of the event as plain JSON."""
    wanted = {"model", "version", "kind", "since", "files", "rows", "inputs", "signals", "run_id", "address"}
    return report.model_dump(mode="json", include=wanted)


def drift_metrics(report: DriftReport) -> dict[str, float]:
    """Return at most 30 metrics: counts, then PSI, KS and missing share by quantity; the table holds all."""
    by_name = {row.feature: row for row in report.table}
    metrics: dict[str, float | None] = {
        "files": report.files,
        "rows": report.rows,
        "alarms": len(report.inputs) + len(report.signals),
        "flag_rate": by_name[FLAG_RATE].now,
        "flag_rate_reference": by_name[FLAG_RATE].reference,
    }
    distributions = [row for row in report.table if row.feature != FLAG_RATE]
    metrics |= {f"psi.{row.feature}": row.psi for row in distributions}
    metrics |= {f"ks.{row.feature}": row.ks for row in distributions}
    metrics |= {f"missing.{row.feature}": row.missing for row in distributions}
    known = {key: float(value) for key, value in metrics.items() if value is not None and math.isfinite(value)}
    return dict(list(known.items())[:_MAX_METRICS])
