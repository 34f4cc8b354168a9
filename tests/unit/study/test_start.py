"""Start of an experiment from a bundle: what it takes over, what it leaves out, and what it refuses."""

from __future__ import annotations

import copy
import dataclasses

import numpy as np
import pytest

from aemodels.bundle.bundle import Bundle
from aemodels.bundle.shipped import shipped_bundle
from aemodels.core.errors import SpecError
from aemodels.detect.base import out_of_fold_detectors
from aemodels.experiment.spec import ExperimentSpec
from aemodels.signal.normalise import CurvePercentiles
from aemodels.study import steps
from aemodels.study.start import left_out_finding, resolve_start, unseen, with_start
from flows.catalogue import load_spec
from helpers import tiny_start
from helpers.recordings import make_line

BEFORE = tiny_start.wells(1)
OWN = [one.with_values(one.values * np.float32(1.1)) for one in tiny_start.wells(100)]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return tiny_start.train(tiny_start.spec(), BEFORE).bundle


@pytest.fixture(scope="module")
def started(bundle) -> tiny_start.Trained:
    """Trained further on other wells at a learning rate of almost nothing, with a well that the bundle has seen."""
    seen = next(well for well in BEFORE if well.source.sha256 in bundle.trained_on)
    return tiny_start.train(_from("cheap"), [*OWN, seen], bundle)


def _from(name: str, **how) -> ExperimentSpec:
    """The experiment that starts from a bundle; of another seed, so that its first weights would be others."""
    return tiny_start.spec(seed=5, start={"bundle": name, "learning_rate": 1.0, **how})


def test_all_networks_start_from_those_of_the_bundle(bundle, started):
    section = started.prepared.test[0]
    np.testing.assert_allclose(started.bundle.denoiser.denoise(section), bundle.denoiser.denoise(section), atol=1e-5)
    for found, before in zip(started.bundle.detector.networks, bundle.detector.networks, strict=True):
        for weights, others in zip(found, before, strict=True):
            np.testing.assert_allclose(weights, others, atol=1e-5)


def test_a_well_is_scored_out_of_fold_by_the_networks_of_the_bundle(bundle, started):
    """They saw none of the wells, so that all of these can serve the networks trained further."""
    roles = (*started.prepared.split.train, *started.prepared.split.validation, *started.prepared.split.test)
    assert {well.source.sha256 for well in roles} == {well.source.sha256 for well in OWN}
    detector = started.study.detectors["fault_network"]
    copies = out_of_fold_detectors(detector, started.prepared.detector_training)
    assert len(copies) == len(started.prepared.train)
    before = bundle.detector.networks
    for fitted in copies:
        assert len(fitted.networks) == len(before) == len(detector.networks)
        for weights, others in zip(fitted.networks, before, strict=True):
            assert all(np.array_equal(one, other) for one, other in zip(weights, others, strict=True))


@pytest.mark.parametrize(("learning_rate", "kept"), [(0.02, False), (1.0, True)], ids=["learns", "forgets"])
def test_networks_are_trained_further_only_if_they_find_more_in_the_validation_wells(bundle, learning_rate, kept):
    experiment = _from("cheap", share=1.0)
    (named,) = experiment.anomalies.detectors
    model = named.model.model_copy(update={"learning_rate": learning_rate, "steps": 200})
    anomalies = experiment.anomalies.model_copy(update={"detectors": (named.model_copy(update={"model": model}),)})
    found = tiny_start.train(experiment.model_copy(update={"anomalies": anomalies}), OWN, bundle).bundle.detector
    same = [
        np.array_equal(weights[0], others[0])
        for weights, others in zip(found.networks, bundle.detector.networks, strict=True)
    ]
    assert same == [kept] * len(same)
    assert np.array_equal(found.predictor.mean, bundle.detector.predictor.mean) == kept


def test_what_the_bundle_has_seen_is_left_out_with_a_finding(bundle):
    kept, findings = unseen(bundle, [*BEFORE, *OWN])
    assert [finding.code for finding in findings] == ["seen-in-training"] * len(bundle.trained_on)
    assert {one.source.sha256 for one in kept}.isdisjoint(bundle.trained_on)
    assert {one.source.sha256 for one in OWN} < {one.source.sha256 for one in kept}  # its hold-out is new to it


def test_the_new_bundle_has_seen_what_its_start_has_seen(bundle, started):
    assert set(bundle.trained_on) < set(started.bundle.trained_on)
    again, _ = unseen(started.bundle, [*BEFORE, *OWN])
    assert len(again) == len(BEFORE) + len(OWN) - len(started.bundle.trained_on)


def test_the_scaling_is_kept_or_fitted(bundle, started):
    np.testing.assert_array_equal(started.bundle.normaliser.bounds, bundle.normaliser.bounds)
    refitted = resolve_start(_from("cheap", keep_normaliser=False), bundle)
    own = CurvePercentiles().fit(steps.prepare(refitted, OWN).split.train, tiny_start.CURVES).bounds
    np.testing.assert_array_equal(steps.prepare(refitted, OWN).normaliser.bounds, own)
    assert np.abs(own - bundle.normaliser.bounds).max() > 0.01


def test_wells_come_to_the_step_of_the_bundle(bundle):
    dense = [dataclasses.replace(one, axis=1000 + 0.05 * np.arange(one.axis.size)) for one in OWN]
    prepared = steps.prepare(resolve_start(_from("cheap"), bundle), dense)
    assert np.diff(prepared.split.train[0].axis).mean() == pytest.approx(0.1524)


def test_the_bundle_survives_storage_and_names_its_start(bundle, started, tmp_path):
    started.bundle.save(tmp_path / "b")
    loaded = Bundle.load(tmp_path / "b")
    assert loaded.spec.start is not None
    assert loaded.spec.start.content_hash == bundle.content_hash
    assert loaded.spec.start.networks == ("dense", "fault_network")
    np.testing.assert_array_equal(loaded.score(OWN[0]).score, started.bundle.score(OWN[0]).score)


def test_a_shipped_experiment_starts_from_the_shipped_bundle_of_its_kind():
    for kind, networks in (("logs", ("unet", "fault_network")), ("seismic", ("unet",))):
        found = resolve_start(
            load_spec(kind).starting_from(f"{kind}-v1"), Bundle.load(shipped_bundle(f"{kind}-v1").folder)
        )
        assert found.start is not None
        assert found.start.networks == networks
        assert resolve_start(found, Bundle.load(shipped_bundle(f"{kind}-v1").folder)) == found


def test_networks_that_the_bundle_lacks_are_left_out_unless_they_are_asked_for(bundle):
    found = resolve_start(_with_others(), bundle)
    assert [one.name for one in found.contenders] == ["dense", "pca"]
    assert [one.name for one in found.anomalies.detectors] == ["fault_network", "pca_error", "dense_error"]
    assert found.start is not None
    assert found.start.left_out == ("dense_deep", "deep_error", "second_network")
    assert resolve_start(found, bundle) == found
    (finding,) = left_out_finding(found)
    assert "dense_deep, deep_error, second_network left out" in str(finding)
    assert "--all-networks" in str(finding)
    assert not left_out_finding(_with_others())
    every = resolve_start(_with_others(all_networks=True), bundle)
    assert [one.name for one in every.contenders] == ["dense", "dense_deep", "pca"]
    assert len(every.anomalies.detectors) == 5
    assert not left_out_finding(every)


def test_what_a_combination_of_detectors_needs_stays(bundle):
    fusion = {"name": "fusion", "model": {"kind": "fusion", "members": ["fault_network", "deep_error"]}}
    found = resolve_start(_with_others(detectors=[fusion]), bundle)
    assert [one.name for one in found.contenders] == ["dense", "dense_deep", "pca"]
    assert found.start is not None
    assert found.start.left_out == ("second_network",)


def test_all_networks_without_a_start_are_refused():
    assert _with_others().with_all_networks().start.all_networks
    assert _with_others(all_networks=True).starting_from("other").start.all_networks
    with pytest.raises(SpecError, match="tiny-start starts from no bundle"):
        tiny_start.spec().with_all_networks()


def test_an_experiment_that_cannot_start_says_why(bundle):
    for spec, message in (
        (_from("cheap", content_hash="0" * 64), "has the hash .* starts from 0000"),
        (
            tiny_start.spec(curves=["GR", "RHOB"], start={"bundle": "cheap"}),
            "has the curves GR, RHOB, cheap has GR, RHOB",
        ),
        (_changed(0, "contenders", {"widths": [16]}), r"widths is \[16\] here and \[8\] there"),
        (_changed(0, "anomalies", {"widths": [4, 8]}), r"widths is \[4, 8\] here and \[4, 4\] there"),
        (_with_faults([{"kind": "spike"}, {"kind": "unit"}]), "spike, unit, unknown here and spike, stuck, unknown"),
    ):
        with pytest.raises(SpecError, match=message):
            resolve_start(spec, bundle)
    old = dataclasses.replace(bundle, trained_on=())
    with pytest.raises(SpecError, match="does not list the files"):
        resolve_start(_from("cheap"), old)
    with pytest.raises(SpecError, match="scores seismic"):
        resolve_start(_from("seismic-v1"), Bundle.load(shipped_bundle("seismic-v1").folder))
    with pytest.raises(SpecError, match="no network of tiny-start starts from cheap"):
        resolve_start(_renamed(), bundle)


def test_a_start_that_was_not_loaded_is_no_training_from_nothing(bundle):
    spec = resolve_start(_from("cheap"), bundle)
    with pytest.raises(SpecError, match="was not loaded"):
        steps.fit_contender(spec, "dense", steps.prepare(spec, OWN))
    assert with_start(tiny_start.spec(), steps.prepare(tiny_start.spec(), OWN), None).start is None


def test_a_curve_that_no_well_has_is_named(bundle):
    spec = resolve_start(_from("cheap"), bundle)
    short = [dataclasses.replace(one, values=one.values[:2], channels=one.channels[:2]) for one in OWN]
    with pytest.raises(SpecError, match="NPHI of cheap do not vary in any training well"):
        steps.adapt(spec, [*short, make_line()])


def _with_others(*, detectors=(), **how) -> ExperimentSpec:
    """The experiment with a network that the bundle lacks, detectors that use it or not, and another fault network."""
    spec = tiny_start.spec(start={"bundle": "cheap", **how}).model_dump(mode="json")
    deep = copy.deepcopy(spec["contenders"][0]) | {"name": "dense_deep"}
    spec["contenders"] += [deep, {"name": "pca", "model": {"kind": "pca", "latent": 2}}]
    second = copy.deepcopy(spec["anomalies"]["detectors"][0]) | {"name": "second_network"}
    spec["anomalies"]["detectors"] += [
        {"name": "pca_error", "model": {"kind": "pca_reconstruction"}},
        {"name": "deep_error", "model": {"kind": "reconstruction", "contender": "dense_deep"}},
        {"name": "dense_error", "model": {"kind": "reconstruction", "contender": "dense"}},
        second,
        *detectors,
    ]
    return ExperimentSpec.model_validate(spec)


def _changed(number: int, part: str, changes: dict) -> ExperimentSpec:
    spec = tiny_start.spec(start={"bundle": "cheap"}).model_dump(mode="json")
    listed = spec[part] if part == "contenders" else spec[part]["detectors"]
    listed[number]["model"] |= changes
    return ExperimentSpec.model_validate(spec)


def _with_faults(faults: list[dict]) -> ExperimentSpec:
    spec = tiny_start.spec(start={"bundle": "cheap"}).model_dump(mode="json")
    spec["anomalies"]["faults"] = faults
    return ExperimentSpec.model_validate(spec)


def _renamed() -> ExperimentSpec:
    spec = tiny_start.spec(start={"bundle": "cheap"}).model_dump(mode="json")
    spec["default"] = spec["contenders"][0]["name"] = "other"
    spec["anomalies"]["detectors"][0]["name"] = "another"
    return ExperimentSpec.model_validate(spec)
