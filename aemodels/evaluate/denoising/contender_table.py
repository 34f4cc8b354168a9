"""Table of the contenders: kind, cost, reconstruction of clean data, and gains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from aemodels.core.types import Section
from aemodels.evaluate.statistics.metrics import mean_squared_error
from aemodels.signal.adjoining_sections import denoise_adjoining

if TYPE_CHECKING:
    from aemodels.experiment.fitted import Fitted
    from aemodels.experiment.spec import ExperimentSpec


def contender_table(
    spec: ExperimentSpec, fitted: Mapping[str, Fitted], sections: Sequence[Section], summary: pd.DataFrame
) -> pd.DataFrame:
    """Tabulate the contenders, best mean gain first.

    Args:
        spec: the experiment, which has each contender's kind.
        fitted: fitted contenders with their training history, by name.
        sections: clean hold-out sections.
        summary: gains on the same sections, from `compare.summarise_denoising`.

    Returns:
        One row per contender: contender, kind, latent (units of the embedding; missing if there is none), parameters,
        epochs, seconds_per_epoch (wall time of the fit over the epochs it trained; missing without epochs),
        fit_seconds, reconstruction_mse (error of the denoised clean section, median over sections, normalised units),
        then the median gain of each condition (dB).
    """
    gains = summary.pivot_table(index="contender", columns="condition", values="median_db")
    names = [condition.name for condition in spec.test_conditions if condition.name in gains.columns]
    rows = [_row(spec, one, sections) for one in fitted.values()]
    table = pd.DataFrame(rows).merge(gains[names].reset_index(), on="contender", how="left")
    order = table[names].mean(axis=1).sort_values(ascending=False, kind="stable").index
    return table.loc[order].reset_index(drop=True)


def _row(spec: ExperimentSpec, one: Fitted, sections: Sequence[Section]) -> dict[str, object]:
    model = spec.contender(one.name).model
    inner = getattr(model, "inner", model)
    epochs = len(one.history.get("loss", ()))
    trained = epochs - one.resumed
    return {
        "contender": one.name,
        "kind": inner.kind,
        "latent": getattr(inner, "latent", None),
        "parameters": one.parameters,
        "epochs": epochs,
        "seconds_per_epoch": one.seconds / trained if trained > 0 else None,
        "fit_seconds": one.seconds,
        "reconstruction_mse": float(np.median(_reconstruction_errors(one, sections))),
    }


def _reconstruction_errors(fitted: Fitted, sections: Sequence[Section]) -> list[float]:
    estimates = denoise_adjoining(fitted.denoiser, sections)
    return [
        mean_squared_error(estimate, section.values, section.mask)
        for estimate, section in zip(estimates, sections, strict=True)
    ]
