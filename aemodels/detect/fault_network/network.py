"""Networks trained on wells with injected faults: what each kind looks like, and what an intact log looks like."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from aemodels.core.errors import SpecError
from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Kind, Section
from aemodels.detect.base import DetectContext, Detector, Reasons
from aemodels.detect.cross_curve.linear_predictor import CrossPredictor, fit_predictors
from aemodels.detect.fault_network.augmentation import Variety
from aemodels.detect.fault_network.features import PER_CURVE, channels
from aemodels.detect.fault_network.generic_faults import Generic
from aemodels.detect.fault_network.training_set import UNNAMED, Pool, PoolPlan, build_pool
from aemodels.faults.base import kind_of

ANY_SHARE = 0.5  # of the evidence that a depth is faulty, beside that for the likeliest kind
_LEAST, _MOST = 0.7, 4.0  # bounds of the weight of rare kinds


class FaultNetwork(Spec):
    """U-Nets over hand-made channels of all curves, one output for every kind and curve, averaged.

    Trained on copies of the training wells with faults injected; a class of faults of no kind keeps them from taking
    everything that they know for intact. The channels come from predictions by other wells. Each network leaves out
    its share of the wells where every kind can still be taught: by those that have not seen it a training well is
    judged as a new one would be.

    References:
        Ronneberger, Fischer & Brox (2015), MICCAI; Lakshminarayanan, Pritzel & Blundell (2017), NeurIPS (averaging
        networks); Bergmann et al. (2022) and Li et al. (2021, CutPaste), CVPR (learning from made-up anomalies).
    """

    records: ClassVar[Kind] = "logs"
    learns_faults: ClassVar[bool] = True

    kind: Literal["fault_network"] = "fault_network"
    members: int = Field(default=3, ge=1, le=10, description="networks, each with faults of its own")
    widths: tuple[int, ...] = Field(
        default=(32, 48, 64, 64), min_length=2, max_length=8, description="filters of each level, top first"
    )
    kernel: int = Field(default=5, ge=3, le=15, description="filter length in samples, odd")
    copies: int = Field(default=24, ge=1, le=200, description="faulty copies of each training well, a network")
    fraction: tuple[float, float] = Field(
        default=(0.1, 0.35), description="share of a copy's samples that is faulty, lowest and highest"
    )
    turned: float = Field(default=0.5, ge=0.0, le=1.0, description="share of the copies that stand upside down")
    stretch: float = Field(
        default=0.3,
        ge=0.0,
        le=1.0,
        description="greatest change of the thickness of beds in copies, as a logarithm; a third keep theirs",
    )
    missing: float = Field(
        default=0.5, ge=0.0, le=1.0, description="share of the copies that lack curves over stretches"
    )
    uneven: float = Field(
        default=0.12,
        ge=0.0,
        le=0.5,
        description="spread of offsets and gains of the copies' curves, in normalised units",
    )
    generic: bool = Field(default=True, description="whether faults of no kind are among them")
    length: int = Field(default=256, ge=64, le=2048, description="samples in a training window")
    batch: int = Field(default=32, ge=1, le=4096, description="windows in a batch")
    steps: int = Field(default=3000, ge=1, le=200_000, description="batches in a training")
    learning_rate: float = Field(default=2e-3, gt=0.0, le=1.0, description="Adam's first; a cosine takes it to zero")
    positive: float = Field(default=3.0, ge=1.0, le=100.0, description="weight of a faulty sample; of an intact one 1")

    def fit(self, train: Sequence[Section], context: DetectContext) -> Detector:
        """Train all members.

        Raises:
            SpecError: for seismic, without recordings or faults to inject, or if a kind finds room in no well.
        """
        if context.kind != "logs" or not context.recordings:
            found = f"{len(context.recordings)} {context.kind} recordings"
            raise SpecError(f"{self.kind} is trained on wells with faults injected; it was given {found}")
        every, without = fit_predictors(train)
        taught = self._taught(context)
        networks = []
        for member, wells in enumerate(taught):
            some = dataclasses.replace(context, recordings=tuple(context.recordings[well] for well in wells))
            pool = build_pool(some, [without[well] for well in wells], self._plan(context, member))
            networks.append(self._train(pool, (context.seed * 101 + member) % 2**31))
        unseen = [
            (without[well], tuple(member for member, wells in enumerate(taught) if well not in wells))
            for well in range(len(train))
        ]
        kinds = self._plan(context, 0).kinds
        return self._judge(FaultNetworkDetector(self, every, kinds, tuple(networks), tuple(unseen)))

    def _taught(self, context: DetectContext) -> list[list[int]]:
        """The training wells of each member: all but its share, or all where a kind would then have no well."""
        wells = range(len(context.recordings))
        shares = [[well for well in wells if well % self.members != member] for member in range(self.members)]
        taught = [_taught_kinds(context, share) for share in (wells, *shares)]
        whole = self.members == 1 or len(wells) < 2 or any(kinds != taught[0] for kinds in taught)
        return [list(wells)] * self.members if whole else shares

    def _plan(self, context: DetectContext, member: int) -> PoolPlan:
        """What a member is trained on."""
        faults = (*context.faults, *((Generic(),) if self.generic else ()))
        return PoolPlan(faults, self.copies, self.fraction, (context.seed, 7, member), variety=self._variety)

    @property
    def _variety(self) -> Variety:
        return Variety(self.turned, self.stretch, self.missing, self.uneven)

    def _train(self, pool: Pool, seed: int) -> tuple[NDArray[Any], ...]:
        from aemodels.denoisers.convolution_blocks import Convolutions
        from aemodels.detect.fault_network.segmentation import (
            Schedule,
            build_segmentation_network,
            train_segmentation_network,
        )

        outputs = pool.labels[0].shape[1]
        body = Convolutions(1, self.widths, self.kernel)
        network = build_segmentation_network(body, pool.inputs[0].shape[1], outputs, length=self.length, seed=seed)
        counts = np.array(list(pool.counts.values()), dtype=np.float64)
        rare = np.clip(np.sqrt(np.median(counts) / counts), _LEAST, _MOST)
        weights = np.append(np.repeat(rare, (outputs - 1) // counts.size), 1.0) * self.positive
        schedule = Schedule(self.steps, self.batch, self.length, self.learning_rate)
        train_segmentation_network(
            network, (pool.inputs, pool.labels), weights.astype(np.float32), schedule=schedule, seed=seed
        )
        return tuple(network.get_weights())

    def restore(self, arrays: dict[str, NDArray[Any]], context: DetectContext) -> Detector:
        networks = []
        for member in range(self.members):
            prefix = f"network_{member:02d}_"
            names = sorted(name for name in arrays if name.startswith(prefix))
            networks.append(tuple(np.asarray(arrays[name]) for name in names))
        kinds = tuple(arrays["kinds"].astype(np.uint8).tobytes().decode().split(","))
        predictor = CrossPredictor.restore(arrays)
        return self._judge(FaultNetworkDetector(self, predictor, kinds, tuple(networks)))

    def _judge(self, networks: FaultNetworkDetector) -> Detector:
        """The detector that scores by the fitted networks."""
        return networks


def _taught_kinds(context: DetectContext, wells: Iterable[int]) -> set[str]:
    """The kinds that some of the wells have the curves for."""
    return {kind_of(fault) for fault in context.faults for well in wells if fault.targets(context.recordings[well])}


@dataclass(frozen=True, eq=False)
class FaultNetworkDetector:
    """Fitted FaultNetwork.

    Args:
        spec: its sizes.
        predictor: of each curve from the others.
        kinds: names of the outputs.
        networks: weights of each member in the order of keras' `get_weights`.
        unseen: for each training well the predictor fitted without it, and the members that have not seen it; not
            kept with the detector.
    """

    spec: FaultNetwork
    predictor: CrossPredictor
    kinds: tuple[str, ...]
    networks: tuple[tuple[NDArray[Any], ...], ...]
    unseen: tuple[tuple[CrossPredictor, tuple[int, ...]], ...] = field(default=(), repr=False)
    _built: dict[int, tuple[Any, dict[str, Any]]] = field(default_factory=dict, repr=False)
    _seen: WeakKeyDictionary[Section, FloatArray] = field(default_factory=WeakKeyDictionary, repr=False)

    @cached_property
    def apart(self) -> tuple[FaultNetworkDetector, ...]:
        """For each training well its predictor and the members that have not seen it; none where all have seen all."""
        if not all(members for _, members in self.unseen):
            return ()
        built: dict[tuple[int, ...], dict[int, tuple[Any, dict[str, Any]]]] = {}
        found = []
        for predictor, members in self.unseen:
            networks = tuple(self.networks[member] for member in members)
            shared = built.setdefault(members, {})  # wells of one share are judged by the same networks
            found.append(FaultNetworkDetector(self.spec, predictor, self.kinds, networks, _built=shared))
        return tuple(found)

    def score(self, section: Section) -> FloatArray:
        """The kind that speaks loudest on each curve and the depth as a whole: log(1 + odds), so never negative."""
        logits = self.logits(section)
        loudest = self._by_kind(logits)[self._named()].max(axis=0)
        return np.where(section.mask, np.logaddexp(0, loudest + ANY_SHARE * logits[-1]), np.nan).astype(np.float32)

    def reasons(self, section: Section) -> Reasons:
        """Log-odds of each named kind on the curve that it speaks loudest for."""
        by_kind = self._by_kind(self.logits(section))
        observed = np.where(section.mask, by_kind, -np.inf).max(axis=1)[self._named()]
        names = tuple(kind for kind in self.kinds if kind != UNNAMED)
        return Reasons(names, np.where(np.isfinite(observed), observed, np.nan).astype(np.float32))

    def voices(self, section: Section) -> dict[str, FloatArray]:
        """Log-odds of every kind, that of no kind among them, on each curve."""
        by_kind = self._by_kind(self.logits(section))
        return {
            kind: np.where(section.mask, scores, np.nan).astype(np.float32)
            for kind, scores in zip(self.kinds, by_kind, strict=True)
        }

    def arrays(self) -> dict[str, NDArray[Any]]:
        names = np.frombuffer(",".join(self.kinds).encode(), dtype=np.uint8)
        out: dict[str, NDArray[Any]] = {**self.predictor.arrays(), "kinds": names}
        for member, weights in enumerate(self.networks):
            out |= {f"network_{member:02d}_{place:03d}": weight for place, weight in enumerate(weights)}
        return out

    def logits(self, section: Section) -> FloatArray:
        """Mean of the members' log-odds, float32[kind * curve + 1, sample], curves fastest.

        Kept for as long as the section is: reasons are asked for after scores, and fusions ask once more.
        """
        if section not in self._seen:
            from aemodels.detect.fault_network.segmentation import predict_logits

            inputs = channels(section, self.predictor)
            found = [predict_logits(*self._network(member), inputs) for member in range(len(self.networks))]
            self._seen[section] = np.ascontiguousarray(np.mean(found, axis=0, dtype=np.float32).T)
        return self._seen[section]

    def _named(self) -> NDArray[np.int64]:
        return np.array([number for number, kind in enumerate(self.kinds) if kind != UNNAMED], dtype=np.int64)

    def _by_kind(self, logits: FloatArray) -> FloatArray:
        return logits[:-1].reshape(len(self.kinds), -1, logits.shape[1])

    def _network(self, member: int) -> tuple[Any, dict[str, Any]]:
        """A member's network and what its runs keep; built on first use."""
        if member not in self._built:
            from aemodels.denoisers.convolution_blocks import Convolutions
            from aemodels.detect.fault_network.segmentation import build_segmentation_network

            weights = self.networks[member]
            body = Convolutions(1, self.spec.widths, self.spec.kernel)
            curves = len(self.predictor.mean)
            network = build_segmentation_network(body, PER_CURVE * curves, len(self.kinds) * curves + 1)
            network.set_weights(list(weights))
            self._built[member] = (network, {})
        return self._built[member]
