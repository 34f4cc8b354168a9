"""Zarr stores that strangers deliver: checked before anything in them is opened or decoded."""

from __future__ import annotations

import hashlib
import math
import os
import stat
import warnings
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.size_limits import MIB, SizeLimits
from aemodels.io.volume.library import load_zarr

MAX_ENTRIES = 5_000_000  # files of a store
MAX_METADATA = 16 * MIB  # bytes of one document of metadata
MAX_CHUNK = 512 * MIB  # bytes of a chunk (of a shard, where chunks are in shards) once decoded
METADATA = frozenset({"zarr.json", ".zarray", ".zattrs", ".zgroup", ".zmetadata"})
# Codecs that turn bytes into bytes or numbers. Others run code (pickle) or hold objects.
CODECS = frozenset(
    {"bytes", "transpose", "sharding_indexed", "crc32c", "blosc", "zstd", "gzip", "zlib", "lz4", "bz2", "lzma"}
    | {"shuffle", "delta", "bitround"}
)


def unreadable(code: str, found: str, expected: str, remedy: str, where: str = "store") -> UnreadableFileError:
    """Return an error with one finding."""
    return UnreadableFileError((Finding("error", code, where, found, expected, remedy),))


def is_store_folder(path: Path) -> bool:
    """Return whether a path is a folder whose name or content says that it is a Zarr store."""
    named = path.suffix.lower() in {".zarr", ".mdio"}
    try:
        return path.is_dir() and (named or any((path / name).is_file() for name in ("zarr.json", ".zgroup")))
    except PermissionError:  # one that may not be looked into is found again by whoever reads it
        return False


def hash_store(path: Path) -> str:
    """Return the SHA-256 of a store: of its bytes if it is a file, else of the names and contents of its files."""
    if not path.is_dir():
        return sha256_file(path)
    digest = hashlib.sha256()
    for file in sorted(_files(path)):
        digest.update(f"{file.relative_to(path).as_posix()}\0{sha256_file(file)}\n".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def open_store(path: Path, limits: SizeLimits) -> Any:
    """Open a store for reading, after a check of its files.

    Args:
        path: a folder, or a zip file.
        limits: sizes above which it is refused.

    Returns:
        A `zarr.Group`.

    Raises:
        UnreadableFileError: if it is no store, exceeds a limit, or holds links, pipes or names that lead out of it; if
            zarr is not installed.
    """
    zarr = load_zarr()
    if path.is_dir():
        check_folder(path, limits)
        store = zarr.storage.LocalStore(path, read_only=True)
    else:
        check_zip(path, limits)
        store = zarr.storage.ZipStore(path, mode="r", read_only=True)
    try:
        return zarr.open_group(store, mode="r")
    except FileNotFoundError as error:  # there is no group, or the store was removed meanwhile
        raise _damaged(path.name, error) from error
    except OSError:
        raise
    except Exception as error:  # its parsers raise many kinds for damaged metadata
        raise _damaged(path.name, error) from error


def arrays_of(group: Any) -> dict[str, Any]:
    """Return the arrays of a group by name, without decoding anything.

    Raises:
        UnreadableFileError: if the metadata of one is damaged.
    """
    try:
        return dict(group.arrays())
    except OSError:
        raise
    except Exception as error:
        raise _damaged("an array", error) from error


def consolidate(store: Path, zarr_format: int) -> None:
    """Collect the metadata of a store at its top, so that it is opened by one read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that other programs may not use it
        load_zarr().consolidate_metadata(str(store), zarr_format=zarr_format)


def check_zip(path: Path, limits: SizeLimits) -> list[zipfile.ZipInfo]:
    """Return the files of a zip store, after a check of their names and sizes.

    Raises:
        UnreadableFileError: as `open_store`.
    """
    stored = path.stat().st_size
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise unreadable(
            "bad-zarr", f"{path.name}: {error}", "a zip file with a Zarr store", "pack it again"
        ) from error
    for entry in entries:
        parts = PurePosixPath(entry.filename).parts
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if ".." in parts or entry.filename.startswith("/") or "\\" in entry.filename or kind == stat.S_IFLNK:
            found, expected = f"{entry.filename!r} leads out of the store", "names below it"
            raise unreadable("outside-root", found, expected, "pack the store again, without links")
        _check_entry(PurePosixPath(entry.filename).name, entry.file_size)
    _check_total(len(entries), stored, limits)
    plain = all(entry.compress_type == zipfile.ZIP_STORED for entry in entries)
    most = stored if plain else min(limits.unpacked, max(limits.harmless, int(limits.growth * stored)))
    total = sum(entry.file_size for entry in entries)
    if total > most or any(entry.flag_bits & 1 for entry in entries):
        found, expected = f"{stored} bytes that unpack to {total}, or are encrypted", f"at most {most}"
        raise unreadable("decompression-bomb", found, expected, "pack the store without compression")
    return entries


def check_array(array: Any, name: str) -> None:
    """Check what decoding an array needs, by its metadata alone.

    Raises:
        UnreadableFileError: if it holds no plain numbers, or its chunks are too large or packed by other codecs.
    """
    if array.dtype.kind not in "fiub":
        expected = "whole or floating-point numbers"
        raise unreadable("bad-zarr", f"{name} holds {array.dtype}", expected, "convert it to float32", name)
    chunk = array.shards or array.chunks
    size = math.prod(chunk) * array.dtype.itemsize
    if size > MAX_CHUNK:
        found, expected = f"chunks of {chunk} {array.dtype} ({size} bytes)", f"at most {MAX_CHUNK} bytes each"
        raise unreadable("too-large", found, expected, "write the volume with smaller chunks", name)
    odd = sorted(set(_codecs(array.metadata.to_dict())) - CODECS)
    if odd:
        found, expected = f"{name} is packed with {', '.join(odd)}", f"codecs of {', '.join(sorted(CODECS))}"
        raise unreadable("bad-zarr", found, expected, "write the volume with another codec", name)


def _codecs(metadata: dict[str, Any]) -> Iterator[str]:
    """Yield the names of the codecs of an array, those within shards included."""
    old = [metadata.get("compressor"), *(metadata.get("filters") or ())]
    for codec in old:
        if codec is not None:
            yield codec["id"] if isinstance(codec, dict) else codec.codec_id
    for codec in metadata.get("codecs") or ():
        told = codec if isinstance(codec, dict) else codec.to_dict()
        yield str(told["name"]).removeprefix("numcodecs.")
        inner = told.get("configuration") or {}
        yield from _codecs({"codecs": [*inner.get("codecs", ()), *inner.get("index_codecs", ())]})


def check_folder(path: Path, limits: SizeLimits) -> None:
    """Check the names, kinds and sizes of the files of a store that is a folder.

    Raises:
        UnreadableFileError: as `open_store`.
    """
    count = total = 0
    for file in _files(path):
        size = file.stat().st_size
        _check_entry(file.name, size)
        count, total = count + 1, total + size
        _check_total(count, total, limits)


def _files(path: Path) -> Iterator[Path]:
    """Yield the files of a folder.

    Raises:
        UnreadableFileError: at a link, pipe, socket or device.
    """
    with os.scandir(path) as entries:
        for entry in entries:
            if entry.is_symlink():
                found, remedy = f"{entry.path} is a link", "copy what it leads to into the store"
                raise unreadable("outside-root", found, "a store without links", remedy)
            if entry.is_dir():
                yield from _files(Path(entry.path))
            elif entry.is_file():
                yield Path(entry.path)
            else:
                found = f"{entry.path} is a pipe, socket or device"
                raise unreadable("not-regular", found, "a file", "remove it from the store")


def _check_entry(name: str, size: int) -> None:
    if name in METADATA and size > MAX_METADATA:
        found, expected = f"{name} holds {size} bytes", f"at most {MAX_METADATA}"
        raise unreadable("too-large", found, expected, "write the store with less metadata")


def _check_total(count: int, total: int, limits: SizeLimits) -> None:
    if total > limits.stored:
        found, expected = f"more than {limits.stored} bytes", f"at most {limits.stored}"
        raise unreadable("too-large", found, expected, "split it, or raise SONDEFLOW_MAX_FILE_BYTES")
    if count > MAX_ENTRIES:
        found, expected = f"more than {MAX_ENTRIES} files", f"at most {MAX_ENTRIES}"
        raise unreadable("too-large", found, expected, "write the volume with larger chunks")


def _damaged(name: str, error: Exception) -> UnreadableFileError:
    found = f"{name}: {type(error).__name__}: {error}"[:300]
    return unreadable("bad-zarr", found, "a Zarr group (zarr.json or .zgroup at its top)", "write the store again")
