"""Results of preparing and fitting an experiment: data in their roles, and fitted contenders."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from aemodels.core.findings import Finding
from aemodels.core.interfaces import Denoiser
from aemodels.core.types import Recording, Section
from aemodels.experiment.spec import ExperimentSpec
from aemodels.experiment.start import StartingPoint
from aemodels.signal.normalise import Normaliser
from aemodels.signal.split import Split


@dataclass(frozen=True, eq=False)
class Prepared:
    """Data in their roles, normalised with statistics of the training role alone.

    Args:
        split: the recordings in their roles.
        normaliser: fitted on the training recordings.
        train: normalised training sections.
        validation: normalised validation sections.
        test: normalised hold-out sections.
        findings: on the recordings left out, and on gather types (seismic).
        elsewhere: normalised sections of wells of other basins, for detectors.
        elsewhere_as_recorded: the same wells for denoisers: at the depths at which scoring denoises them, without
            unusable readings.
        start: fitted networks that those of the experiment start from; None = from nothing.
    """

    split: Split
    normaliser: Normaliser
    train: tuple[Section, ...]
    validation: tuple[Section, ...]
    test: tuple[Section, ...]
    findings: tuple[Finding, ...]
    elsewhere: tuple[Section, ...] = ()
    elsewhere_as_recorded: tuple[Section, ...] = ()
    start: StartingPoint | None = None

    @property
    def detector_training(self) -> tuple[Section, ...]:
        """The sections that detectors are fitted to: the training sections, then those of other basins."""
        return self.train + self.elsewhere

    @property
    def detector_recordings(self) -> tuple[Recording, ...]:
        """The recordings behind `detector_training`."""
        return self.split.train + self.split.elsewhere


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted contender with its training history.

    Args:
        name: contender name.
        denoiser: ready to denoise.
        history: one list per metric, one entry per epoch; empty for methods without epochs.
        seconds: wall time of the fit.
        parameters: number of fitted parameters.
        dead_units: layer name → number of units with constant output; layers without any are left out.
        resumed: number of epochs taken from an interrupted training, whose time is not in `seconds`.
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
        """Read what `save` wrote; the denoiser is restored from its contender's specification."""
        record = json.loads((directory / "fitted.json").read_text())
        with np.load(directory / "arrays.npz", allow_pickle=False) as arrays:
            denoiser = spec.contender(record["name"]).model.restore(dict(arrays))
        return cls(denoiser=denoiser, **record)
