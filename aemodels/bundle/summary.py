"""What a bundle's folder says of itself, read and checked without loading a network."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from aemodels.bundle.files import MANIFEST, SCHEMA_VERSION
from aemodels.core.errors import BundleError
from aemodels.core.types import Kind
from aemodels.io.files.hashing import sha256_file


@dataclass(frozen=True)
class BundleCard:
    """A bundle's kind, name, and content hash (sha256 of bundle.json, which holds the hash of every other file)."""

    kind: Kind
    name: str
    content_hash: str


def read_card(directory: Path) -> BundleCard:
    """Read a bundle's card and check that every file is as it was written.

    Raises:
        BundleError: if a file is missing or altered, or the schema is another version's.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise BundleError(f"{path} is missing; expected a directory written by Bundle.save")
    payload = path.read_bytes()
    try:
        manifest = json.loads(payload)
        version, files = manifest["schema_version"], dict(manifest["files"])
        kind, name = manifest["spec"]["kind"], str(manifest["name"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{path} does not describe a bundle: {error!r}; train it again") from error
    if version != SCHEMA_VERSION:
        raise BundleError(f"{path} has schema version {version}; this sondeflow reads {SCHEMA_VERSION}; train it again")
    for file, digest in files.items():
        _check(directory / file, str(digest))
    return BundleCard(kind, name, hashlib.sha256(payload).hexdigest())


def _check(path: Path, digest: str) -> None:
    if not path.is_file():
        raise BundleError(f"{path} is missing; expected the file that {MANIFEST} lists; fetch the bundle again")
    found = sha256_file(path)
    if found != digest:
        raise BundleError(f"{path} has sha256 {found}; {MANIFEST} lists {digest}; the file was altered, do not use it")
