"""Bundles that come with the package, trained on public data, for whoever has no champion of their own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from aemodels.bundle.summary import read_summary
from aemodels.core.errors import BundleError
from aemodels.core.types import Kind

PRETRAINED = Path(__file__).resolve().parent / "pretrained"  # one folder per bundle, named like "logs-v1"
CARD = "CARD.md"


@dataclass(frozen=True)
class ShippedBundle:
    """A bundle inside the package.

    Args:
        name: e.g. "logs-v1".
        kind: of the recordings that it scores.
        folder: of the bundle, with its model card.
        content_hash: of the bundle.
        bytes: size of all its files.
    """

    name: str
    kind: Kind
    folder: Path
    content_hash: str
    bytes: int

    @property
    def model(self) -> str:
        """Name without the version: "logs"."""
        return self.name.rpartition("-v")[0]

    @property
    def version(self) -> str:
        """Version: "1"."""
        return self.name.rpartition("-v")[2]

    @property
    def card(self) -> Path:
        """Its model card: data with their terms, figures, limits."""
        return self.folder / CARD


@cache
def shipped_names() -> tuple[str, ...]:
    """Return the names of the bundles inside the package, sorted."""
    return tuple(sorted(folder.name for folder in PRETRAINED.iterdir() if folder.is_dir() and "-v" in folder.name))


def shipped_bundle(name: str) -> ShippedBundle:
    """Return the bundle of a name; the hash of each of its files is checked.

    Raises:
        BundleError: if there is no such bundle, or it is damaged.
    """
    if name not in shipped_names():
        raise BundleError(f"no bundle {name!r} comes with sondeflow; it has {', '.join(shipped_names())}")
    folder = PRETRAINED / name
    size = sum(path.stat().st_size for path in folder.iterdir())
    summary = read_summary(folder)
    return ShippedBundle(name, summary.kind, folder, summary.content_hash, size)


def shipped_for(kind: str) -> ShippedBundle | None:
    """Return the newest bundle of a kind of recording; None if none comes with the package."""
    found = [bundle for bundle in map(shipped_bundle, shipped_names()) if bundle.kind == kind]
    return max(found, key=lambda bundle: int(bundle.version), default=None)
