"""Command that measures drift: monitor."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.catalogue import load_spec
from flows.console import FAILED, Answer, BadUsageError, answering

if TYPE_CHECKING:
    from flows.monitor import MonitorResult
    from tasks.monitoring.monitor import DriftReport, MonitorRequest

_SPAN = re.compile(r"^(\d+(?:\.\d+)?)(h|d)$")


def add_to(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(monitor)


def monitor(
    outbox: Annotated[
        str, typer.Option(help="Outbox (folder or s3:// address) whose scores are read; default: as in the settings.")
    ] = "",
    since: Annotated[str, typer.Option(help="Period (36h, 7d) or ISO time (UTC if without a zone).")] = "7d",
    bundle: Annotated[
        str, typer.Option(help="A models:/ URI, a bundle folder or a shipped bundle; default: as for scoring.")
    ] = "",
    train: Annotated[
        tuple[str, str] | None, typer.Option(metavar="SPEC PATH", help="Train a challenger on an alarm.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Compare recently scored data with the training data; exit code 1 on drift."""
    with answering("monitor", as_json=as_json) as answer:
        request = _request(outbox, since, bundle, train)
        from flows.environment import prepare_environment, run_flow
        from tasks.settings import Settings

        settings = Settings()
        prepare_environment(settings)
        from flows.monitor import monitor as flow

        result = run_flow(flow, settings, request=request)
        answer.data = result.model_dump(mode="json")
        answer.code = FAILED if result.alarm else 0
        _say(answer, result)


def _request(outbox: str, since: str, bundle: str, train: tuple[str, str] | None) -> MonitorRequest:
    from tasks.monitoring.monitor import MonitorRequest

    if outbox and "://" not in outbox and not Path(outbox).is_dir():
        raise BadUsageError(f"{outbox} is not a folder; expected an outbox that `sondeflow score` has filled")
    from aemodels.bundle.shipped import shipped_names

    if bundle and not bundle.startswith("models:/") and bundle not in shipped_names() and not Path(bundle).is_dir():
        raise BadUsageError(
            f"{bundle} is neither a models:/ URI, nor a folder, nor one of {', '.join(shipped_names())}; "
            "expected one of them"
        )
    options: dict[str, Any] = {}
    if train is not None:
        load_spec(train[0])  # an unknown name is refused now, not after the alarm
        options = {"trigger_training": True, "train_spec": train[0], "train_data": train[1], "after_training": "gate"}
    place = outbox if "://" in outbox or not outbox else str(Path(outbox).resolve())
    return MonitorRequest(outbox=place, since=since_time(since, datetime.now(UTC)), bundle=bundle, **options)


def since_time(text: str, now: datetime) -> datetime:
    """Return the start of a period before now, or an ISO time.

    Raises:
        BadUsageError: if it is neither.

    >>> since_time("36h", datetime(2026, 1, 2, 12, tzinfo=UTC)).isoformat()
    '2026-01-01T00:00:00+00:00'
    """
    if span := _SPAN.match(text):
        return now - timedelta(hours=float(span[1]) * (24 if span[2] == "d" else 1))
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise BadUsageError(f"--since is {text!r}; expected a period (36h, 7d) or a time (2026-01-31T06:00)") from error


def _say(answer: Answer, result: MonitorResult) -> None:
    from flows.monitor import challenger_line, verdict_line
    from tasks.monitoring.monitor import table_rows

    for report in result.reports:
        if report.table:
            answer.show(f"{report.model} v{report.version}", table_rows(report))
        _say_report(answer, report, verdict_line(report))
    if line := challenger_line(result):
        answer.say(line)


def _say_report(answer: Answer, report: DriftReport, line: str) -> None:
    answer.say(line)
    for unread in report.unreadable:
        answer.say(f"not read: {unread}")
    if report.run_id:
        answer.say(f"run {report.run_id}; `sondeflow ui` shows it at {report.address}")
