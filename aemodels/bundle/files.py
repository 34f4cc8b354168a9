"""Files of a bundle: bundle.json, which lists the sha256 of each other file, and plain arrays."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import BundleError

SCHEMA_VERSION = 2
WITH_DIVISORS = 3  # of a bundle with divisors of the curves, which a reader that knows none would score differently
READABLE_VERSIONS = (1, SCHEMA_VERSION, WITH_DIVISORS)
MANIFEST = "bundle.json"
REFERENCE = "reference.npz"  # absent from bundles written before monitoring was added
ENCODER = "encoder.npz"  # absent from seismic bundles, and from those written before the search for similar intervals
NOISE_LEVELS = "noise_levels.npz"  # absent from seismic bundles, and from those of version 0.1
FAMILIARITY = "familiarity.npz"  # likewise
EARLIER_FILES = {"code.npz": ENCODER}  # names in schema version 1


@dataclass(frozen=True)
class Manifest:
    """Content of bundle.json.

    Args:
        content: the parsed JSON object.
        content_hash: sha256 of the file's bytes, which identifies the bundle.
    """

    content: Mapping[str, Any]
    content_hash: str


def read_manifest(directory: Path) -> Manifest:
    """Read bundle.json and check its schema version.

    Raises:
        BundleError: if it is missing, not JSON, or of an unknown schema version.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise BundleError(f"{path} is missing; expected a directory written by Bundle.save")
    payload = path.read_bytes()
    try:
        content = json.loads(payload)
    except ValueError as error:
        raise BundleError(f"{path} is not JSON ({error}); the bundle is damaged, fetch it again") from error
    found = content.get("schema_version") if isinstance(content, dict) else type(content).__name__
    if found not in READABLE_VERSIONS:
        readable = ", ".join(map(str, READABLE_VERSIONS))
        raise BundleError(f"{path} has schema version {found}; this sondeflow reads {readable}; train it again")
    return Manifest(content, hashlib.sha256(payload).hexdigest())


def read_arrays(directory: Path, name: str, digest: str) -> dict[str, NDArray[Any]]:
    """Read the arrays of one of a bundle's files.

    Raises:
        BundleError: if the file is missing, or its sha256 is not `digest`.
    """
    path = directory / name
    if Path(name).name != name or not path.is_file():
        raise BundleError(f"{path} is missing; expected the file that {MANIFEST} lists; fetch the bundle again")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != digest:
        raise BundleError(f"{path} has sha256 {found}; {MANIFEST} lists {digest}; the file was altered, do not use it")
    with np.load(path, allow_pickle=False) as arrays:
        return dict(arrays)


def pack(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Return the bytes of an .npz file, which depend on the arrays alone (np.savez stores no time stamp)."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
