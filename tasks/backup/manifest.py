"""Manifest of a backup: each file with its hash, and where everything was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aemodels.core.errors import SondeflowError
from aemodels.io.files.atomic import PART_SUFFIX, atomic_path, sync
from aemodels.io.files.hashing import sha256_file
from aemodels.io.files.regular import open_regular
from aemodels.io.files.size_limits import MIB

NAME = "manifest.json"
FORMAT = 1
_BYTES = "bytes:"


class BackupError(SondeflowError):
    """A backup could not be made, or cannot be restored."""


class StoredFile(BaseModel):
    """Size in bytes and sha256 of a file of the backup."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Manifest(BaseModel):
    """Content of a backup.

    Args:
        format: version of this layout.
        version: of sondeflow.
        created: ISO 8601 in UTC.
        home, inbox, outbox: the folders that were copied, absolute.
        tracking: "sqlite" or "postgresql" (the database is in the backup), "server" or "none".
        tracking_uri: address of the tracking store, without credentials.
        scorings: rows of the ledger.
        settings: the settings without passwords, to be set again.
        left_out: what is not in the backup, and why.
        links: symbolic links by path, with their relative targets.
        files: files by path in the backup.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: int = FORMAT
    version: str
    created: str
    home: str
    inbox: str
    outbox: str
    tracking: str
    tracking_uri: str
    scorings: int
    settings: dict[str, str]
    left_out: tuple[str, ...] = ()
    links: dict[str, str] = {}
    files: dict[str, StoredFile]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files.values())


def write_manifest(manifest: Manifest, folder: Path) -> None:
    """Write the manifest of a backup."""
    with atomic_path(folder / NAME) as temporary:
        temporary.write_text(json.dumps(manifest.model_dump(mode="json"), indent=1) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """Read the manifest of a backup.

    Raises:
        BackupError: if the folder holds no complete backup, or one of a later sondeflow.
    """
    path = folder / NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("format", 0) > FORMAT:
            raise BackupError(f"{path}: format {content['format']}; this sondeflow reads {FORMAT}; upgrade sondeflow")
        return Manifest.model_validate(content)
    except FileNotFoundError as error:
        raise BackupError(
            f"{folder} holds no {NAME}; expected a folder that `sondeflow backup` has written completely"
        ) from error
    except (OSError, ValueError, AttributeError, ValidationError) as error:
        raise BackupError(f"{path}: {error}; expected the manifest of a backup; take another backup") from error


def check_files(manifest: Manifest, folder: Path) -> list[str]:
    """Return what is wrong with the files of a backup: missing, changed, or unreadable."""
    wrong = []
    for key, stored in manifest.files.items():
        name = path_of(key)
        path = folder / name
        if Path(name).is_absolute() or not path.resolve().is_relative_to(folder.resolve()):
            wrong.append(f"{name}: leads out of the backup")
            continue
        try:
            found = sha256_file(path)
        except OSError as error:
            wrong.append(f"{name}: {error.strerror or error}")
            continue
        if found != stored.sha256:
            wrong.append(f"{name}: sha256 is {found[:12]}…; expected {stored.sha256[:12]}…")
    return wrong


def key_of(name: str) -> str:
    """Return the key of a path in the manifest, which is JSON: a path that is not text is written in hexadecimal."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return f"{_BYTES}{os.fsencode(name).hex()}"
    return name


def path_of(key: str) -> str:
    """Return the path of a key."""
    return os.fsdecode(bytes.fromhex(key.removeprefix(_BYTES))) if key.startswith(_BYTES) else key


def copy_file(source: Path, target: Path) -> StoredFile:
    """Copy a file and its times; return size and hash of the bytes that were copied.

    Raises:
        OSError: if it cannot be read or written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with open_regular(source) as reading, target.open("wb") as writing:
        status = os.fstat(reading.fileno())
        while block := reading.read(MIB):
            digest.update(block)
            writing.write(block)
            size += len(block)
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
    sync(target)
    return StoredFile(size=size, sha256=digest.hexdigest())


def stored(path: Path) -> StoredFile:
    """Return size and hash of a file that lies in the backup already."""
    sync(path)
    return StoredFile(size=path.stat().st_size, sha256=sha256_file(path))


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the regular files below a folder, in order, without links and unfinished files."""
    for current, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(current) / name
            if not name.endswith(PART_SUFFIX) and path.is_file() and not path.is_symlink():
                yield path
