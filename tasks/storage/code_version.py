"""Hash of the code that made a stored result, so that a cache is valid for the same code only."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

import aemodels

READING = ("io", "curves", "core")
FITTING = ("denoisers", "noise", "signal", "study", "synthetic", "core")
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
    """Return the sha256 of the source files of parts of `aemodels`.

    Args:
        parts: sub-packages or files, e.g. `READING`.
    """
    root = Path(aemodels.__file__).parent
    digest = hashlib.sha256()
    for part in parts:
        path = root / part
        for file in sorted(path.rglob("*.py")) + sorted(path.rglob("*.yaml")) if path.is_dir() else [path]:
            digest.update(str(file.relative_to(root)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()
