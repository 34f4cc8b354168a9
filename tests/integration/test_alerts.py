"""Automations on a real server: made once however often, and what they send to a local webhook."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from flows.server.alerts import ALERTS, CANCELLED, DRIFTS, FAILURE, LATE, NO_WORKER, QUARANTINES, ZOMBIES
from helpers.servers import Webhook, ask, running_prefect, wait_for

SILENT = 40  # seconds; a run's heartbeats come every 30 s here, the shortest that Prefect allows

FAILING = """
from prefect import flow

@flow(name="failing")
def failing():
    raise ValueError("planned")

failing()
"""
SLEEPING = """
import time
from prefect import flow

@flow(name="sleeping")
def sleeping():
    print("asleep", flush=True)
    time.sleep(600)

sleeping()
"""
EVENTS = """
from prefect import flow
from prefect.events import emit_event
from tasks.monitoring.events import DRIFT, emit_quarantine_rate
from tasks.settings import Settings

@flow(name="telling")
def telling():
    emit_quarantine_rate(new=10, quarantined=1, settings=Settings())
    emit_quarantine_rate(new=10, quarantined=9, settings=Settings())
    emit_event(DRIFT, {"prefect.resource.id": "sondeflow.model.sondeflow-logs"}, payload={"model": "sondeflow-logs"})

telling()
"""


@pytest.fixture(scope="module")
def webhook():
    with Webhook() as running:
        yield running


@pytest.fixture(scope="module")
def server(tmp_path_factory, webhook):
    """A server with the alerts applied, twice, once by the command line; its clients' environment."""
    more = {"PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30", "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "2"}
    with running_prefect(tmp_path_factory.mktemp("home"), **more) as environment:
        assert _alerts(environment, webhook.url, 300) == dict.fromkeys(ALERTS, "created")
        yield environment


def _alerts(environment: dict[str, str], url: str, silent: int) -> dict[str, str]:
    command = [sys.executable, "-m", "flows", "alerts", "--json", "--webhook", url, "--silent", str(silent)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {row["automation"]: row["done"] for row in json.loads(done.stdout)["automations"]}


def _run(script: str, environment: dict[str, str], expected: int = 0) -> None:
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == expected, done.stderr[-3000:]


def _automations(api: str) -> dict[str, dict]:
    return {automation["name"]: automation for automation in ask(api, "/automations/filter", {})}


def test_applying_again_updates_and_keeps_what_a_person_switched_off(server, webhook):
    api = server["PREFECT_API_URL"]
    before = _automations(api)
    ask(api, f"/automations/{before[DRIFTS]['id']}", {"enabled": False}, "PATCH")
    assert _alerts(server, webhook.url, 240) == dict.fromkeys(ALERTS, "updated")
    after = _automations(api)
    assert {name: one["id"] for name, one in after.items()} == {name: one["id"] for name, one in before.items()}
    assert {name for name, one in after.items() if not one["enabled"]} == {DRIFTS}
    assert after[ZOMBIES]["trigger"]["within"] == 240
    ask(api, f"/automations/{before[DRIFTS]['id']}", {"enabled": True}, "PATCH")


def test_a_failed_run_calls_the_webhook_with_its_name(server, webhook):
    _run(FAILING, server, expected=1)
    (call,) = wait_for("the call of a failure", lambda: webhook.named(FAILURE))
    assert (call["event"], call["details"]["validated_state"]["message"]) == (
        "prefect.flow-run.Failed",
        "Flow run encountered an exception: ValueError: planned",
    )
    assert call["flow_run_url"].startswith("http")
    api, body = server["PREFECT_API_URL"], {"filter": {"event": {"name": [call["event"]]}}}
    stored = wait_for("the event", lambda: ask(api, "/events/filter", body)["events"], 60)
    assert call["id"] in {event["id"] for event in stored}, "by it a receiver knows an alert that is sent again"
    assert call["resource"] == call["flow_run"]


def test_quarantine_above_the_limit_and_drift_call_the_webhook(server, webhook):
    _run(EVENTS, server)
    wait_for("the calls of both", lambda: webhook.named(QUARANTINES) and webhook.named(DRIFTS))
    (quarantine,), (drift,) = webhook.named(QUARANTINES), webhook.named(DRIFTS)
    assert quarantine["details"] == {"new": 10, "quarantined": 9, "rate": 0.9, "limit": 0.2}
    assert drift["details"] == {"model": "sondeflow-logs"}
    assert quarantine["flow_run"]


def test_a_cancelled_run_calls_the_webhook_unless_another_run_does_its_work(server, webhook):
    api = server["PREFECT_API_URL"]
    flow = ask(api, "/flows/", {"name": "cancelled"})["id"]
    for name, message in (("overlapping", "Deployment concurrency limit reached."), ("unwanted", "by hand")):
        run = ask(api, "/flow_runs/", {"flow_id": flow, "name": name, "state": {"type": "RUNNING"}})
        state = {"type": "CANCELLED", "name": "Cancelled", "message": message}
        ask(api, f"/flow_runs/{run['id']}/set_state", {"state": state, "force": True})
    (call,) = wait_for("the call of a cancelled run", lambda: webhook.named(CANCELLED))
    assert call["resource"] == "unwanted"


@pytest.mark.slow
def test_a_run_that_nobody_starts_and_a_worker_that_dies_call_the_webhook(server, webhook):
    options = f"AlertOptions(SecretStr({webhook.url!r}), late_seconds=10, worker_seconds=10)"
    _run(f"from flows.server.alerts import *; from pydantic import SecretStr; apply_alerts({options})", server)
    api = server["PREFECT_API_URL"]
    flow = ask(api, "/flows/", {"name": "nightly"})["id"]
    state = {"type": "SCHEDULED", "state_details": {"scheduled_time": "2026-01-01T02:00:00Z"}}
    ask(api, "/flow_runs/", {"flow_id": flow, "name": "forgotten", "state": state})
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", "sondeflow", "--type", "process"]
    with subprocess.Popen(command, env=server | {"PREFECT_WORKER_HEARTBEAT_SECONDS": "2"}) as worker:
        wait_for("a ready pool", lambda: _pool(api) == "READY", 90)
        assert webhook.named(NO_WORKER) == []
        worker.kill()
    (call,) = wait_for("the call of the dead worker", lambda: webhook.named(NO_WORKER), 120)
    assert "sondeflow" in json.dumps(call)
    assert _pool(api) == "NOT_READY"
    assert wait_for("the call of the late run", lambda: webhook.named(LATE), 60)[0]["alert"] == LATE


@pytest.mark.slow
def test_a_run_whose_process_was_killed_is_marked_crashed(server, webhook, tmp_path: Path):
    # the command line does not go below a minute
    options = f"AlertOptions(SecretStr({webhook.url!r}), {SILENT})"
    _run(f"from flows.server.alerts import *; from pydantic import SecretStr; apply_alerts({options})", server)
    api, known = server["PREFECT_API_URL"], len(webhook.named(FAILURE))
    with subprocess.Popen([sys.executable, "-c", SLEEPING], env=server, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "asleep\n"
        wait_for("the first heartbeat", lambda: _heartbeats(api), 60)
        os.kill(process.pid, signal.SIGKILL)
    (run,) = ask(api, "/flow_runs/filter", {"flows": {"name": {"any_": ["sleeping"]}}})
    assert run["state_type"] == "RUNNING", "nobody knows yet"
    state = wait_for("the crash", lambda: _crashed(api, run["id"]), 240)
    assert state["message"] == f"no heartbeat for {SILENT} s: marked as crashed"
    wait_for("the call of the crash", lambda: len(webhook.named(FAILURE)) > known)
    assert webhook.named(FAILURE)[-1]["event"] == "prefect.flow-run.Crashed"


def test_without_a_webhook_the_alerts_that_call_it_are_taken_away(server):
    done = _alerts(server, "", 540)
    assert done == {name: "updated" if name == ZOMBIES else "removed" for name in ALERTS}
    assert set(_automations(server["PREFECT_API_URL"])) == {ZOMBIES}


def _heartbeats(api: str) -> list[dict]:
    body = {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]}}}
    found = ask(api, "/events/filter", body)["events"]
    return [event for event in found if any("sleeping" in str(related) for related in event["related"])]


def _pool(api: str) -> str:
    """Status of the work pool; empty while there is none."""
    found = ask(api, "/work_pools/filter", {"work_pools": {"name": {"any_": ["sondeflow"]}}})
    return found[0]["status"] if found else ""


def _crashed(api: str, run: str) -> dict | None:
    state = ask(api, f"/flow_runs/{run}")["state"]
    return state if state["type"] == "CRASHED" else None
