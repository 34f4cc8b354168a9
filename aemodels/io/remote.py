"""Remote files: download by fsspec URL.

Only functions of this module download anything: `aemodels.io.read` takes local paths, also if they look like a URL.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import re
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording, Source
from aemodels.io.files.atomic import atomic_path
from aemodels.io.files.gzip import copy_within
from aemodels.io.files.size_limits import DEFAULT_LIMITS, SizeLimits
from aemodels.io.formats import find_format
from aemodels.io.readers import list_files, passed_over, read
from aemodels.io.segy.header_positions import HeaderPositions

SCHEMES = ("file", "memory", "s3", "gs", "abfs")
DRIVERS = {"s3": "s3fs", "gs": "gcsfs", "abfs": "adlfs"}
# Names of the time of modification: S3; local disks, GCS; fsspec's memory; Azure; and of creation.
TIMES = ("LastModified", "mtime", "modified", "last_modified", "created")
URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
Options = Mapping[str, Any]
# Requests to S3 that fail by the server's or the network's fault are repeated, each after a random pause that grows.
# Who has set the variables of the SDK for this, has them.
ATTEMPTS = 6
RETRY_VARIABLES = ("AWS_MAX_ATTEMPTS", "AWS_RETRY_MODE")


@dataclasses.dataclass(frozen=True)
class RemoteFile:
    """A file behind a URL, as its file system lists it.

    Args:
        url: of the file.
        size: in bytes, None if unknown.
        tag: text that differs if the content does: the ETag, else the time of modification.
        modified: in s since the epoch, None if unknown.
    """

    url: str
    size: int | None
    tag: str
    modified: float | None


def is_url(text: str) -> bool:
    """Return True if a text is a URL rather than a path.

    >>> is_url("s3://bucket/a.las"), is_url("/data/a.las"), is_url("C:/a.las")
    (True, False, False)
    """
    return URL.match(text) is not None


def local_path(address: str) -> Path | None:
    """Return the path of this machine that an address names, None if it is one of an object store.

    >>> local_path("file:///data/in"), local_path("s3://bucket/in")
    (PosixPath('/data/in'), None)
    """
    if is_url(address) and not address.startswith("file://"):
        return None
    return Path(address.removeprefix("file://"))


def read_url(
    url: str,
    *,
    options: Options | None = None,
    limits: SizeLimits = DEFAULT_LIMITS,
    aliases: Path | None = None,
    positions: HeaderPositions | None = None,
) -> Recording:
    """Read a file of any known format, plain or gzip'd, from a URL.

    Args:
        url: "file://...", "memory://..." or "s3://bucket/key".
        options: options of the file system, e.g. `endpoint_url`, `key`, `secret` for s3.
        limits: sizes beyond which a file is rejected.
        aliases: as for `aemodels.io.read`.
        positions: as for `aemodels.io.read`.

    Returns:
        The recording; its source is the URL.

    Raises:
        UnreadableFileError: if the URL has another scheme, cannot be downloaded, or is not a readable file.
    """
    with tempfile.TemporaryDirectory(prefix="sondeflow-") as folder:
        path = fetch(url, Path(folder), options=options, limits=limits)
        recording = read(path, aliases=aliases, positions=positions, limits=limits)
    return dataclasses.replace(recording, source=Source(url, recording.source.sha256))


def fetch(url: str, folder: Path, *, options: Options | None = None, limits: SizeLimits = DEFAULT_LIMITS) -> Path:
    """Download the file at a URL to a folder, under its own name.

    Args:
        url: as for `read_url`.
        folder: target folder; created if missing.
        options: as for `read_url`.
        limits: a file larger than `limits.stored` is rejected before the download.

    Returns:
        The local path, a direct child of the folder.

    Raises:
        UnreadableFileError: as for `read_url`.
    """
    system, path = open_system(url, options)
    target = folder / _safe_name(url, PurePosixPath(path).name)
    try:
        size = int(system.info(path)["size"] or 0)
        if size > limits.stored:
            raise _too_large(url, size, limits)
        with system.open(path, "rb") as remote, atomic_path(target) as temporary, temporary.open("wb") as local:
            # The size reported by the server may be wrong.
            if copy_within(remote, local, limits.stored) > limits.stored:
                raise _too_large(url, limits.stored + 1, limits)
    except UnreadableFileError:
        raise
    except Exception as error:  # each file system has its own errors
        raise _failed(url, error) from error
    return target


def fetch_all(
    url: str, folder: Path, *, options: Options | None = None, limits: SizeLimits = DEFAULT_LIMITS
) -> tuple[list[Path], list[tuple[str, Finding]]]:
    """Download all readable files under a URL to a folder, each to its own subfolder.

    Args:
        url: as for `list_urls`.
        folder: target folder; created if missing.
        options: as for `read_url`.
        limits: as for `fetch`, for each file.

    Returns:
        (local paths in the order of their URLs, problems by URL): a file that cannot be downloaded does not affect the
        others.
    """
    files: list[Path] = []
    problems: list[tuple[str, Finding]] = []
    try:
        urls = list_urls(url, options=options)
    except UnreadableFileError as error:
        return [], [(url, finding) for finding in error.findings]
    for found in urls:
        # The subfolder is a hash, so that remote names cannot choose local paths.
        subfolder = folder / hashlib.sha256(found.encode()).hexdigest()[:16]
        try:
            files.append(fetch(found, subfolder, options=options, limits=limits))
        except UnreadableFileError as error:
            problems += [(found, finding) for finding in error.findings]
    return files, problems


def list_urls(url: str, *, options: Options | None = None) -> tuple[str, ...]:
    """List the URLs of the readable files (by suffix) under a URL, in sorted order.

    Hidden and unfinished files are skipped, and on a local disk links that point outside the folder.

    Args:
        url: a file or a folder (for s3 a bucket and prefix).
        options: as for `read_url`.

    Returns:
        The URLs; empty if there are no readable files.

    Raises:
        UnreadableFileError: if the URL has another scheme or cannot be reached.
    """
    if url.split("://", 1)[0].lower() == "file":
        path = open_system(url, options)[1]
        return tuple(f"file://{found}" for found in list_files(Path(path))[0] if find_format(found) is not None)
    return tuple(found.url for found in list_remote(url, options=options))


def list_remote(url: str, *, options: Options | None = None) -> tuple[RemoteFile, ...]:
    """List the readable files under a URL of an object store, as `list_urls` does, with their sizes and tags.

    One listing of all pages; nothing is asked about single files.

    Raises:
        UnreadableFileError: as `list_urls`.
    """
    system, path = open_system(url, options)
    try:
        system.invalidate_cache()
        found = {str(name): info for name, info in system.find(path, detail=True).items()}
    except Exception as error:  # each file system has its own errors
        raise _failed(url, error) from error
    base, scheme = path.rstrip("/"), url.split("://", 1)[0].lower()
    wanted = (name for name in sorted(found) if _wanted(name, base))
    return tuple(_remote_file(f"{scheme}://{name.lstrip('/')}", found[name]) for name in wanted)


def describe_remote(url: str, *, options: Options | None = None) -> RemoteFile | None:
    """Return what the store says now of one file; None if there is none.

    Raises:
        UnreadableFileError: if the store cannot be asked.
    """
    system, path = open_system(url, options)
    try:
        system.invalidate_cache()
        return _remote_file(url, system.info(path))
    except FileNotFoundError:
        return None
    except Exception as error:  # each file system has its own errors
        raise _failed(url, error) from error


def _remote_file(url: str, info: Mapping[str, Any]) -> RemoteFile:
    return RemoteFile(url, info.get("size"), *tag_and_time(info))


def tag_and_time(info: Mapping[str, Any]) -> tuple[str, float | None]:
    """Return what differs if an object is written again, and its time of modification in s since the epoch.

    Args:
        info: of an object, as its file system gives it; each has names of its own.

    Returns:
        The ETag, else the time; and the time, None if unknown.
    """
    moment = next((info[name] for name in TIMES if info.get(name)), None)
    modified = moment.timestamp() if isinstance(moment, datetime) else moment
    return str(info.get("ETag") or info.get("etag") or modified), modified


def _wanted(name: str, base: str) -> bool:
    """Return True if an object is a readable file under the base, without hidden or unfinished parts in its path."""
    if name != base and not name.startswith(f"{base}/"):
        return False
    parts = PurePosixPath(name[len(base) :].lstrip("/")).parts or (PurePosixPath(name).name,)
    return find_format(name) is not None and not any(passed_over(part) for part in parts)


def open_system(url: str, options: Options | None = None) -> tuple[Any, str]:
    """Return the fsspec file system of a URL and the path in it.

    Credentials come from the environment or the options, as the library of the file system says.

    Raises:
        UnreadableFileError: if the URL is chained, has another scheme or a login in it, or its library is missing.
    """
    match = URL.fullmatch(url)
    scheme = match[1].lower() if match else ""
    if match is None or scheme not in SCHEMES or "::" in url:
        remedy = "download the file and give its path"
        expected = "one of " + ", ".join(f"{known}://" for known in SCHEMES)
        raise UnreadableFileError((Finding("error", "unknown-scheme", "file", url, expected, remedy),))
    if "@" in match[2].partition("/")[0]:  # shown to nobody: addresses are logged
        remedy = "name the bucket alone; credentials belong into the environment, e.g. AWS_ACCESS_KEY_ID"
        found = f"a {scheme}:// address with a login in it"
        raise UnreadableFileError((Finding("error", "login-in-address", "file", found, "no login", remedy),))
    import fsspec

    try:
        system = fsspec.filesystem(scheme, **{**_retries(scheme), **(options or {})})
    except ImportError as error:
        driver = DRIVERS.get(scheme, "s3fs")
        remedy = "pip install 'sondeflow[s3]'" if driver == "s3fs" else f"pip install {driver}"
        found = f"{scheme}:// without its library ({error})"
        raise UnreadableFileError((Finding("error", "no-driver", "file", found, driver, remedy),)) from error
    return system, str(system._strip_protocol(url))


def _retries(scheme: str) -> dict[str, Any]:
    if scheme != "s3" or any(os.environ.get(name) for name in RETRY_VARIABLES):
        return {}
    return {"config_kwargs": {"retries": {"mode": "standard", "total_max_attempts": ATTEMPTS}}}


def _safe_name(url: str, name: str) -> str:
    if name in {"", ".", ".."} or re.search(r"[\\/\x00]", name) or len(name.encode()) > 200:
        raise UnreadableFileError(
            (
                Finding(
                    "error", "bad-name", "file", f"{url} ends in {name!r}", "a file name", "give the URL of one file"
                ),
            )
        )
    return name


def _too_large(url: str, size: int, limits: SizeLimits) -> UnreadableFileError:
    found = f"{url} holds {size} bytes or more"
    remedy = "split it, or raise SONDEFLOW_MAX_FILE_BYTES"
    return UnreadableFileError((Finding("error", "too-large", "file", found, f"at most {limits.stored}", remedy),))


def _failed(url: str, error: Exception) -> UnreadableFileError:
    if isinstance(error, FileNotFoundError):
        finding = Finding("error", "missing", "file", f"no file at {url}", "a file", "check the URL")
    elif isinstance(error, PermissionError):
        finding = Finding(
            "error", "no-permission", "file", f"no permission to read {url}", "access", "check the credentials"
        )
    else:
        found = f"{url}: {type(error).__name__}: {error}"
        remedy = "check the endpoint, the credentials and the network"
        finding = Finding("error", "not-reachable", "file", found, "a response", remedy)
    return UnreadableFileError((finding,))
