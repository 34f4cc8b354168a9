"""Work and machines of a plan, as the user states them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from tasks.capacity.constants import Constants


@dataclass(frozen=True)
class Work:
    """Files to be scored.

    Args:
        wells: number of well files.
        terabytes: of large SEG-Y files.
        files_per_run: wells that a run scores at most; each run pays its start. 0 = all in one run.
        files_per_task: wells per task.
    """

    wells: int
    terabytes: float = 0.0
    files_per_run: int = 0
    files_per_task: int = 32

    @property
    def runs(self) -> int:
        """Number of runs."""
        return max(1, math.ceil(self.wells / self.files_per_run)) if self.files_per_run else 1


@dataclass(frozen=True)
class Cluster:
    """Machines that score.

    Args:
        workers: single-threaded Dask workers, each with a scoring process.
        cores: of each machine of workers.
        per_machine: workers on each machine; 0 = one per core.
        one_machine: `sondeflow score` and ledger share that machine with the workers; if they are running already,
            flow, Prefect's server and ledger.
        head_cores: cores of the machine of flow, server and ledger otherwise.
        speed: of a core, as a multiple of one of the measured machine.
        running: workers and Prefect's server are running before the flow starts.
        object_store: files are read from and written to an object store.
        with_server: it is a flow with a Prefect server of its own, even on one machine.
    """

    workers: int
    cores: int = 4
    per_machine: int = 0
    one_machine: bool = False
    head_cores: int = 4
    speed: float = 1.0
    running: bool = False
    object_store: bool = False
    with_server: bool = False

    @property
    def machines(self) -> int:
        """Number of machines with workers."""
        return 1 if self.one_machine else math.ceil(self.workers / (self.per_machine or self.cores))

    @property
    def by_command(self) -> bool:
        """True if `sondeflow score` starts the workers and calls them, without Prefect."""
        return self.one_machine and not self.running and not self.with_server

    @property
    def sharing(self) -> float:
        """Workers per machine."""
        return self.workers / self.machines


@dataclass(frozen=True)
class Task:
    """One task of a run: wells or a range, with its demands in seconds of a core of the measured machine.

    Args:
        score: in the scoring process, which is single-threaded, and its worker.
        ledger: in the ledger's database.
        flow: in the process of the flow, or of the command.
        server: in Prefect's server; 0 without one.
        waiting: seconds by clock for an object store.
    """

    score: float
    ledger: float
    flow: float
    server: float
    waiting: float = 0.0

    def times(self, count: float) -> Task:
        """Return several tasks as one."""
        return Task(*(count * value for value in (self.score, self.ledger, self.flow, self.server, self.waiting)))


def well_task(constants: Constants, cluster: Cluster, wells: float) -> Task:
    """Return a task of so many wells."""
    c = constants
    size = wells * (c.well_mb + c.well_out_mb)
    if cluster.by_command:
        score = wells * (c.score_well_s + c.command_worker_well_s)
        waiting = _waiting(c, cluster, wells * c.well_requests, size)
        return Task(score, wells * c.ledger_well_s, wells * c.command_well_s, 0.0, waiting)
    return Task(
        score=wells * (c.score_well_s + c.worker_well_s),
        ledger=wells * c.ledger_well_s,
        flow=wells * (c.flow_well_s - c.flow_well_late_s) + c.flow_task_s,
        server=wells * c.server_well_s + c.server_task_s,
        waiting=_waiting(c, cluster, wells * c.well_requests, size),
    )


def range_task(constants: Constants, cluster: Cluster) -> Task:
    """Return the task of one range of a large line."""
    c = constants
    size = c.range_mb * (1 + c.line_out_share)
    return Task(
        score=c.range_mb / 1000 * c.score_gb_s,
        ledger=0.0,
        flow=0.0 if cluster.by_command else c.flow_task_s,
        server=0.0 if cluster.by_command else c.server_task_s,
        waiting=_waiting(c, cluster, c.range_requests, size),
    )


def _waiting(constants: Constants, cluster: Cluster, requests: float, megabytes: float) -> float:
    if not cluster.object_store:
        return 0.0
    return requests * constants.request_s + megabytes * cluster.sharing / constants.network_mb_s
