"""Wells with planted faults, a detector biased by construction, and a reviewer who knows the truth."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from aemodels.bundle.bundle import Bundle
from aemodels.core.types import BoolArray, Recording, Scores
from aemodels.detect.fusion.fusion import FusionDetector
from aemodels.detect.reconstruction.error import ReconstructionDetector
from aemodels.evaluate.detection.compare import compare_detectors
from aemodels.experiment.spec import ExperimentSpec
from aemodels.faults import LogSpike, inject
from aemodels.faults.inject import Injection
from aemodels.review.document import Decision, Review
from aemodels.signal.runs import runs
from aemodels.study import steps
from helpers.cheap_bundle import SPEC
from helpers.recordings import CURVES, make_well

FAULTS = (LogSpike(height=(0.8, 1.5)),)


@dataclass(frozen=True, eq=False)
class FaultyWell:
    """A well with faults at known depths."""

    recording: Recording
    injection: Injection

    @property
    def events(self) -> list[tuple[int, int]]:
        """First sample and exclusive end of each fault."""
        return [(event.start, event.stop) for event in self.injection.events]

    @property
    def faulty(self) -> BoolArray:
        """Faulty samples."""
        return np.asarray(self.injection.label.any(axis=0))


def biased_bundle(curve: str, factor: float) -> Bundle:
    """A bundle without networks whose scores of one curve are too high by a factor, as after a bad training."""
    bundle = _bundle(training_wells(), SPEC["anomalies"]["detectors"], "pca_error")
    assert isinstance(bundle.detector, ReconstructionDetector)
    scale = bundle.detector.scale.copy()
    scale[bundle.curves.index(curve)] /= factor
    return dataclasses.replace(bundle, detector=dataclasses.replace(bundle.detector, scale=scale))


def training_wells() -> list[Recording]:
    """Nine clean wells."""
    return [make_well(f"T-{number}", samples=800, seed=900 + number) for number in range(9)]


def fusion_bundle(recordings: Sequence[Recording]) -> Bundle:
    """A bundle without networks that flags by a fusion of two detectors, "pca_error" and "cross"."""
    detectors = [
        *SPEC["anomalies"]["detectors"],
        {"name": "cross", "model": {"kind": "cross_curve"}},
        {"name": "fusion", "model": {"kind": "fusion", "members": ["pca_error", "cross"], "combine": "max"}},
    ]
    return _bundle(recordings, detectors, "fusion")


def bundle_with_loud_member(member: str, factor: float) -> Bundle:
    """A fusion in which the -log10 p of one member are too high by a factor."""
    bundle = fusion_bundle(training_wells())
    assert isinstance(bundle.detector, FusionDetector)
    return dataclasses.replace(bundle, detector=bundle.detector.with_weaker_member(member, 1 / factor))


def _bundle(recordings: Sequence[Recording], detectors: list[dict[str, object]], chosen: str) -> Bundle:
    anomalies = SPEC["anomalies"] | {"detectors": detectors}
    spec = ExperimentSpec.model_validate(SPEC | {"curves": list(CURVES), "anomalies": anomalies})
    prepared = steps.prepare(spec, recordings)
    fitted = {one.name: steps.fit_contender(spec, one.name, prepared) for one in spec.contenders}
    study = compare_detectors(spec, prepared, {name: fit.denoiser for name, fit in fitted.items()})
    return steps.assemble(spec, prepared, fitted, dataclasses.replace(study, winner=chosen))


def faulty_wells(count: int, *, seed: int, samples: int = 1200, fraction: float = 0.01) -> list[FaultyWell]:
    """Generated wells with faults of all curves."""
    wells = []
    for number in range(seed, seed + count):
        clean = make_well(f"W-{number}", seed=number, samples=samples)
        injection = inject(clean, FAULTS, fraction=fraction, rng=np.random.default_rng(number))
        wells.append(FaultyWell(injection.recording, injection))
    return wells


def true_review(well: FaultyWell, scores: Scores, author: str = "A") -> Review:
    """The review of somebody who accepts flags on faulty curves, rejects others and adds what was missed."""
    axis, decisions = well.recording.axis, []
    truly = dict(zip(well.recording.names, well.injection.label, strict=True))
    for start, stop in runs(scores.is_anomaly):
        flagged = dict(zip(scores.channels, scores.channel_flag[:, start:stop], strict=True))
        right = [name for name, flag in flagged.items() if (flag & truly[name][start:stop]).any()]
        names = right or [name for name, flag in flagged.items() if flag.any()]
        top, base = float(axis[start]) - 0.07, float(axis[stop - 1]) + 0.07
        action = "accept" if right else "reject"
        decisions.append(
            Decision(action=action, top_m=top, base_m=base, flagged_top_m=top, flagged_base_m=base, curves=tuple(names))
        )
    for event in well.injection.events:
        if not scores.is_anomaly[event.start : event.stop].any():
            top, base = float(axis[event.start]) - 0.07, float(axis[event.stop - 1]) + 0.07
            decisions.append(Decision(action="add", top_m=top, base_m=base, curves=tuple(event.channels)))
    return Review(
        sondeflow_review=1,
        sha256=well.recording.source.sha256,
        well=well.recording.name,
        bundle="logs 1",
        author=author,
        made_at=datetime(2026, 1, 31, tzinfo=UTC),
        decisions=tuple(decisions),
    )


def outcome(bundle: Bundle, wells: Sequence[FaultyWell]) -> tuple[int, float]:
    """Return the number of flags that meet no planted fault, and the share of the planted faults that are flagged."""
    wrong = found = events = 0
    for well in wells:
        flags = bundle.score(well.recording).is_anomaly
        wrong += sum(not well.faulty[start:stop].any() for start, stop in runs(flags))
        found += sum(bool(flags[start:stop].any()) for start, stop in well.events)
        events += len(well.events)
    return wrong, found / events


def save_reviews(reviews: Sequence[Review], folder: Path) -> list[Path]:
    """Write reviews as files, as a browser saves them."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for review in reviews:
        path = folder / f"{review.well}.{review.sha256[:8]}.review.json"
        path.write_text(review.model_dump_json())
        paths.append(path)
    return paths
