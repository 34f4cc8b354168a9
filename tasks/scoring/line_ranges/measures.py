"""Measures of the parts of a large line, as files, until its survey is made of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from aemodels.bundle.line_survey import PartMeasures
from aemodels.core.findings import Finding
from aemodels.core.types import IntArray
from aemodels.io.files.atomic import atomic_path
from tasks.scoring.line_ranges.plan import LinePart

ARRAYS = ("rms", "peaks", "sigmas", "live")


def measures_path(folder: Path, part: LinePart) -> Path:
    """Return the path of the measures of a part, which depend on the number of parts."""
    return folder / f"survey-{part.number:06d}-of-{part.parts}.npz"


def write_measures(path: Path, measures: PartMeasures, words: IntArray, temp_prefix: str) -> None:
    """Write the measures of a part, and the words of its headers, int64[word, trace], atomically."""
    findings = [finding.to_dict() for finding in measures.findings]
    about = json.dumps({"samples": measures.samples, "gathers": dict(measures.gathers), "findings": findings})
    arrays = {name: getattr(measures, name) for name in ARRAYS}
    with atomic_path(path, temp_prefix) as temporary, temporary.open("wb") as stream:
        np.savez(stream, about=np.array(about), words=words, **arrays)


def read_measures(path: Path) -> tuple[PartMeasures, IntArray]:
    """Return the measures of a part, and the words of its headers.

    Raises:
        OSError: if they cannot be read.
    """
    with np.load(path, allow_pickle=False) as stored:
        about = json.loads(str(stored["about"]))
        arrays = {name: stored[name] for name in ARRAYS}
        findings = tuple(Finding(**finding) for finding in about["findings"])
        return PartMeasures(about["samples"], **arrays, gathers=about["gathers"], findings=findings), stored["words"]
