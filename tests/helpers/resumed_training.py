"""A training in a separate process with arguments MODE CHECKPOINT RESULT; see test_resume.py."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from aemodels.core.interfaces import FitContext
from aemodels.denoisers.networks.unet import UNet
from aemodels.denoisers.training.spec import TrainingSpec
from aemodels.noise import Dropout, Gaussian
from aemodels.signal.windows import WindowSpec
from helpers.recordings import make_section

EPOCHS = 8
SPEC = UNet(
    widths=(8, 12),
    kernel=5,
    window=WindowSpec(length=64, stride=32),
    training=TrainingSpec(
        epochs=EPOCHS,
        batch=32,
        stride=8,
        learning_rate=0.02,
        schedule="plateau",
        patience=6,
        flip=0.5,
        scale=0.2,
        noise=(Dropout(channels=0.2), Gaussian(factor=(0.05, 0.4))),
        deterministic=True,
    ),
)


def sections(count: int, seed: int) -> list:
    """Waves of two channels."""
    rng = np.random.default_rng(seed)
    waves = np.sin(np.linspace(0, 60, 800)[None] + rng.uniform(0, 6, (count, 2, 1)))
    return [make_section(0.5 + 0.3 * wave, name=f"s{n}") for n, wave in enumerate(waves)]


def main(mode: str, checkpoint: Path, result: Path) -> None:
    """Train; "slow" pauses after each epoch and reports it, "whole" runs twice without interruption."""

    def told(epoch: int, metrics: dict[str, float]) -> None:
        sys.stdout.write(f"{epoch}\n")
        sys.stdout.flush()
        time.sleep(0.3 if mode == "slow" else 0.0)

    contexts = [FitContext("logs", 7, on_epoch=told, checkpoint=checkpoint)]
    if mode == "again":
        contexts.append(FitContext("logs", 7))
    fits = [SPEC.fit(sections(3, 0), sections(1, 1), context) for context in contexts]
    for number, fit in enumerate(fits):
        history = {f"history_{name}": series for name, series in fit.history.items()}
        np.savez(result.with_name(f"{number}.npz"), resumed=fit.resumed, **history, **fit.denoiser.arrays())


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
