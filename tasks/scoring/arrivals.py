"""What lies in an inbox: which files are complete, and which content each one is."""

from __future__ import annotations

import hashlib
import shutil
import stat
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.hashing import sha256_file
from aemodels.io.formats import FORMATS
from aemodels.io.readers import list_files
from aemodels.io.remote import fetch, is_url, list_urls
from tasks.ledger import Sighting, recall, remember
from tasks.scoring.outbox import ChangedError

OUTPUT_FOLDERS = ("scores", *(form.folder for form in FORMATS), "reports", "quarantine")
WAIT_AT_MOST = 10.0  # seconds: a longer settling time is left to the next run


@dataclass(frozen=True)
class Arrival:
    """A file in the inbox.

    Args:
        path: its path or URL.
        stamp: size and times; another stamp is another file.
        modified: when, by its own clock, seconds since the epoch; None where nobody says.
        whole: it cannot be half-written (an object store shows only complete objects).
        sha256: of the content, "" until it was hashed.
        first_seen: when the ledger saw it first, ISO 8601 in UTC; "" for never before.
    """

    path: str
    stamp: str
    modified: float | None = None
    whole: bool = False
    sha256: str = ""
    first_seen: str = ""

    @property
    def shown(self) -> str:
        """The path as text that can be printed and stored: names need not be text."""
        return self.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class Look:
    """One look at an inbox: the files, and what could not be looked at, by path."""

    arrivals: tuple[Arrival, ...] = ()
    problems: tuple[tuple[str, Finding], ...] = ()


@dataclass(frozen=True)
class Identified:
    """A file whose content is known, and where it can be opened."""

    arrival: Arrival
    sha256: str
    local: Path = field(default_factory=Path)


def look(inbox: str, outbox: Path) -> Look:
    """Everything that lies in an inbox; outputs that lie inside it have not arrived.

    Args:
        inbox: a folder (nested or not), a file, or a URL.
        outbox: its output folders are passed over.
    """
    if is_url(inbox) and not inbox.startswith("file://"):
        return _look_afar(inbox)
    root = Path(inbox.removeprefix("file://"))
    files, problems = list_files(root)
    ours = [outbox / name for name in OUTPUT_FOLDERS if not root.is_relative_to(outbox / name)]
    arrivals = []
    for path in files:
        if any(path.is_relative_to(folder) for folder in ours):
            continue
        try:
            arrivals.append(_arrival(path))
        except FileNotFoundError:
            continue  # taken away between listing and looking: it has not arrived
        except UnreadableFileError as error:
            problems += [(path, finding) for finding in error.findings]
        except OSError as error:
            problems.append((path, _unreadable(path, error)))
    return Look(tuple(arrivals), tuple((Arrival(str(path), "").shown, finding) for path, finding in problems))


def part_complete(
    ledger: Engine, arrivals: Iterable[Arrival], settle_seconds: float
) -> tuple[list[Arrival], list[Arrival]]:
    """(complete, young): a file is complete when it is old enough, or has been seen unchanged for long enough.

    What the ledger knows of a file goes along: its hash, where the stamp is the same, and when it was first seen.
    """
    everything = list(arrivals)
    known = recall(ledger, [arrival.path for arrival in everything])
    complete: list[Arrival] = []
    young: list[Arrival] = []
    for arrival in everything:
        before = known.get(arrival.path, Sighting(arrival.path, arrival.stamp))
        same = before.stamp == arrival.stamp
        seen = replace(arrival, sha256=before.sha256 if same else "", first_seen=before.first_seen)
        whole = _is_complete(seen, before.unchanged_s if same else 0.0, settle_seconds)
        (complete if whole else young).append(seen)
    news = [
        arrival for arrival in everything if arrival.path not in known or known[arrival.path].stamp != arrival.stamp
    ]
    remember(ledger, [Sighting(arrival.path, arrival.stamp) for arrival in news])
    return complete, young


def look_again(young: Sequence[Arrival], settle_seconds: float) -> tuple[list[Arrival], list[Arrival]]:
    """(complete, young) after a pause of the settling time; those that are gone are neither."""
    if not young or settle_seconds > WAIT_AT_MOST:
        return [], list(young)
    time.sleep(settle_seconds)
    stamps = {arrival.path: _stamp_now(arrival) for arrival in young}
    complete = [arrival for arrival in young if stamps[arrival.path] == arrival.stamp]
    return complete, [arrival for arrival in young if stamps[arrival.path] not in {arrival.stamp, ""}]


def identify(arrival: Arrival, folder: Path) -> Identified:
    """Hash a file, unless the ledger knows this stamp; what lies elsewhere is fetched first.

    Args:
        arrival: the file.
        folder: where copies may go.

    Raises:
        ChangedError: if it has changed, or is gone, since it was looked at.
        UnreadableFileError: if it cannot be fetched.
        OSError: if it cannot be read.
    """
    try:
        local = _at_hand(arrival, folder)
        sha256 = arrival.sha256 or sha256_file(local)
    except FileNotFoundError as error:
        raise ChangedError(f"{arrival.shown}: gone before it was read") from error
    if _stamp_now(arrival) != arrival.stamp:
        raise ChangedError(f"{arrival.shown}: changed while it was hashed; left for the next run")
    return Identified(arrival, sha256, local)


def remember_hashes(ledger: Engine, found: Iterable[Identified]) -> None:
    """Write down which content has which stamp, so that the next run need not read it."""
    news = [Sighting(item.arrival.path, item.arrival.stamp, item.sha256) for item in found if not item.arrival.sha256]
    remember(ledger, news)


def arrived_since(arrival: Arrival, since: datetime) -> bool:
    """Whether a file arrived at or after a moment: as the ledger first saw it, else by its own time."""
    start = since if since.tzinfo else since.astimezone()
    if arrival.first_seen:
        return datetime.fromisoformat(arrival.first_seen) >= start
    return arrival.modified is None or datetime.fromtimestamp(arrival.modified, UTC) >= start


def _is_complete(arrival: Arrival, unchanged_s: float, settle_seconds: float) -> bool:
    if arrival.whole or arrival.sha256 or settle_seconds == 0 or unchanged_s >= settle_seconds:
        return True
    return arrival.modified is not None and time.time() - arrival.modified >= settle_seconds


def _arrival(path: Path) -> Arrival:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        found = f"{path} is a folder, pipe, socket or device"
        raise UnreadableFileError((Finding("error", "not-regular", "file", found, "a file", "copy it to a file"),))
    stamp = f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_ino}"
    return Arrival(str(path), stamp, status.st_mtime)


def _stamp_now(arrival: Arrival) -> str:
    """The stamp at this moment, "" where the file is gone."""
    try:
        if is_url(arrival.path):
            found = _look_afar(arrival.path).arrivals
            return found[0].stamp if found else ""
        return _arrival(Path(arrival.path)).stamp
    except (OSError, UnreadableFileError):
        return ""


def _at_hand(arrival: Arrival, folder: Path) -> Path:
    """The file itself, or a copy of what lies elsewhere or bears a name that is no text."""
    place = folder / hashlib.sha256(arrival.path.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    if is_url(arrival.path):
        return fetch(arrival.path, place)
    if arrival.shown == arrival.path:
        return Path(arrival.path)
    place.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(arrival.path, place / Path(arrival.shown).name[-100:]))


def _look_afar(url: str) -> Look:
    """Files behind a URL."""
    import fsspec

    try:
        urls = list_urls(url)
    except UnreadableFileError as error:
        return Look(problems=tuple((url, finding) for finding in error.findings))
    system = fsspec.filesystem(url.partition("://")[0].lower())
    details = {str(name).lstrip("/"): info for name, info in system.find(url, detail=True).items()}
    arrivals = [_remote(found, details.get(found.partition("://")[2], {})) for found in urls]
    return Look(tuple(arrivals))


def _remote(url: str, info: dict[str, Any]) -> Arrival:
    time_of = next((info[name] for name in ("LastModified", "mtime", "modified", "created") if info.get(name)), None)
    modified = time_of.timestamp() if isinstance(time_of, datetime) else time_of
    mark = str(info.get("ETag") or modified)
    return Arrival(url, f"{info.get('size')}.{mark}"[:200], modified, whole=True)


def _unreadable(path: Path, error: OSError) -> Finding:
    found = f"{path}: {type(error).__name__}: {error.strerror or error}"
    return Finding("error", "not-readable", "file", found, "a readable file", "check the disk or the mount")
