"""Events that flows send to Prefect, on which automations act (see flows/server/alerts.py)."""

from __future__ import annotations

from prefect.events import emit_event

from tasks.settings import Settings

QUARANTINE = "sondeflow.quarantine-rate"
DRIFT = "sondeflow.drift"  # sent if monitoring exceeds its limits
ALARM = "sondeflow.alarm"  # label; automations compare text only, so the limit is applied here


def emit_quarantine_rate(*, new: int, quarantined: int, settings: Settings) -> None:
    """Report how many of a run's new files were quarantined; without new files no event is sent.

    Args:
        new: files that were scored, quarantined or failed in this run.
        quarantined: those of them in quarantine.
        settings: `quarantine_limit` (share) and `quarantine_minimum` (new files needed for an alarm).

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
    """Return whether enough files are new and the share of quarantined ones is above the limit."""
    return new >= settings.quarantine_minimum and quarantined > settings.quarantine_limit * new
