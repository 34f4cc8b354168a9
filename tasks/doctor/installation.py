"""Checks of the installation: permissions, folders, databases, results, and a probe file that is scored."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from aemodels.bundle.shipped import shipped_for
from aemodels.core.errors import SondeflowError
from aemodels.core.registered_models import REGISTERED
from tasks.doctor.check import Check, failed, passed, warned
from tasks.doctor.machine import newest_rows
from tasks.ledger import LedgerError, schema_state
from tasks.scoring.canary import write_canary
from tasks.scoring.choose_bundle import default_scorer
from tasks.scoring.direct import score_files
from tasks.settings import Settings
from tasks.storage.databases import damage_of, sqlite_path
from tasks.storage.objects import open_store
from tasks.storage.results import result_exists
from tasks.tracking import answers, records, store_state

SECRETS = ("*password*", "*-token", "stack/*password*", "stack/*pass", "stack/*secret*")
RECENT_ROWS = 100
UPGRADE = "back up first (sondeflow backup); it is upgraded at the next start"


def permissions(settings: Settings) -> Check:
    """Check that secrets are for their owner only, and that the home is."""
    if not settings.home.exists():
        return passed("permissions", f"no {settings.home} yet")
    files = [path for pattern in SECRETS for path in settings.home.glob(pattern) if path.is_file()]
    open_to_others = [path for path in files if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if open_to_others:
        shown = " ".join(str(path) for path in open_to_others)
        return failed("permissions", f"others can read {shown}", f"chmod 600 {shown}; then change these passwords")
    mode = stat.S_IMODE(settings.home.stat().st_mode)
    if mode & 0o077 == stat.S_IXGRP:  # as the stack leaves it for the user who runs PostgreSQL
        group = settings.home.group()
        return passed("permissions", f"group {group} may pass through {settings.home}, and list nothing")
    if mode & 0o077:
        found = f"{settings.home} has mode {mode:o}: other users can look into it"
        return warned("permissions", found, f"chmod 700 {settings.home}, if no other user needs the results in it")
    return passed("permissions", f"{settings.home} is for its owner only; {len(files)} files with passwords too")


def folders(settings: Settings) -> Iterator[Check]:
    """Check that the inbox can be read, and home and outbox be written."""
    for name, path, needed in (
        ("inbox", settings.inbox, os.R_OK | os.X_OK),
        ("outbox", settings.outbox, os.W_OK | os.X_OK),
        ("home", settings.home, os.W_OK | os.X_OK),
    ):
        if isinstance(path, str):
            yield _address(name, path)
            continue
        verb = "read" if needed & os.R_OK else "write"
        if not path.exists():
            parent = next(parent for parent in path.parents if parent.exists())
            if os.access(parent, os.W_OK):
                yield passed(name, f"{path} is made when it is needed")
            else:
                yield failed(name, f"{path} does not exist, and {parent} cannot be written", f"make {path}")
        elif not path.is_dir() or not os.access(path, needed):
            yield failed(name, f"cannot {verb} {path}", f"change its owner or mode, or SONDEFLOW_{name.upper()}")
        else:
            yield passed(name, str(path))


def _address(name: str, address: str) -> Check:
    """Check that an object store lists what is below an address; nothing is written."""
    try:
        next(iter(open_store(address).list(address)), None)
    except (SondeflowError, OSError) as error:
        remedy = f"check credentials, endpoint and rights, or SONDEFLOW_{name.upper()}"
        return failed(name, f"cannot list {address}: {error}", remedy)
    return passed(name, f"{address} can be listed")


def ledger(settings: Settings) -> Check:
    """Check that the ledger can be reached, is whole, and has the present tables; it is not changed."""
    path = sqlite_path(settings.ledger_url)
    if path is not None and not path.exists():
        return passed("ledger", f"none yet, {path} is made when it is needed")
    if path is not None and (damage := damage_of(path)):
        return failed("ledger", f"{path}: {damage}", "restore a backup: sondeflow restore")
    try:
        state = schema_state(settings.ledger_url)
    except LedgerError as error:
        return failed("ledger", str(error), "start the database, or correct SONDEFLOW_LEDGER_URL")
    if state == "newer":
        return failed("ledger", "written by a newer sondeflow", "install that version again")
    if state != "current":
        return warned("ledger", f"tables of an earlier version at {settings.ledger_url}", UPGRADE)
    return passed("ledger", f"{settings.ledger_url} responds, its tables are current")


def tracking(settings: Settings) -> Check:
    """Check that MLflow's store can be reached and has the present tables; it is not changed."""
    path = sqlite_path(settings.tracking_uri)
    if path is not None and not path.exists():
        if settings.artifacts_dir.is_dir() and any(settings.artifacts_dir.iterdir()):
            return failed("tracking store", f"{path} is gone, but not its artifacts", "restore a backup, or that file")
        return passed("tracking store", f"none yet, {path} is made when it is needed")
    if path is not None and (damage := damage_of(path)):
        return failed("tracking store", f"{path}: {damage}", "restore a backup: sondeflow restore")
    if not answers(settings):
        remedy = "start it, or correct SONDEFLOW_TRACKING_URI; meanwhile the last known champions score"
        return failed("tracking store", f"{settings.tracking_uri} does not respond", remedy)
    return _tables_of_mlflow(settings)


def _tables_of_mlflow(settings: Settings) -> Check:
    state = store_state(settings.tracking_uri)
    if state == "older":
        return warned("tracking store", f"{settings.tracking_uri} has tables of an earlier MLflow", UPGRADE)
    if state == "unknown":
        return failed("tracking store", f"{settings.tracking_uri} is of a newer MLflow", "install that MLflow again")
    waiting = sum(record.waiting() for record in records(settings))
    if waiting:
        return warned("tracking store", f"it responds, but {waiting} runs are not sent yet", "sondeflow upload")
    return passed("tracking store", f"{settings.tracking_uri} responds")


def champions(settings: Settings) -> Iterator[Check]:
    """Check what scores each kind of file."""
    for kind in REGISTERED:
        try:
            scorer = default_scorer(kind, ("champion",), settings)
        except (SondeflowError, OSError) as error:
            yield failed(f"bundle for {kind}", str(error), "see the tracking store; or promote another version")
            continue
        if scorer is None:
            yield warned(f"bundle for {kind}", "none", f"sondeflow train {kind}, then sondeflow promote")
        elif scorer.note:
            found = f"{scorer.label}, the last known champion: {scorer.note}"
            yield warned(f"bundle for {kind}", found, "start the tracking store")
        else:
            yield passed(f"bundle for {kind}", str(scorer.label))


def results(settings: Settings) -> Check:
    """Check that the results of the newest rows of the ledger are where they were written."""
    rows = [row for row in newest_rows(settings, RECENT_ROWS) if row.state == "published"]
    lost = [name for row in rows for name in row.outputs if not result_exists(name)]
    if lost:
        found = f"{len(lost)} of the newest results are gone, e.g. {lost[0]}"
        return failed("results", found, "mount or restore the outbox; sondeflow ledger --verify finds moved ones")
    return passed("results", f"the {len(rows)} newest are there")


def probe(settings: Settings) -> Check:
    """Score a small well with the bundle that comes with the package, as an arriving file is scored."""
    shipped = shipped_for("logs")
    if shipped is None:
        return failed("probe file", "the package has no bundle for well logs", "install the package again")
    with TemporaryDirectory() as folder:
        path = write_canary(Path(folder), "logs")
        begun = datetime.now()
        try:
            summary = score_files([path], settings, outbox=Path(folder) / "out", bundle=shipped.name)
        except (SondeflowError, OSError) as error:
            return failed("probe file", str(error), "see the checks of disk and memory; or install the package again")
        seconds = (datetime.now() - begun).total_seconds()
        written = [name for outcome in summary.outcomes for name in outcome.outputs if Path(name).is_file()]
    if summary.scored != 1 or len(written) != 3:
        found = "; ".join(str(finding) for outcome in summary.outcomes for finding in outcome.findings)
        return failed("probe file", found or "no results", "see the checks of disk and memory")
    return passed("probe file", f"scored by {shipped.name} in {seconds:.1f} s")
