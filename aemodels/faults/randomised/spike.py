"""Spikes of the randomised family: single or in groups, one- or two-sided, with or without ringing."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import FactorRange, Site, from_display_scale, sample_step, scale_range, to_display_scale
from aemodels.faults.randomised.shapes import Floats, Probability, RandomisedCurveFault, log_uniform


class RandomSpike(RandomisedCurveFault):
    """Throw a few samples far off, in a group of up to `group_m` in length.

    References:
        Theys, P. (1999), Log Data Acquisition and Quality Control, 2nd ed., Technip (electronic noise).
    """

    label: ClassVar[str] = "spike"

    kind: Literal["spike_random"] = "spike_random"
    height: FactorRange = Field(
        default=(0.08, 2.0), description="height as a share of the curve's 0.5-99.5 % range; drawn log-uniformly"
    )
    single: Probability = Field(default=0.6, description="share of the events that are one spike, not a group")
    joint: Probability = Field(default=0.1, description="share of the events that hit several curves at once")

    @override
    def draw_length(self, recording: Recording, rng: np.random.Generator) -> tuple[int, int]:
        if rng.random() < self.single:
            return 1, int(rng.integers(1, 6))
        return 3, max(3, round(log_uniform(0.5, 4.0, rng) / sample_step(recording)))

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        out = recording.values[list(site.rows), site.window].astype(np.float64)
        samples = out.shape[1]
        shape = self._shape(samples, rng)
        for position in self.picked(out, rng):
            row = site.rows[position]
            name = recording.names[row]
            height = scale_range(recording, row) * log_uniform(*self.height, rng) * rng.choice([-1.0, 1.0])
            straight = to_display_scale(name, out[position])
            low = np.nanmin(to_display_scale(name, recording.values[row]))
            if name not in ("RDEP", "RMED", "RSHA", "RXO") and (straight + height * shape).min() < low:
                height = abs(height)
            out[position] = from_display_scale(name, straight + height * shape)
        return out.astype(np.float32)

    def _shape(self, samples: int, rng: np.random.Generator) -> Floats:
        """Return the heights in units of one, float64[samples]; 0 beside the spikes."""
        if samples <= 5:
            shape = rng.uniform(0.5, 1.0, samples)
            if samples > 1 and rng.random() < 0.25:  # two-sided
                shape[samples // 2 :] *= -rng.uniform(0.3, 1.0)
            return shape
        if rng.random() < 0.3:  # one spike that rings
            period, decay = log_uniform(2.0, 6.0, rng), log_uniform(1.5, 6.0, rng)
            place = np.arange(samples)
            return np.asarray(np.cos(2 * np.pi * place / period) * np.exp(-place / decay))
        hit = rng.random(samples) < rng.uniform(0.08, 0.4)
        hit[int(rng.integers(samples))] = True
        signs = rng.choice([-1.0, 1.0], samples) if rng.random() < 0.5 else 1.0
        return np.asarray(hit * rng.uniform(0.3, 1.0, samples) * signs)
