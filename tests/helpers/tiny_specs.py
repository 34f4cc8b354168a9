"""Experiments that train in seconds."""

from __future__ import annotations

from typing import Any

CONDITION = {"name": "noise 0.2", "noise": [{"kind": "gaussian", "factor": 0.2}]}
PATCH = {"length": 16, "stride": 4, "width": 16, "width_stride": 4}
THRESHOLDS = [{"kind": "quantile", "rate": 0.01}, {"kind": "conformal"}]
LOGS: dict[str, Any] = {
    "name": "tiny-logs",
    "kind": "logs",
    "curves": ["GR", "RHOB", "NPHI"],
    "minimum_samples": 100,
    "split": {"test": ["W-5"]},
    "default": "pca_wiener",
    "contenders": [
        {"name": "pca_wiener", "model": {"kind": "pca_wiener"}},
        {"name": "dense", "model": {"kind": "dense", "training": {"epochs": 2, "batch": 64, "stride": 50}}},
    ],
    "test_conditions": [CONDITION],
    "anomalies": {
        "faults": [{"kind": "spike"}, {"kind": "stuck"}],
        "detectors": [
            {"name": "dense_error", "model": {"kind": "reconstruction", "contender": "dense"}},
            {"name": "pca_error", "model": {"kind": "pca_reconstruction"}},
        ],
        "thresholds": THRESHOLDS,
    },
}
SEISMIC: dict[str, Any] = {
    "name": "tiny-seismic",
    "kind": "seismic",
    "minimum_samples": 100,
    "normalise": {"kind": "recording_rms"},
    "default": "pca_wiener",
    "contenders": [
        {"name": "pca_wiener", "model": {"kind": "pca_wiener", "window": PATCH, "stride": 4}},
        {"name": "median", "model": {"kind": "median"}},
    ],
    "test_conditions": [{"name": "5 dB", "noise": [{"kind": "gaussian", "snr_db": 5.0}]}],
    "anomalies": {
        "fraction": 0.2,
        "faults": [{"kind": "noisy"}, {"kind": "spiky"}],
        "detectors": [{"name": "pca_error", "model": {"kind": "pca_reconstruction"}}],
        "thresholds": THRESHOLDS,
    },
}
