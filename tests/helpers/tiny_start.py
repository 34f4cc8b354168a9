"""An experiment with a denoising network and fault networks, small enough to train and train further in seconds."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Recording
from aemodels.evaluate.detection.compare import DetectorStudy, compare_detectors
from aemodels.experiment.fitted import Fitted, Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.study import start, steps
from helpers.recordings import make_well

CURVES = ("GR", "RHOB", "NPHI")
STILL = 1e-9  # learning rate at which weights stay where they are, to six digits
SPEC: dict[str, Any] = {
    "name": "tiny-start",
    "kind": "logs",
    "curves": list(CURVES),
    "minimum_samples": 100,
    "default": "dense",
    "contenders": [
        {
            "name": "dense",
            "model": {
                "kind": "dense",
                "widths": [8],
                "latent": 4,
                "window": {"length": 16, "stride": 8},
                "training": {"epochs": 2, "batch": 64, "stride": 8, "learning_rate": STILL, "schedule": "constant"},
            },
        },
    ],
    "test_conditions": [{"name": "noise 0.2", "noise": [{"kind": "gaussian", "factor": 0.2}]}],
    "anomalies": {
        "faults": [{"kind": "spike"}, {"kind": "stuck"}],
        "detectors": [
            {
                "name": "fault_network",
                "model": {
                    "kind": "fault_network",
                    "members": 2,
                    "widths": [4, 4],
                    "copies": 4,
                    "steps": 8,
                    "length": 64,
                    "batch": 4,
                    "learning_rate": STILL,
                },
            }
        ],
        "thresholds": [{"kind": "quantile", "rate": 0.01}, {"kind": "conformal"}],
    },
}


@dataclass(frozen=True, eq=False)
class Trained:
    """A trained experiment: its data, fits, comparison of detectors and bundle."""

    prepared: Prepared
    fitted: dict[str, Fitted]
    study: DetectorStudy
    bundle: Bundle


def wells(first: int, count: int = 6) -> list[Recording]:
    """Return wells of different content, numbered from `first`."""
    return [make_well(f"W-{n}", samples=500, seed=n, curves=CURVES) for n in range(first, first + count)]


def spec(**changes: Any) -> ExperimentSpec:
    """Return the experiment with other fields."""
    return ExperimentSpec.model_validate({**copy.deepcopy(SPEC), **changes})


def train(experiment: ExperimentSpec, recordings: Sequence[Recording], bundle: Bundle | None = None) -> Trained:
    """Train an experiment, from the bundle that its `start` names if it names one."""
    experiment = experiment if bundle is None else start.resolve_start(experiment, bundle)
    new = list(recordings) if bundle is None else start.unseen(bundle, recordings)[0]
    prepared = start.with_start(experiment, steps.prepare(experiment, new), bundle)
    fitted = {one.name: steps.fit_contender(experiment, one.name, prepared) for one in experiment.contenders}
    study = compare_detectors(experiment, prepared, {name: one.denoiser for name, one in fitted.items()})
    return Trained(prepared, fitted, study, steps.assemble(experiment, prepared, fitted, study))
