"""Define a kind of noise and measure how well a denoiser removes it: for programmers.

    python docs/examples/add_noise_kind.py WELL.las BUNDLE

To make the kind part of the project, move the class to `aemodels/noise/wave.py` and add it to the union `NoiseSpec` in
`aemodels/noise/__init__.py`: the registry, the validation of YAML files, `sondeflow models`, the forms of Prefect and
the contract tests follow from that line.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import Field

import sondeflow
from aemodels.core.types import BoolArray, FloatArray
from aemodels.evaluate.statistics.metrics import gain_db, mean_squared_error
from aemodels.noise import corrupt_section
from aemodels.noise.base import NoiseBase
from aemodels.noise.gaussian import Gaussian
from aemodels.signal.quality_rules import assess


class WaveNoise(NoiseBase):
    """Add a sine of random phase to every feature, as a periodic pull of the cable does."""

    kind: Literal["wave"] = "wave"
    amplitude: float = Field(default=0.2, gt=0.0, le=10.0, description="amplitude in normalised units")
    period: float = Field(default=3.0, gt=2.0, description="period in samples")

    def apply(self, values: FloatArray, mask: BoolArray, rng: np.random.Generator) -> tuple[FloatArray, BoolArray]:
        """Return noisy values float32[window, sample, feature] and the mask as it was."""
        windows, samples, features = values.shape
        phase = rng.uniform(0, 2 * np.pi, (windows, 1, features))
        angle = 2 * np.pi * np.arange(samples)[None, :, None] / self.period + phase
        return values + (self.amplitude * np.sin(angle)).astype(np.float32), mask


def main() -> None:
    """Parse the arguments, add both kinds of noise to the well, and print the gain of the bundle's denoiser."""
    parser = argparse.ArgumentParser(description="Measure the gain of a bundle's denoiser for a new kind of noise.")
    parser.add_argument("well", type=Path)
    parser.add_argument("bundle")
    arguments = parser.parse_args()

    bundle = sondeflow.load_bundle(arguments.bundle)
    recording = sondeflow.read(arguments.well)
    clean = bundle.section(recording, assess(recording))
    for noise in (Gaussian(factor=0.2), WaveNoise()):
        noisy = corrupt_section([noise], clean, np.random.default_rng(20))
        denoised = bundle.denoiser.denoise(noisy)
        before = mean_squared_error(noisy.values, clean.values, clean.mask)
        gain = gain_db(before, mean_squared_error(denoised, clean.values, clean.mask))
        print(f"{noise.kind}: {gain:.2f} dB")


if __name__ == "__main__":
    main()
