"""The U-Net in NumPy gives what Keras gives, and scoring a well with it never loads Keras."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import erf

from aemodels.bundle.shipped import shipped_bundle
from aemodels.core.errors import BundleError
from aemodels.denoisers.networks.inference import compiled
from aemodels.denoisers.networks.unet import UNet
from aemodels.denoisers.numpy_unet import NumpyUNet, gelu
from aemodels.detect.fault_network.network import FaultNetwork
from aemodels.detect.fault_network.segmentation import build_segmentation_network
from helpers.paths import ROOT


def _with_random_weights(network, seed):
    rng = np.random.default_rng(seed)
    weights = [rng.normal(0, 0.2, weight.shape).astype(np.float32) for weight in network.get_weights()]
    network.set_weights(weights)
    return weights


@pytest.mark.parametrize("block", ["plain", "residual"])
@pytest.mark.parametrize("widths", [(8, 8), (8, 12, 8), (8, 12, 16, 20, 24)])
@pytest.mark.parametrize("kernel", [3, 5])
def test_a_denoiser_gives_what_keras_gives(block, widths, kernel):
    spec = UNet(widths=widths, kernel=kernel, block=block)
    network = spec.build_whole(4)
    weights = _with_random_weights(network, seed=len(widths))
    x = np.random.default_rng(1).normal(0, 1, (1, 256, 12)).astype(np.float32)
    expected = np.asarray(compiled(network)(x))
    found = spec.numpy_pass(weights)(x)
    assert (found.shape, found.dtype) == (expected.shape, np.float32)
    np.testing.assert_allclose(found, expected, atol=2e-5 * float(np.abs(expected).max()))


def test_a_fault_network_gives_what_keras_gives():
    spec = FaultNetwork(widths=(8, 12, 12))
    network = build_segmentation_network(spec.body(), 10, 7)
    weights = _with_random_weights(network, seed=3)
    x = np.random.default_rng(1).normal(0, 1, (1, 512, 10)).astype(np.float32)
    found = NumpyUNet(weights, 3, residual=True)(x[0])
    expected = np.asarray(compiled(network)(x))[0]
    np.testing.assert_allclose(found, expected, atol=2e-5 * float(np.abs(expected).max()))


def test_panels_are_left_to_keras():
    assert UNet(rank=2, window={"length": 32, "width": 8}).numpy_pass([]) is None


def test_the_activation_is_exact_to_single_precision():
    x = np.linspace(-12, 12, 200_001, dtype=np.float32)
    exact = x.astype(np.float64) * 0.5 * (1 + erf(x.astype(np.float64) / np.sqrt(2)))
    np.testing.assert_allclose(gelu(x), exact, atol=5e-7)
    assert gelu(np.array([[np.nan, 1e15, -1e15]], dtype=np.float32))[0, 1:].tolist() == [np.float32(1e15), 0.0]


@pytest.mark.parametrize("drop", [1, 2])
def test_weights_of_another_network_are_refused(drop):
    weights = UNet(widths=(8, 12)).build_whole(2).get_weights()
    with pytest.raises(BundleError):
        NumpyUNet([*weights, *weights[:drop]], 2, residual=False)(np.zeros((4, 6), dtype=np.float32))


def test_a_well_is_scored_without_keras_and_alike(tmp_path):
    code = """
import json, sys
from pathlib import Path
import numpy as np
if sys.argv[1] == "keras":
    import keras
from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import shipped_bundle
from helpers.recordings import make_well
scores = Bundle.load(shipped_bundle("logs-v1").folder).score(make_well(samples=1500))
np.savez(sys.argv[2], score=scores.score, denoised=scores.denoised)
print(json.dumps([name in sys.modules for name in ("keras", "tensorflow")]))
"""
    found = {}
    for backend in ("numpy", "keras"):
        done = subprocess.run(
            [sys.executable, "-c", code, backend, str(tmp_path / f"{backend}.npz")],
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert json.loads(done.stdout) == [backend == "keras"] * 2
        found[backend] = np.load(tmp_path / f"{backend}.npz")
    for name in ("score", "denoised"):
        np.testing.assert_allclose(found["numpy"][name], found["keras"][name], rtol=1e-5, atol=2e-5)


def test_keras_is_started_once_where_enough_files_are_left():
    from tasks.scoring.file import is_time_for_keras

    assert [count for count in range(400) if is_time_for_keras(count, 0)] == [100]
    assert [count for count in range(400) if is_time_for_keras(count, 5000)] == [100]
    assert [count for count in range(400) if is_time_for_keras(count, 104)] == [], "four files do not pay its start"


def test_a_process_with_many_files_goes_over_to_keras():
    from tasks.scoring.file import _bundle, run_in_keras

    _bundle.cache_clear()
    shipped = shipped_bundle("logs-v1")
    _bundle(str(shipped.folder), shipped.content_hash)
    assert _bundle.cache_info().currsize == 1
    run_in_keras()
    assert "keras" in sys.modules
    assert _bundle.cache_info().currsize == 0
