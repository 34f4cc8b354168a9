"""Packing of a Zarr store into a zip file, without compression: its chunks are compressed already."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from aemodels.io.files.size_limits import MIB

EPOCH = (1980, 1, 1, 0, 0, 0)  # equal stores are equal files


def pack_store(store: Path, target: Path) -> None:
    """Write a store that is a folder as a zip file."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for path in sorted(path for path in store.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(store).as_posix(), EPOCH)
            entry.external_attr = 0o644 << 16
            with path.open("rb") as content, archive.open(entry, "w", force_zip64=True) as packed:
                shutil.copyfileobj(content, packed, MIB)
