"""Benchmarks of training: seconds to the loss of the published recipe, and how long a step waits for its batch."""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aemodels.core.interfaces import FitContext
from aemodels.core.types import FloatArray, Section
from aemodels.denoisers.networks.unet import UNet
from aemodels.denoisers.registry import Guarded
from aemodels.signal.normalise import CurvePercentiles
from aemodels.synthetic.earth import build_earth
from aemodels.synthetic.field import well_locations
from aemodels.synthetic.spec import FieldSpec
from aemodels.synthetic.wells import log_well
from flows.benchmarks.bundle import one_core
from flows.benchmarks.throughput import verdict
from flows.catalogue import load_spec

EPOCHS, STEPS, WELLS, HELD_OUT = 15, 40, 8, 2
# Required: to be no slower than the published recipe. The bound is two thirds of docs/lab/2026-11-speed.md.
REACHED, REACHED_BOUND = 1.0, 0.8


Roles = tuple[list[Section], list[Section]]  # training, validation


@dataclass(frozen=True)
class Scale:
    """Size of the benchmark: training epochs, batches per epoch, wells."""

    epochs: int = EPOCHS
    steps: int = STEPS
    wells: int = WELLS


def training_rows(repeats: int) -> list[dict[str, Any]]:
    """Return the rows of training, as of `flows.benchmarks.throughput.benchmark`, each measured by a new process.

    The first on one core, the second on all: there the batches are made while the network learns.

    Args:
        repeats: repetitions of each, in turns.
    """
    command = [sys.executable, "-m", __name__, str(repeats)]
    run = partial(subprocess.run, check=True, capture_output=True, text=True)
    with one_core():
        to_loss = run([*command, "loss"])
    return [json.loads(done.stdout.splitlines()[-1]) for done in (to_loss, run([*command, "wait"]))]


def loss_row(repeats: int, scale: Scale = Scale()) -> dict[str, Any]:
    """Return the row of the seconds to the best validation loss of the published recipe.

    The same network, data and validation windows for both, and processor time from the windows on. The published
    recipe learns from one noisy copy of each window at a constant rate; the shipped one from new copies in each epoch,
    at a rate that falls.
    """
    spec, roles = shipped(scale), sections(scale.wells)
    turns = []
    for seed in range(repeats):
        published = _published(spec, roles, seed)
        target, theirs = min(published)
        ours = next((seconds for loss, seconds in _shipped_epochs(spec, roles, seed) if loss <= target), None)
        turns.append((target, theirs, ours))
    ratios = [0.0 if ours is None else theirs / ours for _, theirs, ours in turns]
    reached = [ours for _, _, ours in turns if ours is not None]
    ratio = statistics.median(ratios)
    return {
        "what": f"train a U-Net to a validation loss of {statistics.median(turn[0] for turn in turns):.3g}",
        "ours_s": statistics.median(reached) if reached else None,
        "other": f"published recipe, best of {scale.epochs} epochs",
        "other_s": statistics.median(turn[1] for turn in turns),
        "ratio": ratio,
        "low": min(ratios),
        "high": max(ratios),
        "required": REACHED,
        "bound": REACHED_BOUND,
        "verdict": verdict(ratio, REACHED),
    }


def wait_row(repeats: int, scale: Scale = Scale()) -> dict[str, Any]:
    """Return the row of an epoch whose batches are made beside it, and of one whose batches lie in memory.

    Wall time on all cores; `wait_pct` is the share of the first that the steps wait for their batches.
    """
    spec, (train, _) = shipped(scale), sections(scale.wells)
    network, batches, _ = network_and_batches(spec, train, seed=0)
    inputs, targets = in_memory(batches)
    size = spec.training.batch
    network.fit(batches, epochs=1, shuffle=False, verbose=0)  # traces the network
    network.fit(inputs, targets, batch_size=size, epochs=1, shuffle=False, verbose=0)
    pairs = []
    for epoch in range(max(2 * repeats, 3)):
        batches.start(epoch)
        beside = _seconds(partial(network.fit, batches, epochs=1, shuffle=False, verbose=0))
        ready = _seconds(partial(network.fit, inputs, targets, batch_size=size, epochs=1, shuffle=False, verbose=0))
        pairs.append((beside, ready))
    ours, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratios = [ready / beside for beside, ready in pairs]
    wait = 100 * max(1 - other / ours, 0.0)
    return {
        "what": f"epoch of {scale.steps} batches ({wait:.0f} % of it waiting for them)",
        "ours_s": ours,
        "other": "the same batches in memory",
        "other_s": other,
        "ratio": other / ours,
        "low": min(ratios),
        "high": max(ratios),
        "wait_pct": wait,
        "required": None,
        "bound": None,
        "verdict": "",
    }


def shipped(scale: Scale) -> UNet:
    """Return the denoiser of the shipped logs experiment with a shorter training."""
    experiment = load_spec("logs")
    default = next(contender.model for contender in experiment.contenders if contender.name == experiment.default)
    network = default.inner if isinstance(default, Guarded) else default
    if not isinstance(network, UNet):
        raise TypeError(f"the shipped denoiser is a {network.kind}; expected a unet")
    shorter = {"epochs": scale.epochs, "steps": scale.steps, "patience": scale.epochs}
    return network.model_copy(update={"training": network.training.model_copy(update=shorter)})


def sections(wells: int) -> Roles:
    """Return training and validation sections of a synthetic field."""
    field, curves = FieldSpec(wells=wells), ("GR", "RHOB", "NPHI", "DTC", "RDEP")
    rng = np.random.default_rng(20)
    earth = build_earth(field, rng)
    recordings = [log_well(earth, location, rng) for location in well_locations(field, rng)]
    normaliser = CurvePercentiles().fit(recordings[:-HELD_OUT], curves)
    normalised = [normaliser.apply(recording) for recording in recordings]
    return normalised[:-HELD_OUT], normalised[-HELD_OUT:]


def network_and_batches(spec: UNet, train: Sequence[Section], seed: int) -> tuple[Any, Any, NDArray[np.float32]]:
    """Return a compiled network, the batches of the shipped recipe, and the offset and gain of the data."""
    from aemodels.denoisers.training.batches import Batches, observed_windows
    from aemodels.denoisers.training.losses import masked_loss

    random.seed(seed)  # Keras draws the seeds of its layers from it
    windows = observed_windows(spec, train, stride=spec.training.stride)
    affine = spec.affine(*windows)
    network = spec.build(windows[0].shape[2])
    network.compile(optimizer="adam", loss=masked_loss(spec.loss_name))  # at 1e-3, as published
    return network, Batches(spec, windows, affine, seed), affine


def in_memory(batches: Any) -> tuple[FloatArray, FloatArray]:
    """Return inputs and targets of all batches of an epoch."""
    inputs, targets = zip(*(batches[index] for index in range(len(batches))), strict=True)
    return np.concatenate(inputs), np.concatenate(targets)


def _published(spec: UNet, roles: Roles, seed: int) -> list[tuple[float, float]]:
    """Return validation loss and seconds since the start of each epoch of the published recipe."""
    from aemodels.denoisers.training.batches import observed_windows, validation_pairs

    train, validation = roles
    started = time.process_time()
    network, batches, affine = network_and_batches(spec, train, seed)
    inputs, targets = in_memory(batches)
    checks = validation_pairs(spec, observed_windows(spec, validation, stride=spec.window.stride), affine, seed)
    sizes = {"batch_size": spec.training.batch, "validation_batch_size": 256}
    found = []
    for _ in range(spec.training.epochs):
        record = network.fit(inputs, targets, validation_data=checks, epochs=1, verbose=0, **sizes)
        found.append((float(record.history["val_loss"][0]), time.process_time() - started))
    return found


def _shipped_epochs(spec: UNet, roles: Roles, seed: int) -> list[tuple[float, float]]:
    """Return validation loss and seconds since the start of each epoch of the shipped recipe."""
    from aemodels.denoisers.training.loop import train_network

    found: list[tuple[float, float]] = []
    started = time.process_time()

    def note(_: int, metrics: dict[str, float]) -> None:
        found.append((metrics["val_loss"], time.process_time() - started))

    train_network(spec, *roles, FitContext("logs", seed, on_epoch=note))
    return found


def _seconds(work: partial[Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    rows = {"loss": loss_row, "wait": wait_row}
    sys.stdout.write(f"\n{json.dumps(rows[sys.argv[2]](int(sys.argv[1])))}\n")
