"""Events that flows tell Prefect: what automations listen to (see flows/server/alerts.py)."""

from __future__ import annotations

from prefect.events import emit_event

from tasks.settings import Settings

QUARANTINE = "sondeflow.quarantine-rate"
DRIFT = "sondeflow.drift"  # sent where monitoring finds more than its limits allow
ALARM = "sondeflow.alarm"  # a label: automations compare text alone, so the limit is applied here


def emit_quarantine_rate(*, new: int, quarantined: int, settings: Settings) -> None:
    """Tell how many of a run's new files were quarantined; nothing is told where none was new.

    Args:
        new: files that were scored, quarantined or failed in this run.
        quarantined: those of them in quarantine.
        settings: `quarantine_limit`, a share, and `quarantine_minimum`, the new files it takes to judge it.

    Raises:
        ValueError: if more files were quarantined than were new.
    """
    if not 0 <= quarantined <= new:
        raise ValueError(f"{quarantined} of {new} new files quarantined; expected 0 ≤ quarantined ≤ new")
    if new == 0:
        return
    alarm = is_alarming(new=new, quarantined=quarantined, settings=settings)
    labels = {"prefect.resource.id": "sondeflow.scoring", "prefect.resource.name": "scoring", ALARM: str(alarm).lower()}
    rate = round(quarantined / new, 4)
    payload = {"new": new, "quarantined": quarantined, "rate": rate, "limit": settings.quarantine_limit}
    emit_event(QUARANTINE, labels, payload=payload)


def is_alarming(*, new: int, quarantined: int, settings: Settings) -> bool:
    """Whether the share of quarantined files is above the limit, and new files are enough to say so."""
    return new >= settings.quarantine_minimum and quarantined > settings.quarantine_limit * new
