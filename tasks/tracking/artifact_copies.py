"""Copies of the artifacts of runs and logged models that do not lie in our own folder: behind a server, or in S3."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import mlflow
from mlflow.exceptions import MlflowException

from tasks.address import hide_credentials
from tasks.settings import Settings
from tasks.tracking.store import connect, fluent_api, is_local

SPARE_BYTES = 64 << 20  # of free space that a download leaves
_PAGE = 500
_UNKNOWN = "RESOURCE_DOES_NOT_EXIST"


@dataclass(frozen=True)
class ArtifactOwner:
    """A run or a logged model with its artifacts.

    Args:
        kind: folder of its kind in a backup.
        id: of the run or the logged model.
        location: URI of its artifacts, "" if it is not known.
    """

    kind: Literal["runs", "models"]
    id: str
    location: str = ""

    @property
    def name(self) -> str:
        """Return its path in a backup."""
        return f"{self.kind}/{self.id}"


def owners_elsewhere(settings: Settings) -> list[ArtifactOwner]:
    """Return the runs and logged models whose artifacts lie outside of `settings.artifacts_dir`, without deleted ones.

    Raises:
        MlflowException: if the store is unavailable.
    """
    client = connect(settings)
    experiments = [found.experiment_id for found in _pages(client.search_experiments)]
    if not experiments:
        return []
    runs = _pages(client.search_runs, experiments)
    models = _pages(client.search_logged_models, experiments)
    owners = [ArtifactOwner("runs", run.info.run_id, str(run.info.artifact_uri)) for run in runs]
    owners += [ArtifactOwner("models", model.model_id, str(model.artifact_location)) for model in models]
    return [owner for owner in owners if not _lies_in(settings, owner)]


def download_owner(settings: Settings, owner: ArtifactOwner, folder: Path) -> str:
    """Download all artifacts of a run or model to a new folder; return why it failed, "" if it did not.

    The folder is empty if there are none, or if it failed.

    Raises:
        OSError: ENOSPC if the disk has too little space.
    """
    folder.mkdir(parents=True)
    if urlsplit(owner.location).scheme == "mlflow-artifacts" and is_local(settings.tracking_uri):
        return "they lie behind a server; set SONDEFLOW_TRACKING_URI to its address for the backup"
    try:
        sizes = _listed_sizes(settings, owner)
        size = sum(sizes.values())
        free = shutil.disk_usage(folder).free
        if size + SPARE_BYTES > free:
            raise OSError(errno.ENOSPC, f"{free >> 20} MiB free, {size >> 20} MiB needed for {owner.name}", str(folder))
        if sizes:
            _download(settings, owner, folder)
    except (MlflowException, OSError, ImportError) as error:  # ImportError: the library of a cloud store
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise
        shutil.rmtree(folder)
        return hide_credentials(f"{type(error).__name__}: {error}").splitlines()[0][:300]
    return ""


def upload_missing(settings: Settings, owner: ArtifactOwner, folder: Path) -> tuple[int, list[str]]:
    """Upload the files of a folder that a run or model lacks; a file that the store has is never replaced.

    Returns:
        The number of uploaded files, and the paths of those that the store has with another size.

    Raises:
        LookupError: if the store does not know the run or model.
        MlflowException: if the store fails.
    """
    client = connect(settings)
    known = _sizes(settings, owner)
    log = client.log_artifact if owner.kind == "runs" else client.log_model_artifact
    uploaded, differing = 0, []
    for path in sorted(found for found in folder.rglob("*") if found.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in known:
            log(owner.id, str(path), name.rpartition("/")[0] or None)
            uploaded += 1
        elif known[name] != path.stat().st_size:
            differing.append(name)
    return uploaded, differing


def _download(settings: Settings, owner: ArtifactOwner, folder: Path) -> None:
    with fluent_api(settings):
        fetched = Path(mlflow.artifacts.download_artifacts(artifact_uri=owner.location, dst_path=str(folder)))
    if fetched.resolve() == folder.resolve():
        return
    inner = fetched.rename(folder / ".fetched")  # its name may be that of a file in it
    for path in inner.iterdir():
        path.rename(folder / path.name)
    inner.rmdir()


def _sizes(settings: Settings, owner: ArtifactOwner) -> dict[str, int]:
    """Return the sizes in bytes of the artifacts that the store has.

    Raises:
        LookupError: if it does not know the run or model.
    """
    client = connect(settings)
    try:
        client.get_run(owner.id) if owner.kind == "runs" else client.get_logged_model(owner.id)
    except MlflowException as error:
        if error.error_code == _UNKNOWN:
            raise LookupError(owner.name) from error
        raise
    return _listed_sizes(settings, owner)


def _listed_sizes(settings: Settings, owner: ArtifactOwner) -> dict[str, int]:
    # a server leaves the size of an empty file out
    return {file.path: int(file.file_size or 0) for file in _listed(settings, owner)}


def _listed(settings: Settings, owner: ArtifactOwner, path: str | None = None) -> Iterator[Any]:
    client = connect(settings)
    ask: Callable[..., Any] = client.list_artifacts if owner.kind == "runs" else client.list_logged_model_artifacts
    for found in ask(owner.id, path):
        if found.is_dir:
            yield from _listed(settings, owner, found.path)
        else:
            yield found


def _lies_in(settings: Settings, owner: ArtifactOwner) -> bool:
    """Return whether the artifacts lie in our folder, which a server on this machine may share with us."""
    parts = urlsplit(owner.location)
    path = unquote(parts.path)
    if parts.scheme in {"", "file"}:
        return Path(path).is_relative_to(settings.artifacts_dir)
    behind = settings.artifacts_dir / path.lstrip("/")
    return parts.scheme == "mlflow-artifacts" and is_local(settings.tracking_uri) and behind.is_dir()


def _pages(search: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
    token = None
    while True:
        page = search(*arguments, max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return
