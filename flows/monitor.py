"""Flow: drift of recently scored data relative to the champion's training data."""

from __future__ import annotations

from datetime import UTC, datetime

from prefect import flow
from prefect.artifacts import create_markdown_artifact
from pydantic import BaseModel, ConfigDict

from flows.promote import PromoteRequest, promote
from flows.results import TrainResult, markdown_table
from flows.train import TrainRequest, train
from tasks.field.local_outbox import local_outbox
from tasks.monitoring.monitor import DriftReport, MonitorRequest, choose_watched, measure_drift, table_rows
from tasks.monitoring.record import raise_alarm, record_drift
from tasks.settings import Settings
from tasks.training.promote import Decision

DEFAULT = MonitorRequest()


class MonitorResult(BaseModel):
    """Drift reports, and the challenger trained on an alarm, if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    alarm: bool
    reports: tuple[DriftReport, ...]
    trained: TrainResult | None = None
    decision: Decision | None = None


@flow(name="monitor", timeout_seconds=24 * 3600)
def monitor(request: MonitorRequest = DEFAULT) -> MonitorResult:
    """Measure drift; an alarm is logged, sent as an event, and may train a challenger for the promotion gate.

    Args:
        request: data to compare, and the actions on an alarm.
    """
    settings = Settings()
    outbox = str(local_outbox(request.outbox or str(settings.outbox), settings))
    since = request.start(datetime.now(UTC))
    watched = choose_watched(request.bundle, settings)
    measured = [measure_drift(one, outbox, since, request.thresholds) for one in watched]
    reports = [record_drift(one, request, settings) for one in measured]
    alarms = [report for report in reports if report.alarm]
    for report in alarms:
        raise_alarm(report)
    result = MonitorResult(alarm=bool(alarms), reports=tuple(reports))
    if alarms and request.trigger_training:
        result = _challenge(result, request)
    create_markdown_artifact(key="drift", markdown=monitor_markdown(result))
    return result


def _challenge(result: MonitorResult, request: MonitorRequest) -> MonitorResult:
    """Train a challenger, and evaluate it for promotion if requested."""
    trained = train(TrainRequest(spec=request.train_spec, data=request.train_data))  # type: ignore[arg-type]
    gate = PromoteRequest.model_validate({"name": trained.model, "version": trained.version})
    decision = promote(gate) if request.after_training == "gate" else None
    return result.model_copy(update={"trained": trained, "decision": decision})


def verdict_line(report: DriftReport) -> str:
    """Return a report in one sentence."""
    head = f"{report.model} v{report.version}: {report.verdict}"
    if report.verdict == "no reference":
        return f"{head}; the bundle predates monitoring; train again to add one"
    if report.verdict == "no data":
        return f"{head}; it has scored nothing since {report.since:%Y-%m-%d %H:%M} UTC"
    drifted = ", ".join(report.inputs + report.signals)
    counts = f"{report.files} files, {report.rows} rows, {report.flagged} flagged"
    return f"{head}{f' of {drifted}' if drifted else ''}; {counts}"


def challenger_line(result: MonitorResult) -> str:
    """Return a sentence on the trained challenger; "" if there is none."""
    if result.trained is None:
        return ""
    status = "stays challenger; `sondeflow promote` sends it to the gate"
    if result.decision is not None:
        status = "passed the gate and is champion" if result.decision.accepted else "was refused by the gate"
    return f"trained {result.trained.model} v{result.trained.version}: {status}"


def monitor_markdown(result: MonitorResult) -> str:
    """Return the Markdown page of a monitoring run."""
    parts = ["# Drift: alarm" if result.alarm else "# Drift: no alarm"]
    for report in result.reports:
        parts.append(f"## {verdict_line(report)}")
        rows = [{key: "" if value is None else value for key, value in row.items()} for row in table_rows(report)]
        parts += [markdown_table(rows), *(f"- not read: {line}" for line in report.unreadable[:20])]
        parts += [f"MLflow run: {report.address}"] if report.address else []
    return "\n\n".join(part for part in [*parts, challenger_line(result)] if part)
