"""Steps of the browser tests of reports: one is written, reviewed, and its review saved."""

from __future__ import annotations

from pathlib import Path

from aemodels.core.types import Recording, Scores
from aemodels.report.html.report import render_report
from helpers.browser import Watched

HOSTILE = "<script>alert(1)</script><img src='http://x/y.png' onerror=alert(2)>\"&"


def write_report(path: Path, recording: Recording, scores: Scores) -> Path:
    """Write the report of a scored well or line."""
    label = "logs-v1" if recording.kind == "logs" else "seismic-v1"
    path.write_text(render_report(recording, scores, bundle_label=label, findings=[]), encoding="utf-8")
    return path


def save(shown: Watched, folder: Path) -> Path:
    """Save the review by its key and return the downloaded file."""
    with shown.page.expect_download() as download:
        shown.page.keyboard.press("s")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def decided(shown: Watched) -> list[list[str]]:
    """Return the cells of the table of decisions."""
    rows = shown.page.locator("#review tbody tr").all()
    return [row.locator("td").all_inner_texts() for row in rows]
