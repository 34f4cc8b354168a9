"""Outboxes that scorecards are made of: folders, and prefixes in object stores of which only new files are fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

from tasks.field.score_files import ScoreFile, list_score_files, newest_score_files
from tasks.storage.mirror import AT_ONCE, is_safe
from tasks.storage.objects import ObjectStore, StoredObject


class FieldSource(Protocol):
    """An outbox.

    `folder` is a folder of this machine that holds reasons and reviews, and score files within `brought`.
    """

    @property
    def folder(self) -> Path:
        """Folder of this machine."""

    @property
    def name(self) -> str:
        """Absolute path, or address, by which its summaries are kept."""

    def score_files(self) -> list[ScoreFile]:
        """Return its score files, the newest of each content, in the order of their paths.

        Raises:
            DataError: if it is not an outbox.
        """

    def brought(self, paths: Sequence[str]) -> AbstractContextManager[None]:
        """Return a context within which score files, given by their paths in the outbox, lie in the folder.

        Raises:
            OSError: if a store does not hand them out.
        """


@dataclass(frozen=True)
class FolderSource:
    """A folder."""

    folder: Path

    @property
    def name(self) -> str:
        """Its absolute path."""
        return str(self.folder.resolve())

    def score_files(self) -> list[ScoreFile]:
        """List the folder."""
        return list_score_files(self.folder)

    def brought(self, paths: Sequence[str]) -> AbstractContextManager[None]:
        """Return a context that does nothing: they are there."""
        return nullcontext()


@dataclass(frozen=True)
class StoredSource:
    """A prefix in an object store.

    Args:
        name: its address, e.g. "s3://bucket/prefix".
        folder: an empty folder.
        store: that of the address.
        objects: what lies there, by what its key adds to that of the prefix.
    """

    name: str
    folder: Path
    store: ObjectStore
    objects: Mapping[str, StoredObject]

    def score_files(self) -> list[ScoreFile]:
        """Return those among the objects."""
        return list(self._score_files)

    @cached_property
    def _score_files(self) -> list[ScoreFile]:
        entries = (
            (key, item.size, round((item.modified or 0.0) * 1e9), item.tag)
            for key, item in self.objects.items()
            if is_safe(key)
        )
        return newest_score_files(entries, (key for key in self.objects if key.startswith("reports/")))

    @contextmanager
    def brought(self, paths: Sequence[str]) -> Iterator[None]:
        """Fetch the objects, and delete their copies at the end, so that the disk holds few of them at a time."""
        self.fetch(paths)
        try:
            yield
        finally:
            for path in paths:
                (self.folder / path).unlink(missing_ok=True)

    def fetch(self, keys: Sequence[str]) -> None:
        """Copy objects to the folder, several at a time."""

        def fetch(key: str) -> None:
            target = self.folder / key
            target.parent.mkdir(parents=True, exist_ok=True)
            self.store.fetch(self.objects[key], target)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(fetch, keys))
