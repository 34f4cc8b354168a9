"""The pages of the documentation, found by name wherever they lie under docs/."""

from __future__ import annotations

from pathlib import Path

from helpers.paths import ROOT


def find_page(name: str) -> Path:
    """Return the one page of this file name below docs/."""
    pages = sorted((ROOT / "docs").rglob(name))
    assert len(pages) == 1, f"{name} lies {len(pages)} times under docs/: {pages}"
    return pages[0]


def read_page(name: str) -> str:
    """Return the text of the page of this file name."""
    return find_page(name).read_text(encoding="utf-8")
