"""Fault network: an ensemble of U-Nets trained on wells with injected faults, one output per kind and curve."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.interfaces import WarmStart
from aemodels.core.progress import tell
from aemodels.core.types import Kind, Section
from aemodels.denoisers.training.warm_start import REMEDY, StartingWeights
from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves, fit_predictors
from aemodels.detect.fault_network.augmentation import Augmentation
from aemodels.detect.fault_network.detector import FaultNetworkDetector, NetworkSizes
from aemodels.detect.fault_network.fitted_ensemble import check_ensemble
from aemodels.detect.fault_network.further_training import is_worth_keeping
from aemodels.detect.fault_network.generic_faults import GenericFault
from aemodels.detect.fault_network.training_set import TrainingSet, TrainingSetSpec, build_training_set
from aemodels.faults.base import kind_of

_MIN_KIND_WEIGHT, _MAX_KIND_WEIGHT = 0.7, 4.0


class FaultNetwork(NetworkSizes):
    """U-Nets over hand-made features of all curves, with one output per kind and curve, averaged over an ensemble.

    Trained on copies of the training wells with faults injected; a class of unspecific faults keeps the networks from
    taking every unknown alteration for clean. The features use predictions fitted to other wells. Each network leaves
    out its share of the wells if every kind still has a well; the networks that have not seen a training well score
    it out-of-fold. Networks of a bundle that are trained further see all wells, which those of the bundle score
    out-of-fold.

    References:
        Ronneberger, Fischer & Brox (2015), MICCAI; Lakshminarayanan, Pritzel & Blundell (2017), NeurIPS (ensembles);
        Bergmann et al. (2022) and Li et al. (2021, CutPaste), CVPR (training on synthetic anomalies).
    """

    earlier_names: ClassVar[Mapping[str, str]] = {
        "turned": "flip_share",
        "stretch": "thickness_scale",
        "missing": "missing_curve_share",
        "uneven": "gain_spread",
        "positive": "faulty_weight",
    }
    records: ClassVar[Kind] = "logs"
    learns_faults: ClassVar[bool] = True

    kind: Literal["fault_network"] = "fault_network"
    members: int = Field(default=3, ge=1, le=10, description="networks in the ensemble, each with its own faults")
    copies: int = Field(default=24, ge=1, le=200, description="faulty copies of each training well per network")
    elsewhere_copies: int = Field(
        default=4, ge=0, le=200, description="the same, of each well of another basin; 0 = learn nothing from them"
    )
    fraction: tuple[float, float] = Field(
        default=(0.1, 0.35), description="share of a copy's samples that is faulty, lowest and highest"
    )
    flip_share: float = Field(
        default=0.5, ge=0.0, le=1.0, description="augmentation: share of the copies that are read from bottom to top"
    )
    thickness_scale: float = Field(
        default=0.3,
        ge=0.0,
        le=1.0,
        description="augmentation: maximum change of bed thickness, as a natural logarithm; a third of the copies "
        "keep theirs",
    )
    missing_curve_share: float = Field(
        default=0.5,
        ge=0.0,
        le=1.0,
        description="augmentation: share of the copies that lack curves over some intervals",
    )
    gain_spread: float = Field(
        default=0.12,
        ge=0.0,
        le=0.5,
        description="augmentation: spread of gains and offsets of the curves, in normalised units",
    )
    generic: bool = Field(default=True, description="train on unspecific faults as well")
    length: int = Field(default=256, ge=64, le=2048, description="samples per training window")
    batch: int = Field(default=32, ge=1, le=4096, description="windows per batch")
    steps: int = Field(default=3000, ge=1, le=200_000, description="batches per training")
    learning_rate: float = Field(
        default=2e-3, gt=0.0, le=1.0, description="initial learning rate of Adam, with cosine decay to zero"
    )
    faulty_weight: float = Field(
        default=3.0, ge=1.0, le=100.0, description="weight of a faulty sample in the loss; that of a clean one is 1"
    )
    distillation_steps: int = Field(
        default=0,
        ge=0,
        le=200_000,
        description="batches of the training of one network that learns the mean log-odds of all and scores in their "
        "place; 0 = all networks score",
    )

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Train all members.

        Raises:
            SpecError: for seismic, without recordings or faults to inject, if a kind finds room in no well, or if the
                detector to start from has other networks.
        """
        if context.kind != "logs" or not context.recordings:
            found = f"{len(context.recordings)} {context.kind} recordings"
            raise SpecError(f"{self.kind} is trained on wells with faults injected; it was given {found}")
        predictor, out_of_fold = fit_predictors(train)
        starts = self.starting_weights(context)
        assigned = self._wells_per_network(context, [section.basin for section in train], len(starts))
        plan = self if context.start is None else self._shortened(context.start)
        networks, training_sets = [], []
        distilled = bool(self.distillation_steps) and len(assigned) > 1
        for member, wells in enumerate(assigned):
            some = dataclasses.replace(context, recordings=tuple(context.recordings[well] for well in wells))
            spec = self._training_set_spec(context, member)
            copies = [plan.elsewhere_copies if train[well].basin else plan.copies for well in wells]
            tell("network %d of %d: faulty copies of %d wells", member + 1, len(assigned), len(wells))
            training_set = build_training_set(some, [out_of_fold[well] for well in wells], spec, copies)
            tell("network %d of %d: %d steps", member + 1, len(assigned), plan.steps)
            start = starts[member] if starts else None
            networks.append(plan._train(training_set, (context.seed * 101 + member) % 2**31, start))
            if distilled:  # else hundreds of MB would be kept for nothing
                training_sets.append(training_set)
        folds = tuple(zip(out_of_fold, _members_new_to(assigned, len(train), started=bool(starts)), strict=True))
        before = tuple(start.weights for start in starts)
        kinds = self._training_set_spec(context, 0).kinds
        detector = FaultNetworkDetector(self, predictor, kinds, tuple(networks), folds, before)
        if context.start is not None:
            detector = self._better(detector, context.start.fitted, context)
        if distilled:
            tell("one network in the place of %d: %d steps", len(networks), plan.distillation_steps)
            one = plan._distilled(detector.networks, training_sets, (context.seed * 101 + len(networks)) % 2**31)
            detector = dataclasses.replace(detector, networks=(one,), fold_networks=before or tuple(networks))
        return self._detector(detector)

    def _better(self, further: FaultNetworkDetector, start: Detector, context: DetectContext) -> FaultNetworkDetector:
        """Return the networks that were trained further, or the start if they find no more in the validation wells.

        A few wells may teach networks less than they forget.
        """
        found = self._ensemble(start)
        assert isinstance(found, FaultNetworkDetector)
        folds = tuple((found.predictor, members) for _, members in further.folds)
        before = FaultNetworkDetector(self, found.predictor, further.kinds, found.networks, folds, found.networks)
        if is_worth_keeping(further, before, context):
            return further
        tell("fault networks: those of the start are kept, further training gains nothing on the validation wells")
        return before

    def _shortened(self, start: WarmStart[Any]) -> Self:
        """Return the spec with fewer steps, fewer copies to draw them from, and a lower learning rate."""
        shorter = ("steps", "copies", "elsewhere_copies", "distillation_steps")
        counts = {name: start.shortened(getattr(self, name)) for name in shorter}
        return self.model_copy(update={**counts, "learning_rate": self.learning_rate * start.learning_rate})

    def _wells_per_network(self, context: DetectContext, basins: Sequence[str], starts: int) -> list[list[int]]:
        """Return the training wells of each network: of those that start from a fitted one all, else its share.

        A network to start from has seen none of the wells, so that it scores them out-of-fold, and no further one is
        needed for that.
        """
        wells = list(range(len(context.recordings)))
        return [wells] * starts if starts else self._wells_per_member(context, basins)

    def _wells_per_member(self, context: DetectContext, basins: Sequence[str]) -> list[list[int]]:
        """Return the training wells of each member: all but its share, or all if a kind would then have no well.

        Args:
            context: its recordings are the training wells.
            basins: of each training well; "" for wells of the experiment's own, which are left out one by one.
        """
        wells = range(len(context.recordings))
        left_out = members_without(basins, self.members)
        shares = [[well for well in wells if left_out[well] != member] for member in range(self.members)]
        kinds = [_applicable_kinds(context, share) for share in (wells, *shares)]
        whole = self.members == 1 or len(wells) < 2 or any(found != kinds[0] for found in kinds)
        return [list(wells)] * self.members if whole else shares

    def _training_set_spec(self, context: DetectContext, member: int) -> TrainingSetSpec:
        """Return the content of a member's training set."""
        faults = (*context.faults, *((GenericFault(),) if self.generic else ()))
        seed = (context.seed, 7, member)
        return TrainingSetSpec(faults, self.fraction, seed, augmentation=self._augmentation)

    @property
    def _augmentation(self) -> Augmentation:
        return Augmentation(self.flip_share, self.thickness_scale, self.missing_curve_share, self.gain_spread)

    def starting_weights(self, context: DetectContext) -> list[StartingWeights]:
        """Return the weights that the networks start from; none without a detector to start from.

        Raises:
            SpecError: if that detector has no such networks.
        """
        if context.start is None:
            return []
        found, source = self._ensemble(context.start.fitted), context.start.source
        if not isinstance(found, FaultNetworkDetector):
            raise SpecError(f"{source} has a {type(found).__name__} by this name; expected a {self.kind}: {REMEDY}")
        check_ensemble(self, self._training_set_spec(context, 0).kinds, found, source)
        return [StartingWeights(weights, source) for weights in found.networks]

    def _train(self, training_set: TrainingSet, seed: int, start: StartingWeights | None) -> tuple[NDArray[Any], ...]:
        from aemodels.detect.fault_network.segmentation import (
            Schedule,
            build_segmentation_network,
            train_segmentation_network,
        )

        inputs, labels = training_set.inputs, training_set.labels
        outputs = labels[0].shape[1]
        network = build_segmentation_network(self.body(), inputs[0].shape[1], outputs, length=self.length, seed=seed)
        if start is not None:
            start.set_weights(network)
        counts = np.array(list(training_set.counts.values()), dtype=np.float64)
        by_kind = np.clip(np.sqrt(np.median(counts) / counts), _MIN_KIND_WEIGHT, _MAX_KIND_WEIGHT)
        weights = np.append(np.repeat(by_kind, (outputs - 1) // counts.size), 1.0) * self.faulty_weight
        schedule = Schedule(self.steps, self.batch, self.length, self.learning_rate)
        train_segmentation_network(network, (inputs, labels), weights.astype(np.float32), schedule=schedule, seed=seed)
        return tuple(network.get_weights())

    def _distilled(
        self, networks: Sequence[tuple[NDArray[Any], ...]], training_sets: Sequence[TrainingSet], seed: int
    ) -> tuple[NDArray[Any], ...]:
        """Return the weights of one network that gives the mean log-odds of all, trained from those of the first."""
        from aemodels.detect.fault_network.distillation import train_on_ensemble
        from aemodels.detect.fault_network.segmentation import Schedule, build_segmentation_network

        inputs = [copy for training_set in training_sets for copy in training_set.inputs]
        labels = [copy for training_set in training_sets for copy in training_set.labels]
        sizes = inputs[0].shape[1], labels[0].shape[1]
        members = [build_segmentation_network(self.body(), *sizes, length=self.length) for _ in networks]
        for member, weights in zip(members, networks, strict=True):
            member.set_weights(list(weights))
        one = build_segmentation_network(self.body(), *sizes, length=self.length)
        one.set_weights(list(networks[0]))
        schedule = Schedule(self.distillation_steps, self.batch, self.length, self.learning_rate / 2)
        train_on_ensemble(one, members, (inputs, labels), schedule=schedule, seed=seed)
        return tuple(one.get_weights())

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        """Rebuild the fitted detector from its arrays."""
        members = sorted({name[: len("network_00_")] for name in arrays if name.startswith("network_")})
        networks = [
            tuple(np.asarray(arrays[name]) for name in sorted(arrays) if name.startswith(member)) for member in members
        ]
        kinds = tuple(arrays["kinds"].astype(np.uint8).tobytes().decode().split(","))
        predictor = RidgeFromOtherCurves.restore(arrays)
        return self._detector(FaultNetworkDetector(self, predictor, kinds, tuple(networks)))

    def _detector(self, networks: FaultNetworkDetector) -> Detector:
        """Return the detector that scores with the fitted networks."""
        return networks

    def _ensemble(self, detector: Detector) -> Detector:
        """Return the networks of a fitted detector: the inverse of `_detector`."""
        return detector


def _members_new_to(assigned: Sequence[Sequence[int]], wells: int, *, started: bool) -> list[tuple[int, ...]]:
    """Return for each training well the members that have not seen it: all those to start from, if they are started."""
    return [
        tuple(member for member, seen in enumerate(assigned) if started or well not in seen) for well in range(wells)
    ]


def members_without(basins: Sequence[str], members: int) -> list[int]:
    """Return for each training well the member that is trained without it.

    Wells of the experiment's own are dealt out in turn; of other basins each goes to one member as a whole, the largest
    first, to the member that lacks the fewest wells.

    Args:
        basins: of each well; "" = one of the experiment's own.
        members: number of networks.
    """
    lacking = [0] * members
    of_basin: dict[str, int] = {}
    for basin, _ in Counter(basin for basin in sorted(basins) if basin).most_common():
        of_basin[basin] = int(np.argmin(lacking))
        lacking[of_basin[basin]] += basins.count(basin)
    return [of_basin[basin] if basin else well % members for well, basin in enumerate(basins)]


def _applicable_kinds(context: DetectContext, wells: Iterable[int]) -> set[str]:
    """Return the kinds for which at least one of the wells has the curves."""
    return {kind_of(fault) for fault in context.faults for well in wells if fault.targets(context.recordings[well])}
