"""Connection to MLflow: a client of the tracking store, and experiments in it."""

from __future__ import annotations

import fcntl
import logging
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path

from tasks.address import Address
from tasks.settings import Settings
from tasks.storage.folders import private_folder
from tasks.tracking.relocate import mend_moved_home
from tasks.tracking.schema import SchemaError, prepare_store, upgrade_store

# set before the import of MLflow, so that its telemetry thread is not started
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
# by default MLflow retries a request for four minutes; here the spool keeps unsent data, so requests may fail early
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "3")

import mlflow
from mlflow import MlflowClient

_LOG = logging.getLogger(__name__)
_FLUENT_LOCK = threading.RLock()
LOCAL_ADDRESS = "http://localhost:5000"  # of `sondeflow ui`, unless it is given another port
# without this tag the UI opens experiments in its view for language models
EXPERIMENT_TAGS = {"mlflow.experimentKind": "custom_model_development"}


def connect(settings: Settings) -> MlflowClient:
    """Return a client of the tracking store; a local database is created and migrated by one process at a time."""
    return _client(settings.tracking_uri, settings.home)


def upgrade(settings: Settings) -> Path | None:
    """Migrate the tracking store to the installed MLflow; return the copy of a SQLite file as it was.

    Raises:
        SchemaError: if it is a server's own business, a newer MLflow wrote the store, or the migration fails.
    """
    if not is_local(settings.tracking_uri):
        raise SchemaError(f"{settings.tracking_uri} is a server; it migrates its own database when it is upgraded")
    with _locked(settings.home / "mlflow.lock"):
        return upgrade_store(settings.tracking_uri)


def open_address(address: Address) -> str:
    """Return the URI that MLflow connects to; it gets user and password of a server by its environment variables.

    So they are in none of its messages, and in no record that it writes.
    """
    if not address.is_http:
        return address.for_sqlalchemy
    if address.credentials is not None:
        os.environ["MLFLOW_TRACKING_USERNAME"], os.environ["MLFLOW_TRACKING_PASSWORD"] = address.credentials
    return address.base


@lru_cache(maxsize=8)
def _client(address: Address, home: Path) -> MlflowClient:
    uri = open_address(address)
    if not is_local(address):
        return MlflowClient(tracking_uri=uri, registry_uri=uri)
    # concurrent first use would race MLflow's migrations
    with _locked(home / "mlflow.lock"):
        mend_moved_home(Settings(home=home, tracking_uri=address))
        copy = prepare_store(address)
        if copy is not None:
            _LOG.warning("%s was migrated to MLflow %s; as it was: %s", address, mlflow.__version__, copy)
        client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        client.search_experiments(max_results=1)
    return client


def is_local(address: Address) -> bool:
    """Return whether the store is a database that this process opens itself, so that it also places the artifacts."""
    return not (address.is_http or str(address).startswith("databricks"))


@contextmanager
def fluent_api(settings: Settings) -> Iterator[None]:
    """Set the process-wide store of MLflow's fluent API (loaders, `log_model`), and restore the former one.

    The environment variables are restored as well; otherwise child processes would use this store.
    """
    with _FLUENT_LOCK:
        before = {name: os.environ.get(name) for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")}
        uri = open_address(settings.tracking_uri)
        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
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
    """Return the id of the experiment with this name; create it if there is none."""
    client = connect(settings)
    with _locked(settings.home / "mlflow.lock"):
        found = client.get_experiment_by_name(name)
        if found is None:
            location = (settings.artifacts_dir / name).as_uri() if is_local(settings.tracking_uri) else None
            return str(client.create_experiment(name, artifact_location=location, tags=EXPERIMENT_TAGS))
    for key, value in EXPERIMENT_TAGS.items():
        if found.tags.get(key) != value:  # created by version 0.1 or by hand
            client.set_experiment_tag(found.experiment_id, key, value)
    return str(found.experiment_id)


def run_address(settings: Settings, experiment: str, run_id: str) -> str:
    """Return the address of a run's page; for a local store that of `sondeflow ui`."""
    base = LOCAL_ADDRESS if is_local(settings.tracking_uri) else settings.tracking_uri.base
    return f"{base}/#/experiments/{experiment}/runs/{run_id}"


@lru_cache(maxsize=1)
def git_state() -> dict[str, str]:
    """Return the tags git_sha and git_dirty ("true" with uncommitted changes) of this code, if it is a checkout."""
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
    """Hold a lock between the threads and processes of this machine."""
    private_folder(path.parent)
    with path.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
