"""Embeddings of every contender with an encoder: tables, figures, and the lithology that they predict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from aemodels.core.types import AXIS_UNITS, FloatArray, Recording, Section
from aemodels.curves.lithology import UNKNOWN
from aemodels.denoisers.networks.denoiser import NetworkDenoiser
from aemodels.experiment.spec import ExperimentSpec
from aemodels.latent.embed import Embeddings, Encoder, decode, embed, encoder_of
from aemodels.latent.embedding_table import embedding_table, window_lithology
from aemodels.latent.lithology_forest import (
    EMBEDDING,
    PCA,
    RAW,
    ForestSpec,
    forest_scores,
    labelled_windows,
    summarise_forests,
)
from aemodels.report.figures.index import (
    decoded_grid,
    embedding_images,
    grid_points,
    latent_histograms,
    latent_map,
    lithology_map,
    plane_of,
    value_map,
)
from aemodels.signal.windows import cut
from tasks.training.figures import Figures, plain

if TYPE_CHECKING:
    from aemodels.core.interfaces import Denoiser
    from aemodels.experiment.fitted import Prepared

ROLES = ("train", "validation", "test")
MAX_POINTS = 4000  # of a figure
MAX_ROWS = 100_000  # of a table of embeddings; wells fit, long lines are thinned to every n-th window
FORESTS = ForestSpec()


@dataclass(frozen=True, eq=False)
class LatentStudy:
    """Results of the embeddings of a study's contenders.

    Args:
        figures: by name.
        tables: "lithology" and "lithology_folds" if the wells have a lithology; else empty.
        embeddings: contender → table (see `embedding_table`).
    """

    figures: Figures
    tables: dict[str, pd.DataFrame]
    embeddings: dict[str, pd.DataFrame]

    def save_embeddings(self, folder: Path) -> None:
        """Write <contender>.parquet per contender; without embeddings no folder is made."""
        for name, table in self.embeddings.items():
            folder.mkdir(exist_ok=True)
            table.to_parquet(folder / f"{plain(name)}.parquet", index=False)


@dataclass(frozen=True, eq=False)
class EncodedRecording:
    """A recording with its role and its embeddings."""

    role: str
    recording: Recording
    section: Section
    embeddings: Embeddings


def latent_study(
    spec: ExperimentSpec, prepared: Prepared, denoisers: Mapping[str, Denoiser], forests: ForestSpec = FORESTS
) -> LatentStudy:
    """Return embeddings and figures of every contender with an encoder, and lithology predicted from them."""
    found = {name: encoder_of(denoiser) for name, denoiser in denoisers.items()}
    models = {name: model for name, model in found.items() if model is not None}
    figures: Figures = {}
    embeddings = {}
    for name, model in models.items():
        embedded = [
            EncodedRecording(role, recording, section, embed(model, section))
            for role in ROLES
            for recording, section in zip(getattr(prepared.split, role), getattr(prepared, role), strict=True)
        ]
        tables = [embedding_table(e.recording, e.embeddings, spec.curves, e.role) for e in embedded]
        whole = pd.concat(tables, ignore_index=True)
        embeddings[name] = whole.iloc[:: _every(len(whole), MAX_ROWS)]
        if embedded[0].embeddings.values.shape[1] > 1:
            drawn = _figures(spec, model, embedded, name)
            figures |= {f"latent_{plain(name)}_{what}": figure for what, figure in drawn.items()}
    return LatentStudy(figures, _lithology(prepared, models, forests), embeddings)


def _figures(spec: ExperimentSpec, model: Encoder, embedded: Sequence[EncodedRecording], name: str) -> Figures:
    training = _points([e.embeddings.values for e in embedded if e.role == "train"])
    held_out = {e.recording.name: _points([e.embeddings.values]) for e in embedded if e.role == "test"}
    together = np.concatenate(list(held_out.values()))
    shown = next(e for e in embedded if e.role == "test")
    along = _along(spec, shown.embeddings)
    axis = shown.recording.axis[np.minimum(along.centre, shown.recording.axis.size - 1)]
    names = spec.curves if model.spec.window.width != 1 else ()
    heading = f"{name}: the embedding along {shown.recording.name}"
    return {
        "histograms": latent_histograms(training, together, title=name),
        "map": latent_map(training, held_out, title=name),
        "colours": _coloured(spec, [e for e in embedded if e.role == "train"], name),
        "grid": decoded_grid(decode(model, grid_points(training)), plane_of(training), names=names, title=name),
        "images": embedding_images(along.values, axis, unit=AXIS_UNITS[spec.kind], title=heading),
    }


def _coloured(spec: ExperimentSpec, embedded: Sequence[EncodedRecording], name: str) -> Figure:
    """Draw training embeddings coloured by lithology if a well has one, else by the first curve or the traces' rms."""
    embeddings = [_per_position(spec, e.embeddings) for e in embedded]
    values = _points([one.values for one in embeddings])
    rocks = [window_lithology(e.recording, one) for e, one in zip(embedded, embeddings, strict=True)]
    if any(rock is not None for rock in rocks):
        known = [
            np.full(len(one.values), UNKNOWN) if rock is None else rock
            for rock, one in zip(rocks, embeddings, strict=True)
        ]
        return lithology_map(values, _points(known), title=f"{name}: training embeddings by lithology")
    what = spec.curves[0] if spec.curves else "rms"
    label = f"{what}, normalised" if spec.curves else "rms of the window, relative to the line"
    strength = [_strength(e, one) for e, one in zip(embedded, embeddings, strict=True)]
    return value_map(values, _points(strength), label=label, title=f"{name}: training embeddings by {what}")


def _strength(embedded: EncodedRecording, embeddings: Embeddings) -> FloatArray:
    """Return the first normalised curve at each window's centre, NaN = missing; for traces the rms of each window."""
    section, centre = embedded.section, np.minimum(embeddings.centre, embedded.section.values.shape[1] - 1)
    if embedded.recording.kind == "logs":
        return np.where(section.mask[0, centre], section.values[0, centre], np.nan).astype(np.float32)
    windows = cut(section, embeddings.window).values
    return np.asarray(np.sqrt(np.mean(np.square(windows), axis=(1, 2))), dtype=np.float32)


def _per_position(spec: ExperimentSpec, embeddings: Embeddings) -> Embeddings:
    """Return one embedding per depth window, all curves concatenated; for traces one per trace window."""
    return embeddings.concatenate_channels() if spec.kind == "logs" else embeddings


def _along(spec: ExperimentSpec, embeddings: Embeddings) -> Embeddings:
    """Return the embeddings along a well, or along the first trace of a line section."""
    if spec.kind == "logs":
        return embeddings.concatenate_channels()
    first = embeddings.origin[:, 0] == 0
    return Embeddings(embeddings.values[first], embeddings.origin[first], embeddings.observed[first], embeddings.window)


def _lithology(prepared: Prepared, models: Mapping[str, Encoder], forests: ForestSpec) -> dict[str, pd.DataFrame]:
    """Fit forests on embeddings, principal components and raw windows; hold-out wells are excluded.

    Networks with equal windows and embedding sizes have the same principal components, so these forests grow once.
    """
    split = prepared.split
    wells = list(zip(split.train + split.validation, prepared.train + prepared.validation, strict=True))
    grown: dict[tuple[str, ...], pd.DataFrame] = {}
    parts = []
    for name, model in models.items():
        if not isinstance(model, NetworkDenoiser):
            continue
        labelled = labelled_windows(model, wells, forests)
        if labelled is None:
            break  # the wells have no lithology
        window = model.spec.window.model_dump_json()
        keys = {
            PCA: (PCA, window, str(labelled.features[PCA].shape[1])),
            RAW: (RAW, window),
            EMBEDDING: (EMBEDDING, name),
        }
        for features, key in keys.items():
            if key not in grown:
                grown[key] = forest_scores(labelled, forests, (features,))
        parts += [grown[keys[features]].assign(contender=name) for features in (EMBEDDING, PCA, RAW)]
    if not parts:
        return {}
    folds = pd.concat(parts, ignore_index=True)
    return {"lithology": summarise_forests(folds), "lithology_folds": folds}


def _points(parts: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Return the rows of all parts, thinned evenly to at most MAX_POINTS."""
    joined = np.concatenate(parts)
    return joined[:: _every(len(joined), MAX_POINTS)]


def _every(rows: int, limit: int) -> int:
    """Return the n for which every n-th row leaves at most `limit` rows."""
    return max(1, -(-rows // limit))
