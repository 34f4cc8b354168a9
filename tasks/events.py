"""Events that flows tell Prefect: what automations listen to (see flows/alerts.py)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect.events import emit_event

from tasks.settings import Settings

QUARANTINE = "sondeflow.quarantine-rate"
DRIFT = "sondeflow.drift"
ALARM = "sondeflow.alarm"  # a label: automations compare text, so the comparison with the limit is made here


def emit_quarantine_rate(*, new: int, quarantined: int, settings: Settings) -> bool:
    """Tell how many of a run's new files were quarantined; nothing is told where none was new.

    Args:
        new: files that were scored, quarantined or failed in this run.
        quarantined: those of them in quarantine.
        settings: `quarantine_limit`, a share, and `quarantine_minimum`, the new files it takes to judge it.

    Returns:
        Whether it is an alarm.

    Raises:
        ValueError: if more files were quarantined than were new.
    """
    if not 0 <= quarantined <= new:
        raise ValueError(f"{quarantined} of {new} new files quarantined; expected 0 ≤ quarantined ≤ new")
    if new == 0:
        return False
    rate = quarantined / new
    alarm = new >= settings.quarantine_minimum and rate > settings.quarantine_limit
    payload = {"new": new, "quarantined": quarantined, "rate": round(rate, 4), "limit": settings.quarantine_limit}
    _emit(QUARANTINE, "scoring", alarm, payload)
    return alarm


def emit_drift(*, model: str, alarm: bool, findings: Mapping[str, Any]) -> None:
    """Tell what monitoring found about a model's input and scores.

    Args:
        model: name and version, e.g. "sondeflow-logs-v3".
        alarm: whether it is more than the limits allow.
        findings: what drifted, as JSON values, e.g. {"GR psi": 0.31}.
    """
    _emit(DRIFT, model, alarm, {"model": model, **findings})


def _emit(event: str, name: str, alarm: bool, payload: dict[str, Any]) -> None:
    labels = {"prefect.resource.id": f"sondeflow.{name}", "prefect.resource.name": name, ALARM: str(alarm).lower()}
    emit_event(event, labels, payload=payload)
