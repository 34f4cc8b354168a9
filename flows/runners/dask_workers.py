"""Dask workers of one command, without a Prefect server: functions are called on them directly.

A server and Prefect in each process take 15 processor seconds, which is as much as 80 wells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from aemodels.core.progress import tell
from flows.runners.dask_cluster import local_cluster, of_this_machine
from tasks.settings import Settings

if TYPE_CHECKING:
    from tasks.lines.drain import Spread

CLOSING_SECONDS = 60.0


@contextmanager
def dask_workers(settings: Settings) -> Iterator[Spread]:
    """Start Dask workers on this machine, as many as the settings say or as the work needs; they end with the block.

    They start while the block begins; what it spreads waits for them.

    Yields:
        A function that spreads calls over the workers. A call whose worker is lost is made again by another one.

    Raises:
        ImportError: if Dask is not installed.
        SpecError: if settings are missing or contradict each other.
    """
    if find_spec("distributed") is None:
        raise ImportError(
            "SONDEFLOW_TASK_RUNNER is 'dask' and Dask is not installed; pip install 'sondeflow[dask]', or set it to "
            "'threads'"
        )
    options = of_this_machine(settings)
    with ThreadPoolExecutor(1) as thread:
        starting = thread.submit(_start, options["cluster_kwargs"], options.get("adapt_kwargs", {}))
        try:
            yield lambda call, items: _spread(starting, call, items)
        finally:
            client = starting.result()
            client.close()
            client.cluster.close(timeout=CLOSING_SECONDS)


def _start(cluster_options: Mapping[str, Any], adapt_options: Mapping[str, int]) -> Any:
    """Return a client of a new cluster, whose size follows the work between the given limits, if any are given."""
    from distributed import Client

    cluster = local_cluster(**cluster_options, prefect=False)
    if adapt_options:
        cluster.adapt(**adapt_options)
    return Client(cluster)


def _spread(starting: Future[Any], call: Callable[[Any], tuple[str, Any]], items: Sequence[Any]) -> list[Any]:
    from distributed import as_completed

    futures = starting.result().map(call, items, pure=False)
    for future in as_completed(futures):
        tell("%s", future.result()[0])
    return [future.result()[1] for future in futures]
