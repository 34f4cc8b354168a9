"""Scorecard of an outbox in an object store, written into that outbox."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from aemodels.core.errors import DataError, UnreadableFileError
from aemodels.io.files.hashing import sha256_file
from tasks.field.cache import VERSION, add_missing, everything, kept
from tasks.field.make import SUMMARY, FieldRequest, FieldResult, make_from
from tasks.field.sources import StoredSource
from tasks.settings import Settings
from tasks.storage.mirror import is_safe
from tasks.storage.objects import ChangedObjectError, StoredObject, open_store
from tasks.storage.scratch import new_scratch

FOLDER = "scorecard/"  # of the outbox, which no listing of an inbox takes for inputs
PAGE = f"{FOLDER}field.html"  # the tables are written beside it
SUMMARIES = "summaries.json.gz"  # beside the page: a machine that has read none of the score files starts from them
ENOUGH = 20  # score files that are unknown here, for which the summaries of other machines are fetched
TRIES = 3  # if somebody else writes the same page at the same time


def make_stored_field(
    address: str, settings: Settings, *, page: str = PAGE, title: str = "Field scorecard"
) -> FieldResult:
    """Write the scorecard of an outbox in an object store into that outbox; only new score files are fetched.

    No page of an older listing replaces one of a newer listing: what is there is looked at before the score files are
    listed, and is replaced only if it is still the same. What is there already is not written again.

    Args:
        address: of the outbox, e.g. "s3://bucket/prefix".
        settings: its home keeps the summaries of what was read.
        page: key of the page below the address; JSON and Parquet tables go beside it.
        title: heading of the page.

    Returns:
        Addresses of page and tables, counts and the ranking.

    Raises:
        DataError: if the store cannot be asked or written, nothing was scored there, or none of its score files can be
            read.
    """
    base = address.rstrip("/")
    for attempt in range(1, TRIES + 1):
        scratch = new_scratch()
        try:
            return _make(base, scratch.folder / "outbox", settings, (page, title))
        except (UnreadableFileError, OSError) as error:
            # written or deleted by somebody else meanwhile: what they did is now part of what is there
            if isinstance(error, (ChangedObjectError, FileExistsError, FileNotFoundError)) and attempt < TRIES:
                continue
            found = f"{base}: the scorecard could not be made: {' '.join(str(error).split())[:300]}"
            raise DataError(
                f"{found}; expected a store that answers; check address, credentials and network"
            ) from error
        finally:
            scratch.remove()
    raise AssertionError("unreachable")


def page_key(page: str, outbox: str) -> str:
    """Return the key of a page below the address of an outbox.

    Raises:
        DataError: if it lies elsewhere than in the folder of scorecards, where nothing else can be overwritten.

    >>> page_key("s3://field/out/scorecard/a.html", "s3://field/out/")
    'scorecard/a.html'
    """
    base = outbox.rstrip("/")
    key = page.removeprefix(f"{base}/")
    if not key.startswith(FOLDER) or not is_safe(key) or PurePosixPath(key).suffix != ".html":
        expected = f"a page in {base}/{FOLDER}, e.g. {base}/{PAGE}, or a file of this machine"
        raise DataError(f"--out {page}: found a page in another place; expected {expected}")
    return key


def _make(base: str, folder: Path, settings: Settings, named: tuple[str, str]) -> FieldResult:
    page, title = named
    store = open_store(base)
    outputs = [*_tables(page), PurePosixPath(page).with_name(SUMMARIES).as_posix(), page]  # the page last
    before = {key: store.find(f"{base}/{key}") for key in outputs}
    objects = {item.address.removeprefix(f"{base}/"): item for item in store.list(base)}
    source = StoredSource(base, folder, store, objects)
    source.fetch([key for key in objects if is_safe(key) and _is_small(key)])
    summaries = folder / outputs[-2]

    def share(cache: sqlite3.Connection) -> None:
        """Add what other machines read."""
        known = {name.removeprefix(SUMMARY): state for name, (state, _) in kept(cache, SUMMARY).items()}
        unknown = sum(known.get(file.path) != file.state for file in source.score_files())
        seen = before[outputs[-2]]
        if unknown >= ENOUGH and seen is not None:
            summaries.parent.mkdir(parents=True, exist_ok=True)
            store.fetch(seen, summaries)
            add_missing(cache, _load(summaries))

    def save(cache: sqlite3.Connection) -> None:
        summaries.parent.mkdir(parents=True, exist_ok=True)
        _save(summaries, everything(cache))

    result = make_from(source, FieldRequest(outbox=folder, out=folder / page, title=title), settings, (share, save))
    for key in outputs:
        _write(source, key, before[key])
    return result.model_copy(
        update={"page": f"{base}/{page}", "tables": tuple(f"{base}/{key}" for key in _tables(page))}
    )


def _tables(page: str) -> Sequence[str]:
    stem = page.removesuffix(".html")
    return tuple(stem + end for end in (".json", ".parquet", ".curves.parquet"))


def _is_small(key: str) -> bool:
    """Return whether an object is a reason of the quarantine or what reviewers decided."""
    path = PurePosixPath(key)
    return (path.parts[0] == "quarantine" and path.name == "reason.json") or (
        path.parts[0] == "reviews" and len(path.parts) == 2 and path.suffix == ".json"
    )


def _write(source: StoredSource, key: str, seen: StoredObject | None) -> None:
    """Write an output, unless there is the same one.

    Raises:
        ChangedObjectError, FileExistsError: if somebody else has written it since it was looked at.
    """
    path = source.folder / key
    about = {"sha256": sha256_file(path), "result": ""}
    if seen is None:
        source.store.create(path, f"{source.name}/{key}", about)
    elif source.store.digest(seen) != about["sha256"]:
        source.store.replace(path, seen, about)


def _save(path: Path, items: Mapping[str, tuple[str, str]]) -> None:
    """Write summaries as gzip'd JSON, the same bytes for the same summaries."""
    text = json.dumps({"version": VERSION, "kept": [[name, *item] for name, item in sorted(items.items())]})
    path.write_bytes(gzip.compress(text.encode(errors="replace"), compresslevel=6, mtime=0))


def _load(path: Path) -> dict[str, tuple[str, str]]:
    """Return summaries, {} if they are damaged or of another version: then the score files are read."""
    try:
        found = json.loads(gzip.decompress(path.read_bytes()))
        if found["version"] != VERSION:
            return {}
        return {str(name): (str(state), str(value)) for name, state, value in found["kept"]}
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return {}
