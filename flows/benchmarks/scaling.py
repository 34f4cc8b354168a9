"""Costs of scoring on Dask, by process, and the clock with several numbers of workers beside its prediction.

Each run is a flow of its own with a new home and a temporary Prefect server; beside it stands `sondeflow score`, which
needs none. Processor time is read while the run lasts, so the last fraction of a second of each process is missing.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.benchmarks.machine import machine
from tasks.capacity.cluster import Cluster, Work
from tasks.capacity.constants import Constants
from tasks.capacity.simulate import simulate

EVERY = 0.2  # s between two looks
SUBSET = 8  # one file in so many is scored alone, for the costs of a start
ROLES = {"worker_process": "scoring", "prefect_api.server": "server", "spawn_main": "worker", "forkserver": "worker"}
Lines = dict[str, Any]
FLOW = ("flows.benchmarks.dask_flow", "INBOX", "OUTBOX", "BUNDLE")
COMMAND = ("flows", "score", "INBOX", "--out", "OUTBOX", "--bundle", "BUNDLE", "--json")


@dataclass(frozen=True)
class Measured:
    """A run: seconds by clock, processor seconds by role, those of the flow after the last score, files and bytes."""

    seconds: float
    roles: dict[str, float]
    late: float
    files: int
    written: int


def measure_scaling(inbox: Path, workers: Sequence[int], *, bundle: str, line: Path | None) -> dict[str, Any]:
    """Measure the costs of this machine, and compare the clock with what a simulation says.

    Costs are processor time: those of a start are the difference between runs of two workers and one (workers, scoring
    processes) and between many files and few (flow, server). The clock is not used for them, so its comparison with
    the simulation is a test of the simulation.

    Args:
        inbox: folder of wells; the more, the better.
        workers: numbers of workers; 1 and 2 among them.
        bundle: that scores the wells.
        line: a SEG-Y file of at least 64 MiB; None = the cost of lines is the default one.

    Returns:
        `constants`, as `Constants`, `comparison`, a row per number of workers, and `runs`.
    """
    files = sorted(path for path in inbox.iterdir() if path.is_file())
    with tempfile.TemporaryDirectory(prefix="sondeflow-bench-") as folder:
        few = Path(folder) / "few"
        few.mkdir()
        for path in files[::SUBSET]:
            shutil.copy2(path, few)
        small = _score(few, 1, bundle)
        tasks = Path(folder) / "tasks"
        shutil.copytree(few, tasks)
        many_tasks = _score(tasks, 1, bundle, batch=1)
        runs = {count: _score(inbox, count, bundle) for count in workers}
        commands = {count: _score(inbox, count, bundle, command=COMMAND) for count in workers}
        on_line = _score(_alone(line, Path(folder)), 1, "seismic-v1") if line else None
    found = _constants(small, many_tasks, runs, sum(path.stat().st_size for path in files))
    if line and on_line:
        gigabytes = line.stat().st_size / 1e9
        found["score_gb_s"] = (on_line.roles["scoring"] - found["scoring_start_s"]) / gigabytes
    constants = Constants(**found, machine=_machine())
    return {
        "constants": constants.model_dump(),
        "comparison": [_compared(count, run, commands[count], constants) for count, run in runs.items()],
        "runs": {str(count): vars(run) for count, run in runs.items()} | {"few": vars(small)},
        "commands": {str(count): vars(run) for count, run in commands.items()},
    }


def _constants(small: Measured, tasks: Measured, runs: dict[int, Measured], size: int) -> dict[str, float]:
    """Work out the costs of a start and of a well from the processor time of runs."""
    one, two = runs[1], runs[2]
    start = {role: max(0.0, two.roles[role] - one.roles[role]) for role in ("scoring", "worker")}
    wells = one.files
    more = wells - small.files
    flow = max(0.0, (one.roles["flow"] - small.roles["flow"]) / more)
    server = max(0.0, (one.roles["server"] - small.roles["server"]) / more)
    extra = max(1, tasks.files - 1)
    return {
        "scoring_start_s": start["scoring"],
        "worker_start_s": start["worker"],
        "score_well_s": (one.roles["scoring"] - start["scoring"]) / wells,
        "worker_well_s": max(0.0, one.roles["worker"] - start["worker"]) / wells,
        "flow_well_s": flow,
        "flow_well_late_s": min(flow, max(0.0, one.late - small.late) / more),
        "flow_start_s": max(0.0, small.roles["flow"] - flow * small.files),
        "server_well_s": server,
        "server_start_s": max(0.0, small.roles["server"] - server * small.files),
        "flow_task_s": max(0.0, tasks.roles["flow"] - small.roles["flow"]) / extra,
        "server_task_s": max(0.0, tasks.roles["server"] - small.roles["server"]) / extra,
        "well_mb": size / wells / 1e6,
        "well_out_mb": one.written / wells / 1e6,
    }


def _compared(workers: int, run: Measured, command: Measured, constants: Constants) -> Lines:
    """Return the row of a number of workers: the clock beside its prediction, and that of the command."""
    cluster = Cluster(workers, cores=os.cpu_count() or 1, one_machine=True)
    expected = simulate(Work(run.files), cluster, constants)
    used = expected.flow + expected.server + expected.ledger + expected.workers
    return {
        "workers": workers,
        "clock_s": round(run.seconds, 1),
        "predicted_s": round(expected.seconds, 1),
        "difference": round(expected.seconds / run.seconds - 1, 3),
        "processor_s": round(sum(run.roles.values()), 1),
        "predicted_processor_s": round(used, 1),
        "command_s": round(command.seconds, 1),
        "command_processor_s": round(sum(command.roles.values()), 1),
    }


def _score(inbox: Path, workers: int, bundle: str, batch: int | None = None, command: Sequence[str] = FLOW) -> Measured:
    """Score an inbox on Dask, as a flow or by the command, and measure the processes of the run."""
    with tempfile.TemporaryDirectory(prefix="sondeflow-bench-") as folder:
        home = Path(folder)
        own = {
            "SONDEFLOW_HOME": str(home / "home"),
            "SONDEFLOW_TASK_RUNNER": "dask",
            "SONDEFLOW_WORKERS": str(workers),
            "SONDEFLOW_SETTLE_SECONDS": "0",
            **({"SONDEFLOW_BATCH": str(batch)} if batch else {}),
        }
        kept = {name: value for name, value in os.environ.items() if name not in {"PREFECT_API_URL", *own}}
        named = {"INBOX": str(inbox), "OUTBOX": str(home / "out"), "BUNDLE": bundle}
        arguments = [named.get(part, part) for part in command]
        with (home / "answer").open("w") as answer, (home / "log").open("w") as log:
            began = time.monotonic()
            process = subprocess.Popen(  # noqa: S603 - our own module
                [sys.executable, "-m", *arguments],
                env={**kept, **own, "OMP_NUM_THREADS": "1"},
                stdout=answer,
                stderr=log,
            )
            roles, late = _watch(process)
            seconds = time.monotonic() - began
        text = (home / "answer").read_text()
        if process.returncode not in {0, 1} or not text:
            raise RuntimeError(f"sondeflow score ended with {process.returncode}: {(home / 'log').read_text()[-2000:]}")
        written = sum(path.stat().st_size for path in (home / "out").rglob("*") if path.is_file())
        return Measured(seconds, roles, late, json.loads(text)["files"], written)


def _watch(process: subprocess.Popen[bytes]) -> tuple[dict[str, float], float]:
    """Return processor seconds by role until a process ends, and those of the flow after the last scoring."""
    seen: dict[tuple[int, float], tuple[str, float]] = {}
    before_end = 0.0
    scoring = 0.0
    while process.poll() is None:
        for key, role, seconds in _looked(process.pid):
            known = seen.get(key, ("other", 0.0))[0]  # a process that ends has no command line any more
            seen[key] = (role if known == "other" else known, seconds)
        now = sum(seconds for role, seconds in seen.values() if role == "scoring")
        flow = sum(seconds for role, seconds in seen.values() if role == "flow")
        if now > scoring:
            scoring, before_end = now, flow
        time.sleep(EVERY)
    roles: dict[str, float] = defaultdict(float)
    for role, seconds in seen.values():
        roles[role] += seconds
    return dict(roles), roles["flow"] - before_end


def _looked(pid: int) -> Iterator[tuple[tuple[int, float], str, float]]:
    """Yield identity, role and processor seconds of a process and all below it."""
    import psutil

    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for one in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                used = one.cpu_times()
                yield (one.pid, one.create_time()), _role(one, pid), used.user + used.system


def _role(process: Any, flow: int) -> str:
    if process.pid == flow:
        return "flow"
    command = " ".join(process.cmdline())
    return next((role for part, role in ROLES.items() if part in command), "other")


def _alone(path: Path, folder: Path) -> Path:
    """Return a folder that holds a file alone."""
    target = folder / "line"
    target.mkdir()
    shutil.copy2(path, target)
    return target


def _machine() -> str:
    found = machine()
    return f"{found['processor']}, {found['cores']} cores, Python {found['python']}"[:200]
