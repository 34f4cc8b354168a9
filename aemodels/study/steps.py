"""Steps of an experiment, each a pure function: prepare, fit, compare, assemble."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from aemodels.bundle.bundle import MAX_DENOISED_STEP, Bundle
from aemodels.core.errors import SpecError
from aemodels.core.findings import Finding
from aemodels.core.interfaces import Denoiser, EpochCallback, FitContext
from aemodels.core.types import Recording
from aemodels.evaluate.denoising.compare import denoising_table, summarise_denoising
from aemodels.evaluate.denoising.contender_table import contender_table
from aemodels.evaluate.denoising.diagnostics import denoising_diagnostics
from aemodels.evaluate.detection.compare import DetectorStudy
from aemodels.experiment.fitted import Fitted, Prepared
from aemodels.experiment.spec import ExperimentSpec
from aemodels.monitoring.build_reference import ScoredRecording, build_reference
from aemodels.monitoring.familiarity import fit_familiarity
from aemodels.signal.adjoining_sections import join_adjoining, normalise_adjoining
from aemodels.signal.gather_type import gather_finding
from aemodels.signal.implausible import unusable_readings
from aemodels.signal.noise_level import usual_noise
from aemodels.signal.resample import median_step, resample
from aemodels.signal.split import Split, basin_of, split_traces, split_wells, trace_ranges
from aemodels.signal.wells import with_distinct_names

ROLES = tuple(field.name for field in dataclasses.fields(Split))


def prepare(spec: ExperimentSpec, recordings: Sequence[Recording]) -> Prepared:
    """Leave out unusable recordings (one finding per recording), split, fit the normaliser, and normalise.

    Wells of another depth step than the training wells usually have are resampled to it, as they are for scoring; in an
    experiment that starts from a bundle, to the bundle's step.

    Args:
        spec: the experiment.
        recordings: wells or lines; others are left out.

    Raises:
        SpecError: if too little data remains for three roles.
    """
    split, findings = _roles(spec, recordings)
    as_recorded = split.elsewhere
    if spec.kind == "logs":
        started_step = None if spec.start is None else spec.start.step_m
        split, resampled = _at_step(split, started_step or _usual_step(split))
        findings += resampled
    normaliser = spec.normalise.fit(split.train, spec.curves)
    train, validation, test = (
        normalise_adjoining(normaliser, role) for role in (split.train, split.validation, split.test)
    )
    elsewhere = tuple(
        dataclasses.replace(section, basin=basin_of(recording))
        for section, recording in zip(normalise_adjoining(normaliser, split.elsewhere), split.elsewhere, strict=True)
    )
    if spec.kind == "seismic":
        left_out = {finding.where for finding in findings}
        findings += tuple(gather_finding(line) for line in recordings if line.source.uri not in left_out)
    denoised = tuple(
        normaliser.apply(well, hide=unusable_readings(well)) for well in _as_denoised(as_recorded, split.elsewhere)
    )
    return Prepared(split, normaliser, train, validation, test, findings, elsewhere, denoised)


def _as_denoised(as_recorded: Sequence[Recording], even: Sequence[Recording]) -> Iterator[Recording]:
    """Yield wells as scoring denoises them: as recorded, at the step of the networks if theirs is far longer."""
    for recorded, resampled in zip(as_recorded, even, strict=True):
        far_longer = median_step(recorded.axis) > MAX_DENOISED_STEP * median_step(resampled.axis)
        yield resampled if far_longer else recorded


def _at_step(split: Split, step: float) -> tuple[Split, tuple[Finding, ...]]:
    """Return the wells at a step in m, and a finding if some had another one."""
    even = {role: tuple(resample(well, step) for well in getattr(split, role)) for role in ROLES}
    changed = [
        well.name
        for role in ROLES
        for well, same in zip(getattr(split, role), even[role], strict=True)
        if well is not same
    ]
    if not changed:
        return split, ()
    names = ", ".join(changed[:5]) + (", ..." if len(changed) > 5 else "")
    where = f"{len(changed)} {'well' if len(changed) == 1 else 'wells'}: {names}"
    found, expected = "other depth steps", f"{step:.4g} m, as the networks see all wells"
    return Split(**even), (Finding("info", "resampled", where, found, expected, "none needed"),)


def adapt(spec: ExperimentSpec, recordings: Sequence[Recording]) -> tuple[ExperimentSpec, tuple[Finding, ...]]:
    """Drop the curves that do not vary in any training well.

    Args:
        spec: the experiment.
        recordings: as for `prepare`.

    Returns:
        The specification without these curves, and one finding per dropped curve.

    Raises:
        SpecError: if no curve is left, the usable data are too few for three roles, or networks that start from a
            bundle would lack a curve.
    """
    findings: list[Finding] = []
    while spec.kind == "logs":
        split, _ = _roles(spec, recordings)  # split again each time: a well may have had only the dropped curve
        constant = [curve for curve in spec.curves if not any(_varies(recording, curve) for recording in split.train)]
        if not constant:
            break
        if spec.start is not None:
            raise SpecError(
                f"{', '.join(constant)} of {spec.start.bundle} do not vary in any training well of {spec.name}; add "
                "wells that have them, or train from nothing"
            )
        findings += [_constant_curve_finding(curve, split) for curve in constant]
        kept = tuple(curve for curve in spec.curves if curve not in constant)
        if not kept:
            raise SpecError(
                f"{spec.name}: none of {', '.join(spec.curves)} varies in a training well; give other wells"
            )
        spec = spec.model_copy(update={"curves": kept})
    return spec, tuple(findings)


def _constant_curve_finding(curve: str, split: Split) -> Finding:
    found = f"no values that vary in {', '.join(recording.name for recording in split.train)}"
    remedy = "train on more wells if the curve is wanted"
    return Finding("warning", "curve-left-out", f"curve {curve}", found, "a training well that has it", remedy)


def _varies(recording: Recording, curve: str) -> bool:
    if curve not in recording.names:
        return False
    values = recording.channel(curve)
    return bool(np.unique(values[np.isfinite(values)]).size > 1)


def _roles(spec: ExperimentSpec, recordings: Sequence[Recording]) -> tuple[Split, tuple[Finding, ...]]:
    """Return the usable recordings in their roles, and one finding for each of the others."""
    usable, findings = [], []
    for recording in recordings:
        finding = _unusable(spec, recording)
        if finding is None:
            usable.append(recording)
        else:
            findings.append(finding)
    if not usable:
        reasons = (
            "; ".join(f"{f.where}: {f.found}, expected {f.expected}" for f in findings[:5]) or "no recording given"
        )
        raise SpecError(f"none of {len(recordings)} recordings can be used for {spec.name}: {reasons}")
    ordered = sorted(usable, key=lambda r: (r.name, r.source.sha256))  # independent of the order in the folder
    if spec.kind == "logs":
        ordered = with_distinct_names(ordered)
        return split_wells(ordered, spec.split, np.random.default_rng([spec.seed, 1])), tuple(findings)
    return split_traces(ordered, spec.split), tuple(findings)


def _unusable(spec: ExperimentSpec, recording: Recording) -> Finding | None:
    if recording.kind != spec.kind:
        found, expected = f"a {recording.kind} file", f"{spec.kind} for experiment {spec.name}"
    elif spec.kind == "logs" and not set(spec.curves) & set(recording.names):
        found, expected = f"curves {', '.join(recording.names[:12])}", f"at least one of {', '.join(spec.curves)}"
    elif (observed := _observed_samples(spec, recording)) < spec.minimum_samples:
        found, expected = f"{observed} observed samples", f"at least {spec.minimum_samples}"
    elif spec.kind == "seismic" and not _divisible(spec, recording):
        found, expected = f"{len(recording.channels)} traces", "enough for three roles with guard traces between them"
    else:
        return None
    return Finding(
        "warning", "left-out", recording.source.uri, found, expected, "leave the file out, or change the spec"
    )


def _divisible(spec: ExperimentSpec, recording: Recording) -> bool:
    try:
        trace_ranges(recording, spec.split)
    except SpecError:
        return False
    return True


def _observed_samples(spec: ExperimentSpec, recording: Recording) -> int:
    if spec.kind == "seismic":
        return int(np.isfinite(recording.values).sum())
    rows = [recording.names.index(curve) for curve in spec.curves if curve in recording.names]
    return int(np.isfinite(recording.values[rows]).any(axis=0).sum())


def fit_contender(
    spec: ExperimentSpec,
    name: str,
    prepared: Prepared,
    on_epoch: EpochCallback | None = None,
    checkpoint: Path | None = None,
) -> Fitted:
    """Fit one contender on the training sections; epoch and settings are chosen on the validation sections.

    Args:
        spec: the experiment.
        name: of the contender.
        prepared: its data.
        on_epoch: called after each epoch.
        checkpoint: file in which the training keeps its last epoch, and from which an interrupted one resumes.

    Raises:
        SpecError: if the experiment starts from a bundle that was not loaded, or from another network.
    """
    if spec.start is not None and prepared.start is None:
        raise SpecError(
            f"{spec.name} starts from {spec.start.bundle}, which was not loaded: see `study.start.with_start`"
        )
    start = None if prepared.start is None else prepared.start.denoiser(name)
    context = FitContext(
        spec.kind, spec.seed, spec.tuning_noises, on_epoch, checkpoint, start, prepared.elsewhere_as_recorded
    )
    started = time.perf_counter()
    validation = [panel for panel, _ in join_adjoining(prepared.validation)]
    result = spec.contender(name).model.fit(prepared.train, validation, context)
    seconds = time.perf_counter() - started
    return Fitted(name, result.denoiser, result.history, seconds, result.parameters, result.dead_units, result.resumed)


def compare_denoisers(spec: ExperimentSpec, prepared: Prepared, fitted: Mapping[str, Fitted]) -> pd.DataFrame:
    """Compute the gains of all contenders on the hold-out (see `denoising_table`)."""
    return denoising_table(
        {name: contender.denoiser for name, contender in fitted.items()},
        prepared.test,
        {condition.name: condition.noise for condition in spec.test_conditions},
        channels=spec.curves,
        seed=spec.seed,
    )


def diagnose_denoisers(
    spec: ExperimentSpec, prepared: Prepared, fitted: Mapping[str, Fitted], table: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return the tables of the hold-out that complement the gains in `table`, by name.

    See `denoising_diagnostics`, and `contender_table` for cost and clean reconstruction.
    """
    denoisers = {name: contender.denoiser for name, contender in fitted.items()}
    contenders = contender_table(spec, fitted, prepared.test, summarise_denoising(table))
    return {"contenders": contenders, **denoising_diagnostics(spec, denoisers, prepared.test, table)}


def assemble(spec: ExperimentSpec, prepared: Prepared, fitted: Mapping[str, Fitted], study: DetectorStudy) -> Bundle:
    """Assemble the bundle: normaliser, default denoiser, winning detector and its threshold.

    The bundle's scores of its training and validation recordings are summarised in it as the reference for monitoring.

    Raises:
        SpecError: if the default contender was not fitted.
    """
    if spec.default not in fitted:
        raise SpecError(f"default contender {spec.default!r} was not fitted; fitted are {sorted(fitted)}")
    bundle = Bundle(
        spec=spec,
        normaliser=prepared.normaliser,
        denoiser=fitted[spec.default].denoiser,
        detector_name=study.winner,
        detector=study.detectors[study.winner],
        contenders={name: contender.denoiser for name, contender in fitted.items()},
        threshold=study.threshold,
        encoder=_encoder(spec, prepared),
        suspect_threshold=study.suspect_threshold,
        familiarity=fit_familiarity(prepared.detector_training) if spec.kind == "logs" else None,
        step=_usual_step(prepared.split) if spec.kind == "logs" else None,
        trained_on=_fitted_to(prepared),
        usual_noise=usual_noise(prepared.detector_training) if spec.kind == "logs" else None,
    )
    parts = [
        ScoredRecording(recording.name, role == "validation", bundle.score(recording))
        for role in ("train", "validation")
        for recording in getattr(prepared.split, role)
    ]
    return dataclasses.replace(bundle, reference=build_reference(spec.kind, spec.curves, parts))


def _fitted_to(prepared: Prepared) -> tuple[str, ...]:
    """Return the sha256 of the files that anything is fitted to or chosen on, also in the bundle it started from."""
    split, before = prepared.split, () if prepared.start is None else prepared.start.trained_on
    return tuple(
        sorted({*before, *(well.source.sha256 for well in (*split.train, *split.validation, *split.elsewhere))})
    )


def _usual_step(split: Split) -> float:
    """Return the median depth step of the training wells, m."""
    return float(np.median([median_step(recording.axis) for recording in split.train]))


def _encoder(spec: ExperimentSpec, prepared: Prepared) -> Denoiser | None:
    if spec.kind != "logs":
        return None
    return spec.encoder.fit(prepared.train, prepared.validation, FitContext(kind=spec.kind, seed=spec.seed)).denoiser
