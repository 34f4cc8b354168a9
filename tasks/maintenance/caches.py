"""Retention of what can be made again: stored recordings, fits, comparisons, downloads, checkpoints, leftovers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from aemodels.io.files.atomic import PART_SUFFIX
from tasks.backup.needed import needed_recordings
from tasks.ledger import Identity, open_ledger, registered_owners
from tasks.lines.range_pieces import remove_objects
from tasks.maintenance.removal import Removed, Step, size_of
from tasks.scoring.champions import remembered_folders
from tasks.scoring.worker_session import remove_files_of_dead_workers, temp_prefix_of
from tasks.storage.scratch import scratch_root, sweep_scratch
from tasks.tracking import (
    aliased_versions,
    available_store,
    bundle_folder,
    prune,
    records,
    registered_versions,
    sent_records,
)

LEFTOVER_DAYS = 1.0  # no process writes one file or folder for as long


def recordings(step: Step) -> Removed:
    """Remove stored recordings that were not used for long, unless a registered model's hold-out needs them.

    Raises:
        StoreUnavailableError: if the registry cannot say what is needed.
    """
    settings = step.settings
    with available_store(settings):
        needed = needed_recordings(settings)
    old = [path for path in settings.refs_dir.glob("*/*.npz") if step.is_older(path, settings.keep_cache_days)]
    if kept := [path for path in old if path in needed]:
        step.notes.append(f"{len(kept)} kept for the hold-outs of registered models")
    for path in old:
        if path not in needed:
            step.remove(path)
    return step.done("stored recordings")


def readings(step: Step) -> Removed:
    """Remove cached results of reading files, and fetched files."""
    settings = step.settings
    _remove_old(step, settings.ingested_dir.glob("*/*.json"), settings.keep_cache_days)
    _remove_old(step, (path for path in settings.fetched_dir.rglob("*") if path.is_file()), settings.keep_cache_days)
    return step.done("cached readings and fetched files")


def fits(step: Step) -> Removed:
    """Remove fitted contenders and comparisons; training again makes them again."""
    for folder in (step.settings.fits_dir, step.settings.studies_dir):
        _remove_old(step, folder.glob("[!.]*"), step.settings.keep_cache_days)
    return step.done("cached fits and comparisons")


def checkpoints(step: Step) -> Removed:
    """Remove checkpoints of trainings, and ranges of lines, that nobody continued."""
    _remove_old(step, step.settings.checkpoints_dir.glob("*"), step.settings.keep_checkpoints_days)
    for folder in step.settings.ranges_dir.glob("*"):
        if step.is_older(folder, step.settings.keep_checkpoints_days):
            _remove_ranges(step, folder)
    return step.done("checkpoints of unfinished trainings")


def _remove_ranges(step: Step, folder: Path) -> None:
    """Remove the ranges of a line, those that were stored beside an outbox first."""
    try:
        if not step.dry_run:
            remove_objects(folder)
    except OSError as error:
        step.notes.append(f"{folder.name} is kept, because what was stored for it cannot be deleted: {error}")
        return
    step.remove(folder)


def bundles(step: Step) -> Removed:
    """Remove downloaded bundles that have no alias and did not score last; the registry still has them.

    Raises:
        StoreUnavailableError: if the registry cannot say which have one.
    """
    settings = step.settings
    with available_store(settings):
        aliased = {bundle_folder(settings, version) for version in aliased_versions(settings)}
        known = {bundle_folder(settings, version) for version in registered_versions(settings)}
    needed = aliased | remembered_folders(settings)
    for folder in settings.bundles_dir.glob("[!.]*"):
        if folder in known - needed and step.is_older(folder, settings.keep_cache_days):
            step.remove(folder)
    return step.done("downloaded bundles without alias")


def spool(step: Step) -> Removed:
    """Remove records of runs that were completely sent a day ago; what is not sent yet is kept, however old."""
    waiting = sum(record.waiting() for record in records(step.settings))
    if waiting:
        step.notes.append(f"{waiting} runs are not sent yet: sondeflow upload")
    for record in sent_records(step.settings):
        step.count(size_of(record.folder))
    if not step.dry_run:
        prune(step.settings)
    return step.done("records of sent runs")


def leftovers(step: Step) -> Removed:
    """Remove temporary files of processes that have ended: in the system's folder, in the outbox, and in the home."""
    settings = step.settings
    if not step.dry_run:
        step.count(0, sweep_scratch(scratch_root()))
        step.count(0, remove_files_of_dead_workers(open_ledger(settings.ledger_url), settings))
    alive = _prefixes_of_workers(step)
    for path in settings.outbox_folder.rglob(f".*{PART_SUFFIX}"):
        if not path.name.startswith(alive) and step.is_older(path, LEFTOVER_DAYS):
            step.remove(path)
    for folder in (settings.fits_dir, settings.studies_dir, settings.bundles_dir):
        _remove_old(step, folder.glob(".making-*"), LEFTOVER_DAYS)
    return step.done("leftovers of ended processes")


def _prefixes_of_workers(step: Step) -> tuple[str, ...]:
    found = [Identity.parse(owner) for owner in registered_owners(open_ledger(step.settings.ledger_url))]
    return tuple(f".{temp_prefix_of(identity)}" for identity in found if identity is not None)


def _remove_old(step: Step, paths: Iterable[Path], days: float) -> None:
    for path in list(paths):
        if step.is_older(path, days):
            step.remove(path)
