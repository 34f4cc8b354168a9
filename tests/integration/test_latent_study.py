"""What the codes of a study's contenders leave behind: tables with depths, figures, forests where rock is known."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
import pytest

from aemodels.core.types import Channel
from aemodels.experiment.spec import ExperimentSpec
from aemodels.latent.lithology_forest import EMBEDDING, PCA, RAW, ForestSpec
from aemodels.study import steps
from helpers.recordings import make_line, make_well
from helpers.tiny_specs import LOGS, SEISMIC
from tasks.training.latent import latent_study

DENSE: dict[str, Any] = {"kind": "dense", "latent": 2, "widths": [8], "window": {"length": 32, "stride": 8, "width": 1}}
QUICK = {"training": {"epochs": 1, "batch": 64, "stride": 16}}


@pytest.fixture(scope="module")
def logs():
    """Wells whose rock follows GR, two contenders with codes and one without."""
    contenders = [
        {"name": "first", "model": DENSE | QUICK},
        {"name": "second", "model": DENSE | QUICK},
        {"name": "median", "model": {"kind": "median"}},
    ]
    anomalies = LOGS["anomalies"] | {"detectors": LOGS["anomalies"]["detectors"][1:]}
    changes = {"curves": ["GR", "RHOB"], "contenders": contenders, "default": "first", "anomalies": anomalies}
    spec = ExperimentSpec.model_validate(LOGS | changes)
    wells = []
    for number in range(6):
        well = make_well(f"W-{number}", samples=900, seed=number, curves=("GR", "RHOB"))
        rock = np.digitize(well.channel("GR"), [50.0, 90.0])
        values = np.concatenate([well.values, rock[None].astype(np.float32)])
        wells.append(dataclasses.replace(well, values=values, channels=(*well.channels, Channel("LITHOLOGY"))))
    prepared = steps.prepare(spec, wells)
    fitted = {one.name: steps.fit_contender(spec, one.name, prepared).denoiser for one in spec.contenders}
    return prepared, latent_study(spec, prepared, fitted, ForestSpec(trees=15, windows=400, jobs=1))


def test_every_window_of_every_role_is_kept_with_its_depth(logs, tmp_path):
    prepared, found = logs
    found.save_embeddings(tmp_path / "e")
    assert sorted(path.name for path in (tmp_path / "e").iterdir()) == ["first.parquet", "second.parquet"]
    table = pd.read_parquet(tmp_path / "e" / "first.parquet")
    assert set(table["role"]) == {"train", "validation", "test"}
    assert set(table["section"]) == {f"W-{number}" for number in range(6)}
    assert {"curve", "from", "to", "observed", "lithology", "z1", "z2"} <= set(table)
    well = table[(table["section"] == "W-5") & (table["curve"] == "GR")]
    axis = prepared.split.test[0].axis
    assert (well["from"].min(), well["to"].max()) == (axis[0], axis[-1])
    assert np.isfinite(table[["z1", "z2"]].to_numpy()).all()


def test_each_code_is_drawn_five_times(logs):
    kinds = ("histograms", "map", "colours", "grid", "images")
    assert set(logs[1].figures) == {f"latent_{name}_{kind}" for name in ("first", "second") for kind in kinds}


def test_rock_is_predicted_from_the_code_beside_components_and_raw_windows(logs):
    tables = logs[1].tables
    summary, folds = tables["lithology"], tables["lithology_folds"]
    assert summary.groupby("contender")["features"].apply(list).to_dict() == {
        "first": [EMBEDDING, PCA, RAW],
        "second": [EMBEDDING, PCA, RAW],
    }
    sizes = summary[summary["contender"] == "first"].set_index("features")["dimensions"].to_dict()
    assert sizes == {EMBEDDING: 4, PCA: 4, RAW: 64}, "two curves of two numbers, or of 32 samples"
    assert not folds["wells"].str.contains("w_5").any(), "the hold-out well has no part in it"
    raw = summary[(summary["features"] == RAW)]["balanced_accuracy"]
    assert (raw > 0.7).all(), "the curve in the middle of the window tells the rock"
    assert np.ptp(raw) == 0, "the same windows, the same forest"


def test_lines_have_codes_by_trace_and_no_rock():
    spec = ExperimentSpec.model_validate(SEISMIC)
    prepared = steps.prepare(spec, [make_line(traces=90, samples=160)])
    fitted = {one.name: steps.fit_contender(spec, one.name, prepared).denoiser for one in spec.contenders}
    found = latent_study(spec, prepared, fitted)
    assert found.tables == {}
    table = found.embeddings["pca_wiener"]
    assert table["trace"].max() >= 74, "panels of sixteen traces reach the last"
    assert {f"latent_pca_wiener_{kind}" for kind in ("colours", "grid", "images")} <= set(found.figures)
