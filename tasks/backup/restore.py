"""Restoration of a backup in an empty home, at any path: verified before it starts, and repeatable if interrupted."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from aemodels.core.progress import tell
from aemodels.io.files.atomic import atomic_path, sync
from tasks.address import Address
from tasks.backup.artifacts import FOLDER as ARTIFACTS
from tasks.backup.artifacts import send_artifacts
from tasks.backup.backup import ALIASES, HOME, INBOX, LEDGER, MLFLOW, MLFLOW_DUMP, OUTBOX
from tasks.backup.manifest import BackupError, Manifest, check_files, copy_file, path_of, read_manifest
from tasks.ledger import open_ledger
from tasks.ledger.copy import Moves, is_empty, is_loaded, load_copy, settle_copy
from tasks.settings import Settings
from tasks.storage.databases import load_postgres, sqlite_path
from tasks.storage.folders import private_folder
from tasks.storage.maintenance_lock import LOCK_NAME
from tasks.tracking import relocate_database, relocate_records

STAGING = ".restoring"  # folder in which everything is prepared; below it, files are renamed to their places
# what a home may contain before the restoration: of servers, and locks
HARMLESS = {
    *("prefect", "prefect-password", "prefect.yaml", "serve.lock", "mlflow.lock", "logs", STAGING, LOCK_NAME),
    *("stack", "mlflow-password", "review-token"),
}
_PLAN = "complete.json"


class Restored(BaseModel):
    """Result of a restoration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    files: int
    size: int
    scorings: int
    repeated: int
    left_out: tuple[str, ...]
    settings: dict[str, str]
    sent_artifacts: int = 0


def restore(settings: Settings, source: Path) -> Restored:
    """Restore a backup in the home, outbox and inbox of the settings, which must be empty.

    All is prepared in a hidden folder of the home first. If the last steps are interrupted, a second call completes
    them. Addresses in the databases are changed to the present folders. Artifacts that lay elsewhere than in the home
    are sent to the tracking store last, if it knows their runs; else the result says what to do.

    Args:
        settings: the new installation.
        source: folder that `back_up` has written.

    Raises:
        BackupError: if the home is in use, or the backup is incomplete or altered.
        DatabaseCopyError: if a database cannot be loaded.
    """
    source = source.resolve()
    manifest = read_manifest(source)
    with _one_at_a_time(settings) as staging:
        plan = staging / _PLAN
        if not plan.exists():
            _check_unused(settings, manifest)
            repeated = _prepare(settings, source, manifest, staging)
            with atomic_path(plan) as temporary:
                made = _restored(manifest, repeated)
                temporary.write_text(made.model_dump_json(), encoding="utf-8")
        made = Restored.model_validate_json(plan.read_text(encoding="utf-8"))
        tell("move %d files to their places", made.files)
        _move_all(settings, staging)
        _load_databases(settings, manifest, staging)
        sent = send_artifacts(settings, source, manifest)
        shutil.rmtree(staging)
    return made.model_copy(update={"sent_artifacts": sent.files, "left_out": (*made.left_out, *sent.left_out)})


@contextmanager
def _one_at_a_time(settings: Settings) -> Iterator[Path]:
    private_folder(settings.home)
    staging = private_folder(settings.home / STAGING)
    descriptor = os.open(staging, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _lock(descriptor, settings)
        try:
            if not (staging / _PLAN).exists():
                _empty(staging)  # of a restoration that was killed while it prepared
            yield staging
        finally:
            if staging.is_dir() and not (staging / _PLAN).exists():
                shutil.rmtree(staging, ignore_errors=True)
    finally:
        os.close(descriptor)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _lock(descriptor: int, settings: Settings) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise BackupError(f"another process restores in {settings.home}; wait for it") from error


def _check_unused(settings: Settings, manifest: Manifest) -> None:
    """Check that nothing would be overwritten.

    Raises:
        BackupError: if the home, the outbox, the inbox or a database is in use.
    """
    entries = [path for path in sorted(settings.home.iterdir()) if path.name not in HARMLESS]
    used = [
        path for path in entries if path != settings.inbox_folder and _holds_files(path)
    ]  # new files may arrive already
    for area, folder in ((OUTBOX, settings.outbox_folder), (INBOX, settings.inbox_folder)):
        if any(name.startswith(f"{area}/") for name in map(path_of, manifest.files)) and _holds_files(folder):
            used.append(folder)
    if used:
        shown = ", ".join(str(path) for path in dict.fromkeys(used[:5]))
        raise BackupError(
            f"{settings.home} is in use ({shown}); a backup is restored in an empty home only: set SONDEFLOW_HOME (and "
            "SONDEFLOW_OUTBOX, SONDEFLOW_INBOX if they are set) to new folders, or move these away"
        )
    if sqlite_path(settings.ledger_url) is None and not is_empty(open_ledger(settings.ledger_url)):
        raise BackupError(f"the ledger {settings.ledger_url} has rows; expected an empty database")
    kinds = {MLFLOW: "sqlite", MLFLOW_DUMP: "postgresql"}
    for name, scheme in kinds.items():
        if name in manifest.files and not settings.tracking_uri.reveal().startswith(scheme):
            raise BackupError(
                f"the backup holds MLflow's database of {scheme}; SONDEFLOW_TRACKING_URI is {settings.tracking_uri}; "
                f"expected a {scheme} address"
            )


def _holds_files(path: Path) -> bool:
    return path.is_file() or (path.is_dir() and any(found.is_file() for found in path.rglob("*")))


def _prepare(settings: Settings, source: Path, manifest: Manifest, staging: Path) -> int:
    """Verify and copy everything to the hidden folder, and change the addresses; return the repeated scorings."""
    tell("verify %d files, %d MiB", len(manifest.files), manifest.size >> 20)
    if wrong := check_files(manifest, source):
        shown = "; ".join(wrong[:5])
        raise BackupError(f"{source}: {len(wrong)} of {len(manifest.files)} files are wrong: {shown}; use another one")
    copied = {path_of(key): stored for key, stored in manifest.files.items()}
    copied = {name: stored for name, stored in copied.items() if not name.startswith(f"{ARTIFACTS}/")}
    size, free = sum(stored.size for stored in copied.values()), shutil.disk_usage(staging).free
    if size > free:
        raise BackupError(f"{settings.home} has {free >> 20} MiB free; the backup has {size >> 20} MiB")
    tell("copy the files")
    for name, stored in copied.items():
        if copy_file(source / name, staging / name).sha256 != stored.sha256:
            raise BackupError(f"{source / name} changed while it was copied; restore again")
    for name, target in manifest.links.items():
        link = staging / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    moves = _moves(settings, manifest)
    _relocate_tracking(settings, manifest, staging)
    return settle_copy(staging / LEDGER, moves)


def _moves(settings: Settings, manifest: Manifest) -> Moves:
    pairs = {
        manifest.outbox: str(settings.outbox_folder),
        manifest.inbox: str(settings.inbox_folder),
        manifest.home: str(settings.home),
    }
    if not any(path_of(key).startswith(f"{INBOX}/") for key in manifest.files):
        del pairs[manifest.inbox]  # it stays where it is, if it was outside of the home
        if Path(manifest.inbox).is_relative_to(manifest.home):
            pairs[manifest.inbox] = str(settings.inbox_folder)
    return sorted(pairs.items(), key=lambda pair: -len(pair[0]))


def _relocate_tracking(settings: Settings, manifest: Manifest, staging: Path) -> None:
    if MLFLOW in manifest.files:
        _relocate_artifacts(settings, manifest, Address(f"sqlite:///{staging / MLFLOW}"))
    spool = staging / HOME / "spool"
    relocate_records(spool, manifest.tracking_uri, str(settings.tracking_uri))


def _relocate_artifacts(settings: Settings, manifest: Manifest, database: Address) -> None:
    before = (Path(manifest.home) / settings.artifacts_dir.name).as_uri()
    relocate_database(database, before, settings.artifacts_dir.as_uri())


def _move_all(settings: Settings, staging: Path) -> None:
    """Rename the prepared files to their places, the databases last; files that were moved before are skipped."""
    database = sqlite_path(settings.tracking_uri)
    ledger = sqlite_path(settings.ledger_url)
    for area, place in ((HOME, settings.home), (OUTBOX, settings.outbox_folder), (INBOX, settings.inbox_folder)):
        _move_tree(staging / area, place)
    if settings.aliases is not None and not settings.aliases.exists() and (staging / ALIASES).is_file():
        _move(staging / ALIASES, settings.aliases)
    for name, target in ((MLFLOW, database), (LEDGER, ledger)):
        if target is not None and (staging / name).is_file():
            _move(staging / name, target)


def _move_tree(source: Path, place: Path) -> None:
    for current, folders, names in os.walk(source):
        links = [name for name in folders if (Path(current) / name).is_symlink()]
        target = place / Path(current).relative_to(source)
        target.mkdir(parents=True, exist_ok=True)
        for name in (*names, *links):
            _move(Path(current) / name, target / name)
        sync(target)


def _move(source: Path, target: Path) -> None:
    """Rename a file; to another file system it is copied under a temporary name first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.replace(target)
    except OSError:
        if source.is_symlink():
            raise
        with atomic_path(target) as temporary:
            copy_file(source, temporary)
        source.unlink()


def _load_databases(settings: Settings, manifest: Manifest, staging: Path) -> None:
    """Load the copies of databases on servers; a second call skips what is loaded."""
    if (staging / MLFLOW_DUMP).is_file():
        load_postgres(staging / MLFLOW_DUMP, settings.tracking_uri)
        _relocate_artifacts(settings, manifest, settings.tracking_uri)
        (staging / MLFLOW_DUMP).unlink()
    if not (staging / LEDGER).is_file():
        return
    engine = open_ledger(settings.ledger_url)
    if not is_loaded(staging / LEDGER, engine):
        load_copy(staging / LEDGER, engine)


def _restored(manifest: Manifest, repeated: int) -> Restored:
    return Restored(
        files=len(manifest.files),
        size=manifest.size,
        scorings=manifest.scorings,
        repeated=repeated,
        left_out=manifest.left_out,
        settings=manifest.settings,
    )
