"""Published results by the names in the ledger: paths of files, or addresses of objects."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from aemodels.core.errors import UnreadableFileError
from aemodels.io.files.hashing import sha256_file
from aemodels.io.remote import is_url
from tasks.storage.objects import ObjectStore, open_store


def result_exists(name: str) -> bool:
    """Return whether there is such a result.

    Raises:
        OSError: if its store cannot be asked.
    """
    if not is_url(name):
        return os.path.lexists(name)
    return _store(name.partition("://")[0]).find(name) is not None


def result_digest(name: str) -> str:
    """Return the sha256 of a result, for an object the one that its writer recorded; "" if it cannot be read."""
    try:
        if not is_url(name):
            return sha256_file(Path(name))
        store = _store(name.partition("://")[0])
        seen = store.find(name)
        return "" if seen is None else store.digest(seen)
    except OSError:
        return ""


@lru_cache(maxsize=8)
def _store(scheme: str) -> ObjectStore:
    try:
        return open_store(f"{scheme}://")
    except UnreadableFileError as error:
        raise OSError(str(error)) from error
