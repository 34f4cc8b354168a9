"""The library that reads and writes Zarr, an optional extra."""

from __future__ import annotations

from typing import Any


def load_zarr() -> Any:
    """Return the module `zarr`.

    Raises:
        ImportError: if it is not installed, with the remedy.
    """
    try:
        import zarr
    except ImportError as error:
        raise ImportError("Zarr volumes need zarr: pip install 'sondeflow[volumes]'") from error
    return zarr
