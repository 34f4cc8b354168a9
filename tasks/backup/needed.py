"""Stored recordings that registered models need: the promotion gate evaluates challengers on the same hold-out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tasks.settings import Settings
from tasks.tracking import EVIDENCE, read_document, registered_versions


def needed_recordings(settings: Settings) -> set[Path]:
    """Return the recordings, below `settings.refs_dir`, of the evidence of every registered or unsent model.

    Raises:
        MlflowException: if the tracking store is unavailable.
    """
    found: set[Path] = set()
    for evidence in _evidence(settings):
        refs = evidence.get("data", {}).get("refs", ()) if isinstance(evidence.get("data"), dict) else ()
        names = [Path(ref["uri"]) for ref in refs]
        found |= {settings.refs_dir / name.parent.name / name.name for name in names}
    return {path for path in found if path.is_file()}


def _evidence(settings: Settings) -> Iterator[dict[str, Any]]:
    for version in registered_versions(settings):
        if not version.run_id:
            continue  # registered by hand
        try:
            yield read_document(settings, version.run_id, EVIDENCE)
        except FileNotFoundError:
            continue  # registered by hand, or its artifacts were deleted
    for path in (settings.home / "spool").glob(f"*/files/{EVIDENCE}"):
        yield dict(json.loads(path.read_text(encoding="utf-8")))
