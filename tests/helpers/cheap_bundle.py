"""A bundle without a network, for wells: fitted in a second, loaded without TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aemodels.bundle.bundle import Bundle
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.spec import ExperimentSpec
from aemodels.io.las.writer import write_las
from aemodels.study import steps
from helpers.recordings import make_well

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


def save_cheap_bundle(folder: Path, seed: int = 0) -> Path:
    """Fit the bundle on six generated wells and write it to a new folder; another seed is another version."""
    spec = ExperimentSpec.model_validate(SPEC)
    wells = [make_well(f"W-{number}", samples=400, seed=seed + number) for number in range(6)]
    prepared = steps.prepare(spec, wells)
    fitted = {contender.name: steps.fit_contender(spec, contender.name, prepared) for contender in spec.contenders}
    found = compare_detectors(spec, prepared, {name: fit.denoiser for name, fit in fitted.items()})
    bundle: Bundle = steps.assemble(spec, prepared, fitted, found)
    bundle.save(folder)
    return folder


def fill(inbox: Path, count: int, *, first: int = 0, samples: int = 120) -> list[Path]:
    """Write wells with different contents to nested folders; return their paths."""
    paths = []
    for number in range(first, first + count):
        path = inbox / f"field {number % 3}" / f"W-{number:04d}.las"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_las(make_well(f"W-{number}", samples=samples, seed=1000 + number, curves=("GR", "RHOB")), path)
        paths.append(path)
    return paths
