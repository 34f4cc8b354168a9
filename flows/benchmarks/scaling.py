"""Costs of scoring on Dask, by process, and the clock with several numbers of workers beside its prediction.

Each run is a `sondeflow score` with a new home, or, if asked for, a flow with a temporary Prefect server. Processor
time is read while the run lasts, so the last fraction of a second of each process is missing.
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
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aemodels.core.errors import SpecError
from flows.benchmarks.machine import machine
from tasks.capacity.cluster import Cluster, Work
from tasks.capacity.constants import Constants
from tasks.capacity.simulate import simulate

EVERY = 0.2  # s between two looks
MIN_FILES, LEAST = 16, 1e-6
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


def measure_scaling(
    inbox: Path, workers: Sequence[int], *, bundle: str, line: Path | None, flow: bool = False
) -> dict[str, Any]:
    """Measure the costs of this machine, and compare the clock with what a simulation says.

    Costs are processor time of runs with one worker: a start and a well follow from runs with many files and with few;
    for a line, a start is what a second worker adds. The clock is not used for them, so its comparison with the
    simulation is a test of the simulation.

    Args:
        inbox: folder of wells; the more, the better.
        workers: numbers of workers; 1 and 2 among them.
        bundle: that scores the wells.
        line: a SEG-Y file of at least 64 MiB; None = the costs of lines are the default ones.
        flow: also measure flows with a Prefect server; else their costs are the default ones.

    Returns:
        `constants`, as `Constants`, `comparison`, a row per number of workers and kind of run, and `runs` by kind.

    Raises:
        SpecError: if there are too few wells.
    """
    files = sorted(path for path in inbox.rglob("*") if path.is_file())
    if len(files) < MIN_FILES:
        raise SpecError(f"{inbox} holds {len(files)} files; expected {MIN_FILES} wells or more, better 100")
    runs: dict[str, dict[str, Measured]] = {}
    found = {"well_mb": sum(path.stat().st_size for path in files) / len(files) / 1e6}
    with tempfile.TemporaryDirectory(prefix="sondeflow-bench-") as folder:
        few = _every(SUBSET, files, Path(folder) / "few")
        own = runs["command"] = {"few": _score(few, 1, bundle)}
        own |= {str(count): _score(inbox, count, bundle) for count in workers}
        found |= _command_costs(own)
        if line:
            alone = _alone(line, Path(folder))
            runs["line"] = {str(count): _score(alone, count, "seismic-v1") for count in workers}
            found |= _line_costs(runs["line"], line.stat().st_size / 1e9)
        if flow:
            tasks = Path(folder) / "tasks"
            shutil.copytree(few, tasks)
            as_flow = runs["flow"] = {"few": _score(few, 1, bundle, command=FLOW)}
            as_flow["tasks"] = _score(tasks, 1, bundle, batch=1, command=FLOW)
            as_flow |= {str(count): _score(inbox, count, bundle, command=FLOW) for count in workers}
            found |= _flow_costs(as_flow)
    constants = Constants(**found, machine=_machine())
    compared = [_compared(kind, runs[kind], workers, (constants, line)) for kind in runs]
    return {
        "constants": constants.model_dump(),
        "comparison": [row for rows in compared for row in rows],
        "runs": {kind: {name: vars(run) for name, run in some.items()} for kind, some in runs.items()},
    }


def _command_costs(runs: Mapping[str, Measured]) -> dict[str, float]:
    """Work out the costs of a start and of a well from the processor time of runs of the command."""
    few, one = runs["few"], runs["1"]
    scoring, lead, worker = (_start_and_each(few, one, role) for role in ("scoring", "flow", "worker"))
    return {
        "scoring_start_s": scoring[0],
        "score_well_s": max(LEAST, scoring[1]),
        "command_start_s": lead[0],
        "command_well_s": lead[1],
        "command_worker_start_s": worker[0],
        "command_worker_well_s": worker[1],
        "well_out_mb": one.written / one.files / 1e6,
    }


def _line_costs(runs: Mapping[str, Measured], gigabytes: float) -> dict[str, float]:
    """Work out the costs of a start and of a gigabyte from the processor time of runs with a line."""
    start = max(0.0, runs["2"].roles["scoring"] - runs["1"].roles["scoring"])
    return {"line_start_s": start, "score_gb_s": max(LEAST, (runs["1"].roles["scoring"] - start) / gigabytes)}


def _flow_costs(runs: Mapping[str, Measured]) -> dict[str, float]:
    """Work out the costs of a start, a task and a well in a flow, its server and its workers."""
    few, tasks, one = runs["few"], runs["tasks"], runs["1"]
    flow, server, worker = (_start_and_each(few, one, role) for role in ("flow", "server", "worker"))
    extra = max(1, tasks.files - 1)
    return {
        "worker_start_s": worker[0],
        "worker_well_s": worker[1],
        "flow_start_s": flow[0],
        "flow_well_s": flow[1],
        "flow_well_late_s": min(flow[1], max(0.0, one.late - few.late) / (one.files - few.files)),
        "server_start_s": server[0],
        "server_well_s": server[1],
        "flow_task_s": max(0.0, tasks.roles["flow"] - few.roles["flow"]) / extra,
        "server_task_s": max(0.0, tasks.roles["server"] - few.roles["server"]) / extra,
    }


def _start_and_each(few: Measured, many: Measured, role: str) -> tuple[float, float]:
    """Return what the start of a process takes, and each well: the line through two runs with one worker."""
    each = max(0.0, (many.roles[role] - few.roles[role]) / (many.files - few.files))
    return max(0.0, few.roles[role] - each * few.files), each


def _compared(
    kind: str, runs: Mapping[str, Measured], workers: Sequence[int], known: tuple[Constants, Path | None]
) -> list[Lines]:
    """Return a row per number of workers: clock, prediction, and how many times as fast as one worker both are."""
    constants, line = known
    size = line.stat().st_size / 1e12 if line and kind == "line" else 0.0
    rows: list[Lines] = []
    for count in workers:
        run = runs[str(count)]
        cluster = Cluster(count, cores=os.cpu_count() or 1, one_machine=True, with_server=kind == "flow")
        expected = simulate(Work(0 if size else run.files, size), cluster, constants)
        used = expected.flow + expected.server + expected.ledger + expected.workers
        first = rows[0] if rows else {"clock_s": run.seconds, "predicted_s": expected.seconds}
        rows.append(
            {
                "what": kind,
                "workers": count,
                "clock_s": round(run.seconds, 1),
                "predicted_s": round(expected.seconds, 1),
                "difference": round(expected.seconds / run.seconds - 1, 3),
                "times one": round(first["clock_s"] / run.seconds, 2),
                "predicted times one": round(first["predicted_s"] / expected.seconds, 2),
                "processor_s": round(sum(run.roles.values()), 1),
                "predicted_processor_s": round(used, 1),
            }
        )
    return rows


def _score(
    inbox: Path, workers: int, bundle: str, batch: int | None = None, command: Sequence[str] = COMMAND
) -> Measured:
    """Score an inbox on Dask, by the command or as a flow, and measure the processes of the run."""
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


def _every(count: int, files: Sequence[Path], target: Path) -> Path:
    """Return a new folder with one in so many files, of about the mean size."""
    target.mkdir()
    for number, path in enumerate(sorted(files, key=lambda path: path.stat().st_size)[count // 2 :: count]):
        shutil.copy2(path, target / f"{number:06d}-{path.name}")
    return target


def _alone(path: Path, folder: Path) -> Path:
    """Return a folder that holds a file alone."""
    target = folder / "line"
    target.mkdir()
    shutil.copy2(path, target)
    return target


def _machine() -> str:
    found = machine()
    return f"{found['processor']}, {found['cores']} cores, Python {found['python']}"[:200]
