"""A bundle's files: bundle.json with the sha256 of every other one, and plain arrays."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.errors import BundleError

SCHEMA_VERSION = 1
MANIFEST = "bundle.json"
REFERENCE = "reference.npz"  # absent from bundles that are older than monitoring
CODE = "code.npz"  # absent from bundles for seismic, and from those older than the search for intervals alike


def read_manifest(directory: Path) -> dict[str, Any]:
    """What bundle.json says.

    Raises:
        BundleError: if it is missing, no JSON, or of another schema version.
    """
    path = directory / MANIFEST
    if not path.is_file():
        raise BundleError(f"{path} is missing; expected a directory written by Bundle.save")
    try:
        manifest = json.loads(path.read_text())
    except ValueError as error:
        raise BundleError(f"{path} is not JSON ({error}); the bundle is damaged, fetch it again") from error
    if not isinstance(manifest, dict) or manifest.get("schema_version") != SCHEMA_VERSION:
        found = manifest.get("schema_version") if isinstance(manifest, dict) else type(manifest).__name__
        raise BundleError(f"{path} has schema version {found}; this sondeflow reads {SCHEMA_VERSION}; train it again")
    return manifest


def read_arrays(directory: Path, name: str, digest: str) -> dict[str, NDArray[Any]]:
    """The arrays of one of a bundle's files.

    Raises:
        BundleError: if it is missing, or its sha256 is not `digest`.
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
    """An .npz whose bytes depend on the arrays alone (np.savez stores no clock time)."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()
