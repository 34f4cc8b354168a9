"""Provenance of a run: the flow run that made it, and its name in a list."""

from __future__ import annotations

from uuid import UUID

from prefect.runtime import flow_run
from prefect.utilities.urls import url_for


def flow_tags() -> dict[str, str]:
    """Return the tags flow_run_id and flow_run_url of the present flow run; empty outside of one.

    A temporary server has no page; the URL is then the path of the page on any server of this home.
    """
    found = flow_run.id
    if not found:
        return {}
    address = url_for("flow-run", obj_id=UUID(found)) or f"runs/flow-run/{found}"
    return {"flow_run_id": str(found), "flow_run_url": address}


def run_name(role: str, name: str) -> str:
    """Return the name of a child run, with its role first, so that a list sorted by name is grouped by role.

    >>> run_name("denoiser", "unet")
    'denoiser: unet'
    """
    return f"{role}: {name}"
