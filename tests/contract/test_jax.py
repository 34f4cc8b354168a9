"""Every kind of network on Keras' JAX backend gives what it gives on TensorFlow's."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from helpers.jax_forward import FEATURES
from helpers.paths import ROOT, TESTS
from helpers.recordings import make_well
from helpers.tiny_models import NETWORKS, inputs, tiny, with_known_weights

# Everything here runs once: compiling it well would take longer than running it.
QUICK = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


def run_on_jax(script: str, target: Path) -> str:
    """Run a helper with JAX as the backend of Keras, on the CPU, and return what it prints."""
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": path, "XLA_FLAGS": QUICK}
    done = subprocess.run(
        [sys.executable, TESTS / "helpers" / script, target],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


needs_jax = pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="jax is not installed: pip install 'sondeflow[jax]'"
)


@needs_jax
def test_every_network_builds_and_runs_on_jax_as_on_tensorflow(tmp_path):
    run_on_jax("jax_forward.py", tmp_path / "jax.npz")
    with np.load(tmp_path / "jax.npz") as outputs:
        assert set(outputs) == set(NETWORKS)
        for kind in NETWORKS:
            network = with_known_weights(tiny(kind).build(FEATURES))
            expected = np.asarray(network(inputs(tiny(kind), FEATURES)))
            np.testing.assert_allclose(outputs[kind], expected, rtol=1e-4, atol=1e-5, err_msg=kind)
            assert np.ptp(expected) > 1e-3, f"{kind} gives a constant: nothing is compared"


@needs_jax
def test_tensorflow_leaves_jax_alone_and_everyone_else_may_have_it():
    script = (
        "import aemodels, sys, keras, tensorflow; first = 'jax' in sys.modules; import jax; print(first, jax.__name__)"
    )
    environment = {**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.split() == ["False", "jax"]


@needs_jax
@pytest.mark.slow
def test_the_shipped_experiment_runs_on_jax_and_its_bundle_scores_on_tensorflow(tmp_path):
    on_jax = np.array(json.loads(run_on_jax("jax_experiment.py", tmp_path / "bundle")))
    on_tensorflow = Bundle.load(tmp_path / "bundle").score(make_well("NEW", seed=50, samples=1500)).score
    np.testing.assert_allclose(on_jax, on_tensorflow, rtol=1e-3, atol=1e-3)
    assert np.ptp(on_jax) > 0.1
