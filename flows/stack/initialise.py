"""One-time steps before the worker, repeated after every change: ledger tables, work pool, deployments, alerts.

Run as `python -m flows.stack.initialise`; the environment names ledger, Prefect server and SONDEFLOW_WEBHOOK.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from aemodels.core.errors import SondeflowError
from flows.environment import prepare_environment
from flows.server.deployments import FILE, load_deployments, with_scoring_every
from tasks.settings import Settings


def initialise(file: Path, every: float | None) -> None:
    """Create or update all that the worker needs.

    Args:
        file: path of the prefect.yaml.
        every: interval in s between scoring runs; None for the schedule in the file.

    Raises:
        SondeflowError: if ledger or Prefect refuse.
    """
    settings = Settings()
    prepare_environment(settings)
    # imported here: Prefect reads its settings from the environment when it is imported
    from pydantic import SecretStr

    from flows.server.alerts import AlertOptions, apply_alerts
    from flows.server.overdue_runs import delete_overdue_runs
    from flows.server.serve import deploy
    from tasks.ledger import open_ledger

    open_ledger(settings.ledger_url)
    content = load_deployments(file)
    content = content if every is None else with_scoring_every(content, every)
    deploy(content, settings, {**os.environ, "PWD": str(Path.cwd())})
    apply_alerts(AlertOptions(webhook=SecretStr(os.environ.get("SONDEFLOW_WEBHOOK", ""))))
    delete_overdue_runs(os.environ["PREFECT_API_URL"])


def main() -> None:
    """Run the steps; an error is one line on stderr, and exit code 1."""
    parser = argparse.ArgumentParser(description="Ledger tables, work pool, deployments and alerts of the stack.")
    parser.add_argument("--file", type=Path, default=FILE, help="path of the prefect.yaml")
    parser.add_argument("--every", type=float, default=None, help="interval of scoring in s")
    options = parser.parse_args()
    try:
        initialise(options.file, options.every)
    except SondeflowError as error:
        sys.exit(f"sondeflow: {error}")


if __name__ == "__main__":
    main()
