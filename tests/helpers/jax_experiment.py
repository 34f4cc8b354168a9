"""Run by tests/contract/test_jax.py in a process of its own: the shipped logs experiment, shortened, on JAX.

Writes the bundle to the folder named as the argument, scores a well with it, and prints the scores.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import yaml

from aemodels.bundle.bundle import Bundle
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.spec import ExperimentSpec
from aemodels.study import steps
from helpers.paths import ROOT
from helpers.recordings import make_well

DETECTORS = ("rules", "lag", "fault_network", "fusion")


def shortened() -> ExperimentSpec:
    """The shipped experiment with its network and its detectors, a few steps of training each."""
    spec = yaml.safe_load((ROOT / "flows" / "specs" / "logs.yaml").read_text())
    spec["split"] = {"validation_share": 0.3, "test_share": 0.2}
    spec["contenders"] = [one for one in spec["contenders"] if one["name"] == "unet"]
    network = spec["contenders"][0]["model"]["inner"]
    network["widths"] = [4, 6]
    network["training"] |= {"epochs": 1, "steps": 2, "batch": 8}
    anomalies = spec["anomalies"]
    anomalies["detectors"] = [one for one in anomalies["detectors"] if one["name"] in DETECTORS]
    anomalies["repeats"] = 1
    for one in anomalies["detectors"]:
        if one["name"] == "fault_network":
            one["model"] |= {"members": 2, "widths": [4, 6], "copies": 2, "steps": 2, "batch": 4}
        if one["name"] == "fusion":
            one["model"] |= {"copies": 1}
    return ExperimentSpec.model_validate(spec)


def main(folder: Path) -> None:
    if keras.backend.backend() != "jax":
        raise SystemExit(f"the backend is {keras.backend.backend()}; expected jax: set KERAS_BACKEND")
    spec = shortened()
    prepared = steps.prepare(spec, [make_well(f"W-{number}", seed=number, samples=2500) for number in range(6)])
    fitted = {one.name: steps.fit_contender(spec, one.name, prepared) for one in spec.contenders}
    found = compare_detectors(spec, prepared, {name: fit.denoiser for name, fit in fitted.items()})
    steps.assemble(spec, prepared, fitted, found).save(folder)
    scores = Bundle.load(folder).score(make_well("NEW", seed=50, samples=1500))
    sys.stdout.write(json.dumps(scores.score.tolist()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
