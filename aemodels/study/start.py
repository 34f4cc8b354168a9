"""Start of an experiment from a bundle: its networks, its scaling of the curves, and the recordings it has not seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from aemodels.bundle.bundle import Bundle
from aemodels.core.errors import SpecError
from aemodels.core.findings import Finding
from aemodels.core.types import Recording
from aemodels.denoisers.registry import can_start, is_network
from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.fault_network.network import FaultNetwork
from aemodels.detect.fusion.fusion import Fusion, FusionDetector
from aemodels.experiment.fitted import Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.experiment.start import StartingPoint, StartSpec
from aemodels.signal.normalise import CurveBounds, CurveNormaliser, NormaliseSpec


def resolve_start(spec: ExperimentSpec, bundle: Bundle) -> ExperimentSpec:
    """Return an experiment with everything in its specification that it takes over from the bundle it starts from.

    That is the bundle's hash, depth step and, if it is kept, scaling of the curves, and the names of the networks that
    start from it. Networks that the bundle lacks are left out, unless the experiment asks for them. Nothing is trained.

    Args:
        spec: the experiment; returned unchanged without `start`.
        bundle: the one that `start` names.

    Raises:
        SpecError: if no network of the experiment can start from the bundle, or one of that name is another one.
    """
    if spec.start is None:
        return spec
    _check_bundle(spec, spec.start, bundle)
    point = _starting_point(spec.start, bundle)
    networks = [one.name for one in spec.contenders if _contender_starts(one.name, spec, point)]
    networks += [one.name for one in spec.anomalies.detectors if _detector_starts(one.name, spec, point)]
    if not networks:
        raise SpecError(
            f"no network of {spec.name} starts from {spec.start.bundle}, which has the denoisers "
            f"{', '.join(sorted(point.denoisers))} and the detectors {', '.join(sorted(point.detectors))}; give "
            "networks the names that they have there"
        )
    trained, left_out = (spec, ()) if spec.start.all_networks else _without_others(spec, networks)
    found = {
        "content_hash": bundle.content_hash,
        "networks": tuple(networks),
        "step_m": bundle.step,
        "left_out": (*spec.start.left_out, *left_out),
    }
    start = spec.start.model_copy(update=found)
    return trained.model_copy(update={"start": start, "normalise": _normalise(spec, start, bundle)})


def with_start(spec: ExperimentSpec, prepared: Prepared, bundle: Bundle | None) -> Prepared:
    """Return an experiment's data with the fitted networks that its networks start from.

    Args:
        spec: the experiment, resolved.
        prepared: its data.
        bundle: the one that its `start` names; not used without `start`.
    """
    if spec.start is None or bundle is None:
        return prepared
    kept = set(spec.start.networks)
    point = _starting_point(spec.start, bundle)
    denoisers = {name: one for name, one in point.denoisers.items() if name in kept}
    detectors = {name: one for name, one in point.detectors.items() if name in kept}
    return dataclasses.replace(prepared, start=dataclasses.replace(point, denoisers=denoisers, detectors=detectors))


def unseen(bundle: Bundle, recordings: Sequence[Recording]) -> tuple[list[Recording], list[Finding]]:
    """Return the recordings that a bundle was not trained on, and a finding for each of the others.

    What has learned from a well scores it better than a new one, and cannot judge it out of fold.
    """
    kept, findings = [], []
    for recording in recordings:
        if recording.source.sha256 in bundle.trained_on:
            found, expected = "a file of its training", "wells that the bundle has not seen"
            where = recording.source.uri
            findings.append(Finding("warning", "seen-in-training", where, found, expected, "give other files"))
        else:
            kept.append(recording)
    return kept, findings


def left_out_finding(spec: ExperimentSpec) -> tuple[Finding, ...]:
    """Return one finding if networks that the bundle lacks were left out of an experiment; else none."""
    if spec.start is None or not spec.start.left_out:
        return ()
    expected, remedy = f"networks that start from {spec.start.bundle}", "--all-networks trains them from nothing"
    found = f"{', '.join(spec.start.left_out)} left out"
    return (Finding("info", "networks-left-out", spec.name, found, expected, remedy),)


def _without_others(spec: ExperimentSpec, networks: Sequence[str]) -> tuple[ExperimentSpec, tuple[str, ...]]:
    """Return an experiment without the networks that start from nothing, and the names of what is left out.

    The default, and what a combination of detectors consists of, stay. Detectors that reconstruct with a network that
    is left out go with it.
    """
    detectors = spec.anomalies.detectors
    members = {name for one in detectors if isinstance(one.model, Fusion) for name in one.model.members}
    needed = {*networks, *members, spec.default}.union(*(spec.contenders_of(name) for name in members))
    contenders = tuple(one for one in spec.contenders if one.name in needed or not is_network(one.model))
    kept = {one.name for one in contenders}
    judges = tuple(
        one
        for one in detectors
        if one.name in needed or (spec.contenders_of(one.name) <= kept and not isinstance(one.model, FaultNetwork))
    )
    if not judges:
        return spec, ()
    named = {*kept, *(one.name for one in judges)}
    listed = [*(one.name for one in spec.contenders), *(one.name for one in detectors)]
    left_out = tuple(name for name in listed if name not in named)
    anomalies = spec.anomalies.model_copy(update={"detectors": judges})
    return spec.model_copy(update={"contenders": contenders, "anomalies": anomalies}), left_out


def _check_bundle(spec: ExperimentSpec, start: StartSpec, bundle: Bundle) -> None:
    if bundle.kind != spec.kind:
        raise SpecError(
            f"{start.bundle} scores {bundle.kind}, {spec.name} has {spec.kind}; start from one for {spec.kind}"
        )
    if start.content_hash not in ("", bundle.content_hash):
        raise SpecError(
            f"{start.bundle} has the hash {bundle.content_hash}; the experiment starts from {start.content_hash}: name "
            "that bundle, or remove content_hash"
        )
    if not bundle.trained_on:
        raise SpecError(
            f"{start.bundle} does not list the files it was trained on, so that wells it has seen cannot be left out; "
            "expected a bundle of version 0.2 or later: train it again"
        )
    if spec.curves != bundle.curves:
        raise SpecError(
            f"{spec.name} has the curves {', '.join(spec.curves)}, {start.bundle} has {', '.join(bundle.curves)}; the "
            "channels of a network are its curves: take those of the bundle, in its order"
        )


def _starting_point(start: StartSpec, bundle: Bundle) -> StartingPoint:
    detector = bundle.detector
    members = detector.members if isinstance(detector, FusionDetector) else {}
    detectors: dict[str, Detector] = {**members, bundle.detector_name: detector}
    return StartingPoint(start, bundle.contenders, detectors, bundle.trained_on)


def _contender_starts(name: str, spec: ExperimentSpec, point: StartingPoint) -> bool:
    start = point.denoiser(name)
    return start is not None and can_start(spec.contender(name).model, start)


def _detector_starts(name: str, spec: ExperimentSpec, point: StartingPoint) -> bool:
    model, start = spec.detector(name).model, point.detector(name)
    if start is None or not isinstance(model, FaultNetwork):
        return False
    faults = tuple(spec.anomalies.faults_for_training)
    return bool(model.starting_weights(DetectContext(spec.kind, spec.seed, {}, faults=faults, start=start)))


def _normalise(spec: ExperimentSpec, start: StartSpec, bundle: Bundle) -> NormaliseSpec:
    """Return the experiment's normaliser, with the bundle's bounds if they are kept."""
    normaliser = bundle.normaliser
    if not start.keep_normaliser or not isinstance(normaliser, CurveNormaliser):
        return spec.normalise
    pairs = zip(normaliser.curves, normaliser.bounds.tolist(), strict=True)
    return CurveBounds(bounds={curve: (low, high) for curve, (low, high) in pairs})
