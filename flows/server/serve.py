"""The deployments of prefect.yaml on one machine: a Prefect server, a worker, and their end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import yaml

from flows.console import print_now
from flows.environment import prepare_environment
from flows.server.deployments import FILE, POOL, load_deployments, plan_of, with_scoring_every
from flows.server.home_lock import hold_home
from flows.server.overdue_runs import delete_overdue_runs
from flows.server.processes import (
    HOST,
    NotServedError,
    Process,
    answers,
    await_answer,
    exit_on_signals,
    start,
    stop,
    watch,
)
from flows.server.web_pages import prefect_server
from tasks.settings import Settings

SHORT_SECONDS = 60.0  # a process that lived for less is not started again more than a few times
PATIENCE = 3


@dataclass(frozen=True)
class ServeOptions:
    """How `sondeflow serve` runs.

    Args:
        port: of the embedded Prefect server.
        every: seconds between two drains of the inbox; None for what the file says.
        file: the prefect.yaml.
    """

    port: int = 4200
    every: float | None = None
    file: Path = FILE


@dataclass
class _Child:
    """A process that is started again where it ends by itself."""

    name: str
    command: list[str]
    health: str
    process: Process
    started: float
    short_lives: int = 0


def serve(options: ServeOptions, *, as_json: bool) -> None:
    """Serve until SIGTERM or Ctrl-C; schedules stay as they are, for the next time.

    Raises:
        SystemExit: 0 after SIGTERM or Ctrl-C.
        NotServedError: if the home is served already, or a server does not start or stay up.
    """
    settings = Settings()
    prepare_environment(settings)
    content = load_deployments(options.file)
    content = content if options.every is None else with_scoring_every(content, options.every)
    given = os.environ.get("PREFECT_API_URL")
    address = given.removesuffix("/api") if given else f"http://{HOST}:{options.port}"
    with hold_home(settings, address):
        environment = environment_of(settings, address)
        exit_on_signals()
        children: list[_Child] = []
        try:
            if given is None:
                children.append(_start_server(options.port, environment))
            await_answer(f"{address}/api/health", [child.process for child in children])
            deploy(content, settings, environment)
            delete_overdue_runs(environment["PREFECT_API_URL"])
            children.append(_start("worker", worker_command(), environment, ""))
            _announce(content, settings, address, as_json=as_json)
            _look_after(children, environment)
        finally:
            stop([child.process for child in children])


def environment_of(settings: Settings, address: str) -> dict[str, str]:
    """What the server, the worker and the runs are told: absolute places, the server, no telemetry."""
    places = {"SONDEFLOW_HOME": settings.home, "SONDEFLOW_INBOX": settings.inbox, "SONDEFLOW_OUTBOX": settings.outbox}
    own = {name: str(place) for name, place in places.items()}
    return {
        "PREFECT_TASK_RUNNER_THREAD_POOL_MAX_WORKERS": str(settings.workers),
        "PREFECT_WORKER_QUERY_SECONDS": "5",
        "PREFECT_SERVER_SERVICES_SCHEDULER_LOOP_SECONDS": "30",
        **os.environ,
        **own,
        "PREFECT_API_URL": f"{address}/api",
        "PWD": str(Path.cwd()),
    }


def deploy(content: dict[str, object], settings: Settings, environment: dict[str, str]) -> None:
    """Make the work pool and the deployments, or bring them up to date.

    Raises:
        NotServedError: if Prefect refuses them.
    """
    settings.inbox.mkdir(parents=True, exist_ok=True)
    settings.outbox.mkdir(parents=True, exist_ok=True)
    path = settings.home / "prefect.yaml"
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    prefect = [sys.executable, "-m", "prefect", "--no-prompt"]
    pool = [*prefect, "work-pool", "create", POOL, "--type", "process", "--overwrite"]
    for command in (pool, [*prefect, "deploy", "--all", "--prefect-file", str(path)]):
        done = subprocess.run(  # noqa: S603 - our own command
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise NotServedError(f"{' '.join(command[3:])} failed:\n{done.stdout[-3000:]}{done.stderr[-3000:]}")


def worker_command() -> list[str]:
    """The command line of the worker that starts the runs."""
    return [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]


def _start_server(port: int, environment: dict[str, str]) -> _Child:
    health = f"http://{HOST}:{port}/api/health"
    if answers(health):
        raise NotServedError(f"a server answers on port {port} already; give --port, or set PREFECT_API_URL to use it")
    return _start("server", prefect_server(port), environment, health)


def _start(name: str, command: list[str], environment: dict[str, str], health: str) -> _Child:
    return _Child(name, command, health, start(command, environment), time.monotonic())


def _look_after(children: list[_Child], environment: dict[str, str]) -> None:
    """Start again what ends by itself, the server before all else; give up on what ends again and again."""

    def again(process: Process) -> None:
        child = next(child for child in children if child.process is process)
        _count(child)
        sys.stderr.write(f"sondeflow: the {child.name} ended with {process.returncode}; it is started again\n")
        stop([process])
        child.process, child.started = start(child.command, environment), time.monotonic()
        watched[watched.index(process)] = child.process
        if child.health:
            await_answer(child.health, [child.process])

    watched = [child.process for child in children]
    watch(watched, again)


def _count(child: _Child) -> None:
    child.short_lives = child.short_lives + 1 if time.monotonic() - child.started < SHORT_SECONDS else 0
    if child.short_lives >= PATIENCE:
        raise NotServedError(
            f"the Prefect {child.name} ended {PATIENCE} times within {SHORT_SECONDS:.0f} s of its start, "
            f"at last with {child.process.returncode}; what it said is above"
        )


def _announce(content: dict[str, object], settings: Settings, address: str, *, as_json: bool) -> None:
    plan = plan_of(content)
    answer = {"command": "serve", "ok": True, "prefect": address, "pid": os.getpid(), "deployments": plan}
    places = {"inbox": str(settings.inbox), "outbox": str(settings.outbox)}
    lines = [f"prefect  {address}/deployments"]
    lines += [f"{name:8} {place}" for name, place in places.items()]
    lines += [f"         {row['deployment']:14} {row['when']}" for row in plan]
    print_now({**answer, **places}, [*lines, "Ctrl-C ends it; schedules stay as they are"], as_json=as_json)
