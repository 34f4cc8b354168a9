"""The scoring flow in a process that tests may kill: forked from one that has everything imported already."""

from __future__ import annotations

import datetime as dates
import itertools
import multiprocessing
import os
import time
from multiprocessing.context import ForkServerProcess

PRELOADED = ["flows.score", "flows.environment", "helpers.scorer_process"]


def start(variables: dict[str, str], request: dict[str, object], clock_steps: bool = False) -> ForkServerProcess:
    """Start one run of the flow.

    Args:
        variables: of its environment.
        request: fields of the `ScoreRequest`.
        clock_steps: whether its wall clock jumps by days all the time.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    process = context.Process(target=_run, args=(variables, request, clock_steps))
    process.start()
    return process


def _run(variables: dict[str, str], request: dict[str, object], clock_steps: bool) -> None:
    os.environ.update(variables)
    os.setsid()
    if clock_steps:
        _step_clocks()
    from flows.environment import prepare_environment, run_flow
    from flows.score import score
    from tasks.scoring.request import ScoreRequest
    from tasks.settings import Settings

    settings = Settings()
    prepare_environment(settings)
    run_flow(score, settings, request=ScoreRequest.model_validate(request))


def _step_clocks() -> None:
    """Every look at the wall clock is a day before or after the last one; the monotonic clock goes on."""
    from tasks.ledger import claims, observations, queries, store, workers
    from tasks.scoring import arrivals

    true = time.time
    days = itertools.cycle((0, 1, -1, 30, -30))

    class Stepping:
        """The module `time`, with a clock that jumps."""

        monotonic = staticmethod(time.monotonic)
        sleep = staticmethod(time.sleep)

        @staticmethod
        def time() -> float:
            return true() + 86400 * next(days)

    def now() -> str:
        return dates.datetime.fromtimestamp(Stepping.time(), dates.UTC).isoformat()

    arrivals.time = Stepping  # type: ignore[assignment]
    for module in (store, claims, queries, observations, workers):
        if hasattr(module, "now"):
            module.now = now
