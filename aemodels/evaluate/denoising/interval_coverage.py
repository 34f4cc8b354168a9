"""Whether intervals hold what they promise, on sections that they were not calibrated on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.denoisers.guarded.guards import COVERAGES
from aemodels.evaluate.denoising.compare import noisy_panels
from aemodels.noise import NoiseSpec


@runtime_checkable
class IntervalDenoiser(Protocol):
    """A denoiser that says how sure it is."""

    def half_widths(self, section: Section) -> FloatArray:
        """Half-widths float32[coverage, channel, sample] for `COVERAGES`."""
        ...


def coverage_table(
    denoisers: Mapping[str, Denoiser],
    sections: Sequence[Section],
    conditions: Mapping[str, Sequence[NoiseSpec]],
    *,
    seed: int,
) -> pd.DataFrame:
    """Measured against promised coverage, observed and lost samples apart.

    Args:
        denoisers: fitted; those without intervals are left out.
        sections: clean hold-out sections.
        conditions: noise by condition name.
        seed: of the noise.

    Returns:
        One row a contender, condition, section, kind of sample and promise: contender, condition, section, samples
        ("observed" or "lost"), nominal, coverage, half_width (mean, normalised units).
    """
    rows = []
    sure = {name: denoiser for name, denoiser in denoisers.items() if isinstance(denoiser, IntervalDenoiser)}
    for condition, noises in conditions.items():
        for noisy, parts in noisy_panels(sections if sure else (), noises, condition, seed=seed):
            for name, denoiser in sure.items():
                estimate, widths = denoisers[name].denoise(noisy), denoiser.half_widths(noisy)
                for section, place in parts:
                    error = np.abs(estimate[place] - section.values)
                    found = _covered(error, widths[:, place], section, noisy.mask[place])
                    rows += [(name, condition, section.name, *row) for row in found]
    columns = ["contender", "condition", "section", "samples", "nominal", "coverage", "half_width"]
    return pd.DataFrame(rows, columns=columns)


def _covered(
    error: FloatArray, widths: FloatArray, clean: Section, seen: BoolArray
) -> Iterator[tuple[str, float, float, float]]:
    kinds = {"observed": clean.mask & seen, "lost": clean.mask & ~seen}
    for kind, mask in kinds.items():
        for nominal, width in zip(COVERAGES, widths, strict=True):
            if mask.any():
                yield kind, nominal, float((error <= width)[mask].mean()), float(width[mask].mean())


def summarise_coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Mean, least and largest coverage over sections: contender, condition, samples, nominal, coverage, worst, best."""
    groups = table.groupby(["contender", "condition", "samples", "nominal"], sort=False)
    return groups.agg(
        coverage=("coverage", "mean"),
        worst=("coverage", "min"),
        best=("coverage", "max"),
        half_width=("half_width", "mean"),
    ).reset_index()
