"""The identity of the code that made a stored result: a cache may only answer for the same code."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import aemodels

READING = ("io", "curves", "core")
FITTING = ("denoisers", "noise", "signal", "study", "core")
STUDYING = (
    *FITTING,
    "bundle",
    "curves",
    "detect",
    "evaluate",
    "experiment",
    "faults",
    "latent",
    "monitoring",
    "report",
)


@lru_cache(maxsize=8)
def code_hash(parts: tuple[str, ...]) -> str:
    """sha256 of the source files of the named parts of `aemodels`.

    Args:
        parts: sub-packages or files, e.g. `READING`.
    """
    root = Path(aemodels.__file__).parent
    digest = hashlib.sha256()
    for part in parts:
        place = root / part
        for path in sorted(place.rglob("*.py")) + sorted(place.rglob("*.yaml")) if place.is_dir() else [place]:
            digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
