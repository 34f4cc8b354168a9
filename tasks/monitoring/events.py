"""Events that flows send to Prefect, on which automations act (see flows/server/alerts.py)."""

from __future__ import annotations

from prefect.events import emit_event

from tasks.settings import Settings

QUARANTINE = "sondeflow.quarantine-rate"
DRIFT = "sondeflow.drift"  # sent if monitoring exceeds its limits
MIN_ALL = 3  # files, all of them in quarantine, that are enough for an alarm
ALARM = "sondeflow.alarm"  # label; automations compare text only, so the limit is applied here


def emit_quarantine_rate(*, new: int, quarantined: int, settings: Settings, recent: tuple[int, int] = (0, 0)) -> None:
    """Report how many of a run's new files were quarantined; without new files no event is sent.

    Small runs add up: the alarm is also raised if this run quarantined a file and the last day's rate is too high.

    Args:
        new: files that were scored, quarantined or failed in this run.
        quarantined: those of them in quarantine.
        recent: files of the last day, this run's among them, and those of them in quarantine.
        settings: `quarantine_limit` (share) and `quarantine_minimum` (new files needed for an alarm).

    Raises:
        ValueError: if more files were quarantined than were new.
    """
    if not 0 <= quarantined <= new:
        raise ValueError(f"{quarantined} of {new} new files quarantined; expected 0 ≤ quarantined ≤ new")
    if new == 0:
        return
    alarm = is_alarming(new=new, quarantined=quarantined, settings=settings) or (
        quarantined > 0 and is_alarming(new=recent[0], quarantined=recent[1], settings=settings)
    )
    labels = {"prefect.resource.id": "sondeflow.scoring", "prefect.resource.name": "scoring", ALARM: str(alarm).lower()}
    rate = round(quarantined / new, 4)
    payload = {"new": new, "quarantined": quarantined, "rate": rate, "limit": settings.quarantine_limit}
    emit_event(QUARANTINE, labels, payload=payload)


def is_alarming(*, new: int, quarantined: int, settings: Settings) -> bool:
    """Return whether enough files are new and the share of quarantined ones is above the limit, or all are."""
    enough = new >= settings.quarantine_minimum or quarantined == new >= MIN_ALL
    return enough and quarantined > settings.quarantine_limit * new
