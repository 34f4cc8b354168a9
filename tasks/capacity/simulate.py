"""Discrete-event simulation of a run: processes that share the cores of machines, and tasks that pass through them.

A process works on one thing at a time, with one core at most; the active processes of a machine share its cores
equally (processor sharing). Between two events all rates are constant, so the simulation jumps from event to event.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from tasks.capacity.cluster import Cluster, Task, Work, range_task, well_task
from tasks.capacity.constants import Constants
from tasks.dask_worker import CALL_FILES

MAX_TASKS = 50  # per worker; more are simulated as fewer, larger ones
TINY = 1e-9
Step = Callable[[], None]


@dataclass(eq=False)
class Machine:
    """A machine: its cores, each with a speed; infinite for waiting, which takes no core."""

    cores: float
    speed: float = 1.0


@dataclass(eq=False)
class Process:
    """A process that does jobs in order: seconds of a core each, and what follows."""

    machine: Machine
    jobs: deque[tuple[float, Step]] = field(default_factory=deque)
    busy: float = 0.0

    def add(self, seconds: float, after: Step) -> None:
        self.jobs.append((seconds, after))


@dataclass
class Simulation:
    """Processes with their jobs, and the time."""

    processes: list[Process] = field(default_factory=list)
    now: float = 0.0

    def process(self, machine: Machine) -> Process:
        self.processes.append(Process(machine))
        return self.processes[-1]

    def run(self) -> float:
        """Work until no job is left; return the time."""
        while active := [process for process in self.processes if process.jobs]:
            counts: dict[Machine, int] = {}
            for process in active:
                counts[process.machine] = counts.get(process.machine, 0) + 1
            rates = [_rate(process.machine, counts[process.machine]) for process in active]
            passed = min(process.jobs[0][0] / rate for process, rate in zip(active, rates, strict=True))
            self.now += passed
            finished: list[Step] = []
            for process, rate in zip(active, rates, strict=True):
                left, after = process.jobs[0]
                process.busy += min(left, rate * passed)
                if left - rate * passed <= TINY:
                    process.jobs.popleft()
                    finished.append(after)
                else:
                    process.jobs[0] = (left - rate * passed, after)
            for step in finished:
                step()
        return self.now


@dataclass(frozen=True)
class Run:
    """A simulated run: its seconds by clock, and seconds of a core by role."""

    seconds: float
    flow: float
    server: float
    ledger: float
    workers: float


def simulate(work: Work, cluster: Cluster, constants: Constants) -> Run:
    """Simulate one run of a plan: the start, all tasks, the end.

    Args:
        work: what one run scores (`files_per_run` is applied by the caller).
        cluster: machines.
        constants: measured costs.
    """
    return _Scoring(work, cluster, constants).run()


class _Scoring:
    """A run of scoring: the process of the flow, Prefect's server, the ledger's database, and workers with tasks."""

    def __init__(self, work: Work, cluster: Cluster, constants: Constants) -> None:
        self.work, self.cluster, self.constants = work, cluster, constants
        self.simulation = Simulation()
        self.own = [Machine(cluster.cores, cluster.speed) for _ in range(cluster.machines)]
        head = self.own[0] if cluster.one_machine else Machine(cluster.head_cores, cluster.speed)
        self.flow, self.server, self.ledger = (self.simulation.process(head) for _ in range(3))
        self.elsewhere = Machine(math.inf)
        self.tasks = deque(_tasks(work, cluster, constants))
        self.workers: list[Process] = []

    def run(self) -> Run:
        """Start the server, if one is needed, then flow or command, then the workers; after the last task it ends."""
        by_command = self.cluster.by_command
        if by_command or self.cluster.running:
            self._start_flow()
        else:
            self.server.add(self.constants.server_start_s, self._start_flow)
        self.simulation.run()
        self.flow.add(0.0 if by_command else self.work.wells * self.constants.flow_well_late_s, _nothing)
        seconds = self.simulation.run()
        return Run(
            seconds, self.flow.busy, self.server.busy, self.ledger.busy, sum(worker.busy for worker in self.workers)
        )

    def _start_flow(self) -> None:
        c = self.constants
        self.flow.add(c.command_start_s if self.cluster.by_command else c.flow_start_s, self._start_workers)

    def _start_workers(self) -> None:
        c = self.constants
        cost = (c.scoring_start_s if self.work.wells else 0.0) + (c.line_start_s if self.work.terabytes else 0.0)
        if not self.cluster.running:
            cost += c.command_worker_start_s if self.cluster.by_command else c.worker_start_s
        for number in range(self.cluster.workers):
            worker = self.simulation.process(self.own[number % len(self.own)])
            store = self.simulation.process(self.elsewhere)
            self.workers.append(worker)
            worker.add(cost, partial(self._next_task, worker, store))

    def _next_task(self, worker: Process, store: Process) -> None:
        """Claim, wait for the object store, score, record; then report and go on."""
        if not self.tasks:
            return
        task = self.tasks.popleft()

        def done() -> None:
            self.server.add(task.server, _nothing)
            self.flow.add(task.flow, _nothing)
            self._next_task(worker, store)

        def record() -> None:
            self.ledger.add(task.ledger / 2, done)

        def score() -> None:
            worker.add(task.score, record)

        self.ledger.add(task.ledger / 2, lambda: store.add(task.waiting, score))


def _tasks(work: Work, cluster: Cluster, constants: Constants) -> Iterator[Task]:
    """Yield the tasks of a run; very many are merged, with the same total."""
    limit = MAX_TASKS * cluster.workers
    wells = _count_batches(work, cluster)
    ranges = math.ceil(work.terabytes * 1e6 / constants.range_mb)
    if wells:
        parts = min(wells, limit)
        yield from [well_task(constants, cluster, work.wells / wells).times(wells / parts)] * parts
    if ranges:
        parts = min(ranges, limit)
        yield from [range_task(constants, cluster).times(ranges / parts)] * parts


def _count_batches(work: Work, cluster: Cluster) -> int:
    """Return the number of batches of wells, as scoring makes them: every worker gets as many."""
    if not work.wells:
        return 0
    most = min(work.files_per_task, CALL_FILES) if cluster.by_command else work.files_per_task
    rounds = math.ceil(work.wells / (cluster.workers * most))
    return math.ceil(work.wells / max(1, math.ceil(work.wells / (cluster.workers * rounds))))


def _rate(machine: Machine, active: int) -> float:
    return machine.speed * min(1.0, machine.cores / active)


def _nothing() -> None:
    """Follow a job with nothing."""
