"""The bundles that come with the package: complete, small, described, and chosen where there is no champion."""

from __future__ import annotations

import json

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import PRETRAINED, shipped_bundle, shipped_for, shipped_names
from aemodels.core.errors import BundleError
from helpers.paths import ROOT
from helpers.recordings import make_line, make_well


def test_there_is_one_for_wells_and_one_for_lines_together_under_15_megabytes():
    found = [shipped_bundle(name) for name in shipped_names()]
    assert {bundle.name: bundle.kind for bundle in found} == {"logs-v1": "logs", "seismic-v1": "seismic"}
    assert sum(bundle.bytes for bundle in found) < 15e6
    assert [(bundle.model, bundle.version) for bundle in found] == [("logs", "1"), ("seismic", "1")]


@pytest.mark.parametrize("name", ["logs-v1", "seismic-v1"])
def test_the_card_names_data_with_their_terms_figures_and_limits(name: str):
    card = shipped_bundle(name).card.read_text(encoding="utf-8")
    for part in ("## Data and terms", "## Figures", "## What it does not know", "## How it was made"):
        assert part in card
    assert "make pretrain" in card


def test_nothing_but_plain_arrays_and_text_is_shipped():
    files = [path for path in PRETRAINED.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".npz", ".json", ".md"}
    for path in files:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[key].dtype != object for key in arrays.files)
    patterns = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"bundle/pretrained/*/*"' in patterns, "in the wheel"


def test_an_altered_file_is_refused(tmp_path, monkeypatch):
    import shutil

    from aemodels.bundle import shipped

    shutil.copytree(PRETRAINED, tmp_path / "pretrained")
    monkeypatch.setattr(shipped, "PRETRAINED", tmp_path / "pretrained")
    manifest = json.loads((tmp_path / "pretrained" / "seismic-v1" / "bundle.json").read_text())
    victim = tmp_path / "pretrained" / "seismic-v1" / sorted(manifest["files"])[0]
    victim.write_bytes(victim.read_bytes()[:-1] + b"x")
    with pytest.raises(BundleError, match="altered"):
        shipped_for("seismic")


def test_an_unknown_name_is_answered_with_the_known_ones():
    with pytest.raises(BundleError, match="logs-v1, seismic-v1"):
        shipped_bundle("logs-v9")
    assert shipped_for("gravity") is None


@pytest.mark.parametrize("curves", [("GR",), ("GR", "RHOB", "NPHI", "DTC", "RDEP"), ("RDEP", "DTC")])
def test_the_one_for_wells_scores_any_of_its_curves(curves):
    bundle = _logs()
    well = make_well("A", samples=900, seed=4, curves=curves)
    scores = bundle.score(well)
    rows = [bundle.curves.index(curve) for curve in curves]
    assert np.isfinite(scores.denoised[rows]).all()
    assert np.isfinite(scores.score).all()
    assert scores.is_judged.all()


def test_the_one_for_lines_scores_a_generated_line():
    bundle = Bundle.load(shipped_bundle("seismic-v1").folder)
    scores = bundle.score(make_line(traces=60, samples=400))
    assert np.isfinite(scores.score).all()
    assert np.isfinite(scores.denoised).all()


def _logs() -> Bundle:
    if not _LOADED:
        _LOADED.append(Bundle.load(shipped_bundle("logs-v1").folder))
    return _LOADED[0]


_LOADED: list[Bundle] = []


@pytest.mark.parametrize("samples", [2, 3, 5, 17, 40])
def test_a_well_shorter_than_every_window_is_scored(samples):
    scores = Bundle.load(shipped_bundle("logs-v1").folder).score(make_well(samples=samples))
    assert scores.denoised.shape == (5, samples)
    assert scores.score.shape == (samples,)


@pytest.mark.parametrize(("curve", "size"), [("GR", 120.0), ("RHOB", -0.6), ("NPHI", 0.4), ("DTC", -40.0)])
def test_the_one_for_wells_finds_a_spike_of_a_well_with_a_single_curve(curve, size):
    well = make_well("A", samples=900, seed=4, curves=(curve,))
    before, values = _logs().score(well), well.values.copy()
    values[0, 500] += size
    scores = _logs().score(well.with_values(values))
    assert scores.is_anomaly[500]
    assert scores.reason[500] == "spike"
    assert not before.is_anomaly[490:510].any()
