"""Backup of an installation while it goes on scoring: ledger, registry and runs, bundles, results, settings."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of
from pathlib import Path

from aemodels.core.progress import tell
from aemodels.io.files.atomic import sync
from tasks.backup.artifacts import fetch_artifacts
from tasks.backup.manifest import BackupError, Manifest, StoredFile, copy_file, files_below, key_of, stored
from tasks.backup.manifest import write_manifest as write
from tasks.backup.needed import needed_recordings
from tasks.ledger import DONE, Output, open_ledger, recorded_outputs
from tasks.ledger.copy import close, reopen_rows, save_copy
from tasks.scoring.champions import RECORD as CHAMPIONS
from tasks.settings import Settings
from tasks.storage.databases import copy_sqlite, dump_postgres, sqlite_path
from tasks.storage.folders import private_folder
from tasks.storage.maintenance_lock import hold_for_maintenance
from tasks.tracking import download_aliased, records

LEDGER, MLFLOW, MLFLOW_DUMP = "ledger.db", "mlflow.db", "mlflow.dump"
HOME, OUTBOX, INBOX, ALIASES = "home", "outbox", "inbox", "settings/aliases.yaml"
SPARE_BYTES = 64 << 20  # of free space that a backup leaves


@dataclass
class _Copying:
    """A backup being written.

    Args:
        folder: where it is written.
        settings: of the installation.
        files: files so far, by path in the backup.
        links: symbolic links so far.
        left_out: what is not copied, and why.
    """

    folder: Path
    settings: Settings
    files: dict[str, StoredFile] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def add(self, source: Path, name: str) -> StoredFile | None:
        """Copy a file; None if it was removed meanwhile."""
        try:
            found = copy_file(source, self.folder / name)
        except FileNotFoundError:
            (self.folder / name).unlink(missing_ok=True)
            return None
        self.files[key_of(name)] = found
        return found

    def add_tree(self, source: Path, name: str) -> None:
        """Copy the files below a folder."""
        for path in files_below(source):
            self.add(path, f"{name}/{path.relative_to(source)}")

    def add_artifacts(self) -> None:
        """Fetch artifacts that lie elsewhere than in the home."""

        def register(path: Path, name: str) -> None:
            self.files[key_of(name)] = stored(path)

        self.left_out += fetch_artifacts(self.settings, self.folder, register)

    def drop(self, name: str, why: str) -> None:
        """Remove a file that should not have been copied."""
        self.files.pop(key_of(name), None)
        (self.folder / name).unlink(missing_ok=True)
        self.left_out.append(why)


def back_up(settings: Settings, target: Path, *, results: bool = True) -> Manifest:
    """Write a backup to a new folder, which appears complete or not at all.

    The ledger is copied first, as it is at one moment, and then only the results that it knows, so that the copy is
    consistent although files are scored meanwhile. Nothing of the installation is changed, but databases of earlier
    versions are upgraded, as at any start; of MLflow's the copy is made before.

    Args:
        settings: the installation.
        target: folder of the backup; it must not exist, or be empty.
        results: also copy the outbox.

    Raises:
        BackupError: if the target is in use, or lacks space.
        DatabaseCopyError: if a database cannot be copied.
    """
    target = target.resolve()
    _check_target(settings, target)
    with hold_for_maintenance(settings), _being_written(target) as folder:
        _check_space(settings, folder, results=results)
        copying = _Copying(folder, settings)
        tell("back up the ledger")
        scorings = save_copy(open_ledger(settings.ledger_url), folder / LEDGER)
        tell("back up the registry and the runs")
        tracking = _add_tracking(copying)
        _add_home(copying)
        if results:
            tell("back up the outbox")
            _add_outbox(copying)
        else:
            copying.left_out.append(f"results in {settings.outbox_folder}: not requested")
        _add_inbox(copying)
        copying.files[LEDGER] = stored(folder / LEDGER)
        manifest = _manifest(copying, tracking, scorings)
        write(manifest, folder)
    return manifest


def _check_target(settings: Settings, target: Path) -> None:
    if target.is_dir() and any(target.iterdir()):
        raise BackupError(f"{target} is not empty; expected a new folder, one per backup, e.g. {target}/2026-01-31")
    if target.exists() and not target.is_dir():
        raise BackupError(f"{target} is a file; expected a new folder")
    copied = (
        settings.outbox_folder,
        settings.inbox_folder,
        settings.artifacts_dir,
        settings.bundles_dir,
        settings.refs_dir,
    )
    for place in copied:
        if target.is_relative_to(place):
            raise BackupError(f"{target} lies in {place}, which is copied; choose a folder elsewhere")
    if not any(path.exists() for path in (settings.home, settings.outbox_folder)):
        raise BackupError(f"there is no {settings.home}; set SONDEFLOW_HOME to the installation to back up")


@contextmanager
def _being_written(target: Path) -> Iterator[Path]:
    """Write to a hidden folder beside the target that gets its name at the end; leftovers of a killed one are removed.

    Raises:
        BackupError: if another process writes the same backup.
    """
    folder = target.with_name(f".{target.name}.making")
    private_folder(folder)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise BackupError(f"another process is writing {target}; wait for it") from error
    try:
        _empty(folder)
        yield folder
        for current, _, _ in os.walk(folder):
            sync(Path(current))
        folder.rename(target)  # onto an empty folder as well
        sync(target.parent)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(descriptor)


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def _check_space(settings: Settings, folder: Path, *, results: bool) -> None:
    places = [settings.artifacts_dir, settings.bundles_dir, *([settings.outbox_folder] if results else [])]
    needed = sum(path.stat().st_size for place in places for path in files_below(place))
    free = shutil.disk_usage(folder).free
    if needed + SPARE_BYTES > free:
        raise BackupError(
            f"{folder.parent} has {free >> 20} MiB free; the backup needs about {needed >> 20} MiB and "
            f"{SPARE_BYTES >> 20} MiB to spare; free some space, choose another disk, or use --without-results"
        )


def _add_tracking(copying: _Copying) -> str:
    """Copy the tracking database and its artifacts; return the kind of store."""
    settings, address = copying.settings, copying.settings.tracking_uri
    if not settings.has_registry:
        return "none"
    if address.is_http or not address.reveal().startswith(("sqlite", "postgres")):
        download_aliased(settings)
        copying.left_out.append(
            f"the database of {address}, with runs and registry: the server's own; here are its artifacts. "
            "To copy its database too, set SONDEFLOW_TRACKING_URI to the address of that database"
        )
        copying.add_artifacts()
        return "server"
    database = sqlite_path(address)
    if database is not None:
        copy_sqlite(database, copying.folder / MLFLOW)
        copying.files[MLFLOW] = stored(copying.folder / MLFLOW)
    else:
        dump_postgres(address, copying.folder / MLFLOW_DUMP)
        copying.files[MLFLOW_DUMP] = stored(copying.folder / MLFLOW_DUMP)
    copying.add_tree(settings.artifacts_dir, f"{HOME}/{settings.artifacts_dir.name}")
    copying.add_artifacts()
    return "sqlite" if database is not None else "postgresql"


def _add_home(copying: _Copying) -> None:
    """Copy bundles, unsent runs, the recordings of the hold-outs, the record of champions, and the aliases."""
    settings = copying.settings
    copying.add_tree(settings.bundles_dir, f"{HOME}/{settings.bundles_dir.name}")
    for path in sorted(needed_recordings(settings)):
        copying.add(path, f"{HOME}/{path.relative_to(settings.home)}")
    for record in records(settings):
        with record.locked():
            copying.add_tree(record.folder, f"{HOME}/spool/{record.folder.name}")
    spool = settings.home / "spool"
    for link in sorted(spool.iterdir()) if spool.is_dir() else ():
        if link.is_symlink():
            copying.links[f"{HOME}/spool/{link.name}"] = str(link.readlink())
    if (settings.home / CHAMPIONS).is_file():
        copying.add(settings.home / CHAMPIONS, f"{HOME}/{CHAMPIONS}")
    if settings.aliases is not None:
        copying.add(settings.aliases, ALIASES)


def _add_outbox(copying: _Copying) -> None:
    """Copy the results that the copied ledger knows, and whatever else lies in the outbox, e.g. answers of reviewers.

    Results that were published after the ledger was copied are left out: the restored installation makes them again.
    A result that was replaced meanwhile is made again there, too.
    """
    settings = copying.settings
    known = _outputs(copying.folder / LEDGER)
    listed = list(files_below(settings.outbox_folder))
    later = {path for path, _ in recorded_outputs(open_ledger(settings.ledger_url))} - known.keys()
    for path in listed:
        if str(path) not in later:
            copying.add(path, f"{OUTBOX}/{path.relative_to(settings.outbox_folder)}")
    _check_outputs(copying, known)


def _outputs(ledger: Path) -> dict[str, Output]:
    engine = open_ledger(f"sqlite:///{ledger}")
    try:
        return dict(recorded_outputs(engine))
    finally:
        close(engine)


def _check_outputs(copying: _Copying, known: dict[str, Output]) -> None:
    """Report results that are missing or lie elsewhere, and have those made again that changed meanwhile."""
    outbox = str(copying.settings.outbox_folder)
    finished = {path: output for path, output in known.items() if output.state in DONE}
    inside = {path: output for path, output in finished.items() if path.startswith(f"{outbox}/")}
    copied = {path: copying.files.get(key_of(f"{OUTBOX}/{path[len(outbox) + 1 :]}")) for path in inside}
    changed = {
        output.row
        for path, output in inside.items()
        if (found := copied[path]) is not None and output.sha256 not in {"", found.sha256}
    }
    if changed:
        reopen_rows(copying.folder / LEDGER, sorted(changed))
    if missing := sum(found is None for found in copied.values()):
        copying.left_out.append(f"{missing} results that the ledger knows are lost; see `sondeflow ledger --verify`")
    if outside := len(finished) - len(inside):
        copying.left_out.append(f"{outside} results of other outboxes than {outbox}; back those folders up as well")


def _add_inbox(copying: _Copying) -> None:
    """Copy an inbox inside of the home; files that are still arriving are left out."""
    settings = copying.settings
    if not settings.inbox_folder.is_relative_to(settings.home):
        copying.left_out.append(f"the inbox {settings.inbox_folder}, which is outside of the home")
        return
    for path in files_below(settings.inbox_folder):
        name = f"{INBOX}/{path.relative_to(settings.inbox_folder)}"
        before = _stamp(path)
        if copying.add(path, name) is None:
            continue
        young = abs(time.time() - before[1] / 1e9) < settings.settle_seconds
        if young or _stamp(path) != before:
            copying.drop(name, f"{path}: it is still arriving")


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (-1, 0)
    return (status.st_size, status.st_mtime_ns) if stat.S_ISREG(status.st_mode) else (-1, 0)


def _manifest(copying: _Copying, tracking: str, scorings: int) -> Manifest:
    settings = copying.settings
    try:
        version = version_of("sondeflow")
    except PackageNotFoundError:  # run from its source
        version = "unknown"
    return Manifest(
        version=version,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        home=str(settings.home),
        inbox=str(settings.inbox_folder),
        outbox=str(settings.outbox_folder),
        tracking=tracking,
        tracking_uri=str(settings.tracking_uri),
        scorings=scorings,
        settings={name: json.dumps(value) for name, value in settings.model_dump(mode="json").items()},
        left_out=tuple(copying.left_out),
        links=copying.links,
        files=copying.files,
    )
