"""Noise added to windows to train and test denoisers: one file per kind."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Annotated, TypeAlias

import numpy as np
from pydantic import Field

from aemodels.core.interfaces import Noise
from aemodels.core.types import BoolArray, FloatArray, Section
from aemodels.noise.band_limited import BandLimited
from aemodels.noise.dropout import Dropout
from aemodels.noise.gaussian import Gaussian
from aemodels.noise.spike import SpikeNoise
from aemodels.signal.normalise import fill_gaps

NoiseSpec: TypeAlias = Annotated[Gaussian | SpikeNoise | Dropout | BandLimited, Field(discriminator="kind")]


def corrupt(
    noises: Sequence[Noise], values: FloatArray, mask: BoolArray, rng: np.random.Generator
) -> tuple[FloatArray, BoolArray]:
    """Apply noises in order to windows [window, sample, feature]."""
    for noise in noises:
        values, mask = noise.apply(values, mask, rng)
    return values, mask


def corrupt_section(noises: Sequence[Noise], section: Section, rng: np.random.Generator) -> Section:
    """Return a noisy copy of a section, treated as one window.

    Samples removed by a noise are interpolated from their noisy neighbours, as the normaliser does with gaps in a
    file; a channel that is removed entirely keeps the values of the noise.
    """
    values, mask = corrupt(noises, section.values.T[None], section.mask.T[None], rng)
    values, mask = np.ascontiguousarray(values[0].T), np.ascontiguousarray(mask[0].T)
    if (section.mask & ~mask).any():
        values = fill_gaps(values.astype(np.float64), mask, values)
    return dataclasses.replace(section, values=values, mask=mask, noise=None)


__all__ = ["BandLimited", "Dropout", "Gaussian", "NoiseSpec", "SpikeNoise", "corrupt", "corrupt_section"]
