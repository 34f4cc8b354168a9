"""Every kind of network on Keras' JAX backend gives what it gives on TensorFlow's."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from helpers.jax_forward import FEATURES
from helpers.paths import ROOT, TESTS
from helpers.tiny_models import NETWORKS, inputs, tiny, with_known_weights

# Everything here runs once: compiling it well would take longer than running it.
QUICK = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"


@pytest.mark.skipif(
    importlib.util.find_spec("jax") is None, reason="jax is not installed: pip install 'sondeflow[jax]'"
)
def test_every_network_builds_and_runs_on_jax_as_on_tensorflow(tmp_path):
    path = f"{ROOT}{os.pathsep}{ROOT / 'tests'}"
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu", "PYTHONPATH": path, "XLA_FLAGS": QUICK}
    done = subprocess.run(
        [sys.executable, TESTS / "helpers" / "jax_forward.py", tmp_path / "jax.npz"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    with np.load(tmp_path / "jax.npz") as outputs:
        assert set(outputs) == set(NETWORKS)
        for kind in NETWORKS:
            network = with_known_weights(tiny(kind).build(FEATURES))
            expected = np.asarray(network(inputs(tiny(kind), FEATURES)))
            np.testing.assert_allclose(outputs[kind], expected, rtol=1e-4, atol=1e-5, err_msg=kind)
            assert np.ptp(expected) > 1e-3, f"{kind} gives a constant: nothing is compared"
