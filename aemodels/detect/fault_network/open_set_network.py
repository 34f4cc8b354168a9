"""Networks trained on faults other than those that they are to find: for what nobody thought of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from aemodels.core.types import FloatArray, Section
from aemodels.detect.base import DetectContext, Detector
from aemodels.detect.fault_network.generic_faults import Generic
from aemodels.detect.fault_network.network import ANY_SHARE, FaultNetwork, FaultNetworkDetector
from aemodels.detect.fault_network.training_set import PoolPlan
from aemodels.faults import LogFaultSpec
from aemodels.faults.base import kind_of
from aemodels.faults.logs.drift import Drift
from aemodels.faults.logs.noise_burst import NoiseBurst
from aemodels.faults.logs.repeat import Repeat
from aemodels.faults.logs.saturation import Saturation
from aemodels.faults.logs.tension_pull import TensionPull

_FAR_OUT = (0.6, 3.0)  # share of the curve's range: what subtle alterations alone would leave a network blind to


class StrangerNetwork(FaultNetwork):
    """U-Nets that tell altered from intact, whatever the alteration.

    Trained on alterations of no kind and on kinds of its own, which are not told apart and need not be those that the
    experiment is after. A network that is trained on named kinds takes a kind that it does not know for rock; this
    one, which knows none of them, does not.

    References:
        Li, Sohn, Yoon & Pfister (2021), CutPaste, CVPR (made-up anomalies that resemble no real one in particular).
    """

    learns_faults: ClassVar[bool] = False

    kind: Literal["stranger_network"] = "stranger_network"  # type: ignore[assignment]
    members: int = Field(default=1, ge=1, le=10, description="networks, each with faults of its own")
    faults: tuple[Annotated[LogFaultSpec, Field(discriminator="kind")], ...] = Field(
        default=(Drift(), Saturation(), TensionPull(), NoiseBurst(), Repeat()),
        description="kinds beside those of no kind; none that the experiment is judged by",
    )

    @override
    def _plan(self, context: DetectContext, member: int) -> PoolPlan:
        known = [fault for fault in self.faults if kind_of(fault) != context.left_out]
        of_no_kind = (*((Generic(),) * max(1, len(known))), Generic(size=_FAR_OUT)) if self.generic else ()
        faults = (*known, *of_no_kind)
        seed = (context.seed, 8, member)
        return PoolPlan(faults, self.copies, self.fraction, seed, named=False, variety=self._variety)

    @override
    def _judge(self, networks: FaultNetworkDetector) -> Detector:
        return StrangerNetworkDetector(networks)


@dataclass(frozen=True, eq=False)
class StrangerNetworkDetector:
    """Fitted StrangerNetwork."""

    network: FaultNetworkDetector

    @property
    def apart(self) -> tuple[StrangerNetworkDetector, ...]:
        return tuple(StrangerNetworkDetector(network) for network in self.network.apart)

    def score(self, section: Section) -> FloatArray:
        """How much speaks for each curve's being altered, and for the depth's: log(1 + odds)."""
        logits = self.network.logits(section)
        return np.where(section.mask, np.logaddexp(0, logits[:-1] + ANY_SHARE * logits[-1]), np.nan).astype(np.float32)

    def arrays(self) -> dict[str, NDArray[Any]]:
        return self.network.arrays()
