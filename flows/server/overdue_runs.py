"""Overdue scheduled runs from a time without a server; the newest of each deployment is enough."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

SCHEDULED = "auto-scheduled"  # the tag that Prefect's scheduler gives its runs
PAGE = 200


def delete_overdue_runs(api: str) -> int:
    """Delete all but the newest of each deployment's scheduled runs that are overdue.

    Each run processes everything that is pending, so earlier ones would only be cancelled. Runs started by hand are
    kept.

    Args:
        api: address of the Prefect server's API.

    Returns:
        Number of deleted runs.
    """
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.filters import (
        FlowRunFilter,
        FlowRunFilterExpectedStartTime,
        FlowRunFilterState,
        FlowRunFilterStateType,
        FlowRunFilterTags,
    )
    from prefect.client.schemas.objects import StateType
    from prefect.client.schemas.sorting import FlowRunSort
    from prefect.settings import PREFECT_API_AUTH_STRING

    overdue = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),  # type: ignore[arg-type]  # pydantic takes both
        tags=FlowRunFilterTags(all_=[SCHEDULED]),
    )
    newest: set[UUID | None] = set()
    missed: list[UUID] = []
    with SyncPrefectClient(api=api, auth_string=PREFECT_API_AUTH_STRING.value()) as client:
        while page := client.read_flow_runs(
            flow_run_filter=overdue,
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=PAGE,
            offset=len(newest) + len(missed),
        ):
            for run in page:
                if run.deployment_id in newest:
                    missed.append(run.id)
                else:
                    newest.add(run.deployment_id)
        for run_id in missed:
            client.delete_flow_run(run_id)
    return len(missed)
