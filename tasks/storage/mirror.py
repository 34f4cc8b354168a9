"""Local copies of what lies below an address in an object store; what is unchanged is not fetched again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath

from aemodels.core.errors import DataError, UnreadableFileError
from aemodels.io.files.atomic import PART_SUFFIX
from tasks.storage.objects import StoredObject, open_store

AT_ONCE = 16


def mirror(address: str, folder: Path, wanted: Callable[[str], bool]) -> Path:
    """Copy the objects below an address to a folder, and delete files there whose objects are gone.

    Args:
        address: e.g. "s3://bucket/prefix".
        folder: parent of the copy, which gets a name that follows from the address.
        wanted: says of the key of an object, below the address, if it is copied.

    Returns:
        The copy. Its files have the times of their objects.

    Raises:
        DataError: if the store cannot be asked, or nothing lies there.
    """
    base = address.rstrip("/")
    target = folder / hashlib.sha256(base.encode()).hexdigest()[:16]
    try:
        store = open_store(base)
        found = {item.address.removeprefix(f"{base}/"): item for item in store.list(base)}
        kept = {key: item for key, item in found.items() if wanted(key) and is_safe(key)}

        def fetch(key: str) -> None:
            path = target / key
            if _is_same(path, kept[key]):
                return
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(f".{secrets.token_hex(4)}{PART_SUFFIX}")
            try:
                store.fetch(kept[key], part)
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)

        with ThreadPoolExecutor(AT_ONCE) as threads:
            list(threads.map(fetch, kept))
    except (UnreadableFileError, OSError) as error:
        remedy = "check the address, the credentials and the network"
        raise DataError(f"{base} cannot be read: {error}; expected an object store that answers; {remedy}") from error
    if not found:
        raise DataError(f"nothing lies at {base}; expected a bundle, or what `sondeflow score` wrote; check it")
    for path in target.rglob("*"):
        if path.is_file() and path.relative_to(target).as_posix() not in kept:
            path.unlink()
    return target


def is_for_readers(key: str) -> bool:
    """Return whether an object of an outbox is one that scorecards are made of: scores, reports, reasons, reviews.

    >>> is_for_readers("scores/kind=logs/bundle=a-v1/0.parquet"), is_for_readers("las/well.0.las")
    (True, False)
    """
    first, last = key.partition("/")[0], PurePosixPath(key).name
    return first in {"scores", "reports", "reviews"} or (first == "quarantine" and last == "reason.json")


def is_safe(key: str) -> bool:
    """Return whether a key is a path below a folder; keys are any text, also "../../x"."""
    parts = key.split("/")
    return not {"", ".", ".."} & set(parts) and "\\" not in key and "\0" not in key


def _is_same(path: Path, item: StoredObject) -> bool:
    try:
        status = path.stat()
    except OSError:
        return False
    return status.st_size == item.size and item.modified is not None and abs(status.st_mtime - item.modified) < 1e-3
