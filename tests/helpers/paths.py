"""Paths of the project and of the public field data."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
FIELD_DATA = ROOT.parent / "shared" / "data"
FORMATS_DATA = TESTS / "data" / "formats"
