"""Registered model, logged from this code: it loads the bundle in its artifacts and scores with it.

Only `aemodels` and MLflow are imported, so that the model loads wherever these two are installed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel

from aemodels.bundle.bundle import Bundle
from aemodels.core.types import Channel, Recording, Source
from aemodels.curves.canonical import CANONICAL

NOWHERE = Source(uri="memory", sha256="0" * 64)


class BundleModel(PythonModel):
    """Registered model, with a `predict` for logs or seismic.

    Logs: a DataFrame of canonical curves in canonical units, one row per depth sample, missing = NaN; curves unknown to
    the bundle are ignored. Seismic: an array float32[trace, sample]. Parameter `step`: sample interval in m or s.

    The result has one row per depth sample (logs) or per trace (seismic): score, threshold, is_anomaly, reason, and for
    logs <C>_DN and ANOM_<C> of each curve.
    """

    def load_context(self, context: Any) -> None:
        """Load the bundle and check its files by their hashes."""
        self.bundle = Bundle.load(Path(context.artifacts["bundle"]))

    # For seismic the input is an array; MLflow takes this hint as "see the signature" and warns of others.
    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Score values in memory as `Bundle.score` scores a recording."""
        step = float((params or {}).get("step") or (0.1524 if self.bundle.kind == "logs" else 0.004))
        recording = self._well(model_input, step) if self.bundle.kind == "logs" else self._line(model_input, step)
        scores = self.bundle.score(recording)
        table: dict[str, Any] = {
            "score": scores.score,
            "threshold": np.full(len(scores.score), scores.threshold, dtype=np.float32),
            "is_anomaly": scores.is_anomaly,
            "reason": list(scores.reason),
        }
        if self.bundle.kind == "logs":
            for row, curve in enumerate(scores.channels):
                table |= {f"{curve}_DN": scores.denoised[row], f"ANOM_{curve}": scores.channel_score[row]}
        return pd.DataFrame(table)

    def _well(self, frame: pd.DataFrame, step: float) -> Recording:
        names = [name for name in frame.columns if name in CANONICAL]
        values = frame[names].to_numpy(dtype=np.float32).T.copy()
        values[~np.isfinite(values)] = np.nan
        return Recording(
            values=values,
            axis=np.arange(len(frame), dtype=np.float64) * step,
            channels=tuple(Channel(name, CANONICAL[name].unit) for name in names),
            kind="logs",
            source=NOWHERE,
            name="memory",
        )

    def _line(self, traces: Any, step: float) -> Recording:
        values = np.array(traces, dtype=np.float32, ndmin=2)
        values[~np.isfinite(values)] = np.nan
        return Recording(
            values=values,
            axis=np.arange(values.shape[1], dtype=np.float64) * step,
            channels=tuple(Channel(f"trace {row}", "amplitude", {"trace": row}) for row in range(len(values))),
            kind="seismic",
            source=NOWHERE,
            name="memory",
        )


set_model(BundleModel())
