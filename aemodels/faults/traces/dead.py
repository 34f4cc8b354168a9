"""Dead: a trace without any signal."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from typing_extensions import override

from aemodels.core.types import Recording
from aemodels.faults.base import Site, TraceFault


class Dead(TraceFault):
    """A trace set to zero: a disconnected group or a lost record."""

    kind: Literal["dead"] = "dead"

    @override
    def apply(self, recording: Recording, site: Site, rng: np.random.Generator) -> NDArray[np.float32]:
        return np.zeros((len(site.rows), site.stop - site.start), dtype=np.float32)
