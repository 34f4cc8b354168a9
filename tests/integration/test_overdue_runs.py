"""Overdue scheduled runs on a real Prefect server."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.server.overdue_runs import SCHEDULED, delete_overdue_runs

pytest_plugins = ("helpers.flow_fixtures",)


@pytest.fixture
def deployments(prefect_server):
    from prefect import flow
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_API_URL

    @flow
    def nothing() -> None: ...

    with SyncPrefectClient(api=PREFECT_API_URL.value(), auth_string=PREFECT_API_AUTH_STRING.value()) as client:
        flow_id = client.create_flow(nothing)
        yield client, [client.create_deployment(flow_id=flow_id, name=name) for name in ("missed-1", "missed-2")]


def _run(client, deployment, hours, *tags):
    from prefect.states import Scheduled

    state = Scheduled(scheduled_time=datetime.now(UTC) + timedelta(hours=hours))
    return client.create_flow_run_from_deployment(deployment, state=state, tags=tags).id


def test_of_each_deployment_the_newest_missed_run_is_kept(deployments):
    client, (first, second) = deployments
    kept = {
        _run(client, first, -1, SCHEDULED),
        _run(client, first, 1, SCHEDULED),
        _run(client, first, -5),
        _run(client, second, -30, SCHEDULED),
    }
    missed = {_run(client, first, -hours, SCHEDULED) for hours in range(2, 6)}
    assert delete_overdue_runs(str(client.api_url)) == len(missed)
    left = {run.id for run in client.read_flow_runs() if run.deployment_id in {first, second}}
    assert left == kept
    assert delete_overdue_runs(str(client.api_url)) == 0
