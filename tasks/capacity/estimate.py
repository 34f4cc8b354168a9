"""Prediction of a plan: duration, use of what workers share, the next bottleneck, bytes, requests, money."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

from tasks.capacity.cluster import Cluster, Task, Work, range_task, well_task
from tasks.capacity.constants import Constants
from tasks.capacity.simulate import simulate


@dataclass(frozen=True)
class Prices:
    """Prices, in the user's currency; None = not given, and not part of the sum.

    Args:
        instance_hour: of a machine with workers.
        head_hour: of the machine of flow, server and ledger; None = as a machine with workers.
        egress_gb: of 1 GB that leaves the object store.
        thousand_requests: of 1,000 requests to it.
    """

    instance_hour: float | None = None
    head_hour: float | None = None
    egress_gb: float | None = None
    thousand_requests: float | None = None


@dataclass(frozen=True)
class Shared:
    """Something that workers share: the part of the time that it is busy, and workers at which it always is."""

    name: str
    use: float
    full_at: float


@dataclass(frozen=True)
class Estimate:
    """Prediction of a plan.

    Args:
        seconds: by clock, all runs.
        runs: number of runs.
        machines: with workers, and one more for flow, server and ledger unless these share one.
        core_hours: processor time, all processes.
        shared: what workers share, the first to be full first.
        bottleneck: its name.
        efficiency: share of the workers' time in which they score.
        read_gb, written_gb: bytes in and out.
        requests: to the object store; 0 without one.
        money: by item, of the prices that are given.
    """

    seconds: float
    runs: int
    machines: int
    core_hours: float
    shared: tuple[Shared, ...]
    bottleneck: str
    efficiency: float
    read_gb: float
    written_gb: float
    requests: float
    money: dict[str, float]

    def to_dict(self) -> dict[str, object]:
        """Return the prediction as plain values; infinite numbers become None."""
        shared = [dataclasses.asdict(one) | {"full_at": _finite(one.full_at)} for one in self.shared]
        return dataclasses.asdict(self) | {"shared": shared}


def estimate(work: Work, cluster: Cluster, constants: Constants, prices: Prices = Prices()) -> Estimate:
    """Predict a plan.

    Lines are scored in the first run; wells are spread over the runs equally.
    """
    each = dataclasses.replace(work, wells=math.ceil(work.wells / work.runs))
    first = simulate(each, cluster, constants)
    other = simulate(dataclasses.replace(each, terabytes=0.0), cluster, constants) if work.runs > 1 else first
    rest = work.runs - 1
    seconds = first.seconds + rest * other.seconds
    busy = sum(one + rest * two for one, two in zip(_busy(first), _busy(other), strict=True))
    on_worker = constants.command_worker_well_s if cluster.by_command else constants.worker_well_s
    scoring = work.wells * (constants.score_well_s + on_worker)
    scoring += work.terabytes * 1000 * constants.score_gb_s
    shared = find_shared(work, cluster, constants)
    read = (work.wells * constants.well_mb + work.terabytes * 1e6) / 1000
    written = (work.wells * constants.well_out_mb + work.terabytes * 1e6 * constants.line_out_share) / 1000
    requests = _requests(work, constants) if cluster.object_store else 0.0
    machines = cluster.machines + (0 if cluster.one_machine else 1)
    return Estimate(
        seconds=seconds,
        runs=work.runs,
        machines=machines,
        core_hours=busy / 3600,
        shared=shared,
        bottleneck=_bottleneck(shared, cluster),
        efficiency=scoring / cluster.speed / (seconds * cluster.workers),
        read_gb=read,
        written_gb=written,
        requests=requests,
        money=_money(cluster, prices, seconds / 3600, read if cluster.object_store else 0.0, requests),
    )


def find_shared(work: Work, cluster: Cluster, constants: Constants) -> tuple[Shared, ...]:
    """List what workers share, with the number of workers at which each is always busy.

    A worker is away for `score + waiting` seconds per task; something that needs `d` seconds per task is full at
    `(score + waiting + ledger) / d` workers. Of wells and lines, the kind with more work counts.
    """
    task = _typical(work, cluster, constants)
    away = task.score / cluster.speed + task.waiting + task.ledger / cluster.speed
    lead = "command" if cluster.by_command else "flow"
    demands = {lead: task.flow, "Prefect's server": task.server, "ledger's database": task.ledger}
    found = [_shared(name, demand / cluster.speed, away, cluster.workers) for name, demand in demands.items()]
    cores = cluster.cores * cluster.machines
    beside = (task.flow + task.server + task.ledger if cluster.one_machine else 0.0) / cluster.speed
    needed = task.score / cluster.speed + beside
    full = cores * away / needed if cluster.one_machine else math.inf
    if cluster.one_machine:
        found.append(Shared("cores of the machine", min(1.0, cluster.workers / full), full))
    if cluster.object_store:
        found.append(_network(work, cluster, constants, away))
    return tuple(sorted(found, key=lambda one: one.full_at))


def _network(work: Work, cluster: Cluster, constants: Constants, away: float) -> Shared:
    """Return the network of a machine, by its workers."""
    wells = _wells_count(work, constants)
    c = constants
    megabytes = work.files_per_task * (c.well_mb + c.well_out_mb) if wells else c.range_mb * (1 + c.line_out_share)
    full = away * c.network_mb_s / megabytes
    return Shared("network of a machine (workers on it)", min(1.0, cluster.sharing / full), full)


def _shared(name: str, demand: float, away: float, workers: int) -> Shared:
    full = away / demand if demand else math.inf
    return Shared(name, min(1.0, workers / full), full)


def _wells_count(work: Work, constants: Constants) -> bool:
    """Return whether wells are more work than lines."""
    return work.wells * constants.score_well_s >= work.terabytes * 1000 * constants.score_gb_s


def _typical(work: Work, cluster: Cluster, constants: Constants) -> Task:
    if _wells_count(work, constants):
        return well_task(constants, cluster, work.files_per_task)
    return range_task(constants, cluster)


def _bottleneck(shared: tuple[Shared, ...], cluster: Cluster) -> str:
    first = shared[0]
    if first.full_at <= cluster.workers:
        return f"{first.name}: full at {first.full_at:.0f} workers, so more of them do not help"
    if math.isinf(first.full_at):
        return "none: workers share nothing"
    return f"{first.name}: at {first.full_at:.0f} workers; up to then, more workers help"


def _busy(run: object) -> tuple[float, ...]:
    return tuple(getattr(run, name) for name in ("flow", "server", "ledger", "workers"))


def _requests(work: Work, constants: Constants) -> float:
    ranges = work.terabytes * 1e6 / constants.range_mb
    return work.wells * constants.well_requests + ranges * constants.range_requests


def _money(cluster: Cluster, prices: Prices, hours: float, egress: float, requests: float) -> dict[str, float]:
    """Return the price of each item whose price is given, and their sum."""
    head = prices.head_hour if prices.head_hour is not None else prices.instance_hour
    items = {
        "workers": _times(prices.instance_hour, hours * cluster.machines),
        "head": None if cluster.one_machine else _times(head, hours),
        "egress": _times(prices.egress_gb, egress),
        "requests": _times(prices.thousand_requests, requests / 1000),
    }
    known = {name: value for name, value in items.items() if value is not None}
    return known | {"sum": sum(known.values())} if known else {}


def _times(price: float | None, amount: float) -> float | None:
    return None if price is None else price * amount


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
