"""The library that reads and writes Zarr, an optional extra, imported when a volume is read."""

from __future__ import annotations

from typing import Any

from aemodels.core.errors import UnreadableFileError
from aemodels.core.findings import Finding

EXTRA = "pip install 'sondeflow[volumes]'"


def load_zarr() -> Any:
    """Return the module `zarr`.

    Raises:
        UnreadableFileError: if it is not installed, with the remedy.
    """
    try:
        import zarr
    except ImportError as error:
        finding = Finding("error", "no-driver", "file", "zarr is not installed", "the library that reads Zarr", EXTRA)
        raise UnreadableFileError((finding,)) from error
    return zarr
