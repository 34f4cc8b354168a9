"""Automations of a Prefect server: dead runs are marked as crashed, and what goes wrong calls a webhook."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta

from prefect.automations import EventTrigger, Posture
from prefect.blocks.webhook import Webhook
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import CallWebhook, ChangeFlowRunState
from prefect.events.schemas.automations import Automation, AutomationCore
from pydantic import SecretStr

from tasks.monitoring.events import ALARM, DRIFT, QUARANTINE

BLOCK = "sondeflow-alerts"
ZOMBIES = "sondeflow: runs without a heartbeat have crashed"
FAILURE = "sondeflow: a run failed or crashed"
QUARANTINES = "sondeflow: too many files in quarantine"
DRIFTS = "sondeflow: data or scores drift"
NO_WORKER = "sondeflow: no worker sends heartbeats"
LATE = "sondeflow: a scheduled run does not start"
CANCELLED = "sondeflow: a run was cancelled"
ALERTS = (ZOMBIES, FAILURE, QUARANTINES, DRIFTS, NO_WORKER, LATE, CANCELLED)
HEARTBEAT = "prefect.flow-run.heartbeat"
ENDS = {f"prefect.flow-run.{state}" for state in ("Completed", "Failed", "TimedOut", "Crashed", "Cancelled", "Paused")}
# Prefect marks a run as late 15 s after its time; these events mean that it goes on, or is given up
STARTS = {"Pending", "Running", "Cancelled", "Crashed", "Failed", "Completed"}
OVERLAP = "Deployment concurrency limit*"  # message of the runs that are cancelled because another one does their work
NO_WEBHOOK = SecretStr("")
SILENT_SECONDS = 540  # three heartbeats of 180 s, Prefect's default; one may be late on a busy machine


@dataclass(frozen=True)
class AlertOptions:
    """Options of the alerts.

    Args:
        webhook: URL that receives a POST with JSON; "" removes the alerts that call one.
        silent_seconds: time in s without a heartbeat after which a run counts as dead.
        late_seconds: time in s that a scheduled run may be late.
        worker_seconds: time in s that a work pool may have no worker, after the server has missed three heartbeats.
    """

    webhook: SecretStr = NO_WEBHOOK  # whoever knows the URL can send to it
    silent_seconds: int = SILENT_SECONDS
    late_seconds: int = 900
    worker_seconds: int = 120  # a restart takes less


def apply_alerts(options: AlertOptions) -> list[dict[str, str]]:
    """Create, update or remove the server's automations; a second call changes nothing.

    Returns:
        One row per automation: its name, and created, updated or removed.
    """
    wanted = {ZOMBIES: zombie_automation(options.silent_seconds)}
    if options.webhook.get_secret_value():
        block = asyncio.run(Webhook(url=options.webhook).asave(BLOCK, overwrite=True))
        call = CallWebhook(block_document_id=block, payload=_payload())
        wanted |= webhook_automations(call, options)
    with get_client(sync_client=True) as client:
        known = {automation.name: automation for automation in client.read_automations() if automation.name in ALERTS}
        rows = [{"automation": name, "done": _put(client, wanted[name], known.get(name))} for name in wanted]
        for name in known.keys() - wanted.keys():
            client.delete_automation(known[name].id)
            rows.append({"automation": name, "done": "removed"})
    return rows


def zombie_automation(silent_seconds: int) -> AutomationCore:
    """Return the automation that marks a run as crashed if its heartbeats stop before it has ended."""
    return AutomationCore(
        name=ZOMBIES,
        description=f"No heartbeat for {silent_seconds} s during a run: its process or machine has stopped.",
        trigger=EventTrigger(
            after={HEARTBEAT},
            expect={HEARTBEAT, *ENDS},
            match={"prefect.resource.id": ["prefect.flow-run.*"]},
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=silent_seconds),
        ),
        actions=[
            ChangeFlowRunState(
                name="Crashed",
                state=StateType.CRASHED,
                message=f"no heartbeat for {silent_seconds} s: marked as crashed",
                force=False,
            )
        ],
    )


def webhook_automations(call: CallWebhook, options: AlertOptions) -> dict[str, AutomationCore]:
    """Return the automations that call the webhook.

    They report failed and cancelled runs, runs that do not start, a pool without workers, too many quarantined files,
    and drift. Runs that are cancelled because another one of their deployment still runs are as intended.
    """
    triggers = {
        FAILURE: _run_state(["FAILED", "CRASHED"]),
        CANCELLED: _run_state(["CANCELLED"], {"prefect.state-message": [f"!{OVERLAP}"]}),
        LATE: _unless("prefect.flow-run", "Late", STARTS, options.late_seconds),
        NO_WORKER: _unless("prefect.work-pool", "not-ready", {"ready"}, options.worker_seconds),
        QUARANTINES: _at_once({QUARANTINE}, {"prefect.resource.id": ["sondeflow.*"], ALARM: ["true"]}),
        DRIFTS: _at_once({DRIFT}, {"prefect.resource.id": ["sondeflow.*"]}),
    }
    return {name: AutomationCore(name=name, trigger=trigger, actions=[call]) for name, trigger in triggers.items()}


def _run_state(types: list[str], labels: dict[str, str | list[str]] | None = None) -> EventTrigger:
    match: dict[str, str | list[str]] = {
        "prefect.resource.id": ["prefect.flow-run.*"],
        "prefect.state-type": types,
        **(labels or {}),
    }
    return _at_once({"prefect.flow-run.*"}, match, for_each={"prefect.resource.id"})


def _unless(resource: str, event: str, expected: set[str], seconds: int) -> EventTrigger:
    """Return the trigger of an event that none of the expected ones follows within a time in s."""
    return EventTrigger(
        after={f"{resource}.{event}"},
        expect={f"{resource}.{name}" for name in expected},
        match={"prefect.resource.id": [f"{resource}.*"]},
        for_each={"prefect.resource.id"},
        posture=Posture.Proactive,
        threshold=1,
        within=timedelta(seconds=seconds),
    )


def _at_once(expect: set[str], match: dict[str, str | list[str]], for_each: Collection[str] = ()) -> EventTrigger:
    return EventTrigger(
        expect=expect,
        match=match,
        for_each=set(for_each),
        posture=Posture.Reactive,
        threshold=1,
        within=timedelta(0),
    )


def _put(client: SyncPrefectClient, wanted: AutomationCore, known: Automation | None) -> str:
    if known is None:
        client.create_automation(wanted)
        return "created"
    # an automation that was switched off by hand stays off
    client.update_automation(known.id, wanted.model_copy(update={"enabled": known.enabled}))
    return "updated"


def _payload() -> str:
    """Return the template of the POST body, which the server fills in.

    The server sends an alert at least once: it calls the webhook before it commits that it did, and repeats both if
    the commit fails, as on a locked SQLite file. The id of the event stays the same then.
    """
    fields = {
        "id": "event.id | string",
        "alert": "automation.name",
        "event": "event.event",
        "occurred": "event.occurred | string",
        "resource": "event.resource.name or event.resource.id",
        "details": "event.payload",
        "flow_run": "(flow_run.name if flow_run else '') | string",
        "flow_run_url": "(flow_run | ui_url if flow_run else '') | string",
    }
    return "{" + ", ".join(f"{json.dumps(name)}: {{{{ ({value}) | tojson }}}}" for name, value in fields.items()) + "}"
