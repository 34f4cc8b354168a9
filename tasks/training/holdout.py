"""Evaluation of another bundle's denoiser on an experiment's frozen hold-out, with the same noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import SpecError
from aemodels.core.types import Channel, FloatArray, Recording, Section, Source
from aemodels.curves.canonical import CANONICAL
from aemodels.evaluate.denoising.compare import denoising_table
from aemodels.evaluate.promotion_gate import CHAMPION
from aemodels.signal.normalise import Normaliser

if TYPE_CHECKING:
    import pandas as pd

    from aemodels.core.interfaces import Denoiser
    from aemodels.experiment.fitted import Prepared
    from aemodels.experiment.spec import ExperimentSpec


@dataclass(frozen=True)
class RescaledDenoiser:
    """Denoiser of a bundle applied to sections of another normaliser, by way of physical units.

    Args:
        bundle: bundle whose denoiser is evaluated, with its own normaliser.
        normaliser: normaliser of the sections that it is evaluated on.
        curves: channels of those sections.
    """

    bundle: Bundle
    normaliser: Normaliser
    curves: tuple[str, ...]

    def denoise(self, section: Section) -> FloatArray:
        """Return denoised values in the normalised units of `section`."""
        noisy = self._recording(self.normaliser.invert(section.values, section), section, self.curves)
        theirs = self.bundle.normaliser.apply(noisy)
        physical = self.bundle.normaliser.invert(self.bundle.denoiser.denoise(theirs), theirs)
        back = [self.bundle.curves.index(curve) for curve in self.curves]
        return self.normaliser.apply(self._recording(physical[back], section, self.curves)).values

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays of the bundle's denoiser."""
        return self.bundle.denoiser.arrays()

    def _recording(self, values: FloatArray, section: Section, curves: tuple[str, ...]) -> Recording:
        observed = np.where(section.mask, values, np.nan).astype(np.float32)
        return Recording(
            values=observed,
            axis=np.arange(values.shape[1], dtype=np.float64),
            channels=tuple(Channel(curve, CANONICAL[curve].unit) for curve in curves),
            kind="logs",
            source=Source(section.name, "0" * 64),
            name=section.name,
        )


def champion_table(spec: ExperimentSpec, prepared: Prepared, champion: Bundle) -> pd.DataFrame:
    """Evaluate the champion's default denoiser on an experiment's hold-out, as the contender CHAMPION.

    Raises:
        SpecError: if the champion is of another kind, or lacks a curve of the experiment.
    """
    missing = sorted(set(spec.curves) - set(champion.curves))
    if champion.kind != spec.kind or missing:
        raise SpecError(
            f"champion scores {champion.kind} with curves {', '.join(champion.curves) or '-'}; the challenger has "
            f"{spec.kind} with {', '.join(spec.curves) or '-'}; set the alias in the registry if this is intended"
        )
    # traces are scaled by their own amplitude, so there is no second normaliser
    denoiser: Denoiser = (
        champion.denoiser if spec.kind == "seismic" else RescaledDenoiser(champion, prepared.normaliser, spec.curves)
    )
    return denoising_table(
        {CHAMPION: denoiser},
        prepared.test,
        {condition.name: condition.noise for condition in spec.test_conditions},
        channels=spec.curves,
        seed=spec.seed,
    )
