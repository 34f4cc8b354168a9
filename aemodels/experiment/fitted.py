"""Values that fitting an experiment gives: data in their roles, fitted contenders."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aemodels.core.findings import Finding
from aemodels.core.interfaces import Denoiser
from aemodels.core.types import Section
from aemodels.experiment.spec import ExperimentSpec
from aemodels.signal.normalise import Normaliser
from aemodels.signal.split import Split


@dataclass(frozen=True, eq=False)
class Prepared:
    """Data in their roles, normalised with statistics of the training role alone."""

    split: Split
    normaliser: Normaliser
    train: tuple[Section, ...]
    validation: tuple[Section, ...]
    test: tuple[Section, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted contender with the record of its training.

    Args:
        name: contender name.
        denoiser: ready to denoise.
        history: one list a metric, one entry an epoch; empty for methods without epochs.
        seconds: wall time of the fit.
        parameters: fitted numbers.
        dead_units: layer name → units that give the same for every window; layers without any left out.
        resumed: epochs taken over from a training that died; `seconds` does not count them.
    """

    name: str
    denoiser: Denoiser
    history: dict[str, list[float]]
    seconds: float
    parameters: int
    dead_units: dict[str, int] = field(default_factory=dict)
    resumed: int = 0

    def save(self, directory: Path) -> None:
        """Write fitted.json and arrays.npz; no pickle."""
        directory.mkdir(parents=True, exist_ok=True)
        np.savez(directory / "arrays.npz", **self.denoiser.arrays())  # type: ignore[arg-type]
        kept = ("name", "history", "seconds", "parameters", "dead_units", "resumed")
        record = {key: getattr(self, key) for key in kept}
        (directory / "fitted.json").write_text(json.dumps(record))

    @classmethod
    def load(cls, directory: Path, spec: ExperimentSpec) -> Fitted:
        """The inverse of save; the denoiser is rebuilt from its contender's spec."""
        record = json.loads((directory / "fitted.json").read_text())
        with np.load(directory / "arrays.npz", allow_pickle=False) as arrays:
            denoiser = spec.contender(record["name"]).model.restore(dict(arrays))
        return cls(denoiser=denoiser, **record)
