"""The way into MLflow: a client of a store that exists, and experiments in it."""

from __future__ import annotations

import fcntl
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from tasks.settings import Settings

# MLflow reads it whenever it would send; set before its import so that not even a thread is started
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# its own patience is four minutes a request: what is logged waits in the spool instead, and a question fails in seconds
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")

import mlflow
from mlflow import MlflowClient

_FLUENT = threading.RLock()
# without it the UI opens an experiment in its view for language models
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


def connect(settings: Settings) -> MlflowClient:
    """A client of the tracking store; a local database is created and migrated by one process alone."""
    return _client(settings.tracking_uri, settings.home)


@lru_cache(maxsize=8)
def _client(uri: str, home: Path) -> MlflowClient:
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    if is_local(uri):
        # concurrent first use races MLflow's migrations
        with _locked(home / "mlflow.lock"):
            client.search_experiments(max_results=1)
    return client


def is_local(uri: str) -> bool:
    """Whether the store is a database that this process opens itself, so that artifacts are ours to place."""
    return not uri.startswith(("http://", "https://", "databricks"))


@contextmanager
def fluent_api(settings: Settings) -> Iterator[None]:
    """MLflow's own loaders and `log_model` take the store from process-wide settings: set them, then put them back.

    They are environment variables as well; left behind, they would send our child processes to this store.
    """
    with _FLUENT:
        before = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")}
        mlflow.set_tracking_uri(settings.tracking_uri)
        mlflow.set_registry_uri(settings.tracking_uri)
        try:
            yield
        finally:
            mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # None is how it is unset
            mlflow.set_registry_uri(None)  # type: ignore[arg-type]
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value


def experiment_id(settings: Settings, name: str) -> str:
    """The id of the experiment called `name`, created where there is none."""
    client = connect(settings)
    with _locked(settings.home / "mlflow.lock"):
        found = client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        place = (settings.artifacts_dir / name).as_uri() if is_local(settings.tracking_uri) else None
        return str(client.create_experiment(name, artifact_location=place, tags=EXPERIMENT_TAGS))


def run_address(settings: Settings, experiment: str, run_id: str) -> str:
    """Where a browser finds a run: whole where the store is a server, else below the address of `sondeflow ui`."""
    place = f"#/experiments/{experiment}/runs/{run_id}"
    return place if is_local(settings.tracking_uri) else f"{settings.tracking_uri.rstrip('/')}/{place}"


def public_uri(uri: str) -> str:
    """A store's address without user and password, for logs and tables."""
    parts = urlsplit(uri)
    if parts.password is None:
        return uri
    return parts._replace(netloc=f"***@{parts.hostname}" + (f":{parts.port}" if parts.port else "")).geturl()


@lru_cache(maxsize=1)
def git_state() -> dict[str, str]:
    """Tags git_sha and git_dirty ("true" with uncommitted changes) of the code that runs, empty outside a checkout."""
    sha = _git("rev-parse", "HEAD")
    if not sha:
        return {}
    changed = bool(_git("status", "--porcelain", "--untracked-files=no"))
    return {"git_sha": sha, "git_dirty": str(changed).lower()}


def _git(*arguments: str) -> str:
    command = ("git", "-C", str(Path(__file__).resolve().parent), *arguments)
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=10)  # noqa: S603
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """One holder at a time, between threads and between processes of this machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
