"""Supervisor of the stack: `python -m flows.stack.run OPTIONS`, until SIGTERM; its output goes to the stack's log."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from shlex import quote

from aemodels.core.errors import SondeflowError
from flows.environment import prepare_environment
from flows.prefect_api.password import password_file, read_password
from flows.server.deployments import FILE, load_deployments, plan_of, with_scoring_every
from flows.server.home_lock import hold_home
from flows.server.orphans import adopt_orphans, end_orphans, reap_orphans
from flows.server.processes import NotServedError, exit_on_signals
from flows.server.stuck_runs import release_former_runs, release_stuck_runs
from flows.server.supervision import Service, Supervised, every, launch, stop_all, supervise
from flows.stack import services
from flows.stack.databases import add_trigrams, create_databases
from flows.stack.places import MLFLOW, Places, StackOptions, places_of
from flows.stack.postgres import find_postgres
from tasks.address import Address
from tasks.settings import Settings
from tasks.storage.databases import dump_postgres
from tasks.storage.folders import private_folder
from tasks.storage.secret_file import replace_private


def run(options: StackOptions) -> None:
    """Start all services, then restart those that end, until a signal arrives.

    Raises:
        SystemExit: 0 after SIGTERM or Ctrl-C.
        SondeflowError: if the home is served already, or a service does not start or keep running.
    """
    settings = Settings()
    prepare_environment(settings)
    places = places_of(settings)
    private_folder(places.folder)
    with hold_home(settings, options.prefect, "stack"):
        adopt_orphans()
        exit_on_signals()
        places.ready.unlink(missing_ok=True)
        running: list[Supervised] = []
        try:
            answer = _start_all(settings, places, options, running)
            replace_private(places.environment, _shell_lines(services.addresses(settings, places, options), places))
            replace_private(places.ready, json.dumps(answer))
            supervise(running, _housekeeping(settings, options, running))
        finally:
            places.ready.unlink(missing_ok=True)
            stop_all(running)
            end_orphans()


def _housekeeping(settings: Settings, options: StackOptions, running: list[Supervised]) -> Callable[[], None]:
    """Return what is done while all services run."""
    login = read_password(settings)
    release = every(60.0, lambda: release_stuck_runs(f"{options.prefect}/api", login))

    def once() -> None:
        reap_orphans({one.process.pid for one in running})
        release()

    return once


def _start_all(
    settings: Settings, places: Places, options: StackOptions, running: list[Supervised]
) -> dict[str, object]:
    """Start the services in order; each is added to `running`. Return what users need to know."""
    postgres = find_postgres(places)
    superuser = postgres.prepare(places)
    if postgres.is_ready(options.postgres_port):
        raise NotServedError(f"another PostgreSQL uses port {options.postgres_port}; choose --postgres-port")
    _launch(running, services.postgres_service(postgres, places, options))
    create_databases(places, options.postgres_port, superuser)
    on_postgres = _choose_prefect_database(places, options, superuser)
    _upgrade_mlflow(settings, places, options)
    read_password(settings)
    servers = [
        services.mlflow_service(settings, places, options),
        services.prefect_service(settings, places, options, on_postgres=on_postgres),
    ]
    _launch(running, *servers)
    _initialise(settings, places, options)
    release_former_runs(f"{options.prefect}/api", read_password(settings))
    _launch(
        running,
        services.worker_service(settings, places, options),
        services.metrics_service(settings, places, options),
    )
    return _answer(settings, places, options, f"PostgreSQL {postgres.major}" if on_postgres else "SQLite (no pg_trgm)")


def _launch(running: list[Supervised], *started: Service) -> None:
    """Start services side by side, and wait for their answers."""
    for service in started:
        if service.is_ready is not None and service.is_ready():
            raise NotServedError(f"something answers already where the {service.name} should; choose another port")
    new = [launch(service) for service in started]
    running.extend(new)
    for one in new:
        one.await_ready()


def _choose_prefect_database(places: Places, options: StackOptions, superuser: str) -> bool:
    """Return whether Prefect's database is in PostgreSQL: by its extension at the first start, then as it was.

    Raises:
        NotServedError: if it was, and the extension is missing now.
    """
    available = add_trigrams(options.postgres_port, superuser)
    before = _choice(places).get("prefect")
    if before == "postgresql" and not available:
        raise NotServedError("Prefect's database needs the extension pg_trgm; install PostgreSQL's contrib package")
    chosen = before or ("postgresql" if available else "sqlite")
    _record(places, prefect=chosen)
    return chosen == "postgresql"


def _upgrade_mlflow(settings: Settings, places: Places, options: StackOptions) -> None:
    """Migrate MLflow's tables if another version of it wrote them; before, its database is copied to a file."""
    installed, before = version("mlflow"), _choice(places).get("mlflow")
    if before not in {None, installed}:
        copy = places.folder / f"mlflow-{before}.dump"
        copy.unlink(missing_ok=True)
        dump_postgres(Address(options.database(MLFLOW)), copy, places.passfile(MLFLOW))
        environment = services.mlflow_environment(settings, places, options)
        command = [sys.executable, "-P", "-m", "mlflow", "db", "upgrade", options.database(MLFLOW)]
        _run_step("the upgrade of MLflow's database", command, environment)
    _record(places, mlflow=installed)


def _initialise(settings: Settings, places: Places, options: StackOptions) -> None:
    command = [sys.executable, "-P", "-m", "flows.stack.initialise"]
    command += [] if options.every is None else ["--every", str(options.every)]
    environment = services.client_environment(settings, places, options)
    if services.WEBHOOK in os.environ:
        environment[services.WEBHOOK] = os.environ[services.WEBHOOK]
    _run_step("the creation of the deployments", command, environment)


def _run_step(name: str, command: list[str], environment: dict[str, str]) -> None:
    done = subprocess.run(  # noqa: S603 - our own commands
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise NotServedError(f"{name} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")


def _choice(places: Places) -> dict[str, str]:
    return json.loads(places.choice.read_text(encoding="utf-8")) if places.choice.is_file() else {}


def _record(places: Places, **values: str) -> None:
    replace_private(places.choice, json.dumps(_choice(places) | values))


def _shell_lines(variables: dict[str, str], places: Places) -> str:
    lines = [f"# . {places.environment}    before commands that use the stack"]
    return "\n".join(lines + [f"export {name}={quote(value)}" for name, value in variables.items()]) + "\n"


def _answer(settings: Settings, places: Places, options: StackOptions, database: str) -> dict[str, object]:
    content = load_deployments(FILE)
    content = content if options.every is None else with_scoring_every(content, options.every)
    return {
        "pid": os.getpid(),
        "prefect": options.prefect,
        "mlflow": options.mlflow,
        "metrics": options.metrics,
        "worker": options.worker,
        "prefect_password": str(password_file(settings)),
        "mlflow_password": str(settings.own_tracking_password),
        "prefect_database": database,
        "inbox": str(settings.inbox),
        "outbox": str(settings.outbox),
        "environment": str(places.environment),
        "log": str(places.log),
        "deployments": plan_of(content),
    }


def main() -> None:
    """Run until a signal arrives; an error is one line on stderr, and exit code 1."""
    options = StackOptions.model_validate_json(sys.argv[1])
    try:
        run(options)
    except SondeflowError as error:
        sys.exit(f"sondeflow: {error}")


if __name__ == "__main__":
    main()
