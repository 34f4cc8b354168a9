"""Coverage of prediction intervals on sections that they were not calibrated on."""

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
    """A denoiser with prediction intervals."""

    def half_widths(self, section: Section) -> FloatArray:
        """Return half-widths float32[coverage, channel, sample] for `COVERAGES`."""
        ...


def coverage_table(
    denoisers: Mapping[str, Denoiser],
    sections: Sequence[Section],
    conditions: Mapping[str, Sequence[NoiseSpec]],
    *,
    seed: int,
) -> pd.DataFrame:
    """Measure the coverage at each nominal level, separately for observed and lost samples.

    Args:
        denoisers: fitted, by contender name; those without intervals are left out.
        sections: clean hold-out sections.
        conditions: noise by condition name.
        seed: of the noise.

    Returns:
        One row per contender, condition, section, kind of sample and nominal coverage: contender, condition, section,
        samples ("observed" or "lost"), nominal, coverage, half_width (mean, normalised units).
    """
    rows = []
    with_intervals = {name: denoiser for name, denoiser in denoisers.items() if isinstance(denoiser, IntervalDenoiser)}
    for condition, noises in conditions.items():
        for noisy, members in noisy_panels(sections if with_intervals else (), noises, condition, seed=seed):
            for name, denoiser in with_intervals.items():
                estimate, widths = denoisers[name].denoise(noisy), denoiser.half_widths(noisy)
                for section, part in members:
                    error = np.abs(estimate[part] - section.values)
                    found = _coverage(error, widths[:, part], section, noisy.mask[part])
                    rows += [(name, condition, section.name, *row) for row in found]
    columns = ["contender", "condition", "section", "samples", "nominal", "coverage", "half_width"]
    return pd.DataFrame(rows, columns=columns)


def _coverage(
    error: FloatArray, widths: FloatArray, clean: Section, observed: BoolArray
) -> Iterator[tuple[str, float, float, float]]:
    kinds = {"observed": clean.mask & observed, "lost": clean.mask & ~observed}
    for kind, mask in kinds.items():
        for nominal, width in zip(COVERAGES, widths, strict=True):
            if mask.any():
                yield kind, nominal, float((error <= width)[mask].mean()), float(width[mask].mean())


def summarise_coverage(table: pd.DataFrame) -> pd.DataFrame:
    """Return the mean, lowest and highest coverage over sections, and the mean half-width.

    Returns:
        contender, condition, samples, nominal, coverage, worst, best, half_width.
    """
    groups = table.groupby(["contender", "condition", "samples", "nominal"], sort=False)
    return groups.agg(
        coverage=("coverage", "mean"),
        worst=("coverage", "min"),
        best=("coverage", "max"),
        half_width=("half_width", "mean"),
    ).reset_index()
