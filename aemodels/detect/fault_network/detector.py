"""Fitted fault networks: log-odds of every kind on every curve of a well."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.spec import Spec
from aemodels.core.types import FloatArray, Section
from aemodels.denoisers.networks.denoiser import choose_pass
from aemodels.denoisers.numpy_unet import NumpyUNet
from aemodels.denoisers.whole_signal import Pass, pass_over
from aemodels.detect.base import Evaluation, FaultScores
from aemodels.detect.cross_curve.linear_predictor import RidgeFromOtherCurves
from aemodels.detect.depth_shift.well_features import WellDetector, WellFeatures
from aemodels.detect.fault_network.features import FEATURES_PER_CURVE, input_features
from aemodels.detect.fault_network.training_set import UNSPECIFIC

if TYPE_CHECKING:
    from aemodels.denoisers.convolution_blocks import Convolutions

MARGIN = 256  # samples of zeros on either side of a well, more than the networks see
DEPTH_LOGIT_WEIGHT = 0.5  # of the log-odds that the depth as a whole is faulty, added to those of a curve


class NetworkSizes(Spec):
    """Sizes of the networks."""

    widths: tuple[int, ...] = Field(
        default=(32, 48, 64, 64), min_length=2, max_length=8, description="filters per level, finest level first"
    )
    kernel: int = Field(default=5, ge=3, le=15, description="filter length in samples, odd")

    def body(self) -> Convolutions:
        """Return the convolutions of the networks."""
        from aemodels.denoisers.convolution_blocks import Convolutions

        return Convolutions(1, self.widths, self.kernel)


@dataclass(frozen=True, eq=False)
class FaultNetworkDetector(WellDetector):
    """Fitted FaultNetwork.

    Args:
        spec: its sizes.
        predictor: of each curve from the others.
        kinds: names of the outputs.
        networks: weights of each member in the order of Keras' `get_weights`.
        folds: for each training well the predictor fitted without it, and the members that have not seen it; not
            stored with the detector.
        fold_networks: weights of the members that score the training wells, if others score new ones: one in the place
            of all, or members trained further on these wells; not stored with the detector.
    """

    spec: NetworkSizes
    predictor: RidgeFromOtherCurves
    kinds: tuple[str, ...]
    networks: tuple[tuple[NDArray[Any], ...], ...]
    folds: tuple[tuple[RidgeFromOtherCurves, tuple[int, ...]], ...] = field(default=(), repr=False)
    fold_networks: tuple[tuple[NDArray[Any], ...], ...] = field(default=(), repr=False)
    _built: dict[int, tuple[Any, dict[str, Any]]] = field(default_factory=dict, repr=False)
    _passes: dict[int, Pass] = field(default_factory=dict, repr=False)

    @cached_property
    def out_of_fold(self) -> tuple[FaultNetworkDetector, ...]:
        """For each training well the detector of its predictor and the members that have not seen it.

        Empty if a well was seen by all members.
        """
        if not all(members for _, members in self.folds):
            return ()
        passes: dict[tuple[int, ...], dict[int, Pass]] = {}
        found = []
        for predictor, members in self.folds:
            networks = tuple((self.fold_networks or self.networks)[member] for member in members)
            shared = passes.setdefault(members, {})  # wells of one fold share the built networks
            found.append(FaultNetworkDetector(self.spec, predictor, self.kinds, networks, _passes=shared))
        return tuple(found)

    @override
    def evaluate_features(self, features: WellFeatures) -> Evaluation:
        """Return everything that the networks say.

        Returns:
            Scores: log(1 + odds) of the likeliest kind on each curve, with the odds of the depth as a whole in part.
            Components: the log-odds of every kind, the unspecific one included, on each curve. Fault scores: the
            log-odds of each named kind, the maximum over the curves.
        """
        section, logits = features.section, self._logits(features)
        by_kind, named = self._by_kind(logits), self._named()
        log_odds = by_kind[named].max(axis=0) + DEPTH_LOGIT_WEIGHT * logits[-1]
        components = {
            kind: np.where(section.mask, scores, np.nan).astype(np.float32)
            for kind, scores in zip(self.kinds, by_kind, strict=True)
        }
        observed = np.where(section.mask, by_kind, -np.inf).max(axis=1)[named]
        names = tuple(kind for kind in self.kinds if kind != UNSPECIFIC)
        return Evaluation(
            np.where(section.mask, np.logaddexp(0, log_odds), np.nan).astype(np.float32),
            components,
            FaultScores(names, np.where(np.isfinite(observed), observed, np.nan).astype(np.float32)),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        names = np.frombuffer(",".join(self.kinds).encode(), dtype=np.uint8)
        out: dict[str, NDArray[Any]] = {**self.predictor.arrays(), "kinds": names}
        for member, weights in enumerate(self.networks):
            out |= {f"network_{member:02d}_{index:03d}": weight for index, weight in enumerate(weights)}
        return out

    def logits(self, section: Section) -> FloatArray:
        """Return the mean log-odds of the members, float32[kind * curve + 1, sample], curves fastest."""
        return self._logits(WellFeatures(section))

    def _logits(self, features: WellFeatures) -> FloatArray:
        inputs, body = input_features(features, self.predictor), self.spec.body()
        padded = np.pad(inputs, ((MARGIN, MARGIN + -len(inputs) % body.step), (0, 0)))
        found = [
            pass_over(self._pass(member), padded, reach=body.reach, step=body.step)
            for member in range(len(self.networks))
        ]
        mean = np.stack(found).mean(axis=0, dtype=np.float32)[MARGIN : MARGIN + len(inputs)]
        return np.ascontiguousarray(mean.T)

    def _named(self) -> NDArray[np.int64]:
        """Return the numbers of the named kinds."""
        return np.array([number for number, kind in enumerate(self.kinds) if kind != UNSPECIFIC], dtype=np.int64)

    def _by_kind(self, logits: FloatArray) -> FloatArray:
        """Return float32[kind, curve, sample]."""
        return logits[:-1].reshape(len(self.kinds), -1, logits.shape[1])

    def _pass(self, member: int) -> Pass:
        """Return a member for one whole well, chosen on first use."""
        if member not in self._passes:
            logits = NumpyUNet(self.networks[member], len(self.spec.widths), residual=True)
            self._passes[member] = choose_pass(lambda: lambda x: logits(x[0])[None], lambda: self.network(member)[0])
        return self._passes[member]

    def network(self, member: int) -> tuple[Any, dict[str, Any]]:
        """Return a member's network and its inference cache; built on first use."""
        if member not in self._built:
            from aemodels.detect.fault_network.segmentation import build_segmentation_network

            weights, body = self.networks[member], self.spec.body()
            curves = len(self.predictor.mean)
            outputs = len(self.kinds) * curves + 1
            network = build_segmentation_network(body, FEATURES_PER_CURVE * curves, outputs)
            network.set_weights(list(weights))
            self._built[member] = (network, {})
        return self._built[member]
