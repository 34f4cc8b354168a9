"""Services of the stack: command, environment, health check; secrets are in files or environments only."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping

from flows.prefect_api.password import CLIENT, SERVER, read_password
from flows.server.mlflow_login import mlflow_login
from flows.server.processes import HOST, answers
from flows.server.serve import environment_of, worker_command
from flows.server.supervision import Service
from flows.server.web_pages import NO_JOBS, mlflow_server, prefect_server
from flows.stack.places import LEDGER, METRICS, MLFLOW, PREFECT, Places, StackOptions
from flows.stack.postgres import Postgres
from tasks.settings import Settings

WEBHOOK = "SONDEFLOW_WEBHOOK"
ARTIFACTS = "MLFLOW_ARTIFACTS_DESTINATION"
_STORE_KEYS = ("AWS_", "MLFLOW_S3_")
# of other servers, or passwords that each service gets by itself
_FOREIGN = ("PG", "MLFLOW_TRACKING_", "MLFLOW_AUTH_", "PREFECT_API_", "PREFECT_SERVER_API_", WEBHOOK)


def postgres_service(postgres: Postgres, places: Places, options: StackOptions) -> Service:
    """Return the database server; SIGINT ends its connections, SIGTERM would wait for them."""
    return Service(
        "PostgreSQL server",
        postgres.command(places, options.postgres_port),
        {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
        lambda: postgres.is_ready(options.postgres_port),
        account=postgres.account,
        stop_signal=signal.SIGINT,
    )


def mlflow_service(settings: Settings, places: Places, options: StackOptions) -> Service:
    """Return MLflow's server, which also stores the artifacts: in the home folder, or where its own variable says."""
    destination = os.environ.get(ARTIFACTS) or str(settings.artifacts_dir)
    return Service(
        "MLflow server",
        [*mlflow_server(options.mlflow_port), "--artifacts-destination", destination],
        mlflow_environment(settings, places, options),
        lambda: answers(f"{options.mlflow}/health"),
    )


def mlflow_environment(settings: Settings, places: Places, options: StackOptions) -> dict[str, str]:
    """Return the environment of MLflow's server."""
    database = options.database(MLFLOW)
    return {
        **_common(settings),
        **NO_JOBS,
        **mlflow_login(settings, database),
        "MLFLOW_BACKEND_STORE_URI": database,
        "PGPASSFILE": str(places.passfile(MLFLOW)),
    }


def prefect_service(settings: Settings, places: Places, options: StackOptions, *, on_postgres: bool) -> Service:
    """Return Prefect's server, with its database in PostgreSQL or a SQLite file in Prefect's folder."""
    environment = {**_without_keys(_common(settings)), SERVER: read_password(settings)}
    if on_postgres:
        environment |= {
            "PREFECT_SERVER_DATABASE_CONNECTION_URL": options.database(PREFECT, driver="asyncpg"),
            "PGPASSFILE": str(places.passfile(PREFECT)),
        }
    return Service(
        "Prefect server",
        prefect_server(options.prefect_port),
        environment,
        lambda: answers(f"{options.prefect}/api/health"),
    )


def worker_service(settings: Settings, places: Places, options: StackOptions) -> Service:
    """Return the worker that starts the scheduled runs."""
    environment = client_environment(settings, places, options) | {
        "PREFECT_WORKER_WEBSERVER_HOST": HOST,
        "PREFECT_WORKER_WEBSERVER_PORT": str(options.worker_port),
    }
    command = [*worker_command(), "--with-healthcheck"]
    return Service("Prefect worker", command, environment, lambda: answers(options.worker))


def metrics_service(settings: Settings, places: Places, options: StackOptions) -> Service:
    """Return the server of the metrics, whose role in the database can only read."""
    environment = _without_keys(client_environment(settings, places, options)) | {
        "SONDEFLOW_LEDGER_URL": options.database(LEDGER, role=METRICS),
        "PGPASSFILE": str(places.passfile(METRICS)),
    }
    command = [sys.executable, "-P", "-m", "flows", "metrics", "--port", str(options.metrics_port)]
    return Service("metrics", command, environment, lambda: answers(options.metrics))


def client_environment(settings: Settings, places: Places, options: StackOptions) -> dict[str, str]:
    """Return the environment of the worker and its runs, and of commands that use the stack."""
    return {
        **_common(settings),
        **addresses(settings, places, options),
        CLIENT: read_password(settings),
    }


def addresses(settings: Settings, places: Places, options: StackOptions) -> dict[str, str]:
    """Return the variables by which commands find the stack: addresses and names of files, no secrets."""
    return {
        "SONDEFLOW_HOME": str(settings.home),
        "SONDEFLOW_INBOX": str(settings.inbox),
        "SONDEFLOW_OUTBOX": str(settings.outbox),
        "SONDEFLOW_TRACKING_URI": options.mlflow,
        "SONDEFLOW_LEDGER_URL": options.database(LEDGER),
        "PGPASSFILE": str(places.passfile(LEDGER)),
        "PREFECT_API_URL": f"{options.prefect}/api",
    }


def _common(settings: Settings) -> dict[str, str]:
    environment = environment_of(settings, "")
    del environment["PREFECT_API_URL"]
    return _without_foreign(environment)


def _without_foreign(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith(_FOREIGN)}


def _without_keys(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the keys of object stores, for services that read none."""
    return {name: value for name, value in environment.items() if not name.startswith(_STORE_KEYS)}
