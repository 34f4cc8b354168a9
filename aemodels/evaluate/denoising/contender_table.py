"""One row a contender: what it is, what it cost, how well it rebuilds clean data, and its gains."""

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
    """The family side by side, best first by its mean gain.

    Args:
        spec: names each contender's kind.
        fitted: with the record of its training.
        sections: clean hold-out sections.
        summary: gains on the same sections, from `compare.summarise_denoising`.

    Returns:
        contender, kind, latent (units of the code; missing where there is none), parameters, epochs,
        seconds_per_epoch (wall time of the fit over the epochs it trained; missing without epochs), fit_seconds,
        reconstruction_mse (median over sections, clean in and compared with itself, normalised units), then the median
        gain of each condition (dB).
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
        "reconstruction_mse": float(np.median(_rebuilt_errors(one, sections))),
    }


def _rebuilt_errors(one: Fitted, sections: Sequence[Section]) -> list[float]:
    rebuilt = denoise_adjoining(one.denoiser, sections)
    return [mean_squared_error(found, it.values, it.mask) for found, it in zip(rebuilt, sections, strict=True)]
