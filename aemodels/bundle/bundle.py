"""Bundle: everything needed to score, in one directory of JSON and plain arrays."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from aemodels.bundle.files import (
    EARLIER_FILES,
    ENCODER,
    FAMILIARITY,
    MANIFEST,
    NOISE_LEVELS,
    REFERENCE,
    SCHEMA_VERSION,
    WITH_DIVISORS,
    pack,
    read_arrays,
    read_manifest,
)
from aemodels.bundle.judgement import judged_depths, noisy_depths, row_reasons, with_bad_hole_hints, with_rule_flags
from aemodels.bundle.own_depths import at_own_depths
from aemodels.bundle.unflagged_changes import limit_unflagged_changes
from aemodels.bundle.unlikely_intervals import lower_unlikely_intervals
from aemodels.bundle.unusual_curves import denoise_usual_apart
from aemodels.core.errors import BundleError, DataError
from aemodels.core.findings import Finding
from aemodels.core.interfaces import Denoiser
from aemodels.core.types import BoolArray, FloatArray, Kind, Recording, Scores, Section
from aemodels.detect.base import (
    DetectContext,
    Detector,
    FaultClassifier,
    evaluate,
    row_scores,
)
from aemodels.experiment.spec import ExperimentSpec
from aemodels.monitoring.familiarity import Familiarity
from aemodels.monitoring.reference import PCA_ERROR, Reference
from aemodels.monitoring.trace_features import trace_features
from aemodels.signal.implausible import implausible
from aemodels.signal.normalise import Normaliser, restore_normaliser
from aemodels.signal.quality_rules import Quality, assess
from aemodels.signal.resample import median_step, resample

MAX_DENOISED_STEP = 2.05  # steps of the training wells: measured in docs/lab/2026-11-steps.md


@dataclass(frozen=True, eq=False)
class Bundle:
    """A trained scorer, identical to the one evaluated in training.

    Args:
        spec: the whole experiment.
        normaliser: fitted on training recordings.
        denoiser: the default contender.
        detector_name: name of the detector in the specification.
        detector: fitted.
        contenders: fitted denoisers by name; only the default and those that the detector uses are saved.
        threshold: a row with a higher score is anomalous; finite and positive.
        reference: distributions of its training and validation data; None for a bundle written before monitoring.
        encoder: principal components of all curves together, to compare intervals by; None for seismic, and for a
            bundle written before the search for similar intervals.
        suspect_threshold: softer threshold of the hints for reviewers; None for a bundle of version 0.1.
        usual_noise: float32[curve], noise of the training wells (logs); None for a bundle of version 0.1.
        familiarity: descriptions of the training wells (logs); None for a bundle of version 0.1.
        step: depth step of the training wells in m (logs), to which others are resampled for scoring; None for a bundle
            of version 0.1, which takes samples as they come.
        trained_on: sha256 of the files that anything in it was fitted to; empty for a bundle of version 0.1.
        curve_divisors: what the scores of a curve are divided by before the threshold applies, from reviews
            (`study.recalibrate`); curves without one: 1.
        stored_hash: sha256 of the bundle.json that it was loaded from; None if it was not loaded, or was changed since.
    """

    spec: ExperimentSpec
    normaliser: Normaliser
    denoiser: Denoiser
    detector_name: str
    detector: Detector
    contenders: Mapping[str, Denoiser]
    threshold: float
    reference: Reference | None = None
    encoder: Denoiser | None = None
    suspect_threshold: float | None = None
    usual_noise: NDArray[np.float32] | None = None
    familiarity: Familiarity | None = None
    step: float | None = None
    trained_on: tuple[str, ...] = ()
    curve_divisors: Mapping[str, float] = field(default_factory=dict)
    stored_hash: str | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        if not (np.isfinite(self.threshold) and self.threshold > 0):
            raise DataError(f"bundle threshold is {self.threshold}; expected a positive finite number")
        if bad := {curve: value for curve, value in self.curve_divisors.items() if not 0 < value < np.inf}:
            raise DataError(f"bundle has the curve divisors {bad}; expected positive finite numbers")
        missing = {self.spec.default} - set(self.contenders)
        if missing:
            raise DataError(f"bundle lacks the contenders {sorted(missing)}; it has {sorted(self.contenders)}")

    @property
    def kind(self) -> Kind:
        """Kind of recording that it scores."""
        return self.spec.kind

    @property
    def name(self) -> str:
        """Name of the registered model."""
        return self.spec.registered_name

    @property
    def curves(self) -> tuple[str, ...]:
        """Canonical curves that it models (logs); empty for seismic."""
        return self.spec.curves

    @cached_property
    def content_hash(self) -> str:
        """sha256 of bundle.json, which lists the sha256 of each other file: the bundle's identity.

        A loaded bundle keeps that of the file it was read from, also if it would be written differently today.
        """
        return self.stored_hash or hashlib.sha256(self._manifest(self._blobs()).encode()).hexdigest()

    def score(self, recording: Recording, quality: Quality | None = None) -> Scores:
        """Denoise and score a recording of any length and step, with gaps, missing or constant curves.

        A well of another step than the training wells is resampled for the detector, so that networks and rules see
        metres; the scores are at its own depths. The denoiser sees the samples as they are, whose noise is independent,
        up to twice the step of the training wells; beyond, it would take beds for noise. Readings of a well that are
        not flagged are changed little, by `limit_unflagged_changes`.

        Args:
            recording: a well or a line.
            quality: flags of the quality rules, if they were computed with more than this recording (it is part of a
                line); None = they are computed from the recording.

        Raises:
            DataError: if the recording is of another kind, or has none of the curves.
        """
        self._check(recording)
        scores = self._scored(recording, quality or assess(recording))
        return limit_unflagged_changes(scores) if self.kind == "logs" else scores

    def _scored(self, recording: Recording, quality: Quality) -> Scores:
        """Return the scores of `score` with all that the denoiser changes."""
        even = self.at_step(recording)
        if even is recording:
            section = self.section(recording, quality)
            return self._score(recording, quality, self._denoised(recording, section), section)
        even_quality, raw = assess(even), self._raw(recording)
        if median_step(recording.axis) > MAX_DENOISED_STEP * median_step(even.axis):
            section = self.section(even, even_quality)
            found = self._score(even, even_quality, self._denoised(even, section), section)
            return at_own_depths(found, even.axis, recording.axis, raw)
        found = self._score(even, even_quality, self._raw(even))
        back = at_own_depths(found, even.axis, recording.axis, raw)
        return dataclasses.replace(back, denoised=self._denoised(recording, self.section(recording, quality)))

    def at_step(self, recording: Recording) -> Recording:
        """Return a well at the step of the training wells; a line, or a well of that step, is returned unchanged."""
        return recording if self.step is None or self.kind != "logs" else resample(recording, self.step)

    def _denoised(self, recording: Recording, section: Section) -> FloatArray:
        """Return the denoised curves or traces in canonical units, NaN where nothing was recorded."""
        raw = self._raw(recording)
        found = denoise_usual_apart(self.denoiser, section) if self.kind == "logs" else self.denoiser.denoise(section)
        denoised = self.normaliser.invert(found, section)
        return np.where(np.isfinite(raw), denoised, np.nan).astype(np.float32)

    def _score(
        self, recording: Recording, quality: Quality, denoised: FloatArray, section: Section | None = None
    ) -> Scores:
        raw = self._raw(recording)
        flags = self.rule_flags(quality, recording)
        detector_input = self.detector_input(recording, quality, section)
        evaluation = evaluate(self.detector, detector_input)
        found = self.on_threshold_scale(evaluation.score)
        judged: BoolArray | None = None
        doubts: tuple[Finding, ...] = ()
        if self.kind == "logs" and self.suspect_threshold is not None:
            judged, doubts = judged_depths(detector_input, found, self.threshold, self.familiarity)
            if evaluation.fault_scores is not None:
                kinds = evaluation.fault_scores
                found = lower_unlikely_intervals(found, self.threshold, kinds, detector_input, self.curves)
            found = with_bad_hole_hints(found, recording, self.curves, self.suspect_threshold)
            found = np.where(judged, found, np.nan).astype(np.float32)
        scores = with_rule_flags(found, flags, self.threshold)
        unobserved = ~np.isfinite(raw) if self.kind == "logs" else ~np.isfinite(raw).any(axis=1, keepdims=True)
        dead = _dead(quality, recording) if self.kind == "seismic" else np.zeros_like(unobserved)
        scores = np.where(unobserved & ~dead, np.nan, scores).astype(np.float32)
        rows = row_scores(scores, self.kind)
        anomalous = np.nan_to_num(rows, nan=-np.inf) > self.threshold
        noisy = noisy_depths(detector_input, self.usual_noise if anomalous.any() else None, rows.size)
        return Scores(
            kind=self.kind,
            score=rows,
            threshold=self.threshold,
            reason=row_reasons(anomalous, flags, evaluation.fault_scores, noisy, self.kind),
            channels=self.curves or recording.names,
            raw=raw,
            denoised=denoised,
            channel_score=scores,
            features=self._features(raw),
            suspect_threshold=self.suspect_threshold,
            judged=judged,
            findings=doubts,
        )

    def on_threshold_scale(self, scores: FloatArray) -> FloatArray:
        """Return scores of the detector as the threshold applies to them.

        Standardised by the recording if the threshold asks for it, then divided by the divisor of each curve.

        Args:
            scores: of a whole recording, float32[channel, sample] (logs) or [channel, 1] (seismic).
        """
        return self.divided(self.spec.anomalies.chosen_threshold.standardised(scores, row_scores(scores, self.kind)))

    def divided(self, scores: FloatArray) -> FloatArray:
        """Return scores divided by the divisor of each curve, float32[channel, sample]; unchanged without divisors."""
        if not self.curve_divisors:
            return scores
        divisors = np.array([self.curve_divisors.get(curve, 1.0) for curve in self.curves], dtype=np.float32)
        return np.asarray(scores / divisors[:, None], dtype=np.float32)

    def section(self, recording: Recording, quality: Quality) -> Section:
        """Return the recording as the networks see it: normalised, without values outside the physical range.

        Raises:
            DataError: if the recording is of another kind, or has none of the curves.
        """
        self._check(recording)
        return self.normaliser.apply(recording, hide=implausible(recording, quality))

    def _features(self, raw: FloatArray) -> Mapping[str, FloatArray]:
        """Return the trace features for monitoring; empty for logs, whose curves are stored in the outbox anyway."""
        if self.kind == "logs" or self.reference is None:
            return {}
        return trace_features(raw) | {PCA_ERROR: self.reference.subspace.errors(raw)}

    def _check(self, recording: Recording) -> None:
        if recording.kind != self.kind:
            raise DataError(f"{recording.source.uri} is a {recording.kind} file; {self.name} scores {self.kind}")
        if self.curves and not set(self.curves) & set(recording.names):
            raise DataError(
                f"{recording.source.uri} has curves {', '.join(recording.names[:12])}; expected at least one of "
                f"{', '.join(self.curves)}; add its mnemonics to the aliases if it has them under other names"
            )

    def _raw(self, recording: Recording) -> FloatArray:
        if self.kind == "seismic":
            return recording.values
        rows = [
            recording.channel(curve) if curve in recording.names else np.full(recording.axis.size, np.nan, np.float32)
            for curve in self.curves
        ]
        return np.stack(rows)

    def rule_flags(self, quality: Quality, recording: Recording) -> Mapping[str, BoolArray]:
        """Return the flags of the quality rules per row of the score matrix: a curve of the bundle, or a trace."""
        if self.kind == "seismic":
            return quality.flags
        flags = {}
        for reason, flag in quality.flags.items():
            by_curve = np.zeros((len(self.curves), recording.axis.size), dtype=bool)
            for row, curve in enumerate(self.curves):
                if curve in recording.names:
                    by_curve[row] = flag[recording.names.index(curve)]
            flags[reason] = by_curve
        return flags

    def detector_input(self, recording: Recording, quality: Quality, section: Section | None = None) -> Section:
        """Return the detector's input: with readings outside the physical range if it classifies faults.

        Args:
            recording: a well or a line.
            quality: its rule flags.
            section: result of `section` for them, if it is known.
        """
        whole = isinstance(self.detector, FaultClassifier)
        if whole and (section is None or implausible(recording, quality).any()):
            return self.normaliser.apply(recording)
        return self.section(recording, quality) if section is None else section

    def save(self, directory: Path) -> None:
        """Write bundle.json and the files it lists.

        Raises:
            BundleError: if the directory exists and is not empty.
        """
        if directory.exists() and any(directory.iterdir()):
            raise BundleError(f"{directory} is not empty; a bundle is never overwritten; choose a new folder")
        directory.mkdir(parents=True, exist_ok=True)
        blobs = self._blobs()
        for name, blob in blobs.items():
            (directory / name).write_bytes(blob)
        (directory / MANIFEST).write_text(self._manifest(blobs))

    @classmethod
    def load(cls, directory: Path) -> Bundle:
        """Read a bundle; the hash of each file is checked before it is used.

        Raises:
            BundleError: if a file is missing or altered, or the schema version is unknown.
        """
        stored = read_manifest(directory)
        manifest = stored.content
        try:
            spec = ExperimentSpec.model_validate(manifest["spec"])
            arrays = {
                EARLIER_FILES.get(name, name): read_arrays(directory, name, digest)
                for name, digest in manifest["files"].items()
            }
            contenders = {
                name: spec.contender(name).model.restore(arrays[f"contender-{name}.npz"])
                for name in manifest["contenders"]
            }
            specs = {named.name: named.model for named in spec.anomalies.detectors}
            context = DetectContext(kind=spec.kind, seed=spec.seed, denoisers=contenders, specs=specs)
            detector = spec.detector(manifest["detector"]).model.restore(arrays["detector.npz"], context)
            reference, encoder = arrays.get(REFERENCE), arrays.get(ENCODER)
            bundle = cls(
                spec=spec,
                normaliser=restore_normaliser(manifest["normaliser"]),
                denoiser=contenders[spec.default],
                detector_name=manifest["detector"],
                detector=detector,
                contenders=contenders,
                threshold=float(manifest["threshold"]),
                reference=None if reference is None else Reference.restore(reference, spec.kind),
                encoder=None if encoder is None else spec.encoder.restore(encoder),
                suspect_threshold=manifest.get("suspect_threshold"),
                familiarity=Familiarity.restore(arrays[FAMILIARITY]) if FAMILIARITY in arrays else None,
                step=manifest.get("step_m"),
                usual_noise=arrays[NOISE_LEVELS]["usual"] if NOISE_LEVELS in arrays else None,
                trained_on=tuple(manifest.get("trained_on", ())),
                curve_divisors=manifest.get("curve_divisors", {}),
            )
        except (KeyError, StopIteration, ValidationError, ValueError, TypeError) as error:
            raise BundleError(
                f"{directory / MANIFEST} does not describe a bundle: {error!r}; train it again"
            ) from error
        object.__setattr__(bundle, "stored_hash", stored.content_hash)
        return bundle

    def _saved_contenders(self) -> list[str]:
        return sorted({self.spec.default} | self.spec.contenders_of(self.detector_name))

    def _blobs(self) -> dict[str, bytes]:
        blobs = {f"contender-{name}.npz": pack(self.contenders[name].arrays()) for name in self._saved_contenders()}
        blobs["detector.npz"] = pack(self.detector.arrays())
        optional = {REFERENCE: self.reference, ENCODER: self.encoder, FAMILIARITY: self.familiarity}
        blobs |= {name: pack(part.arrays()) for name, part in optional.items() if part is not None}
        return blobs if self.usual_noise is None else blobs | {NOISE_LEVELS: pack({"usual": self.usual_noise})}

    def _manifest(self, blobs: Mapping[str, bytes]) -> str:
        manifest = {
            "schema_version": WITH_DIVISORS if self.curve_divisors else SCHEMA_VERSION,
            "name": self.name,
            "spec": self.spec.model_dump(mode="json"),
            "normaliser": self.normaliser.state(),
            "contenders": self._saved_contenders(),
            "detector": self.detector_name,
            "threshold": self.threshold,
            "files": {name: hashlib.sha256(blob).hexdigest() for name, blob in sorted(blobs.items())},
        }
        if self.suspect_threshold is not None:
            manifest["suspect_threshold"] = self.suspect_threshold
        if self.step is not None:
            manifest["step_m"] = self.step
        if self.curve_divisors:
            manifest["curve_divisors"] = dict(self.curve_divisors)
        if self.trained_on:
            manifest["trained_on"] = sorted(self.trained_on)
        return json.dumps(manifest, indent=1, sort_keys=True)


def _dead(quality: Quality, recording: Recording) -> BoolArray:
    none = np.zeros((len(recording.channels), 1), dtype=np.bool_)
    return quality.flags.get("dead", none)
