"""The specification of an experiment: all of the science, none of the place where it runs."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from aemodels.core.spec import Spec
from aemodels.core.types import Kind
from aemodels.curves.canonical import CANONICAL
from aemodels.denoisers.linear.pca import Pca
from aemodels.denoisers.registry import DenoiserSpec
from aemodels.detect import DetectorSpec, Fusion, ThresholdSpec
from aemodels.detect.reconstruction.error import Reconstruction
from aemodels.detect.thresholds import RATE, ThresholdBase
from aemodels.experiment.sweep_spec import SweepSpec
from aemodels.faults import FaultSpec
from aemodels.noise import NoiseSpec
from aemodels.signal.normalise import CurvePercentiles, NormaliseSpec
from aemodels.signal.split import SplitSpec
from aemodels.signal.windows import WindowSpec

REGISTERED = {"logs": "sondeflow-logs", "seismic": "sondeflow-seismic"}


class Contender(Spec):
    """A denoiser that takes part in the comparison."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="name in tables and runs")
    model: DenoiserSpec = Field(description="kind and parameters")


class NamedDetector(Spec):
    """A detector that takes part in the comparison."""

    name: str = Field(pattern=r"^[a-z0-9_]+$", description="name in tables and runs")
    model: DetectorSpec = Field(description="kind and parameters")


class Condition(Spec):
    """A corruption of the hold-out under which denoisers are compared."""

    name: str = Field(min_length=1, description="name in tables, e.g. 'noise 0.1'")
    noise: tuple[NoiseSpec, ...] = Field(min_length=1, description="applied one after the other to the whole section")
    judged: bool = Field(default=True, description="whether the gate asks for a lead here; else it is only reported")


class AnomalySpec(Spec):
    """How detectors are compared and thresholds fitted."""

    detectors: tuple[NamedDetector, ...] = Field(min_length=1, description="the contenders")
    faults: tuple[FaultSpec, ...] = Field(min_length=1, description="kinds injected for evaluation")
    training_faults: tuple[FaultSpec, ...] = Field(
        default=(), description="kinds and ranges that detectors may be trained on; as for evaluation where empty"
    )
    fraction: float = Field(default=0.06, gt=0.0, lt=0.9, description="share of rows made faulty for evaluation")
    repeats: int = Field(
        default=1,
        ge=1,
        le=100,
        description="injections into each section, each with other faults; results are averaged",
    )
    events: int = Field(
        default=0, ge=0, le=1000, description="injections go on until every kind has so many events in the hold-out"
    )
    rate: float = Field(
        default=RATE, gt=0.0, lt=0.5, description="false-alarm rate promised, as a share of the observed rows"
    )
    thresholds: tuple[ThresholdSpec, ...] = Field(min_length=1, description="all are fitted and their rates measured")
    threshold: str = Field(default="conformal", description="label of the threshold that the bundle uses")
    leave_one_out: bool = Field(
        default=False, description="whether detectors that learn from faults are fitted again without each kind"
    )

    @model_validator(mode="after")
    def _known_members(self) -> Self:
        before: list[str] = []
        for named in self.detectors:
            members = named.model.members if isinstance(named.model, Fusion) else ()
            if unknown := sorted(set(members) - set(before)):
                raise ValueError(f"{named.name} is made of {unknown}; list them before it, it follows {before}")
            before.append(named.name)
        return self

    @property
    def trained_on(self) -> tuple[FaultSpec, ...]:
        """What detectors that learn from faults are given."""
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
    def rated(self) -> tuple[ThresholdBase, ...]:
        """The thresholds, each with the rate that it promises."""
        return tuple(threshold.promising(self.rate) for threshold in self.thresholds)

    @property
    def chosen(self) -> ThresholdBase:
        """The threshold that the bundle uses."""
        return next(threshold for threshold in self.rated if threshold.label == self.threshold)


class ExperimentSpec(Spec):
    """One experiment: data roles, contenders, conditions, detectors and thresholds."""

    name: str = Field(pattern=r"^[a-z0-9-]+$", description="name of the experiment")
    kind: Kind = Field(description="logs or seismic")
    seed: int = Field(default=20, ge=0, lt=2**31, description="root of all randomness")
    curves: tuple[str, ...] = Field(default=(), description="logs: canonical curves, in channel order")
    minimum_samples: int = Field(default=500, ge=2, description="recordings with fewer observed samples are left out")
    split: SplitSpec = Field(default=SplitSpec(), description="roles of wells or trace ranges")
    normalise: NormaliseSpec = Field(default=CurvePercentiles(), description="how values are brought to one scale")
    contenders: tuple[Contender, ...] = Field(min_length=1, description="denoisers compared")
    default: str = Field(description="the contender that the bundle denoises with")
    code: Pca = Field(
        default=Pca(window=WindowSpec(length=32, stride=16, width=0), stride=8, latent=16),
        description="logs: components that go with every bundle, so that intervals can be compared without a network",
    )
    conditions: tuple[Condition, ...] = Field(min_length=1, description="corruptions of the hold-out")
    tuning: tuple[tuple[NoiseSpec, ...], ...] = Field(
        default=(), description="further noise levels at which classical methods are tuned, beside the conditions"
    )
    anomalies: AnomalySpec = Field(description="detectors, faults and thresholds")
    sweep: SweepSpec | None = Field(
        default=None, description="the search of `sondeflow sweep`; training has no use for it"
    )

    @property
    def registered_name(self) -> str:
        """Name of the registered model."""
        return REGISTERED[self.kind]

    @property
    def all_tuning(self) -> tuple[tuple[NoiseSpec, ...], ...]:
        return self.tuning + tuple(condition.noise for condition in self.conditions)

    def contender(self, name: str) -> Contender:
        return next(contender for contender in self.contenders if contender.name == name)

    def detector(self, name: str) -> NamedDetector:
        return next(detector for detector in self.anomalies.detectors if detector.name == name)

    def contenders_of(self, detector: str) -> set[str]:
        """Contenders that a detector, or any that it is made of, reconstructs with."""
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
        if not any(condition.judged for condition in self.conditions):
            raise ValueError("no condition is judged, so nothing could be promoted; leave judged out of one at least")
        if unknown := sorted(set(self.curves) - set(CANONICAL)):
            raise ValueError(f"curves {unknown} are not canonical; expected some of {sorted(CANONICAL)}")
        if self.kind == "seismic" and self.anomalies.chosen.own:
            raise ValueError("a line is scored by parts: its threshold cannot depend on its own scores; leave own at 0")
        if self.kind == "logs" and not self.curves:
            raise ValueError("an experiment on logs needs curves, e.g. [GR, RHOB, NPHI, DTC, RDEP]")
        return self
