"""The code of every contender that has one: embeddings, pictures, and what it says of lithology."""

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
MAX_ROWS = 100_000  # of a table of embeddings: wells fit, of long lines every n-th window is kept
FORESTS = ForestSpec()


@dataclass(frozen=True, eq=False)
class LatentStudy:
    """What the codes of a study's contenders give.

    Args:
        figures: by name.
        tables: "lithology" and "lithology_folds" where wells have a lithology; else none.
        embeddings: contender → table (see `embedding_table`).
    """

    figures: Figures
    tables: dict[str, pd.DataFrame]
    embeddings: dict[str, pd.DataFrame]

    def save_embeddings(self, folder: Path) -> None:
        """Write <contender>.parquet each; no folder where there is none."""
        for name, table in self.embeddings.items():
            folder.mkdir(exist_ok=True)
            table.to_parquet(folder / f"{plain(name)}.parquet", index=False)


@dataclass(frozen=True, eq=False)
class EncodedRecording:
    """A recording in its role with its codes."""

    role: str
    recording: Recording
    section: Section
    codes: Embeddings


def latent_study(
    spec: ExperimentSpec, prepared: Prepared, denoisers: Mapping[str, Denoiser], forests: ForestSpec = FORESTS
) -> LatentStudy:
    """Embeddings and figures of every contender with a code; lithology predicted from those of networks."""
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
        tables = [embedding_table(e.recording, e.codes, spec.curves, e.role) for e in embedded]
        whole = pd.concat(tables, ignore_index=True)
        embeddings[name] = whole.iloc[:: _every(len(whole), MAX_ROWS)]
        if embedded[0].codes.values.shape[1] > 1:
            drawn = _figures(spec, model, embedded, name)
            figures |= {f"latent_{plain(name)}_{what}": figure for what, figure in drawn.items()}
    return LatentStudy(figures, _lithology(prepared, models, forests), embeddings)


def _figures(spec: ExperimentSpec, model: Encoder, embedded: Sequence[EncodedRecording], name: str) -> Figures:
    training = _points([e.codes.values for e in embedded if e.role == "train"])
    held_out = {e.recording.name: _points([e.codes.values]) for e in embedded if e.role == "test"}
    together = np.concatenate(list(held_out.values()))
    shown = next(e for e in embedded if e.role == "test")
    along = _along(spec, shown.codes)
    axis = shown.recording.axis[np.minimum(along.centre, shown.recording.axis.size - 1)]
    names = spec.curves if model.spec.window.width != 1 else ()
    heading = f"{name}: the code along {shown.recording.name}"
    return {
        "histograms": latent_histograms(training, together, title=name),
        "map": latent_map(training, held_out, title=name),
        "colours": _coloured(spec, [e for e in embedded if e.role == "train"], name),
        "grid": decoded_grid(decode(model, grid_points(training)), plane_of(training), names=names, title=name),
        "images": embedding_images(along.values, axis, unit=AXIS_UNITS[spec.kind], title=heading),
    }


def _coloured(spec: ExperimentSpec, embedded: Sequence[EncodedRecording], name: str) -> Figure:
    """The map of training codes by lithology where a well has it, else by the first curve or the traces' strength."""
    codes = [_places(spec, e.codes) for e in embedded]
    values = _points([one.values for one in codes])
    rocks = [window_lithology(e.recording, one) for e, one in zip(embedded, codes, strict=True)]
    if any(rock is not None for rock in rocks):
        known = [
            np.full(len(one.values), UNKNOWN) if rock is None else rock for rock, one in zip(rocks, codes, strict=True)
        ]
        return lithology_map(values, _points(known), title=f"{name}: training codes by lithology")
    what = spec.curves[0] if spec.curves else "rms"
    label = f"{what}, normalised" if spec.curves else "rms of the window, relative to the line"
    strength = [_strength(e, one) for e, one in zip(embedded, codes, strict=True)]
    return value_map(values, _points(strength), label=label, title=f"{name}: training codes by {what}")


def _strength(embedded: EncodedRecording, codes: Embeddings) -> FloatArray:
    """The first curve, normalised, in the middle of each window, NaN = missing; the rms of a window of traces."""
    section, centre = embedded.section, np.minimum(codes.centre, embedded.section.values.shape[1] - 1)
    if embedded.recording.kind == "logs":
        return np.where(section.mask[0, centre], section.values[0, centre], np.nan).astype(np.float32)
    windows = cut(section, codes.window).values
    return np.asarray(np.sqrt(np.mean(np.square(windows), axis=(1, 2))), dtype=np.float32)


def _places(spec: ExperimentSpec, codes: Embeddings) -> Embeddings:
    """Embeddings of all curves side by side; traces each for themselves."""
    return codes.concatenate_channels() if spec.kind == "logs" else codes


def _along(spec: ExperimentSpec, codes: Embeddings) -> Embeddings:
    """Embeddings along a well, or along the first trace of a line section."""
    if spec.kind == "logs":
        return codes.concatenate_channels()
    first = codes.origin[:, 0] == 0
    return Embeddings(codes.values[first], codes.origin[first], codes.observed[first], codes.window)


def _lithology(prepared: Prepared, models: Mapping[str, Encoder], forests: ForestSpec) -> dict[str, pd.DataFrame]:
    """Forests on the code of each network, on principal components and on raw windows; hold-out wells are left out.

    The components of two networks with the same windows and size of code are the same, so their forests grow once.
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
            break  # it is the wells that have no lithology
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
    """Rows of all parts, thinned evenly to what a figure can show."""
    joined = np.concatenate(parts)
    return joined[:: _every(len(joined), MAX_POINTS)]


def _every(rows: int, most: int) -> int:
    """Which rows to keep so that they are not more: every n-th."""
    return max(1, -(-rows // most))
