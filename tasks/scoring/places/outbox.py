"""Outboxes: a folder, or a prefix in an object store.

Scoring processes write files to a folder of this machine either way. Whoever holds the claim publishes them: by
renaming in a folder, by uploading to a store. Scoring processes read files of strangers, so they get no access to it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Protocol

from aemodels.core.errors import UnreadableFileError
from aemodels.io.files.hashing import sha256_file
from aemodels.io.remote import local_path
from tasks.ledger import remove_former
from tasks.scoring.places.staged import FLUSHES, Staged, publish, remove_temporary_files
from tasks.storage.objects import ObjectStore, StoredObject, open_store

PIECES = "ranges"  # folder of an outbox with parts of lines that are being scored


class OutboxPlace(Protocol):
    """An outbox.

    `folder` is where scoring processes write them.
    """

    @property
    def folder(self) -> Path:
        """Folder of this machine to which scoring processes write."""

    def located(self, staged: Sequence[Staged]) -> tuple[Staged, ...]:
        """Return staged outputs with their final paths or addresses."""

    def publish(self, batches: Sequence[Sequence[Staged]], former: Mapping[str, str]) -> frozenset[str]:
        """Give the outputs of one or more files their final names, the scores of each last.

        Args:
            batches: located outputs, a batch per file.
            former: sha256 by path of outputs that these replace.

        Returns:
            Final names that have another finished result already; their files are not published.

        Raises:
            OSError: if an output cannot be published, for a reason that concerns every file.
        """

    def publish_quarantine(self, paths: Sequence[Path]) -> dict[str, str]:
        """Publish the files of a quarantined input, the reason last; return their sha256 by final name.

        Raises:
            OSError: as `publish`.
        """

    def pieces_address(self, name: str) -> str:
        """Return where parts of an output may be stored until it is published; "" if it gains nothing by that."""

    def remove_former(self, former: Mapping[str, str], present: Iterable[str]) -> None:
        """Delete outputs of an earlier attempt that are still as they were, and are not among the present ones."""

    def remove_temporary_files(self, temp_prefix: str) -> None:
        """Delete temporary files of a worker."""

    def contents(self, hashes: Iterable[str]) -> set[str]:
        """Return those of some contents, given by sha256, that have scores here or are in quarantine."""


@dataclass(frozen=True)
class FolderOutbox:
    """A folder of this machine, or one that several share."""

    folder: Path

    def located(self, staged: Sequence[Staged]) -> tuple[Staged, ...]:
        """Return them as they are."""
        return tuple(staged)

    def publish(self, batches: Sequence[Sequence[Staged]], former: Mapping[str, str]) -> frozenset[str]:
        """Rename the outputs, flushed to disk."""
        publish(batches)
        return frozenset()

    def publish_quarantine(self, paths: Sequence[Path]) -> dict[str, str]:
        """Return the hashes: the files have their names already."""
        return {str(path): sha256_file(path) for path in paths}

    def pieces_address(self, name: str) -> str:
        """Return "": whoever assembles an output reads its parts from the home."""
        return ""

    def remove_former(self, former: Mapping[str, str], present: Iterable[str]) -> None:
        """Delete the files, and folders that are empty then."""
        remove_former(former, present, self.folder)

    def remove_temporary_files(self, temp_prefix: str) -> None:
        """Delete the files under temporary names."""
        remove_temporary_files(self.folder, temp_prefix)

    def contents(self, hashes: Iterable[str]) -> set[str]:
        """Look for the files."""
        folders = list(self.folder.glob("scores/*/*"))
        return {
            sha256
            for sha256 in hashes
            if any((folder / f"{sha256}.parquet").exists() for folder in folders)
            or (self.folder / "quarantine" / sha256).exists()
        }


@dataclass(frozen=True)
class BucketOutbox:
    """A prefix in an object store.

    A finished object is never overwritten. What an attempt left that did not get to its scores, which come last, is
    replaced by the next one, unless somebody else writes it at the same time.

    Args:
        address: e.g. "s3://bucket/prefix".
        folder: folder of this machine, of this worker alone; files in it are deleted once they are uploaded.
    """

    address: str
    folder: Path

    @cached_property
    def _store(self) -> ObjectStore:
        try:
            return open_store(self.address)
        except UnreadableFileError as error:
            raise OSError(str(error)) from error

    def located(self, staged: Sequence[Staged]) -> tuple[Staged, ...]:
        """Return them with their addresses instead of paths."""
        return tuple(replace(item, target=self._address(Path(item.target))) for item in staged)

    def publish(self, batches: Sequence[Sequence[Staged]], former: Mapping[str, str]) -> frozenset[str]:
        """Upload copies and reports at the same time, and then the scores of the files that have both."""
        taken: set[str] = set()
        uploads = {item.target: _Upload(item, self._key(staged[-1].target)) for staged in batches for item in staged}

        def put(item: Staged) -> None:
            if not self._put(uploads[item.target], former):
                taken.add(item.target)

        with ThreadPoolExecutor(FLUSHES) as threads:
            list(threads.map(put, [item for staged in batches for item in staged[:-1]]))
            whole = [staged[-1] for staged in batches if not taken & {item.target for item in staged}]
            list(threads.map(put, whole))
        return frozenset(taken)

    def publish_quarantine(self, paths: Sequence[Path]) -> dict[str, str]:
        """Upload the copy and then the reason; a newer reason replaces an older one."""
        hashes = {self._address(path): sha256_file(path) for path in paths}
        for path in paths:
            address = self._address(path)
            upload = _Upload(Staged(str(path), address, hashes[address]), "")
            seen = None if self._put(upload, {}) else self._store.find(address)
            if seen is not None:
                self._store.replace(path, seen, upload.about)
            path.unlink()
        return hashes

    def pieces_address(self, name: str) -> str:
        """Return an address in this outbox, if its store makes an object of others."""
        return f"{self._base}/{PIECES}/{name}" if self._store.copies_parts else ""

    def remove_former(self, former: Mapping[str, str], present: Iterable[str]) -> None:
        """Delete the objects below this address."""
        kept = set(present)
        for address, digest in former.items():
            if address in kept or not digest or not address.startswith(f"{self._base}/"):
                continue
            with contextlib.suppress(OSError):  # of a store that is away: it is left over
                seen = self._store.find(address)
                if seen is not None and self._store.digest(seen) == digest:
                    self._store.delete(address)

    def remove_temporary_files(self, temp_prefix: str) -> None:
        """Delete the files that wait for their upload."""
        remove_temporary_files(self.folder, temp_prefix)

    def contents(self, hashes: Iterable[str]) -> set[str]:
        """Look into the listings of scores and of the quarantine."""
        listed = [*self._store.list(f"{self._base}/scores"), *self._store.list(f"{self._base}/quarantine")]
        keys = (PurePosixPath(self._key(item.address)) for item in listed)
        there = {key.stem if key.parts[0] == "scores" else key.parent.name for key in keys}
        return set(hashes) & there

    def _put(self, upload: _Upload, former: Mapping[str, str]) -> bool:
        """Upload one output; return False if there is another finished one."""
        item = upload.item
        try:
            self._store.create(Path(item.temporary), item.target, upload.about, item.pieces)
        except FileExistsError:
            return self._put_again(upload, former)
        return True

    def _put_again(self, upload: _Upload, former: Mapping[str, str]) -> bool:
        """Upload an output that is there already, unless that one is finished and is not to be replaced."""
        item = upload.item
        seen = self._store.find(item.target)
        if seen is None:  # deleted meanwhile
            self._store.create(Path(item.temporary), item.target, upload.about)
            return True
        digest = self._store.digest(seen)
        if digest == item.sha256:
            return True
        if digest != former.get(item.target) and self._is_finished(seen, upload):
            return False
        self._store.replace(Path(item.temporary), seen, upload.about)
        return True

    def _is_finished(self, seen: StoredObject, upload: _Upload) -> bool:
        """Return whether an object belongs to a result whose scores are there."""
        if not upload.scores or self._key(seen.address) == upload.scores:
            return True
        return self._store.find(f"{self._base}/{seen.result or upload.scores}") is not None

    @property
    def _base(self) -> str:
        return self.address.rstrip("/")

    def _key(self, address: str) -> str:
        """Return what an address adds to that of the outbox."""
        return address.removeprefix(f"{self._base}/")

    def _address(self, path: Path) -> str:
        return f"{self._base}/{path.relative_to(self.folder).as_posix()}"


@dataclass(frozen=True)
class _Upload:
    """An output to upload, and the key in the outbox of the scores of its result, "" for a file in quarantine."""

    item: Staged
    scores: str

    @property
    def about(self) -> dict[str, str]:
        """Facts that are stored with the object."""
        return {"sha256": self.item.sha256, "result": self.scores}


def open_outbox(address: str, folder: Path) -> FolderOutbox | BucketOutbox:
    """Return the outbox at a path or URL.

    Args:
        address: its path or URL.
        folder: folder of this worker, in which files wait for their upload.
    """
    path = local_path(address)
    return BucketOutbox(address, folder) if path is None else FolderOutbox(path)
