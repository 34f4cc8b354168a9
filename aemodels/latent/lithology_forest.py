"""Value of an embedding for lithology: random forests on it, on principal components and on raw windows."""

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
from aemodels.signal.wells import plain_name
from aemodels.signal.windows import cut

FOLDS = 5
MIN_OBSERVED = 0.6  # share of a window's samples
MIN_WINDOWS = 20  # of a lithology, which must occur in at least two wells
EMBEDDING, PCA, RAW = "embedding", "pca", "raw windows"


@dataclass(frozen=True)
class ForestSpec:
    """Size of the forests and of their training data.

    Args:
        trees: number per forest.
        windows: maximum number, evenly spaced over all wells.
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
        features: feature set → float32[window, feature], the same windows in each.
        lithology: int64[window].
        well: str[window].
    """

    features: dict[str, FloatArray]
    lithology: IntArray
    well: NDArray[Any]


def labelled_windows(
    model: Encoder, wells: Sequence[tuple[Recording, Section]], spec: ForestSpec
) -> LabelledWindows | None:
    """Collect the windows with a known lithology as embeddings, as equally many principal components, and as they are.

    The components are fitted to the wells given. If a model takes one curve at a time, so do they, and the features
    of all curves are concatenated. A window has the lithology of its middle sample.

    Args:
        model: fitted, with an encoder.
        wells: recordings with their sections.
        spec: gives the maximum number of windows.

    Returns:
        None if fewer than two wells have a lithology, or if fewer than two lithologies occur in at least two wells
        and 20 windows.
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
    kept = np.flatnonzero(_is_common(joined))
    if np.unique(joined.lithology[kept]).size < 2:
        return None
    return _select(joined, kept[:: max(1, -(-kept.size // spec.windows))])


def forest_scores(
    labelled: LabelledWindows, spec: ForestSpec, sets: Sequence[str] = (EMBEDDING, PCA, RAW)
) -> pd.DataFrame:
    """Cross-validate a random forest on each feature set, by well: five folds, or one per well if there are fewer.

    Returns:
        Columns features, dimensions, fold, wells (held out), windows (of those wells), balanced_accuracy (mean recall
        over the lithologies of those wells), macro_f1 (macro average over the same).
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
            truth, predicted = labelled.lithology[test], forest.predict(features[test])
            options = {"labels": np.unique(truth), "average": "macro", "zero_division": 0.0}
            rows.append(
                {
                    "features": name,
                    "dimensions": features.shape[1],
                    "fold": fold,
                    "wells": ", ".join(sorted(set(labelled.well[test]))),
                    "windows": test.size,
                    "balanced_accuracy": recall_score(truth, predicted, **options),
                    "macro_f1": f1_score(truth, predicted, **options),
                }
            )
    return pd.DataFrame(rows)


def summarise_forests(folds: pd.DataFrame) -> pd.DataFrame:
    """Return mean and standard deviation of each score over the folds, one row per contender and feature set."""
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
    """Fit as many principal components to the same windows as the embedding of a window has dimensions."""
    window = model.spec.window
    latent = embed(model, sections[0]).values.shape[1]
    fitted = Pca(window=window, stride=window.stride, latent=latent).fit(sections, (), FitContext(kind="logs", seed=0))
    assert isinstance(fitted.denoiser, PcaDenoiser)
    return fitted.denoiser


def _labelled(model: Encoder, components: PcaDenoiser, recording: Recording, section: Section) -> LabelledWindows:
    embedded = embed(model, section).concatenate_channels()
    windows = cut(section, model.spec.window)
    raw = Embeddings(
        windows.values.reshape(len(windows.values), -1), windows.origin, windows.mask.mean((1, 2)), embedded.window
    )
    sets = {
        EMBEDDING: embedded,
        PCA: embed(components, section).concatenate_channels(),
        RAW: raw.concatenate_channels(),
    }
    labels = window_lithology(recording, embedded)
    assert labels is not None
    kept = (labels != UNKNOWN) & (embedded.observed >= MIN_OBSERVED)
    return LabelledWindows(
        features={name: embeddings.values[kept] for name, embeddings in sets.items()},
        lithology=labels[kept],
        well=np.full(int(kept.sum()), plain_name(recording.name)),
    )


def _is_common(labelled: LabelledWindows) -> BoolArray:
    """Return bool[window], True if the window's lithology occurs in two wells and in enough windows."""
    kept = np.zeros(labelled.lithology.shape, dtype=np.bool_)
    for number in np.unique(labelled.lithology):
        here = labelled.lithology == number
        if here.sum() >= MIN_WINDOWS and np.unique(labelled.well[here]).size > 1:
            kept |= here
    return kept


def _select(labelled: LabelledWindows, rows: NDArray[np.intp]) -> LabelledWindows:
    features = {name: values[rows] for name, values in labelled.features.items()}
    return LabelledWindows(features, labelled.lithology[rows], labelled.well[rows])
