"""Summary of a bundle's directory, read and checked without building a network."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from aemodels.bundle.files import MANIFEST, read_manifest
from aemodels.core.errors import BundleError
from aemodels.core.types import Kind
from aemodels.io.files.hashing import sha256_file


@dataclass(frozen=True)
class BundleSummary:
    """A bundle's kind, name, and content hash (sha256 of bundle.json, which lists the hash of each other file)."""

    kind: Kind
    name: str
    content_hash: str


def read_summary(directory: Path) -> BundleSummary:
    """Read a bundle's summary and check the hash of each of its files.

    Raises:
        BundleError: if a file is missing or altered, or the schema version is unknown.
    """
    manifest = read_manifest(directory)
    try:
        files = dict(manifest.content["files"])
        kind, name = manifest.content["spec"]["kind"], str(manifest.content["name"])
    except (ValueError, KeyError, TypeError) as error:
        raise BundleError(f"{directory / MANIFEST} does not describe a bundle: {error!r}; train it again") from error
    for file, digest in files.items():
        _check(directory / file, str(digest))
    return BundleSummary(kind, name, manifest.content_hash)


def _check(path: Path, digest: str) -> None:
    if not path.is_file():
        raise BundleError(f"{path} is missing; expected the file that {MANIFEST} lists; fetch the bundle again")
    found = sha256_file(path)
    if found != digest:
        raise BundleError(f"{path} has sha256 {found}; {MANIFEST} lists {digest}; the file was altered, do not use it")
