"""Deployments in prefect.yaml: read, changed if a command requires it, and passed to `prefect deploy`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from aemodels.core.errors import SpecError

FILE = Path(__file__).parents[1] / "prefect.yaml"  # the project's own: a link in flows/, a copy in a built package
POOL = "sondeflow"


def load_deployments(path: Path = FILE) -> dict[str, Any]:
    """Read a prefect.yaml, with its anchors and merges resolved.

    Raises:
        SpecError: if the file is missing, not valid YAML, or without deployments.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise SpecError(f"{path}: {error}; expected the deployments of sondeflow") from error
    if not isinstance(content, dict) or not content.get("deployments"):
        raise SpecError(f"{path}: no deployments; expected a list under `deployments:`")
    return content


def with_scoring_every(content: dict[str, Any], seconds: float) -> dict[str, Any]:
    """Return the deployments with scoring at an interval in s instead of the schedule in the file.

    Raises:
        SpecError: if no deployment is named "score".
    """
    names = [deployment["name"] for deployment in content["deployments"]]
    if "score" not in names:
        raise SpecError(f"no deployment 'score' among {', '.join(names)}; --every has nothing to change")
    schedule = {"slug": "arrivals", "interval": seconds, "timezone": "UTC", "active": True}
    return content | {
        "deployments": [
            deployment | ({"schedules": [schedule]} if deployment["name"] == "score" else {})
            for deployment in content["deployments"]
        ]
    }


def plan_of(content: dict[str, Any]) -> list[dict[str, str]]:
    """Return one row per deployment: its name, and its schedules (with "(off)" if inactive)."""
    return [
        {
            "deployment": str(deployment["name"]),
            "when": "; ".join(_when(schedule) for schedule in deployment.get("schedules", [])) or "by hand",
        }
        for deployment in content["deployments"]
    ]


def _when(schedule: dict[str, Any]) -> str:
    rhythm = schedule["cron"] if "cron" in schedule else f"every {schedule['interval']:g} s"
    return f"{rhythm} {schedule['timezone']}{'' if schedule['active'] else ' (off)'}"
