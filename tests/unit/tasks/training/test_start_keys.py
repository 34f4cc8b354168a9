"""Keys of fits and experiments: another bundle to start from is another result, another place of it is not."""

from __future__ import annotations

import logging
import shutil

import pytest

from aemodels.bundle.shipped import shipped_bundle
from aemodels.core.errors import BundleError, SondeflowError, SpecError
from aemodels.core.progress import PROGRESS_LOGGER
from aemodels.experiment.spec import ExperimentSpec
from flows.catalogue import load_spec
from flows.train import TrainRequest
from helpers import tiny_start
from helpers.cheap_bundle import save_cheap_bundle
from tasks.settings import Settings
from tasks.training.experiment import experiment_key
from tasks.training.prepare import PreparedRef
from tasks.training.start import resolve, start_bundle
from tasks.training.train import fit_key

DATA = PreparedRef(refs=(), members={}, data_sha256="d", holdout_sha256="h", curves=tiny_start.CURVES, findings=())


def _spec(network: str = "dense", **changes) -> ExperimentSpec:
    start = {"bundle": "logs-v1", "content_hash": "a" * 64, "networks": [network], **changes}
    return tiny_start.spec(start=start)


def _keys(spec: ExperimentSpec) -> tuple[str, str]:
    return fit_key(spec, "dense", DATA), experiment_key(spec, DATA)


def test_the_bundle_to_start_from_is_part_of_both_keys():
    plain, started = _keys(tiny_start.spec()), _keys(_spec())
    for changes in ({"content_hash": "b" * 64}, {"share": 0.5}, {"learning_rate": 0.5}):
        other = _keys(_spec(**changes))
        assert len({plain[0], started[0], other[0]}) == 3, changes
        assert len({plain[1], started[1], other[1]}) == 3, changes


def test_the_place_of_the_bundle_is_not():
    assert _keys(_spec(bundle="elsewhere")) == _keys(_spec())


def test_a_fit_from_nothing_depends_on_the_step_of_the_bundle_alone():
    fits = [
        _keys(_spec("fault_network", **changes))[0]
        for changes in ({}, {"content_hash": "b" * 64}, {"share": 0.5}, {"step_m": 0.1})
    ]
    assert fits[0] == fits[1] == fits[2] != fits[3]


def test_a_folder_is_found_again_from_anywhere_and_checked_by_its_hash(tmp_path, monkeypatch):
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path / "home"))
    shutil.copytree(shipped_bundle("logs-v1").folder, tmp_path / "own")
    monkeypatch.chdir(tmp_path)
    found = resolve.fn(load_spec("logs").starting_from("own"), Settings())
    assert found.start is not None
    assert found.start.bundle == str(tmp_path / "own")
    assert found.start.content_hash == shipped_bundle("logs-v1").content_hash
    bundle = start_bundle(found, Settings())
    assert bundle is not None
    assert bundle.content_hash == found.start.content_hash
    assert start_bundle(load_spec("logs"), Settings()) is None
    shutil.rmtree(tmp_path / "own")
    with pytest.raises(BundleError, match=r"bundle.json is missing"):
        start_bundle(found, Settings())
    save_cheap_bundle(tmp_path / "own")
    with pytest.raises(
        BundleError, match=r"own has the hash .*; the experiment started from " + found.start.content_hash
    ):
        start_bundle(found, Settings())
    with pytest.raises(SpecError, match="curves"):
        resolve.fn(load_spec("logs").starting_from("own"), Settings())
    with pytest.raises(SondeflowError, match="nowhere"):
        resolve.fn(load_spec("logs").starting_from("nowhere"), Settings())


def test_what_is_left_out_is_said_when_the_start_is_resolved(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("SONDEFLOW_HOME", str(tmp_path))
    caplog.set_level(logging.INFO, logger=PROGRESS_LOGGER)
    found = resolve.fn(TrainRequest(spec="logs", start_from="logs-v1").experiment, Settings())
    assert {"unet", "pca", "pca_wiener", "wiener"} <= {one.name for one in found.contenders}
    assert found.start is not None
    assert found.start.left_out == ("dense_published", "dense_reconstruction", "dense_error")
    assert "dense_published, dense_reconstruction, dense_error left out" in caplog.text
    caplog.clear()
    every = resolve.fn(TrainRequest(spec="logs", start_from="logs-v1", all_networks=True).experiment, Settings())
    assert every.start is not None
    assert every.start.left_out == ()
    assert every.contenders == load_spec("logs").contenders
    assert not caplog.text


def test_the_settings_of_a_specification_hold_for_another_bundle():
    spec = tiny_start.spec(start={"bundle": "a", "share": 0.5, "keep_normaliser": False, "content_hash": "c" * 64})
    found = spec.starting_from("b").start
    assert found is not None
    assert (found.bundle, found.share, found.keep_normaliser, found.content_hash) == ("b", 0.5, False, "")
