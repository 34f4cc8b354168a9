"""Reviews kept in the ledger's database: files that are named, and those in the folder `reviews` of an outbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from aemodels.core.errors import DataError, UnreadableFileError
from aemodels.io.remote import local_path
from aemodels.review.document import MAX_BYTES, is_review
from tasks.ledger import open_ledger
from tasks.ledger.reviews import add_review
from tasks.review.reading import read_each
from tasks.settings import Settings
from tasks.storage.objects import StoredObject, open_store

Row = dict[str, Any]
FOLDER = "reviews"  # of an outbox
REFUSED = "refused"


@dataclass(frozen=True, order=True)
class DroppedReview:
    """A file named `*.review.json` in the folder `reviews` of an outbox.

    Args:
        address: its path or URL.
        size: in bytes.
        stamp: text that differs if it was written again.
    """

    address: str
    size: int
    stamp: str


def keep_reviews(paths: Sequence[Path], settings: Settings) -> list[Row]:
    """Keep each review once; the files are left as they are.

    Returns:
        A row per file: file, result ("kept", "known" or "refused"), review (hash of its content), problem.
    """
    ledger, rows = open_ledger(settings.ledger_url), []
    for path, review, problem in read_each(paths, settings):
        if review is None:
            rows.append(_refused(str(path), problem))
            continue
        result = "kept" if add_review(ledger, review) else "known"
        rows.append({"file": str(path), "result": result, "review": review.content_hash, "problem": ""})
    return rows


def list_dropped(outbox: str) -> list[DroppedReview]:
    """List the reviews that somebody put into the folder `reviews` of an outbox, at a path or URL.

    Raises:
        DataError: if the folder or the store cannot be asked.
    """
    folder = local_path(outbox)
    try:
        if folder is None:
            listed = open_store(outbox).list(f"{outbox.rstrip('/')}/{FOLDER}")
            return sorted(DroppedReview(one.address, one.size, one.tag) for one in listed if is_review(one.address))
        paths = [path for path in (folder / FOLDER).glob("*") if is_review(path.name)]
        stats = [(path, path.stat()) for path in paths if path.is_file()]
        return sorted(DroppedReview(str(path), stat.st_size, str(stat.st_mtime_ns)) for path, stat in stats)
    except (UnreadableFileError, OSError) as error:
        found = f"{outbox}: the reviews in it cannot be listed: {error}"
        raise DataError(f"{found}; expected a folder or store that answers; check the address") from error


def keep_dropped(dropped: Sequence[DroppedReview], settings: Settings) -> list[Row]:
    """Keep the reviews of a list; return rows as `keep_reviews`.

    Raises:
        DataError: if one cannot be fetched.
    """
    if not dropped:
        return []
    with TemporaryDirectory() as folder:
        addresses: dict[str, str] = {}
        rows = []
        for number, one in enumerate(dropped):
            path = local_path(one.address)
            if path is None and one.size > MAX_BYTES:
                rows.append(_refused(one.address, f"{one.size} bytes; expected at most {MAX_BYTES}"))
                continue
            addresses[str(path or _fetched(one, Path(folder) / f"{number}.review.json"))] = one.address
        found = keep_reviews([Path(path) for path in addresses], settings)
        return rows + [{**row, "file": addresses[row["file"]]} for row in found]


def _fetched(one: DroppedReview, target: Path) -> Path:
    try:
        open_store(one.address).fetch(StoredObject(one.address, one.size, one.stamp), target)
    except (UnreadableFileError, OSError) as error:
        raise DataError(
            f"{one.address} cannot be fetched: {error}; expected a store that answers; try again"
        ) from error
    return target


def _refused(file: str, problem: str) -> Row:
    return {"file": file, "result": REFUSED, "review": "", "problem": problem}
