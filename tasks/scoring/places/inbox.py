"""Inboxes: a folder, or a prefix in an object store. Nothing there is changed or deleted."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.gzip import copy_within
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.regular import is_below, open_regular
from aemodels.io.files.size_limits import MIB, SizeLimits
from aemodels.io.formats import FORMATS
from aemodels.io.readers import list_files
from aemodels.io.remote import RemoteFile, describe_remote, fetch, is_url, list_remote, local_path
from aemodels.io.volume.store import check_folder, hash_store, is_store_folder
from tasks.scoring.places.staged import ChangedError

OUTPUT_FOLDERS = (
    "scores",
    *dict.fromkeys(form.folder for form in FORMATS),
    "reports",
    "quarantine",
    "reviews",
    "scorecard",
)
_PACK = "copy it to a file; pack a Zarr store as .zarr.zip, or name it alone to `sondeflow score`"
DOWNLOADS = 8  # at once, of one worker: a download waits for the store most of its time


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
        size: in bytes, as it was listed; 0 if unknown.
    """

    path: str
    stamp: str
    modified: float | None = None
    whole: bool = False
    sha256: str = ""
    first_seen: str = ""
    size: int = 0

    @property
    def shown(self) -> str:
        """Path as text that can be printed and stored; file names may contain bytes that are not text."""
        return self.path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


@dataclass(frozen=True)
class InboxListing:
    """Files of an inbox, and a finding by path for each that could not be listed."""

    arrivals: tuple[Arrival, ...] = ()
    problems: tuple[tuple[str, Finding], ...] = ()


class InboxPlace(Protocol):
    """An inbox.

    `at_once` is the number of files that are copied at the same time.
    """

    at_once: int

    def list(self, outbox: str) -> InboxListing:
        """List the files, without the outputs of an outbox that lies inside."""

    def stamp(self, arrival: Arrival) -> str:
        """Return the present stamp of a file, "" if it was removed."""

    def local_copy(self, arrival: Arrival, folder: Path, limits: SizeLimits) -> tuple[Path, str]:
        """Return the path of a file, or of a copy of it in the folder, and the hash of what was opened.

        Raises:
            ChangedError: if it is not what was listed.
            UnreadableFileError: if it is too large, lies outside of the inbox, or cannot be fetched.
            FileNotFoundError: if it was removed.
            OSError: if it cannot be read.
        """


@dataclass(frozen=True)
class FolderInbox:
    """A folder (nested or not) or file of this machine."""

    root: Path
    at_once: int = 1

    def list(self, outbox: str) -> InboxListing:
        """List the files; a finding for each that cannot be looked at."""
        files, problems = list_files(self.root)
        ours = [Path(outbox) / name for name in OUTPUT_FOLDERS if not self.root.is_relative_to(Path(outbox) / name)]
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
        shown = tuple((Arrival(str(path), "").shown, finding) for path, finding in problems)
        return InboxListing(tuple(arrivals), shown)

    def stamp(self, arrival: Arrival) -> str:
        """Return size and times as text."""
        try:
            return _arrival(Path(arrival.path)).stamp
        except (OSError, UnreadableFileError):
            return ""

    def local_copy(self, arrival: Arrival, folder: Path, limits: SizeLimits) -> tuple[Path, str]:
        """Return the path and the hash; a file whose name is not text is copied."""
        if is_store_folder(Path(arrival.path)):
            check_folder(Path(arrival.path), limits)
            return Path(arrival.path), hash_store(Path(arrival.path))
        with open_checked(arrival, self.root, limits) as stream:
            return _opened_copy(arrival, folder, stream), arrival.sha256 or _digest(stream)


@dataclass(frozen=True)
class BucketInbox:
    """Objects below an address, each of which is complete as soon as it is listed."""

    address: str
    at_once: int = DOWNLOADS

    def list(self, outbox: str) -> InboxListing:
        """List the objects, page by page, without asking about single ones."""
        try:
            found = list_remote(self.address)
        except UnreadableFileError as error:
            return InboxListing(problems=tuple((self.address, finding) for finding in error.findings))
        ours = tuple(f"{outbox.rstrip('/')}/{name}/" for name in OUTPUT_FOLDERS) if is_url(outbox) else ()
        return InboxListing(tuple(_remote_arrival(file) for file in found if not (ours and file.url.startswith(ours))))

    def stamp(self, arrival: Arrival) -> str:
        """Return size and ETag as text; "" also if the store does not say."""
        try:
            found = describe_remote(arrival.path)
        except UnreadableFileError:
            return ""
        return "" if found is None else _remote_arrival(found).stamp

    def local_copy(self, arrival: Arrival, folder: Path, limits: SizeLimits) -> tuple[Path, str]:
        """Download the object to the folder, which belongs to this worker and goes with it."""
        path = fetch(arrival.path, _folder_of(arrival, folder), limits=limits)
        return path, arrival.sha256 or sha256_file(path)


def open_inbox(address: str) -> FolderInbox | BucketInbox:
    """Return the inbox at a path or URL."""
    path = local_path(address)
    return BucketInbox(address) if path is None else FolderInbox(path)


def list_inbox(inbox: str, outbox: str | Path) -> InboxListing:
    """List the files in an inbox, without the outputs that lie inside it.

    Args:
        inbox: a folder (nested or not), a file, or a URL.
        outbox: its output folders are skipped.
    """
    return open_inbox(inbox).list(str(outbox))


def _folder_of(arrival: Arrival, folder: Path) -> Path:
    """Return the folder of a copy, by a hash, so that foreign names cannot choose paths here."""
    return folder / hashlib.sha256(arrival.path.encode("utf-8", "surrogateescape")).hexdigest()[:16]


def _remote_arrival(found: RemoteFile) -> Arrival:
    return Arrival(found.url, f"{found.size}.{found.tag}"[:200], found.modified, whole=True, size=found.size or 0)


def _arrival(path: Path) -> Arrival:
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        found = f"{path} is a folder, pipe, socket or device"
        raise UnreadableFileError((Finding("error", "not-regular", "file", found, "a file", _PACK),))
    return Arrival(str(path), _stamp(status), status.st_mtime, size=status.st_size)


def _stamp(status: os.stat_result) -> str:
    return f"{status.st_size}.{status.st_mtime_ns}.{status.st_ctime_ns}.{status.st_ino}"


def store_arrival(path: Path) -> Arrival:
    """Return a Zarr store that is a folder; it has no stamp: its files may change one by one."""
    return Arrival(str(path), "")


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


def _opened_copy(arrival: Arrival, folder: Path, stream: BinaryIO) -> Path:
    """Return the path of an open file, or of a copy of what was opened if its name is not text."""
    if arrival.shown == arrival.path:
        return Path(arrival.path)
    target = _folder_of(arrival, folder) / Path(arrival.shown).name[-100:]
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("wb") as copy:
        copy_within(stream, copy, os.fstat(stream.fileno()).st_size)
    stream.seek(0)
    return target


def _digest(stream: BinaryIO) -> str:
    """Return the hash of an open file as far as it reached when it was opened: it may grow faster than it is read."""
    digest = hashlib.sha256()
    left = os.fstat(stream.fileno()).st_size
    while left > 0 and (block := stream.read(min(left, MIB))):
        digest.update(block)
        left -= len(block)
    return digest.hexdigest()


def _unreadable(path: Path, error: OSError) -> Finding:
    found = f"{path}: {type(error).__name__}: {error.strerror or error}"
    return Finding("error", "not-readable", "file", found, "a readable file", "check the disk or the mount")
