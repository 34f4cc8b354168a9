"""Outboxes that reviews are shown in: a folder, or a prefix in an object store by way of a partial copy."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from aemodels.core.errors import DataError
from aemodels.io.files.hashing import sha256_file
from aemodels.io.remote import local_path
from aemodels.review.document import Review
from tasks.field.score_files import SHORT_HASH
from tasks.review.apply import apply_reviews
from tasks.settings import Settings
from tasks.storage.mirror import mirror
from tasks.storage.objects import ObjectStore, open_store

Row = dict[str, Any]


class ReviewedOutbox(Protocol):
    """An outbox with reviewed wells and lines."""

    @property
    def folder(self) -> Path:
        """Folder of this machine with the outputs of what was reviewed."""

    def apply(self, reviews: Sequence[Review], settings: Settings) -> list[Row]:
        """Write the reviews beside the outputs, and return what `apply_reviews` returns.

        Raises:
            DataError: if it is no outbox, or cannot be written.
        """


@dataclass(frozen=True)
class ReviewedFolder:
    """A folder."""

    folder: Path

    def apply(self, reviews: Sequence[Review], settings: Settings) -> list[Row]:
        """Write the reviews into the folder."""
        return apply_reviews(self.folder, reviews, settings)


@dataclass(frozen=True)
class ReviewedBucket:
    """A prefix in an object store.

    Args:
        address: e.g. "s3://bucket/prefix".
        folder: copy of the outputs of what was reviewed.
    """

    address: str
    folder: Path

    def apply(self, reviews: Sequence[Review], settings: Settings) -> list[Row]:
        """Write the reviews into the copy, and upload what differs from the objects that are there."""
        rows = apply_reviews(self.folder, reviews, settings)
        try:
            store = open_store(self.address)
            return [{**row, "written": [self._upload(store, Path(path)) for path in row["written"]]} for row in rows]
        except OSError as error:
            found = f"{self.address} cannot be written: {error}"
            raise DataError(f"{found}; expected a store that answers; apply the reviews again") from error

    def _upload(self, store: ObjectStore, path: Path) -> str:
        """Upload a file, unless there is the same one; return its address."""
        address = f"{self.address}/{path.relative_to(self.folder).as_posix()}"
        about, seen = {"sha256": sha256_file(path), "result": ""}, store.find(address)
        if seen is None:
            store.create(path, address, about)
        elif store.digest(seen) != about["sha256"]:
            store.replace(path, seen, about)
        return address


def open_reviewed(outbox: str, reviewed: Collection[str], settings: Settings) -> ReviewedFolder | ReviewedBucket:
    """Return the outbox at a path or URL, with the outputs of some contents.

    Args:
        outbox: its path or URL.
        reviewed: sha256 of the contents; those of other outboxes are among them.
        settings: its home holds the copy.

    Raises:
        DataError: if the store cannot be asked, or nothing lies there.
    """
    path = local_path(outbox)
    if path is not None:
        return ReviewedFolder(path)
    shorts = {sha256[:SHORT_HASH] for sha256 in reviewed}

    def wanted(key: str) -> bool:
        folder, name = key.partition("/")[0], PurePosixPath(key).name
        if folder == "scores":
            return PurePosixPath(key).stem in reviewed
        return folder in {"reports", "las"} and ".reviewed." not in name and not shorts.isdisjoint(name.split("."))

    address = outbox.rstrip("/")
    copy = mirror(address, settings.home / "reviews" / "outboxes", wanted)
    (copy / "scores").mkdir(parents=True, exist_ok=True)  # none of the reviewed contents may be here
    return ReviewedBucket(address, copy)
