"""Artifacts behind an MLflow server, or in a store like S3: fetched for a backup, and sent back by a restoration."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aemodels.core.progress import tell
from tasks.backup.manifest import BackupError, Manifest, check_files, path_of, read_manifest
from tasks.settings import Settings
from tasks.tracking import (
    ArtifactOwner,
    StoreUnavailableError,
    available_store,
    download_owner,
    owners_elsewhere,
    upload_missing,
)

FOLDER = "artifacts"  # of a backup: runs/<run id> and models/<model id> below it
AGAIN = "sondeflow restore --artifacts"


class SentArtifacts(BaseModel):
    """Files that were sent to a store, and what could not be sent, with the reason."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: int = 0
    left_out: tuple[str, ...] = ()


def fetch_artifacts(settings: Settings, folder: Path, add: Callable[[Path, str], None]) -> list[str]:
    """Fetch the artifacts of all runs and logged models that lie outside of `settings.artifacts_dir`.

    Args:
        settings: the installation.
        folder: of the backup.
        add: gets each fetched file, and its path in the backup.

    Returns:
        What could not be fetched, and why.

    Raises:
        MlflowException: if the store is unavailable.
    """
    owners = owners_elsewhere(settings)
    if owners:
        tell("back up the artifacts of %d runs and models that lie elsewhere", len(owners))
    failed: dict[str, list[ArtifactOwner]] = {}
    for owner in owners:
        target = folder / FOLDER / owner.name
        if reason := download_owner(settings, owner, target):
            failed.setdefault(reason, []).append(owner)
        for path in sorted(found for found in target.rglob("*") if found.is_file()):
            add(path, f"{FOLDER}/{owner.name}/{path.relative_to(target).as_posix()}")
    return [
        f"artifacts of {len(some)} runs or models, e.g. {some[0].name} at {some[0].location}: {reason}"
        for reason, some in failed.items()
    ]


def send_artifacts(settings: Settings, source: Path, manifest: Manifest) -> SentArtifacts:
    """Send the artifacts of a verified backup to the store, which must know their runs and models; repeatable.

    Files that the store has are left as they are.
    """
    owners = {Path(name).parts[1:3] for name in map(path_of, manifest.files) if name.startswith(f"{FOLDER}/")}
    if not owners:
        return SentArtifacts()
    tell("send the artifacts of %d runs and models to %s", len(owners), settings.tracking_uri)
    files, unknown, differing = 0, [], []
    try:
        with available_store(settings):
            for kind, name in sorted(owners):
                owner = ArtifactOwner("runs" if kind == "runs" else "models", name)
                try:
                    sent, different = upload_missing(settings, owner, source / FOLDER / owner.name)
                except LookupError:
                    unknown.append(owner.name)
                    continue
                files += sent
                differing += [f"{owner.name}/{path}" for path in different]
    except StoreUnavailableError as error:
        told = f"artifacts in the backup that are not sent yet: {error}; when it responds: {AGAIN} {source}"
        return SentArtifacts(files=files, left_out=(told,))
    return SentArtifacts(files=files, left_out=tuple(_notes(settings, source, unknown, differing)))


def restore_artifacts(settings: Settings, source: Path) -> SentArtifacts:
    """Send the artifacts of a backup to a store whose database was restored later; nothing else is changed.

    Raises:
        BackupError: if the backup is incomplete or altered, or holds none.
    """
    source = source.resolve()
    manifest = read_manifest(source)
    mine = {name: file for name, file in manifest.files.items() if path_of(name).startswith(f"{FOLDER}/")}
    if not mine:
        raise BackupError(f"{source} holds no artifacts of a store elsewhere; those in the home are restored with it")
    if wrong := check_files(manifest.model_copy(update={"files": mine}), source):
        raise BackupError(f"{source}: {len(wrong)} of {len(mine)} files are wrong: {'; '.join(wrong[:5])}")
    return send_artifacts(settings, source, manifest)


def _notes(settings: Settings, source: Path, unknown: list[str], differing: list[str]) -> list[str]:
    notes = []
    if unknown:
        notes.append(
            f"artifacts of {len(unknown)} runs or models, e.g. {unknown[0]}, which {settings.tracking_uri} does not "
            f"know: restore its database, then: {AGAIN} {source}"
        )
    if differing:
        notes.append(f"{len(differing)} artifacts that the store has with another size, e.g. {differing[0]}; left so")
    return notes
