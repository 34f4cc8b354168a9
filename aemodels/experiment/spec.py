"""Specification of an experiment: all scientific choices, independent of where it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any, ClassVar, Self

from pydantic import Field, field_validator, model_validator

from aemodels.core.errors import SpecError
from aemodels.core.registered_models import REGISTERED
from aemodels.core.spec import Spec
from aemodels.core.types import Kind
from aemodels.curves.canonical import CANONICAL
from aemodels.denoisers.linear.pca import Pca
from aemodels.denoisers.registry import DenoiserSpec
from aemodels.detect import DetectorSpec, Fusion, ThresholdSpec
from aemodels.detect.reconstruction.error import Reconstruction
from aemodels.detect.thresholds import (
    DEFAULT_RATE,
    SUSPECT,
    SUSPECT_RATE,
    MeanStd,
    Quantile,
    ThresholdBase,
    present_label,
)
from aemodels.experiment.start import StartSpec
from aemodels.experiment.sweep_spec import SweepSpec
from aemodels.faults import FaultSpec
from aemodels.noise import NoiseSpec
from aemodels.signal.normalise import CurvePercentiles, NormaliseSpec
from aemodels.signal.split import SplitSpec
from aemodels.signal.windows import WindowSpec


class Contender(Spec):
    """A denoiser to compare."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="name in tables and runs")
    model: DenoiserSpec = Field(description="kind and parameters")


class NamedDetector(Spec):
    """A detector to compare."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="name in tables and runs")
    model: DetectorSpec = Field(description="kind and parameters")


class Condition(Spec):
    """A noise condition: a corruption of the hold-out under which denoisers are compared."""

    earlier_names: ClassVar[Mapping[str, str]] = {"judged": "decisive"}

    name: str = Field(min_length=1, description="name in tables, e.g. 'noise 0.1'")
    noise: tuple[NoiseSpec, ...] = Field(min_length=1, description="applied one after the other to the whole section")
    decisive: bool = Field(
        default=True, description="the promotion gate requires a lead under this condition; false = reported only"
    )


class AnomalySpec(Spec):
    """Comparison of detectors on injected faults, and the thresholds to fit."""

    earlier_names: ClassVar[Mapping[str, str]] = {"leave_one_out": "leave_one_kind_out"}

    detectors: tuple[NamedDetector, ...] = Field(
        min_length=1, description="detectors compared, in the order of fitting"
    )
    faults: tuple[FaultSpec, ...] = Field(min_length=1, description="fault kinds injected for evaluation")
    choosing_faults: tuple[FaultSpec, ...] = Field(
        default=(),
        description="faults of another family than both others: combinations are fitted to them, and the detector is "
        "chosen on them; empty = those for evaluation",
    )
    training_faults: tuple[FaultSpec, ...] = Field(
        default=(), description="fault kinds and ranges for training detectors; empty = those for evaluation"
    )
    fraction: float = Field(default=0.06, gt=0.0, lt=0.9, description="share of rows made faulty for evaluation")
    repeats: int = Field(
        default=1,
        ge=1,
        le=100,
        description="faulty copies per section, each with other faults; results are averaged",
    )
    events: int = Field(
        default=0, ge=0, le=1000, description="more copies are made until each fault kind has this many hold-out events"
    )
    rate: float = Field(
        default=DEFAULT_RATE, gt=0.0, lt=0.5, description="nominal false-alarm rate, as a share of the observed rows"
    )
    suspect_rate: float = Field(
        default=SUSPECT_RATE,
        gt=0.0,
        lt=0.5,
        description="nominal rate of the softer level, for reviewers, as a share of the observed rows",
    )
    thresholds: tuple[ThresholdSpec, ...] = Field(
        min_length=1, description="all are fitted, and their false-alarm rates measured"
    )
    threshold: str = Field(default="conformal", description="label of the threshold that the bundle uses")
    leave_one_kind_out: bool = Field(
        default=False,
        description="also measure the recall of each fault kind by detectors that were trained without it",
    )

    @field_validator("threshold")
    @classmethod
    def _present_label(cls, label: str) -> str:
        return present_label(label)

    @model_validator(mode="after")
    def _known_members(self) -> Self:
        before: list[str] = []
        for named in self.detectors:
            members = named.model.members if isinstance(named.model, Fusion) else ()
            if unknown := sorted(set(members) - set(before)):
                raise ValueError(f"{named.name} has the members {unknown}; list them before it, it follows {before}")
            before.append(named.name)
        return self

    @model_validator(mode="after")
    def _one_family_for_each_end(self) -> Self:
        if self.choosing_faults:
            families = [{fault.kind for fault in family} for family in self.families]
            if repeated := sorted(set.union(*(a & b for a, b in combinations(families, 2)))):
                raise ValueError(
                    f"{', '.join(repeated)} serve more than one of training, choosing and evaluation; give each its "
                    "own family of faults, or leave choosing_faults empty"
                )
        return self

    @property
    def families(self) -> tuple[tuple[FaultSpec, ...], ...]:
        """Faults for training, for choosing, and for evaluation."""
        return self.faults_for_training, self.faults_for_choosing, self.faults

    @property
    def faults_for_choosing(self) -> tuple[FaultSpec, ...]:
        """Faults that combinations are fitted to, and on which the detector is chosen."""
        return self.choosing_faults or self.faults

    @property
    def faults_for_training(self) -> tuple[FaultSpec, ...]:
        """Faults for training the detectors that learn from them."""
        return self.training_faults or self.faults

    @model_validator(mode="after")
    def _known_threshold(self) -> Self:
        labels = [threshold.label for threshold in self.thresholds]
        if len(set(labels)) < len(labels):
            raise ValueError(f"thresholds {labels} repeat; list each once")
        if self.threshold not in labels:
            raise ValueError(f"threshold is {self.threshold!r}; expected one of the thresholds listed: {labels}")
        return self

    @property
    def thresholds_at_rate(self) -> tuple[ThresholdBase, ...]:
        """Thresholds, each with its nominal false-alarm rate."""
        return tuple(threshold.with_rate(self.rate) for threshold in self.thresholds)

    @property
    def levels(self) -> dict[str, ThresholdBase]:
        """All thresholds by label, and the softer one for reviewers as SUSPECT."""
        softer = self.chosen_threshold.model_copy(update={"rate": self.suspect_rate})
        if isinstance(softer, MeanStd):
            softer = Quantile(rate=self.suspect_rate, standardise_per_recording=softer.standardise_per_recording)
        return {threshold.label: threshold for threshold in self.thresholds_at_rate} | {SUSPECT: softer}

    @property
    def chosen_threshold(self) -> ThresholdBase:
        """Threshold that the bundle uses."""
        return next(threshold for threshold in self.thresholds_at_rate if threshold.label == self.threshold)


class ExperimentSpec(Spec):
    """One experiment: data roles, contenders, noise conditions, detectors and thresholds."""

    earlier_names: ClassVar[Mapping[str, str]] = {"code": "encoder", "conditions": "test_conditions"}

    name: str = Field(pattern=r"^[a-z0-9-]+$", description="name of the experiment")
    kind: Kind = Field(description="logs or seismic")
    seed: int = Field(default=20, ge=0, lt=2**31, description="root seed of all random numbers")
    curves: tuple[str, ...] = Field(default=(), description="logs: canonical curves, in channel order")
    minimum_samples: int = Field(default=500, ge=2, description="recordings with fewer observed samples are left out")
    split: SplitSpec = Field(default=SplitSpec(), description="roles of wells or trace ranges")
    normalise: NormaliseSpec = Field(default=CurvePercentiles(), description="scaling of values to a common range")
    contenders: tuple[Contender, ...] = Field(min_length=1, description="denoisers compared")
    default: str = Field(description="name of the contender that the bundle denoises with")
    encoder: Pca = Field(
        default=Pca(window=WindowSpec(length=32, stride=16, width=0), stride=8, latent=16),
        description="logs: principal components stored in every bundle, to search similar intervals without a network",
    )
    test_conditions: tuple[Condition, ...] = Field(
        min_length=1, description="noise conditions under which denoisers are compared on the hold-out"
    )
    tuning: tuple[tuple[NoiseSpec, ...], ...] = Field(
        default=(),
        description="further noise at which classical methods are tuned, besides that of the test conditions",
    )
    anomalies: AnomalySpec = Field(description="detectors, faults and thresholds")
    start: StartSpec | None = Field(
        default=None, description="bundle whose networks are trained further; null = training from nothing"
    )
    sweep: SweepSpec | None = Field(
        default=None, description="hyperparameter search of `sondeflow sweep`; not used in training"
    )

    @property
    def science(self) -> dict[str, Any]:
        """Everything that results depend on, for JSON: without the search, and without the place of the start."""
        return self.model_dump(mode="json", exclude={"sweep": True, "start": {"bundle"}})

    @property
    def registered_name(self) -> str:
        """Name of the registered model."""
        return REGISTERED[self.kind]

    @property
    def tuning_noises(self) -> tuple[tuple[NoiseSpec, ...], ...]:
        """Noise of `tuning` and of the test conditions."""
        return self.tuning + tuple(condition.noise for condition in self.test_conditions)

    def injecting(self, faults: Sequence[FaultSpec]) -> ExperimentSpec:
        """Return the experiment with other faults for evaluation."""
        anomalies = self.anomalies.model_copy(update={"faults": tuple(faults)})
        return self.model_copy(update={"anomalies": anomalies})

    def starting_from(self, bundle: str) -> ExperimentSpec:
        """Return the experiment with networks that start from a bundle, by the settings of `start` if it has any.

        Args:
            bundle: see `StartSpec.bundle`.
        """
        settings = {"keep_normaliser", "share", "learning_rate", "all_networks"}
        kept = {} if self.start is None else self.start.model_dump(include=settings)
        return self.model_copy(update={"start": StartSpec(bundle=bundle, **kept)})

    def with_all_networks(self) -> ExperimentSpec:
        """Return the experiment with the networks that the bundle it starts from lacks, trained from nothing.

        Raises:
            SpecError: if it starts from no bundle.
        """
        if self.start is None:
            raise SpecError(
                f"{self.name} starts from no bundle and trains all its networks; expected --start-from, or `start` in "
                "the specification, beside --all-networks"
            )
        return self.model_copy(update={"start": self.start.model_copy(update={"all_networks": True})})

    def contender(self, name: str) -> Contender:
        """Return the contender of that name."""
        return next(contender for contender in self.contenders if contender.name == name)

    def detector(self, name: str) -> NamedDetector:
        """Return the detector of that name."""
        return next(detector for detector in self.anomalies.detectors if detector.name == name)

    def contenders_of(self, detector: str) -> set[str]:
        """Return the contenders that a detector, or any of its members, reconstructs with."""
        model = self.detector(detector).model
        if isinstance(model, Fusion):
            return set().union(*(self.contenders_of(name) for name in model.members))
        return {model.contender} if isinstance(model, Reconstruction) else set()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [contender.name for contender in self.contenders]
        wanted = [self.default] + [
            d.model.contender for d in self.anomalies.detectors if isinstance(d.model, Reconstruction)
        ]
        if len(set(names)) != len(names):
            raise ValueError(f"contender names {names} repeat; make them unique")
        if unknown := sorted(set(wanted) - set(names)):
            raise ValueError(f"contenders {unknown} are referred to but not listed; the list has {names}")
        if not any(condition.decisive for condition in self.test_conditions):
            raise ValueError("no test condition is decisive, so nothing could be promoted; make at least one decisive")
        if unknown := sorted(set(self.curves) - set(CANONICAL)):
            raise ValueError(f"curves {unknown} are not canonical; expected some of {sorted(CANONICAL)}")
        if self.kind == "seismic" and self.anomalies.chosen_threshold.standardise_per_recording:
            raise ValueError("a line is scored in parts: leave standardise_per_recording of its threshold at 0")
        if self.kind == "logs" and not self.curves:
            raise ValueError("an experiment on logs needs curves, e.g. [GR, RHOB, NPHI, DTC, RDEP]")
        return self
