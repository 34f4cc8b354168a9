"""An outbox of simply scored wells and lines, for tests of the scorecard: no bundle, no scoring run."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from aemodels.core.findings import Finding
from aemodels.core.types import Channel, Recording, Scores
from helpers.recordings import make_line, make_well
from tasks.scoring.outbox import score_table, scores_folder
from tasks.scoring.places.staged import BundleLabel

LABEL = BundleLabel("logs", "1")
DOUBT = Finding("warning", "unit-missing", "curve NPHI", "no unit", "a unit", "name it")


def scores_of(recording: Recording, flagged: slice, reason: str) -> Scores:
    """Scores of a recording whose rows `flagged` are above the threshold, on its first curve."""
    logs = recording.kind == "logs"
    rows = recording.values.shape[1] if logs else len(recording.values)
    score = np.full(rows, 0.2, np.float32)
    score[flagged] = 3.0
    curves = np.full((len(recording.values), rows if logs else 1), 0.2, np.float32)
    if logs:
        curves[0] = score
    else:
        curves[:, 0] = score
    reasons = tuple(reason if one > 1 else "" for one in score)
    values = recording.values
    return Scores(recording.kind, score, 1.0, reasons, recording.names, values, np.array(values), curves)


def publish(
    outbox: Path,
    recording: Recording,
    flagged: slice = slice(0, 0),
    reason: str = "spike",
    others: Mapping[str, np.ndarray] | None = None,
) -> Path:
    """Write score file and a small report of a recording into an outbox; return the score file.

    `others` are curves, float32[sample] each, that the file has and the bundle does not score.
    """
    folder, sha = scores_folder(outbox, recording.kind, LABEL), recording.source.sha256
    folder.mkdir(parents=True, exist_ok=True)
    (outbox / "reports").mkdir(exist_ok=True)
    stem = Path(recording.source.uri).stem
    (outbox / "reports" / f"{stem}.{sha[:8]}.html").write_text(f"<title>{sha[:8]}</title>")
    path = folder / f"{sha}.parquet"
    whole = recording
    if others:
        values = np.concatenate([recording.values, np.stack([*others.values()])])
        channels = (*recording.channels, *(Channel(name) for name in others))
        whole = dataclasses.replace(recording, values=values, channels=channels)
    pq.write_table(score_table(whole, scores_of(recording, flagged, reason)), path)
    return path


def well(number: int, **header: str) -> Recording:
    """A well of 183 m with a number as name and hash; SRVC, DATE, LATI, LONG … as its header."""
    made = make_well(f"W-{number}", samples=1200, seed=number)
    source = dataclasses.replace(made.source, sha256=f"{number + 1:08x}".ljust(64, "a"))
    return dataclasses.replace(made, source=source, headers={"well": header}, findings=(DOUBT,))


def write_scored_field(outbox: Path, wells: int = 12) -> None:
    """Wells of two contractors with more flagged in each, a line, and a file in quarantine."""
    for number in range(wells):
        header = {
            "SRVC": "Alpha" if number % 2 else "Beta",
            "DATE": f"{1980 + number}-05-01",
            "LATI": str(58 + number / 50),
            "LONG": str(2 + number / 40),
        }
        publish(outbox, well(number, **header), slice(100, 100 + 10 * number), "stuck" if number % 2 else "spike")
    line = make_line("L-1")
    source = dataclasses.replace(line.source, sha256="f" * 64)
    publish(outbox, dataclasses.replace(line, source=source), slice(20, 23), "dead")
    folder = outbox / "quarantine" / ("e" * 64)
    folder.mkdir(parents=True)
    reason = {"source": "in/letter.las", "sha256": "e" * 64, "findings": [dataclasses.asdict(DOUBT)]}
    (folder / "reason.json").write_text(json.dumps(reason))
