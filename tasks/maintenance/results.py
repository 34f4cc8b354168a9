"""Retention in the outbox: results of superseded versions, and copies in quarantine of files that are still there."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from aemodels.io.files.hashing import sha256_file
from aemodels.io.remote import is_url
from tasks.ledger import open_ledger
from tasks.ledger.superseded import REMOVED, OldOutcome, forget_outputs, named_meanwhile
from tasks.maintenance.database_sizes import database_parts
from tasks.maintenance.log_files import FOLDERS
from tasks.maintenance.removal import Removed, Step, size_of
from tasks.tracking import aliased_versions, available_store


def superseded_results(step: Step) -> Removed:
    """Remove results of versions whose contents a newer version of the model has published long ago.

    Kept are results of versions with an alias (a champion may be withdrawn), results that somebody has altered, and
    files that another row names. The rows stay, so nothing is scored again.

    Raises:
        StoreUnavailableError: if the registry cannot say which versions have an alias.
    """
    settings = step.settings
    engine = open_ledger(settings.ledger_url)
    read = step.outcomes
    with available_store(settings):
        needed = {(version.name, version.version) for version in aliased_versions(settings)}
    outcomes = [
        outcome for outcome in read.superseded if (outcome.model, outcome.version) not in needed and outcome.hashes
    ]
    stored = [outcome for outcome in outcomes if any(is_url(path) for path in outcome.hashes)]
    outcomes = [outcome for outcome in outcomes if outcome not in stored]
    if stored:
        step.notes.append(f"results of {len(stored)} contents in object stores are left to their lifecycle rules")
    listed, rows = read.paths_of_others(outcomes), {outcome.row for outcome in outcomes}
    altered = 0
    for outcome in outcomes:
        others = listed | named_meanwhile(engine, outcome, rows)
        removable = [path for path, digest in outcome.hashes.items() if path not in others and _is(path, digest)]
        kept = [path for path in outcome.hashes if path not in removable and path not in others and Path(path).exists()]
        altered += len(kept)
        _remove_files(step, removable, outcome, kept, REMOVED)
    if altered:
        step.notes.append(f"{altered} results were altered since they were written; they are kept")
    return step.done("results of superseded versions")


def quarantine_copies(step: Step) -> Removed:
    """Remove old copies in quarantine, if the file is unchanged where it arrived; the reasons are kept."""
    settings = step.settings
    engine = open_ledger(settings.ledger_url)
    old = step.outcomes.quarantined
    rows, gone, only = {outcome.row for outcome in old}, set[str](), set[str]()
    others = step.outcomes.paths_of_others(old)
    for outcome in old:
        named = {path for path in outcome.hashes if Path(path).name != "reason.json"} - others
        if named - gone:
            named -= named_meanwhile(engine, outcome, rows)
        copies = {path for path in named if path not in gone and Path(path).exists()}
        if copies and not _is(outcome.source, outcome.sha256):
            only |= copies
            continue
        removed = copies | (named & gone)  # several versions may have refused one content
        if removed:
            _remove_files(step, sorted(copies), outcome, [path for path in outcome.hashes if path not in removed])
            gone |= copies
    if only:
        step.notes.append(f"{len(only)} copies are kept: their files are no longer where they arrived")
    return step.done("copies in quarantine")


def _remove_files(step: Step, paths: list[str], outcome: OldOutcome, kept: list[str], reason: str = "") -> None:
    """Change the row first: a file without a row is a leftover, a row without its file would be a loss."""
    if not step.dry_run and not forget_outputs(open_ledger(step.settings.ledger_url), outcome, kept, reason):
        return  # claimed again meanwhile
    for path in paths:
        step.remove(Path(path))
        if not step.dry_run:
            with contextlib.suppress(OSError):
                Path(path).parent.rmdir()  # fails unless it is empty


def _is(path: str, sha256: str) -> bool:
    try:
        return bool(sha256) and sha256_file(Path(path)) == sha256
    except OSError:
        return False


def areas(step: Step) -> Iterator[tuple[str, int]]:
    """Yield name and bytes of each part of the installation."""
    settings = step.settings
    folders = {
        "outbox": settings.outbox_folder,
        "inbox": settings.inbox_folder,
        "artifacts of MLflow": settings.artifacts_dir,
        "downloaded bundles": settings.bundles_dir,
        "stored recordings": settings.refs_dir,
        "cached readings": settings.ingested_dir,
        "fetched files": settings.fetched_dir,
        "cached fits": settings.fits_dir,
        "comparisons": settings.studies_dir,
        "checkpoints": settings.checkpoints_dir,
        "ranges of lines": settings.ranges_dir,
        "unsent runs": settings.home / "spool",
        "Prefect": settings.prefect_dir,
    }
    for name, path in folders.items():
        yield name, size_of(path)
    yield "logs", sum(size_of(path) for folder in FOLDERS for path in (settings.home / folder).glob("*.log*"))
    yield from database_parts(settings)
