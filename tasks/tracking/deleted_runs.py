"""Final removal of runs and models that were deleted in MLflow, which only marks them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from tasks.settings import Settings
from tasks.tracking.inventory import registered_versions
from tasks.tracking.store import connect, is_local

MS_PER_DAY = 86_400_000


@dataclass(frozen=True)
class DeletedRun:
    """A run or a logged model that was deleted, and the folder of its artifacts below ours; None if elsewhere."""

    id: str
    folder: Path | None


def deleted_runs(settings: Settings, days: float) -> tuple[list[DeletedRun], list[DeletedRun], int]:
    """Return runs and logged models deleted longer ago, and the number of those that registered versions need.

    Empty for a store behind a server, whose administrator runs `mlflow gc`.
    """
    if not is_local(settings.tracking_uri) or not settings.has_registry:
        return [], [], 0
    store = _store(settings)
    versions = registered_versions(settings)
    needed = {version.run_id for version in versions} | {version.model_id for version in versions}
    runs = set(store._get_deleted_runs(older_than=int(days * MS_PER_DAY)))
    models = set(store._get_deleted_logged_models(older_than=int(days * MS_PER_DAY)))
    found = [_deleted(settings, run, store.get_run(run).info.artifact_uri) for run in sorted(runs - needed)]
    locations = {model: _location(store, model) for model in sorted(models - needed)}
    deleted_models = [_deleted(settings, model, location) for model, location in locations.items()]
    return found, deleted_models, len((runs | models) & needed)


def remove_deleted(settings: Settings, runs: list[DeletedRun], models: list[DeletedRun]) -> None:
    """Remove deleted runs and logged models from the database, and then their artifacts."""
    store = _store(settings)
    for remove, items in ((store._hard_delete_run, runs), (store._hard_delete_logged_model, models)):
        for item in items:
            remove(item.id)
            if item.folder is not None:
                shutil.rmtree(item.folder, ignore_errors=True)


def _deleted(settings: Settings, name: str, uri: str) -> DeletedRun:
    """Return the run with its folder: the parent of `artifacts`, if it is named after the run and lies in ours."""
    folder = Path(unquote(urlsplit(uri).path)).parent
    ours = uri.startswith("file:") and folder.is_relative_to(settings.artifacts_dir) and folder.name == name
    return DeletedRun(name, folder if ours else None)


def _location(store: Any, model: str) -> str:
    return str(store.get_logged_model(model, allow_deleted=True).artifact_location)


def _store(settings: Settings) -> Any:
    return connect(settings)._tracking_client.store
