"""Bundles without a network, for wells and lines: fitted in a second, loaded without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Recording
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.las.writer import write_las
from aemodels.study import steps
from helpers.recordings import make_line, make_well

SPEC: dict[str, Any] = {
    "name": "cheap-logs",
    "kind": "logs",
    "curves": ["GR", "RHOB"],
    "minimum_samples": 100,
    "default": "pca_wiener",
    "contenders": [{"name": "pca_wiener", "model": {"kind": "pca_wiener"}}],
    "test_conditions": [{"name": "noise 0.2", "noise": [{"kind": "gaussian", "factor": 0.2}]}],
    "anomalies": {
        "faults": [{"kind": "spike"}],
        "detectors": [{"name": "pca_error", "model": {"kind": "pca_reconstruction"}}],
        "thresholds": [{"kind": "quantile", "rate": 0.01}, {"kind": "conformal"}],
    },
}


LINE_SPEC: dict[str, Any] = {
    "name": "tiny-seismic",
    "kind": "seismic",
    "minimum_samples": 100,
    "normalise": {"kind": "recording_rms"},
    "default": "gaussian_filter",
    "contenders": [{"name": "gaussian_filter", "model": {"kind": "gaussian_filter"}}],
    "test_conditions": [{"name": "noise 0.1", "noise": [{"kind": "gaussian", "factor": 0.1}]}],
    "anomalies": {
        "threshold": "quantile",
        "faults": [{"kind": "reversed"}, {"kind": "noisy"}],
        "detectors": [
            {
                "name": "pca",
                "model": {
                    "kind": "pca_reconstruction",
                    "model": {"window": {"length": 32, "stride": 8, "width": 1}},
                },
            }
        ],
        "thresholds": [{"kind": "quantile"}],
    },
}


def cheap_line_bundle() -> Bundle:
    """Fit a bundle for lines on one generated line."""
    return _fit(ExperimentSpec.model_validate(LINE_SPEC), [make_line(traces=120)])


def save_cheap_bundle(folder: Path, seed: int = 0) -> Path:
    """Fit the bundle on six generated wells and write it to a new folder; another seed is another version."""
    spec = ExperimentSpec.model_validate(SPEC)
    wells = [make_well(f"W-{number}", samples=400, seed=seed + number) for number in range(6)]
    _fit(spec, wells).save(folder)
    return folder


def _fit(spec: ExperimentSpec, recordings: Sequence[Recording]) -> Bundle:
    prepared = steps.prepare(spec, recordings)
    fitted = {contender.name: steps.fit_contender(spec, contender.name, prepared) for contender in spec.contenders}
    found = compare_detectors(spec, prepared, {name: fit.denoiser for name, fit in fitted.items()})
    return steps.assemble(spec, prepared, fitted, found)


def fill(inbox: Path, count: int, *, first: int = 0, samples: int = 120) -> list[Path]:
    """Write wells with different contents to nested folders; return their paths."""
    paths = []
    for number in range(first, first + count):
        path = inbox / f"field {number % 3}" / f"W-{number:04d}.las"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_las(make_well(f"W-{number}", samples=samples, seed=1000 + number, curves=("GR", "RHOB")), path)
        paths.append(path)
    return paths
