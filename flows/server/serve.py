"""Deployments of prefect.yaml on one machine, with a Prefect server and a worker."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

from flows.console import print_now
from flows.environment import prepare_environment
from flows.prefect_api.password import CLIENT, shown_password
from flows.server.deployments import FILE, POOL, load_deployments, plan_of, with_scoring_every
from flows.server.home_lock import hold_home
from flows.server.overdue_runs import delete_overdue_runs
from flows.server.processes import HOST, NotServedError, answers, await_answer, exit_on_signals
from flows.server.stuck_runs import release_former_runs, release_stuck_runs
from flows.server.supervision import Service, Supervised, every, launch, stop_all, supervise
from flows.server.web_pages import prefect_server
from tasks.settings import Settings


@dataclass(frozen=True)
class ServeOptions:
    """Options of `sondeflow serve`.

    Args:
        port: port of the embedded Prefect server.
        every: interval in s between scoring runs; None for the schedule in the file.
        file: path of the prefect.yaml.
    """

    port: int = 4200
    every: float | None = None
    file: Path = FILE


def serve(options: ServeOptions, *, as_json: bool) -> None:
    """Serve until SIGTERM or Ctrl-C; schedules are kept for the next start.

    Raises:
        SystemExit: 0 after SIGTERM or Ctrl-C.
        NotServedError: if the home is served already, or a server does not start or keep running.
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
        supervised: list[Supervised] = []
        try:
            if given is None:
                supervised.append(launch(_server(options.port, environment)))
            await_answer(f"{address}/api/health", [one.process for one in supervised])
            deploy(content, settings, environment)
            api, login = environment["PREFECT_API_URL"], os.environ.get(CLIENT, "")
            delete_overdue_runs(api)
            if given is None:  # another server may have workers elsewhere
                release_former_runs(api, login)
            supervised.append(launch(Service("Prefect worker", worker_command(), environment)))
            _announce(content, settings, address, own=given is None, as_json=as_json)
            supervise(supervised, every(60.0, lambda: release_stuck_runs(api, login)))
        finally:
            stop_all(supervised)


def environment_of(settings: Settings, address: str) -> dict[str, str]:
    """Return the environment of server, worker and runs: absolute paths and the address of the server."""
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
    """Create or update the work pool and the deployments.

    Raises:
        NotServedError: if Prefect refuses them.
    """
    for place in (settings.inbox, settings.outbox):
        if isinstance(place, Path):
            place.mkdir(parents=True, exist_ok=True)
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
    """Return the command line of the worker that starts the runs."""
    return [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--type", "process"]


def _server(port: int, environment: dict[str, str]) -> Service:
    health = f"http://{HOST}:{port}/api/health"
    if answers(health):
        raise NotServedError(f"a server responds on port {port} already; give --port, or set PREFECT_API_URL to use it")
    return Service("Prefect server", prefect_server(port), environment, lambda: answers(health))


def _announce(content: dict[str, object], settings: Settings, address: str, *, own: bool, as_json: bool) -> None:
    plan = plan_of(content)
    answer: dict[str, object] = {
        "command": "serve",
        "ok": True,
        "prefect": address,
        "pid": os.getpid(),
        "deployments": plan,
    }
    places = {"inbox": str(settings.inbox), "outbox": str(settings.outbox)}
    lines = [f"prefect  {address}/deployments"]
    if own:
        answer["password_file"] = shown_password(settings, os.environ)
        lines.append(f"password {answer['password_file']}, for the pages")
    lines += [f"{name:8} {place}" for name, place in places.items()]
    lines += [f"         {row['deployment']:14} {row['when']}" for row in plan]
    print_now({**answer, **places}, [*lines, "Ctrl-C ends it; schedules are kept"], as_json=as_json)
