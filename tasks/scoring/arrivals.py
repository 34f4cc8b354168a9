"""Files in an inbox: the listing, the complete ones among them, and the hash of their contents."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import Engine

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.gzip import copy_within
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.regular import is_below, open_regular
from aemodels.io.files.size_limits import DEFAULT_LIMITS, MIB, SizeLimits
from aemodels.io.formats import FORMATS
from aemodels.io.readers import list_files
from aemodels.io.remote import fetch, is_url, list_urls
from tasks.ledger import FileObservation, load_observations, save_observations
from tasks.scoring.outbox import IDENTIFY, ChangedError

OUTPUT_FOLDERS = ("scores", *dict.fromkeys(form.folder for form in FORMATS), "reports", "quarantine", "reviews")
MAX_WAIT_SECONDS = 10.0  # a file with a longer settling time is left for the next run


@dataclass(frozen=True)
class Arrival:
    """A file in the inbox.

    Args:
        path: its path or URL.
        stamp: size and times; a different stamp means a different file.
        modified: time of modification in s since the epoch; None if unknown.
        whole: it cannot be incomplete (an object store lists only complete objects).
        sha256: of the content, "" until it is hashed.
        first_seen: time of its first observation in the ledger, ISO 8601 in UTC; "" if there is none.
    """

    path: str
    stamp: str
    modified: float | None = None
    whole: bool = False
    sha256: str = ""
    first_seen: str = ""

    @property
    def shown(self) -> str:
        """Path as text that can be printed and stored; file names may contain bytes that are not text."""
        return self.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class InboxListing:
    """Files of an inbox, and a finding by path for each that could not be listed."""

    arrivals: tuple[Arrival, ...] = ()
    problems: tuple[tuple[str, Finding], ...] = ()


@dataclass(frozen=True)
class Identified:
    """A file with the hash of its content and a local path."""

    arrival: Arrival
    sha256: str
    local: Path = field(default_factory=Path)


def list_inbox(inbox: str, outbox: Path) -> InboxListing:
    """List the files in an inbox, without the outputs that lie inside it.

    Args:
        inbox: a folder (nested or not), a file, or a URL.
        outbox: its output folders are skipped.
    """
    if is_url(inbox) and not inbox.startswith("file://"):
        return _list_remote(inbox)
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
            continue  # removed since it was listed
        except UnreadableFileError as error:
            problems += [(path, finding) for finding in error.findings]
        except OSError as error:
            problems.append((path, _unreadable(path, error)))
    return InboxListing(tuple(arrivals), tuple((Arrival(str(path), "").shown, finding) for path, finding in problems))


def split_complete(
    ledger: Engine, arrivals: Iterable[Arrival], settle_seconds: float
) -> tuple[list[Arrival], list[Arrival]]:
    """Return (complete, unsettled) files.

    A file is complete if it is old enough, or has been observed unchanged for long enough. Each file gets what the
    ledger knows: its hash if the stamp is unchanged, and the time of its first observation.
    """
    everything = list(arrivals)
    known = load_observations(ledger, [arrival.path for arrival in everything])
    complete: list[Arrival] = []
    unsettled: list[Arrival] = []
    for arrival in everything:
        before = known.get(arrival.path, FileObservation(arrival.path, arrival.stamp))
        same = before.stamp == arrival.stamp
        seen = replace(arrival, sha256=before.sha256 if same else "", first_seen=before.first_seen)
        whole = _is_complete(seen, before.unchanged_s if same else 0.0, settle_seconds)
        (complete if whole else unsettled).append(seen)
    news = [
        arrival for arrival in everything if arrival.path not in known or known[arrival.path].stamp != arrival.stamp
    ]
    save_observations(ledger, [FileObservation(arrival.path, arrival.stamp) for arrival in news])
    return complete, unsettled


def recheck(unsettled: Sequence[Arrival], settle_seconds: float) -> tuple[list[Arrival], list[Arrival]]:
    """Return (complete, unsettled) files after a pause of the settling time; removed files are in neither list."""
    if not unsettled or settle_seconds > MAX_WAIT_SECONDS:
        return [], list(unsettled)
    time.sleep(settle_seconds)
    stamps = {arrival.path: _stamp_now(arrival) for arrival in unsettled}
    complete = [arrival for arrival in unsettled if stamps[arrival.path] == arrival.stamp]
    return complete, [arrival for arrival in unsettled if stamps[arrival.path] not in {arrival.stamp, ""}]


def identify(arrival: Arrival, folder: Path, inbox: str, limits: SizeLimits = DEFAULT_LIMITS) -> Identified:
    """Hash a file unless the ledger knows this stamp; a remote file is fetched first.

    Args:
        arrival: the file.
        folder: where copies are written.
        inbox: what was listed; a local file that does not lie in it once it is open is refused.
        limits: a larger file is refused unread.

    Raises:
        ChangedError: if it was changed or removed since it was listed.
        UnreadableFileError: if it cannot be fetched, is too large, or lies outside of the inbox.
        OSError: if it cannot be read.
    """
    try:
        if is_url(arrival.path):
            local = fetch(arrival.path, _own_folder(arrival, folder), limits=limits)
            sha256 = arrival.sha256 or sha256_file(local)
        else:
            with open_checked(arrival, Path(inbox.removeprefix("file://")), limits) as stream:
                local = _local_copy(arrival, folder, stream)
                sha256 = arrival.sha256 or _digest(stream)
    except FileNotFoundError as error:
        raise ChangedError(f"{arrival.shown}: removed before it was read") from error
    if _stamp_now(arrival) != arrival.stamp:
        raise ChangedError(f"{arrival.shown}: changed while it was hashed; left for the next run")
    return Identified(arrival, sha256, local)


def identify_supervised(
    ask: Callable[[str], bytes], arrival: Arrival, folder: Path, inbox: str, limits: SizeLimits
) -> Identified:
    """Identify a local file as `identify` does, in a worker process: its disk may hang.

    Args:
        ask: asks a worker process, see `ProcessPool.ask`.
        arrival: the file; a remote one is fetched by this process, which has the credentials.
        folder: where copies are written.
        inbox: what was listed.
        limits: a larger file is refused unread.

    Raises:
        ChangedError: as `identify`.
        UnreadableFileError: as `identify`.
        OSError: as `identify`.
        WorkerProcessError: if the process died or exceeded its time.
    """
    if is_url(arrival.path):
        return identify(arrival, folder, inbox, limits)
    job = {"arrival": asdict(arrival), "folder": str(folder), "inbox": inbox, "limits": limits.model_dump(mode="json")}
    reply = json.loads(ask(IDENTIFY + json.dumps(job)))
    if "changed" in reply:
        raise ChangedError(reply["changed"])
    if "findings" in reply:
        raise UnreadableFileError(tuple(Finding(**finding) for finding in reply["findings"]))
    if "error" in reply:
        raise OSError(*reply["error"])
    return Identified(arrival, reply["sha256"], Path(reply["local"]))


def answer_identify(line: str) -> str:
    """Identify the file of a line, and return the result as one line, in a worker process."""
    job = json.loads(line)
    arrival, limits = Arrival(**job["arrival"]), SizeLimits.model_validate(job["limits"])
    try:
        found = identify(arrival, Path(job["folder"]), job["inbox"], limits)
    except ChangedError as error:
        return json.dumps({"changed": str(error)})
    except UnreadableFileError as error:
        return json.dumps({"findings": [finding.to_dict() for finding in error.findings]})
    except OSError as error:
        return json.dumps({"error": [error.errno, error.strerror or str(error)]})
    return json.dumps({"sha256": found.sha256, "local": str(found.local)})


def save_hashes(ledger: Engine, found: Iterable[Identified]) -> None:
    """Store the hash of each stamp, so that the next run need not read the file."""
    news = [
        FileObservation(item.arrival.path, item.arrival.stamp, item.sha256) for item in found if not item.arrival.sha256
    ]
    save_observations(ledger, news)


def arrived_since(arrival: Arrival, since: datetime) -> bool:
    """Return whether a file arrived at or after a time, by its first observation or else by its modification time."""
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
    return Arrival(str(path), _stamp(status), status.st_mtime)


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_ino}"


def _stamp_now(arrival: Arrival) -> str:
    """Return the present stamp, "" if the file was removed."""
    try:
        if is_url(arrival.path):
            found = _list_remote(arrival.path).arrivals
            return found[0].stamp if found else ""
        return _arrival(Path(arrival.path)).stamp
    except (OSError, UnreadableFileError):
        return ""


@contextmanager
def open_checked(arrival: Arrival, root: Path, limits: SizeLimits) -> Iterator[BinaryIO]:
    """Open a file and check what was opened: its name may lead elsewhere since it was listed, or a moment later."""
    with open_regular(Path(arrival.path)) as stream:
        if root.is_dir() and not is_below(stream, Path(arrival.path), root):
            found = f"{arrival.shown} leads to a file outside of the inbox"
            finding = Finding("error", "outside-root", "file", found, f"a file below {root}", "copy the file there")
            raise UnreadableFileError((finding,))
        status = os.fstat(stream.fileno())
        if _stamp(status) != arrival.stamp:
            raise ChangedError(f"{arrival.shown}: changed since it was listed; left for the next run")
        if status.st_size > limits.stored:
            found, expected = f"{arrival.shown} holds {status.st_size} bytes", f"at most {limits.stored}"
            remedy = "split it, or raise SONDEFLOW_MAX_FILE_BYTES"
            raise UnreadableFileError((Finding("error", "too-large", "file", found, expected, remedy),))
        yield stream


def _local_copy(arrival: Arrival, folder: Path, stream: BinaryIO) -> Path:
    """Return the path of an open file, or of a copy of what was opened if its name is not text."""
    if arrival.shown == arrival.path:
        return Path(arrival.path)
    target = _own_folder(arrival, folder) / Path(arrival.shown).name[-100:]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as copy:
        copy_within(stream, copy, os.fstat(stream.fileno()).st_size)
    stream.seek(0)
    return target


def _own_folder(arrival: Arrival, folder: Path) -> Path:
    return folder / hashlib.sha256(arrival.path.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _digest(stream: BinaryIO) -> str:
    """Return the hash of an open file as far as it reached when it was opened: it may grow faster than it is read."""
    digest = hashlib.sha256()
    left = os.fstat(stream.fileno()).st_size
    while left > 0 and (block := stream.read(min(left, MIB))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest()


def _list_remote(url: str) -> InboxListing:
    """List the files at a URL."""
    import fsspec

    try:
        urls = list_urls(url)
    except UnreadableFileError as error:
        return InboxListing(problems=tuple((url, finding) for finding in error.findings))
    system = fsspec.filesystem(url.partition("://")[0].lower())
    details = {str(name).lstrip("/"): info for name, info in system.find(url, detail=True).items()}
    arrivals = [_remote(found, details.get(found.partition("://")[2], {})) for found in urls]
    return InboxListing(tuple(arrivals))


def _remote(url: str, info: dict[str, Any]) -> Arrival:
    time_of = next((info[name] for name in ("LastModified", "mtime", "modified", "created") if info.get(name)), None)
    modified = time_of.timestamp() if isinstance(time_of, datetime) else time_of
    etag = str(info.get("ETag") or modified)
    return Arrival(url, f"{info.get('size')}.{etag}"[:200], modified, whole=True)


def _unreadable(path: Path, error: OSError) -> Finding:
    found = f"{path}: {type(error).__name__}: {error.strerror or error}"
    return Finding("error", "not-readable", "file", found, "a readable file", "check the disk or the mount")
