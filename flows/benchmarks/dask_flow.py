"""Score an inbox as a flow on Dask, with a temporary Prefect server: what `sondeflow serve` costs per run.

`python -m flows.benchmarks.dask_flow INBOX OUTBOX BUNDLE` prints the summary as JSON.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Run the flow with the settings of the environment."""
    from flows.environment import prepare_environment, run_flow
    from tasks.settings import Settings

    inbox, outbox, bundle = sys.argv[1:4]
    settings = Settings()
    prepare_environment(settings)
    from flows.score import score
    from tasks.scoring.request import ScoreRequest

    summary = run_flow(score, settings, request=ScoreRequest(inbox=inbox, outbox=outbox, bundle=bundle))
    sys.stdout.write(summary.model_dump_json() + "\n")


if __name__ == "__main__":
    main()
