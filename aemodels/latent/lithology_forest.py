"""Is a code worth more than principal components? Lithology predicted from either, wells kept apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from aemodels.core.interfaces import FitContext
from aemodels.core.types import BoolArray, FloatArray, IntArray, Recording, Section
from aemodels.curves.lithology import UNKNOWN, lithology
from aemodels.denoisers.linear.pca import Pca, PcaDenoiser
from aemodels.latent.embed import Embeddings, Encoder, embed
from aemodels.latent.embedding_table import window_lithology
from aemodels.signal.split import plain_name
from aemodels.signal.windows import cut

FOLDS = 5
MIN_OBSERVED = 0.6  # share of a window's samples
MIN_WINDOWS = 20  # of a lithology, and in two wells at least
EMBEDDING, PCA, RAW = "embedding", "pca", "raw windows"


@dataclass(frozen=True)
class ForestSpec:
    """How much is spent.

    Args:
        trees: of each forest.
        windows: at most, evenly from all wells.
        seed: of the forests.
        jobs: processor cores.
    """

    trees: int = 60
    windows: int = 2000
    seed: int = 0
    jobs: int = 2


@dataclass(frozen=True, eq=False)
class LabelledWindows:
    """Windows with a known lithology.

    Args:
        features: float32[window, feature] by name of the feature set; the same windows in each.
        lithology: int64[window].
        well: str[window].
    """

    features: dict[str, FloatArray]
    lithology: IntArray
    well: NDArray[Any]


def labelled_windows(
    model: Encoder, wells: Sequence[tuple[Recording, Section]], spec: ForestSpec
) -> LabelledWindows | None:
    """The windows of wells with a known lithology as code, as so many principal components, and as they are.

    The components are fitted to the wells given. Where a model takes one curve at a time, so do they, and the features
    of all curves stand side by side. A window has the lithology of its middle.

    Args:
        model: fitted, with a code.
        wells: recordings with their sections.
        spec: how many windows are kept.

    Returns:
        None where fewer than two wells have a lithology, or fewer than two lithologies are left that stand in two
        wells and 20 windows.
    """
    known = [(recording, section) for recording, section in wells if lithology(recording) is not None]
    if len({plain_name(recording.name) for recording, _ in known}) < 2:
        return None
    components = _components(model, [section for _, section in known])
    pieces = [_labelled(model, components, recording, section) for recording, section in known]
    joined = LabelledWindows(
        features={name: np.concatenate([piece.features[name] for piece in pieces]) for name in (EMBEDDING, PCA, RAW)},
        lithology=np.concatenate([piece.lithology for piece in pieces]),
        well=np.concatenate([piece.well for piece in pieces]),
    )
    kept = np.flatnonzero(_common(joined))
    if np.unique(joined.lithology[kept]).size < 2:
        return None
    return _picked(joined, kept[:: max(1, -(-kept.size // spec.windows))])


def forest_scores(
    labelled: LabelledWindows, spec: ForestSpec, sets: Sequence[str] = (EMBEDDING, PCA, RAW)
) -> pd.DataFrame:
    """A random forest on each of some feature sets, cross-validated by well: five folds, or as many as wells.

    Returns:
        features, dimensions, fold, wells (left out), windows (of those wells), balanced_accuracy (mean recall over
        the lithologies of those wells), macro_f1 (mean over the same).
    """
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.metrics import f1_score, recall_score
    from sklearn.model_selection import GroupKFold

    folds = GroupKFold(min(FOLDS, np.unique(labelled.well).size))
    rows = []
    for name in sets:
        features = labelled.features[name]
        for fold, (train, test) in enumerate(folds.split(features, groups=labelled.well)):
            forest = RandomForestClassifier(
                spec.trees, min_samples_leaf=3, class_weight="balanced", n_jobs=spec.jobs, random_state=spec.seed
            ).fit(features[train], labelled.lithology[train])
            truth, guess = labelled.lithology[test], forest.predict(features[test])
            judged = {"labels": np.unique(truth), "average": "macro", "zero_division": 0.0}
            rows.append(
                {
                    "features": name,
                    "dimensions": features.shape[1],
                    "fold": fold,
                    "wells": ", ".join(sorted(set(labelled.well[test]))),
                    "windows": test.size,
                    "balanced_accuracy": recall_score(truth, guess, **judged),
                    "macro_f1": f1_score(truth, guess, **judged),
                }
            )
    return pd.DataFrame(rows)


def summarise_forests(folds: pd.DataFrame) -> pd.DataFrame:
    """Mean and standard deviation of each score over the folds, a row a contender and feature set."""
    grouped = folds.groupby(["contender", "features", "dimensions"], sort=False)
    return grouped.agg(
        folds=("fold", "size"),
        windows=("windows", "sum"),
        balanced_accuracy=("balanced_accuracy", "mean"),
        balanced_accuracy_std=("balanced_accuracy", "std"),
        macro_f1=("macro_f1", "mean"),
        macro_f1_std=("macro_f1", "std"),
    ).reset_index()


def _components(model: Encoder, sections: Sequence[Section]) -> PcaDenoiser:
    """As many principal components of the same windows as the code of one window has dimensions."""
    window = model.spec.window
    latent = embed(model, sections[0]).values.shape[1]
    fitted = Pca(window=window, stride=window.stride, latent=latent).fit(sections, (), FitContext(kind="logs", seed=0))
    assert isinstance(fitted.denoiser, PcaDenoiser)
    return fitted.denoiser


def _labelled(model: Encoder, components: PcaDenoiser, recording: Recording, section: Section) -> LabelledWindows:
    code = embed(model, section).concatenate_channels()
    windows = cut(section, model.spec.window)
    raw = Embeddings(
        windows.values.reshape(len(windows.values), -1), windows.origin, windows.mask.mean((1, 2)), code.window
    )
    sets = {EMBEDDING: code, PCA: embed(components, section).concatenate_channels(), RAW: raw.concatenate_channels()}
    labels = window_lithology(recording, code)
    assert labels is not None
    kept = (labels != UNKNOWN) & (code.observed >= MIN_OBSERVED)
    return LabelledWindows(
        features={name: codes.values[kept] for name, codes in sets.items()},
        lithology=labels[kept],
        well=np.full(int(kept.sum()), plain_name(recording.name)),
    )


def _common(labelled: LabelledWindows) -> BoolArray:
    """Windows whose lithology stands in two wells, and often enough to be learnt."""
    kept = np.zeros(labelled.lithology.shape, dtype=np.bool_)
    for number in np.unique(labelled.lithology):
        here = labelled.lithology == number
        if here.sum() >= MIN_WINDOWS and np.unique(labelled.well[here]).size > 1:
            kept |= here
    return kept


def _picked(labelled: LabelledWindows, rows: NDArray[np.intp]) -> LabelledWindows:
    features = {name: values[rows] for name, values in labelled.features.items()}
    return LabelledWindows(features, labelled.lithology[rows], labelled.well[rows])
