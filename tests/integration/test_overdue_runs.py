"""Runs that nobody starts, on a real Prefect server: overdue ones, and those whose worker has died."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from flows.server.deployments import POOL
from flows.server.overdue_runs import SCHEDULED, delete_overdue_runs
from flows.server.stuck_runs import release_former_runs, release_stuck_runs

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


def _one_at_a_time(client, flow_id, name, **options):
    """Make a deployment of which one run at a time is let in, and others are cancelled."""
    deployment = client.create_deployment(flow_id=flow_id, name=name, concurrency_limit=1, **options)
    client._client.patch(
        f"/deployments/{deployment}", json={"concurrency_options": {"collision_strategy": "CANCEL_NEW"}}
    ).raise_for_status()
    return deployment


def _claim(client, deployment):
    from prefect.states import Pending

    run = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(run.id, Pending())
    return client.read_flow_run(run.id)


def _login() -> str:
    from prefect.settings import PREFECT_API_AUTH_STRING

    login = PREFECT_API_AUTH_STRING.value()
    return login.get_secret_value() if hasattr(login, "get_secret_value") else str(login)


def test_a_run_that_was_claimed_and_never_started_gives_its_place_back(deployments):
    """One run of a deployment at a time: without the release every later one would be cancelled, for ever."""
    client, (first, _) = deployments
    api, login = str(client.api_url), _login()
    one = _one_at_a_time(client, client.read_deployment(first).flow_id, "claimed")
    stuck = _claim(client, one)
    assert stuck.state.type.value == "PENDING"
    assert _claim(client, one).state.type.value == "CANCELLED"
    assert release_stuck_runs(api, login) == [], "it may still start"
    assert release_stuck_runs(api, login, seconds=0.0) == [stuck.name]
    assert client.read_flow_run(stuck.id).state.type.value == "CRASHED"
    assert _claim(client, one).state.type.value == "PENDING"
    assert release_stuck_runs("http://127.0.0.1:9/api", login) == [], "a server that is away is asked again later"


def test_runs_of_a_worker_that_was_stopped_give_their_places_back_and_others_go_on(deployments):
    from prefect.client.schemas.actions import WorkPoolCreate
    from prefect.states import Running

    client, (first, _) = deployments
    client.create_work_pool(WorkPoolCreate(name=POOL, type="process"), overwrite=True)
    one = _one_at_a_time(client, client.read_deployment(first).flow_id, "cut-off", work_pool_name=POOL)
    cut_off, by_hand = _claim(client, one), client.create_flow_run_from_deployment(first)
    for run in (cut_off, by_hand):
        client.set_flow_run_state(run.id, Running())
    assert _claim(client, one).state.type.value == "CANCELLED"
    assert release_former_runs(str(client.api_url), _login()) == [cut_off.name]
    states = {run.id: client.read_flow_run(run.id).state.type.value for run in (cut_off, by_hand)}
    assert states == {cut_off.id: "CRASHED", by_hand.id: "RUNNING"}
    assert _claim(client, one).state.type.value == "PENDING"
    assert release_former_runs("http://127.0.0.1:9/api", _login()) == []
