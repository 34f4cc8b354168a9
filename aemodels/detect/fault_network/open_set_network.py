"""Open-set network: trained without the target fault kinds, to find unforeseen ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import FloatArray, Section
from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.fault_network.detector import DEPTH_LOGIT_WEIGHT, FaultNetworkDetector
from aemodels.detect.fault_network.generic_faults import GenericFault
from aemodels.detect.fault_network.network import FaultNetwork
from aemodels.detect.fault_network.training_set import TrainingSetSpec
from aemodels.faults import LogFaultSpec
from aemodels.faults.base import kind_of
from aemodels.faults.logs.drift import Drift
from aemodels.faults.logs.noise_burst import NoiseBurst
from aemodels.faults.logs.repeat import Repeat
from aemodels.faults.logs.saturation import Saturation
from aemodels.faults.logs.tension_pull import TensionPull

_LARGE = (0.6, 3.0)  # share of the curve's range: networks trained on subtle alterations alone miss large ones


class OpenSetNetwork(FaultNetwork):
    """U-Nets that separate altered from clean samples, trained without the target fault kinds.

    Trained on unspecific alterations and on the kinds listed in `faults`, all with one label. A network trained on
    named kinds takes an unknown kind for clean rock; this one has no named kinds.

    References:
        Li, Sohn, Yoon & Pfister (2021), CutPaste, CVPR (synthetic anomalies that resemble no real one in particular).
    """

    learns_faults: ClassVar[bool] = False

    kind: Literal["open_set_network"] = "open_set_network"  # type: ignore[assignment]
    members: int = Field(default=1, ge=1, le=10, description="networks in the ensemble, each with its own faults")
    faults: tuple[Annotated[LogFaultSpec, Field(discriminator="kind")], ...] = Field(
        default=(Drift(), Saturation(), TensionPull(), NoiseBurst(), Repeat()),
        description="fault kinds to train on beside the unspecific ones; none that the experiment evaluates",
    )

    @override
    def _training_set_spec(self, context: DetectContext, member: int) -> TrainingSetSpec:
        known = [fault for fault in self.faults if kind_of(fault) != context.left_out_kind]
        unspecific = (*((GenericFault(),) * max(1, len(known))), GenericFault(size=_LARGE)) if self.generic else ()
        return TrainingSetSpec(
            (*known, *unspecific),
            self.fraction,
            (context.seed, 8, member),
            distinguish_kinds=False,
            augmentation=self._augmentation,
        )

    @override
    def _detector(self, networks: FaultNetworkDetector) -> Detector:
        return OpenSetNetworkDetector(networks)

    @override
    def _ensemble(self, detector: Detector) -> Detector:
        return detector.network if isinstance(detector, OpenSetNetworkDetector) else detector


@dataclass(frozen=True, eq=False)
class OpenSetNetworkDetector:
    """Fitted OpenSetNetwork."""

    network: FaultNetworkDetector

    @property
    def out_of_fold(self) -> tuple[OpenSetNetworkDetector, ...]:
        """For each training well the detector of the members that have not seen it; empty if there are none."""
        return tuple(OpenSetNetworkDetector(network) for network in self.network.out_of_fold)

    def score(self, section: Section) -> FloatArray:
        """Return log(1 + odds) that the curve is altered, with the odds of the depth as a whole in part."""
        logits = self.network.logits(section)
        log_odds = logits[:-1] + DEPTH_LOGIT_WEIGHT * logits[-1]
        return np.where(section.mask, np.logaddexp(0, log_odds), np.nan).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return everything as plain arrays."""
        return self.network.arrays()
